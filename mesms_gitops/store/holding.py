"""How a lock is waited for, held, dropped and broken: one in a file (`lock`), one in an object store (`object_lock`).

Advice to others; what protects the state itself is its serial.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from mesms_gitops.errors import StateError, StateLocked
from mesms_gitops.store.fields import moment_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.store.host import Host
    from mesms_gitops.store.port import LockInfo


class Lock(ABC):
    """One lock, which is at ``where``. A backend says how one is looked at, taken and dropped, each in one step."""

    first_wait: ClassVar[float] = 0.05
    longest_wait: ClassVar[float] = 0.5

    def __init__(self, where: str, host: Host, on_note: Callable[[str], None]) -> None:
        """``on_note`` is told of a take-over, of a wait, and of a lock that could not be released."""
        self._where = where
        self._host = host
        self._on_note = on_note

    @abstractmethod
    def holder(self) -> LockInfo | None:
        """Who holds it, None if nobody does. Raises `StateError`."""

    @abstractmethod
    def take(self, mine: LockInfo) -> LockInfo | None:
        """Take it and return None, or return who has it. That of a dead holder is taken over, with a note."""

    @abstractmethod
    def drop(self, lock_id: str) -> LockInfo | None:
        """Remove the lock if it is ``lock_id``; return whatever lock was found. Raises `StateError`."""

    @contextmanager
    def held(self, operation: str, timeout: float) -> Iterator[None]:
        """Hold it. Raises `StateLocked` when somebody else still does after ``timeout`` seconds, and `StateError`."""
        mine = self._host.sign(operation)
        self._acquire(mine, timeout)
        try:
            yield
        finally:
            self._release(mine)

    def _acquire(self, mine: LockInfo, timeout: float) -> None:
        deadline = self._host.monotonic() + timeout
        wait = self.first_wait
        told = False
        while (holder := self.take(mine)) is not None:
            left = deadline - self._host.monotonic()
            if left <= 0:
                raise _locked(holder, self._where)
            if not told:
                self._on_note(f"waiting up to {timeout:g} s for the lock, held by {holder.holder}")
                told = True
            self._host.sleep(min(wait, left))
            wait = min(wait * 2, self.longest_wait)

    def _release(self, mine: LockInfo) -> None:
        try:
            self.drop(mine.id)
        except StateError as error:
            self._on_note(f"the lock could not be released: {error.what} ({error.why})")

    def note_take_over(self, before: LockInfo) -> None:
        """Say whose lock was taken over."""
        self._on_note(f"took over the lock of a run that died: {before.holder}, {_since(before)}")

    def broken(self, lock_id: str) -> LockInfo:
        """Break the lock ``lock_id``. Raises `StateError` if nobody holds one, or another one is held."""
        found = self.drop(lock_id)
        if found is None:
            raise StateError(
                "there is no lock to release",
                where=self._where,
                next_step="nothing: the next command can take the lock",
            )
        if found.id != lock_id:
            raise StateError(
                f"the lock is not {lock_id}",
                where=self._where,
                why=f"it is {found.id}, held by {found.holder} {_since(found)}",
                next_step=f"if that run is gone for good: mesms-gitops state unlock {found.id}",
            )
        return found


def _since(holder: LockInfo) -> str:
    return f"since {moment_text(holder.created)}" if holder.created else "since an unknown time"


def _locked(holder: LockInfo, where: str) -> StateLocked:
    return StateLocked(
        f"the state is locked by {holder.holder}, {_since(holder)}",
        where=where,
        why="one run at a time may change the state; nothing was sent or changed by this one",
        next_step=f"wait for it (--lock-timeout), or if it is gone for good: mesms-gitops state unlock {holder.id}",
    )
