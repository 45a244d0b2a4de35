"""The port that every backend implements, and what it says about its lock.

`reconcile` names the part of it that it needs (its ``Ledger``); the rest is for ``state`` commands and ``doctor``. One
contract suite (``tests/store/test_contract.py``) holds every backend to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from mesms_gitops.model.state import Freeze, State


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds the lock. A lock that cannot be read has the id `UNREADABLE` and says so in ``operation``.

    ``machine``, ``boot``, ``pid_space`` and ``started`` tell a dead holder from another process that was given its
    pid, and this machine from another of the same name; None where the system does not say. ``run_url`` and
    ``run_attempt`` are the run of a workflow that it works in, which somebody else can be asked about; None elsewhere.
    """

    id: str
    operation: str
    pid: int
    host: str
    user: str
    created: datetime | None
    machine: str | None = None
    boot: str | None = None
    pid_space: str | None = None
    started: str | None = None
    run_url: str | None = None
    run_attempt: int | None = None

    @property
    def holder(self) -> str:
        """Who it is, in half a sentence."""
        if self.id == UNREADABLE:
            return "somebody unknown (the lock cannot be read)"
        attempt = f", attempt {self.run_attempt}" if self.run_attempt else ""
        run = f", in {self.run_url}{attempt}" if self.run_url else ""
        return f"{self.operation} (pid {self.pid} on {self.host}, user {self.user}{run})"


UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Trace:
    """What tells of a state that does not stand any more: ``name`` is what it is, ``next_step`` how it comes back."""

    name: str
    next_step: str


def unheard(_text: str) -> None:
    """Where notes and warnings go that nobody asked for."""


class Store(Protocol):
    """Where a project's state is kept: durable when `commit` and `write_freeze` return."""

    @property
    def wave(self) -> int:
        """How many sends the intents of one commit may cover: 1 where a commit is cheap, more where it takes long."""

    @property
    def has_backup(self) -> bool:
        """Whether an earlier state is known of. With `read` giving None this means that the state was lost."""

    @property
    def trace(self) -> Trace:
        """What `has_backup` knows it by; of use only where that is true."""

    def read(self) -> State | None:
        """The newest state, or None where none stands. Changes nothing.

        Raises `StateUnreadable`, `StateError`, and `StateRetired` where it was moved away (as does every write).
        """

    def commit(self, state: State, expected_serial: int) -> None:
        """Write ``state`` if the stored serial still is ``expected_serial`` (0: none) and its lineage the same.

        Its own serial is ``expected_serial + 1``; where none stands it may be any from 1 on: a state that is moved here
        keeps its serial.
        Raises `StateMoved` if it is not; `StateUnreadable` or `StateError` if nobody can tell, or it cannot be written.
        """

    def lock(self, operation: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock. Raises `StateLocked` after ``timeout`` seconds."""

    def info(self) -> LockInfo | None:
        """Who holds the lock, None if nobody does. Raises `StateError`."""

    def unlock(self, lock_id: str) -> LockInfo:
        """Break the lock ``lock_id`` and say whose it was. Raises `StateError` if that is not the one that is held."""

    def read_freeze(self) -> Freeze:
        """The emergency stop, without the lock. What cannot be read freezes everything."""

    def write_freeze(self, freeze: Freeze) -> None:
        """Make the emergency stop durable, without the lock. Raises `StateError`."""

    def amend_freeze(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change`` and write the emergency stop in one step: of two at once, neither is lost."""

    def retire(self, to: str, expected_serial: int) -> Freeze:
        """Durably put a tombstone in place of the state, which stands at ``to`` (a ``state:`` value) now. Final.

        Only if the stored serial still is ``expected_serial``. From then on `read`, `commit`, `write_freeze` and
        `amend_freeze` of every instance raise `StateRetired`, and `read_freeze` freezes everything. Where the stop is
        not closed in the same step as the state, it is closed first: a stop must never be written where nobody reads
        it. Returns the emergency stop as it last stood here; repeating it with the same ``to`` finishes what a crash
        left and returns the same, whatever ``expected_serial``. Raises `StateMoved`, `StateRetired` for another ``to``,
        `StateError` where no state stands. The caller holds the lock.
        """
