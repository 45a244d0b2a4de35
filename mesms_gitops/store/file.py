"""State in a file: the default backend. Durable when fsynced, one writer at a time, compare-and-swap on the serial.

Beside ``state.json`` stand ``state.json.backup`` (the state before the last commit), ``.lock`` (while somebody works),
``.freeze`` (the emergency stop), ``.guard`` and ``.freeze.guard`` (empty; held for the instant of one write).
"""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateMoved
from mesms_gitops.store.codec import Writer, decode
from mesms_gitops.store.disk import Disk, door
from mesms_gitops.store.freeze import FreezeFile
from mesms_gitops.store.host import Host
from mesms_gitops.store.lock import LockFile
from mesms_gitops.store.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.store.port import LockInfo, Store

BACKUP, LOCK, FREEZE = ".backup", ".lock", ".freeze"


def _silent(_note: str) -> None:
    pass


class FileStore:
    """A `port.Store` in one file. An instance belongs to one thread; other processes may use the file as they like."""

    def __init__(
        self,
        path: Path,
        *,
        on_note: Callable[[str], None] = _silent,
        disk: Disk | None = None,
        host: Host | None = None,
    ) -> None:
        """Nothing is touched yet. ``path`` may be a symbolic link: what it points at is the state."""
        disk, host = disk or Disk(), host or Host()
        self._path = path
        self._disk = disk
        self._place = Place(disk.real_path(path), disk, host)
        beside = self._place.beside
        self._lock = LockFile(Place(beside(LOCK), disk, host), self._place, disk, host, on_note)
        self._freeze = FreezeFile(Place(beside(FREEZE), disk, host), disk)
        self._writer = Writer()
        self._seen: tuple[bytes, State] | None = None

    @property
    def path(self) -> Path:
        """Where the state is, as it was named."""
        return self._path

    @property
    def backup(self) -> Path:
        """Where the state before the last commit is kept."""
        return self._place.beside(BACKUP)

    @property
    def has_backup(self) -> bool:
        """Whether a backup stands. A commit never leaves one without a state: if `read` gives None, it was lost."""
        with door(self.backup, "look for the backup"):
            return self._disk.exists(self.backup)

    def read(self) -> State | None:
        """The state, or None where none stands. Changes nothing. Raises `StateUnreadable`, `StateError`."""
        with door(self._path, "read the state"):
            body = self._disk.read(self._place.path)
        self._seen = None if body is None else (body, self._decode(body))
        return self._seen and self._seen[1]

    def _decode(self, body: bytes) -> State:
        return decode(body, origin=str(self._path), remedy=self._remedy)

    def _remedy(self) -> str:
        try:
            body = self._disk.read(self.backup)
            if body is None:
                return f"restore it from git or a copy of your own ({self.backup} does not exist)"
            serial = decode(body).serial
        except (OSError, StateError):
            return f"restore it from git or a copy of your own ({self.backup} cannot be read either)"
        restore = f"cp {shlex.quote(str(self.backup))} {shlex.quote(str(self._path))}"
        return f"restore the backup, which is of serial {serial}: {restore}; then run mesms-gitops plan"

    def commit(self, state: State, expected_serial: int) -> None:
        """Write ``state``, which has the serial after ``expected_serial``, if that is the one that stands (0: none).

        Durable when it returns. Raises `StateMoved` if another serial or lineage stands, or other bytes than those
        this instance last read or wrote; `StateUnreadable` if what stands is none; `StateError` if it cannot be
        written. Unless the message says otherwise, the state that stood still stands then.
        """
        if state.serial != expected_serial + 1:
            raise _moved(
                self._path, f"serial {expected_serial} is followed by {expected_serial + 1}, not {state.serial}"
            )
        body = self._writer.encode(state)
        with door(self._path, "write the state"), self._place.guard():
            before = self._disk.read(self._place.path)
            self._compare(before, state.lineage, expected_serial)
            self._place.sweep()
            self._place.install(body, keep=None if before is None else (before, BACKUP))
        self._seen = (body, state)

    def _compare(self, body: bytes | None, lineage: str, expected: int) -> None:
        moved = partial(_moved, self._path)
        if body is None:
            if expected:
                raise moved(f"serial {expected} was recorded, and now there is no state at all")
            return
        if self._seen is not None and body == self._seen[0]:
            stored = self._seen[1]
        else:
            stored = self._decode(body)
            if self._seen is not None and self._seen[1].serial == stored.serial == expected:
                raise moved(f"serial {expected} does not read as it did: somebody edited it without raising the serial")
        if stored.lineage != lineage:
            raise moved(f"the state there is of another lineage, {stored.lineage}, and this run's is {lineage}")
        if stored.serial != expected:
            raise moved(f"serial {stored.serial} is recorded, and this run stands on {expected}")

    def lock(self, operation: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock. Raises `StateLocked` after ``timeout`` seconds, `StateError`."""
        return self._lock.held(operation, timeout)

    def info(self) -> LockInfo | None:
        """Who holds the lock, None if nobody does. Raises `StateError`."""
        return self._lock.holder()

    def unlock(self, lock_id: str) -> LockInfo:
        """Break the lock ``lock_id`` and say whose it was. Raises `StateError` if that is not the one that is held."""
        return self._lock.broken(lock_id)

    def read_freeze(self) -> Freeze:
        """The emergency stop, without the lock. What cannot be read freezes everything."""
        return self._freeze.read()

    def write_freeze(self, freeze: Freeze) -> None:
        """Make the emergency stop durable, without the lock. Raises `StateError`."""
        self._freeze.amend(lambda _before: freeze)

    def amend_freeze(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change`` and write the emergency stop in one step. Raises `StateError`."""
        return self._freeze.amend(change)


def _moved(path: Path, why: str) -> StateMoved:
    return StateMoved(
        "the state is not the one this run began with; this run wrote nothing more",
        where=str(path),
        why=why,
        next_step="run mesms-gitops plan to see where things stand, then apply that",
    )


if TYPE_CHECKING:
    _conforms: type[Store] = FileStore
