"""State in a file: the default backend. Durable when fsynced, one writer at a time, compare-and-swap on the serial.

Beside ``state.json`` stand ``state.json.backup`` (the state before the last commit), ``.lock`` (while somebody works),
``.freeze`` (the emergency stop), ``.guard`` and ``.freeze.guard`` (empty; held for the instant of one write).

A commit writes the whole file, unless that is large and this run holds the lock: then the first commit writes it, and
further ones append what they change to ``.journal``, which is folded into the file when it has grown and when the lock
is released. So between runs the file is whole, and a commit costs what it changes. While there is a journal, the backup
is of the state before this run.
"""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateRetired
from mesms_gitops.store.codec import canonical, decode
from mesms_gitops.store.disk import Disk, door
from mesms_gitops.store.freeze import FreezeFile
from mesms_gitops.store.host import Host
from mesms_gitops.store.lock import LockFile
from mesms_gitops.store.place import Place
from mesms_gitops.store.port import Trace, unheard
from mesms_gitops.store.sealed_bytes import OPEN
from mesms_gitops.store.state_file import BACKUP, JOURNAL, JOURNAL_FROM, StateFile
from mesms_gitops.store.swap import Base
from mesms_gitops.store.tombstone import encode_tombstone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.store.examining import Line
    from mesms_gitops.store.port import LockInfo, Store
    from mesms_gitops.store.sealed_bytes import SealedBytes

LOCK, FREEZE = ".lock", ".freeze"


class FileStore:
    """A `port.Store` in one file. An instance belongs to one thread; other processes may use the file as they like."""

    def __init__(
        self,
        path: Path,
        *,
        on_note: Callable[[str], None] = unheard,
        disk: Disk | None = None,
        host: Host | None = None,
        journal_from: int = JOURNAL_FROM,
        sealed: SealedBytes = OPEN,
    ) -> None:
        """Nothing is touched yet. ``path`` may be a symbolic link: what it points at is the state.

        A state of ``journal_from`` bytes or more has a journal while this holds the lock.
        """
        disk, host = disk or Disk(), host or Host()
        self._path = path
        self._disk = disk
        self._place = Place(disk.real_path(path), disk, host)
        beside = self._place.beside
        self._on_note = on_note
        self._lock = LockFile(Place(beside(LOCK), disk, host), self._place, disk, host, on_note)
        self._freeze = FreezeFile(Place(beside(FREEZE), disk, host), disk)
        self._sealed = sealed
        self._file = StateFile(str(path), self._place, disk, journal_from, self._remedy, sealed)
        self._is_locked = False

    @property
    def path(self) -> Path:
        """Where the state is, as it was named."""
        return self._path

    @property
    def backup(self) -> Path:
        """Where the state before the last commit is kept."""
        return self._place.beside(BACKUP)

    @property
    def wave(self) -> int:
        """One: every send has a commit of its own before it and after it."""
        return 1

    @property
    def has_backup(self) -> bool:
        """Whether a backup stands, or a journal. No commit leaves one alone: if `read` gives None, state was lost."""
        with door(self.backup, "look for the backup"):
            return self._disk.exists(self.backup) or self._file.has_journal

    @property
    def trace(self) -> Trace:
        """The backup; the journal where that alone is left, which says nothing without the file it was begun beside."""
        if self._disk.exists(self.backup):
            return Trace("backup", "put the backup in its place")
        return Trace("journal", "restore the file from git or a copy of your own")

    def read(self) -> State | None:
        """The state, or None where none stands. Changes nothing. Raises `StateUnreadable`, `StateError`."""
        with door(self._path, "read the state"):
            found = self._file.read()
        return None if found is None else found.state

    def _remedy(self) -> str:
        try:
            body = self._disk.read(self.backup)
            if body is None:
                return f"restore it from git or a copy of your own ({self.backup} does not exist)"
            serial = decode(self._sealed.opened(body, str(self.backup))).serial
        except (OSError, StateError):
            return f"restore it from git or a copy of your own ({self.backup} cannot be read either)"
        restore = f"cp {shlex.quote(str(self.backup))} {shlex.quote(str(self._path))}"
        return f"restore the backup, which is of serial {serial}: {restore}; then run mesms-gitops plan"

    def commit(self, state: State, expected_serial: int) -> None:
        """Write ``state``, which has the serial after ``expected_serial``, if that is the one that stands (0: none;
        then it keeps the serial it has).

        Durable when it returns. Raises `StateMoved` if another serial or lineage stands, or another state than this
        instance last read or wrote; `StateUnreadable` if what stands is none; `StateError` if it cannot be written.
        Unless the message says otherwise, the state that stood still stands then.
        """
        base = Base.of(state, expected_serial, str(self._path))
        with door(self._path, "write the state"), self._place.guard():
            before = self._file.for_commit()
            self._compare(None if before is None else before.state, base)
            self._file.put(state, before, is_locked=self._is_locked)

    def _compare(self, stored: State | None, base: Base) -> None:
        if stored is not None and self._differs(stored, base.serial):
            raise base.edited()
        base.check(stored)
        if stored is None and self._file.has_journal:
            raise base.moved(f"the state is gone, and its {JOURNAL} is there")

    def _differs(self, stored: State, expected: int) -> bool:
        """Whether ``stored`` is not what this run saw under that serial. Bytes may differ: others fold journals in."""
        if self._file.seen is None or self._file.seen.state is stored:
            return False
        seen = self._file.seen.state
        return seen.serial == stored.serial == expected and stored != canonical(seen)

    @contextmanager
    def lock(self, operation: str, timeout: float) -> Iterator[None]:
        """Hold the lock. Raises `StateLocked` after ``timeout`` seconds, `StateError`."""
        with self._lock.held(operation, timeout):
            self._fold(self._file.recover, "the journal of a run that died is not folded into the state yet")
            self._is_locked = True
            try:
                yield
            finally:
                self._is_locked = False
                self._fold(self._file.close, "the journal is not folded into the state yet, the next run does it")

    def _fold(self, work: Callable[[], None], otherwise: str) -> None:
        """Bring file and journal together. Where that fails they stay as they are, and together say all there is."""
        if not self._file.has_journal:
            return
        try:
            with door(self._path, "fold the journal into the state"), self._place.guard():
                work()
        except StateError as error:
            self._on_note(f"{otherwise}: {error.what} ({error.why})")

    def examine(self) -> Iterator[Line]:
        """See `examining.Examinable`. Nothing is written."""
        folder = self._path.parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if os.access(folder, os.W_OK | os.X_OK):
            yield "ok", "state backend: a file, synced to disk at each commit; one writer at a time", ""
        else:
            found = "state backend: this user may not write where the state is kept"
            yield "fail", found, "give this user the folder, or set `state:` (MESMS_STATE) to another place"

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

    def retire(self, to: str, expected_serial: int) -> Freeze:
        """Leave a tombstone that names ``to``, and give the emergency stop as it last stood: see `port.Store`."""
        with door(self._path, "write the tombstone"), self._place.guard():
            try:
                found = self._file.standing()
            except StateRetired as retired:
                if retired.to != to:
                    raise
                return self._freeze.retire(to)
            if found is None:
                self._compare(None, Base(str(self._path), "", expected_serial))
                raise StateError("there is no state to retire", where=str(self._path))
            self._compare(found.state, Base(str(self._path), found.state.lineage, expected_serial))
            # the stop first: once it is closed nobody can stop what is about to leave, and nothing is sent from here
            last = self._freeze.retire(to)
            self._file.bury(found, encode_tombstone(found.state, to))
        return last


if TYPE_CHECKING:
    _conforms: type[Store] = FileStore
