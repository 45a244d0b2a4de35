"""The commits of a state as a chain: one link after the other, and what a check of them found."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.timeline import Person

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mesms_gitops.model.state import State


@dataclass(frozen=True, slots=True)
class Link:
    """One state of the chain that a state's history is, and the commit that holds it; None: it is not committed.

    ``trailers`` are those of the commit, by their names in lower case. ``is_next``: nothing came between this state
    and the one before it, as on a branch where each commit is one serial.
    """

    state: State
    at: datetime
    commit: str | None = None
    author: Person = field(default_factory=lambda: Person(""))
    trailers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_next: bool = False


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain stops being what this tool would have written.

    ``field`` is the place in the state or in the commit, ``meaning`` what may have happened.
    """

    field: str
    what: str
    meaning: str
    next_step: str
    commit: str | None = None
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of thing that was looked at: ``good`` of ``all_`` held. What is missing could not be seen."""

    name: str
    good: int
    all_: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the chain found. ``first`` is the first break, None where all that can be seen is whole."""

    where: str
    commits: int
    serials: tuple[int, int] | None
    lineage: str | None
    checks: tuple[Check, ...] = ()
    unseen: tuple[str, ...] = ()
    first: Break | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is broken."""
        return self.first is None
