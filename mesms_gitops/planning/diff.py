"""What differs between two mappings: a function without opinions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Desired = TypeVar("Desired")
Recorded = TypeVar("Recorded")


@dataclass(frozen=True, slots=True)
class Diff(Generic[Desired, Recorded]):
    """Values by side, each in the order of its keys."""

    only_desired: tuple[Desired, ...]
    only_recorded: tuple[Recorded, ...]
    in_both: tuple[tuple[Desired, Recorded], ...]


def diff(desired: Mapping[str, Desired], recorded: Mapping[str, Recorded]) -> Diff[Desired, Recorded]:
    """Compare by key alone: a fingerprint that is equal is the same send."""
    return Diff(
        only_desired=tuple(desired[key] for key in sorted(desired.keys() - recorded.keys())),
        only_recorded=tuple(recorded[key] for key in sorted(recorded.keys() - desired.keys())),
        in_both=tuple((desired[key], recorded[key]) for key in sorted(desired.keys() & recorded.keys())),
    )
