"""A sketch of an audience: a few kilobytes from which two lists can be compared, and no number recovered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class AudienceSketch:
    """``size`` people, as the bits that ``audience.sketching`` made of them under one key.

    Two sketches can be compared only when they were made under the same key and with the same shape of ``bits``.
    """

    size: int
    bits: bytes


@dataclass(frozen=True, slots=True)
class Estimate:
    """How two audiences differ, as two sketches tell it.

    ``added`` and ``removed`` are estimates, each right within ``error`` people in 95 of 100 comparisons; ``is_floor``
    says that they differ by more than a sketch can tell, and that the figures are the least that it must be.
    """

    added: int
    removed: int
    error: int
    is_floor: bool = False


@dataclass(frozen=True, slots=True)
class AudienceChange:
    """What became of one campaign's audience since ``since`` ("the last plan", "the scheduled message"), at ``at``."""

    since: str
    at: datetime | None
    before: int
    now: int
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Overlap:
    """``share`` of this audience, in whole per cent and right within ``error`` points, is ``campaign``'s as well."""

    campaign: str
    share: int
    error: int
