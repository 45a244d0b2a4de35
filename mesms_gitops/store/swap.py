"""Compare-and-swap on the serial: what a commit stands on, and what is said where something else stands there.

Every backend makes the swap in its own way (a guard, a push, a condition, a transaction); what must hold is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mesms_gitops.errors import StateMoved

if TYPE_CHECKING:
    from mesms_gitops.model.state import State


class Numbered(Protocol):
    """What can be compared: a `State`, or the head row of one."""

    @property
    def lineage(self) -> str:
        """Which project's it is."""

    @property
    def serial(self) -> int:
        """How many commits made it."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a commit stands on: serial ``serial`` of ``lineage``, kept at ``where``. Serial 0 is no state at all."""

    where: str
    lineage: str
    serial: int

    @classmethod
    def of(cls, state: State, expected: int, where: str) -> Base:
        """What ``state`` may be put on. Raises `StateMoved` if its serial is not the one that follows ``expected``.

        On nothing any may be put, from 1 on: a state that is moved here keeps its serial.
        """
        base = cls(where, state.lineage, expected)
        if state.serial != expected + 1 and (expected or not state.serial):
            raise base.moved(f"serial {expected} is followed by {expected + 1}, not {state.serial}")
        return base

    def check(self, stored: Numbered | None) -> None:
        """Raises `StateMoved` if ``stored``, which is what stands there, is not this."""
        if stored is None:
            if self.serial:
                raise self.moved(f"serial {self.serial} was recorded, and now there is no state at all")
            return
        if stored.lineage != self.lineage:
            raise self.moved(
                f"the state there is of another lineage, {stored.lineage}, and this run's is {self.lineage}"
            )
        if stored.serial != self.serial:
            raise self.moved(f"serial {stored.serial} is recorded, and this run stands on {self.serial}")

    def edited(self) -> StateMoved:
        """What to raise where lineage and serial are these, and the rest is not what this run read or wrote."""
        return self.moved(
            f"serial {self.serial} does not read as it did: somebody edited it without raising the serial"
        )

    def moved(self, why: str) -> StateMoved:
        """What to raise where a commit must not be made; ``why`` is what stands there."""
        return StateMoved(
            "the state is not the one this run began with; this run wrote nothing more",
            where=self.where,
            why=why,
            next_step="run mesms-gitops plan to see where things stand, then apply that",
        )
