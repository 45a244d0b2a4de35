"""A real SQLite file under the real backend, in a folder of this process that is memory where the system has such one.

Every statement that changes something is a boundary before which the process may die or the disk be full, and so is the
beginning of each transaction; that a commit is whole or nothing is SQLite's own. A question within a transaction is no
boundary: what strikes there cannot be told from what strikes at the next statement. What the file holds after a commit
is the machine's file, so that a moment can be played again.
"""

from __future__ import annotations

import atexit
import errno
import os
import sqlite3
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, finalize

from mesms_gitops.store.port import unheard
from mesms_gitops.store.sql_store import SqlStore
from mesms_gitops.store.sqlite import RowLock, SqliteDatabase
from mesms_gitops.store.sqlite_file import PATIENCE, SqliteFile

from .database import install
from .fate import Event, Kind
from .machine import STATE, OneHost
from .tables import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.store.memory_disk import Content

    from .machine import Machine, Process

_MEMORY = Path("/dev/shm")  # a folder of our own is made in it
VERSION = "select max(version) from mesms_schema"
"""What is always asked right after another question."""
_numbers = count()
_platters: WeakKeyDictionary[Machine, Platter] = WeakKeyDictionary()


@cache
def _folder() -> Path:
    made = TemporaryDirectory(prefix="proof-", dir=_MEMORY if _MEMORY.is_dir() else None)
    atexit.register(made.cleanup)
    return Path(made.name)


class Platter:
    """The real file of one machine, which is brought to what the machine's own says."""

    def __init__(self, machine: Machine) -> None:
        self.path = _folder() / f"{next(_numbers)}.db"
        self._stands: Content | None = None
        finalize(machine, self.path.unlink, missing_ok=True)

    def load(self, content: Content | None) -> None:
        """Be a file with ``content``: another one than before if people put another one in its place."""
        if content is self._stands:
            return
        self.path.unlink(missing_ok=True)
        if content is not None:
            self.path.write_bytes(content.seen)
        self._stands = content

    def save(self, machine: Machine, body: bytes) -> None:
        """``body`` is durable."""
        self._stands = install(machine, body)


class Connection:
    """A connection of one process."""

    def __init__(self, real: sqlite3.Connection, machine: Machine, platter: Platter) -> None:
        self._real = real
        self._machine = machine
        self._platter = platter

    @property
    def in_transaction(self) -> bool:
        return self._real.in_transaction

    def execute(self, statement: str, given: Any = ()) -> sqlite3.Cursor:
        if statement == "rollback":  # also by whoever opens the file after the process died
            return self._real.execute(statement)
        self._machine.check_alive()
        kind = _kind(statement, is_within=self.in_transaction)
        if kind is not None:
            self._strike(self._machine.cross(" ".join(statement.split()[:3]), kind))
        try:
            found = self._real.execute(statement, given)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                self._machine.pass_time(timedelta(seconds=PATIENCE))
            raise
        if statement == "commit":
            self._platter.save(self._machine, self._real.serialize())
        return found

    def executemany(self, statement: str, given: Iterable[Any]) -> None:
        for each in given:
            self.execute(statement, each)

    def _strike(self, event: Event | None) -> None:
        if event is Event.FULL:
            self._real.execute("rollback")
            raise _fault(sqlite3.SQLITE_FULL, "database or disk is full")
        if event is Event.VANISHED:
            self._machine.process.lasting |= dict.fromkeys((Kind.LOOK, Kind.ENTER), Event.VANISHED)
            raise _fault(sqlite3.SQLITE_CANTOPEN, "unable to open database file")
        assert event is None


def _kind(statement: str, *, is_within: bool) -> Kind | None:
    if is_within:
        return None if statement.startswith("select") else Kind.WRITE
    if statement == "begin immediate":
        return Kind.ENTER
    return None if statement == VERSION else Kind.LOOK


def _fault(code: int, says: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(says)
    error.sqlite_errorcode = code
    return error


class File(SqliteFile):
    """The real thing, of one process."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._platter = _platters.get(machine) or _platters.setdefault(machine, Platter(machine))
        self._platter.load(machine.disk.entries.get(STATE))
        super().__init__(self._platter.path, "sqlite:///state.db")

    def _opened(self) -> sqlite3.Connection | None:
        self._machine.check_alive()
        real = super()._opened()
        if real is None:
            return None
        real.execute("pragma busy_timeout = 0")
        return Connection(real, self._machine, self._platter)  # type: ignore[return-value]  # in its place

    def _made(self) -> sqlite3.Connection:
        if self._machine.cross("make file", Kind.WRITE) is Event.FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        made = super()._made()
        self._platter.save(self._machine, b"")
        return made


class SqliteStore(SqlStore):
    """The real backend on such a file."""

    def __init__(self, machine: Machine, process: Process) -> None:
        file, host = File(machine), OneHost(machine, process)
        database = SqliteDatabase(file, NAME)
        super().__init__(database, RowLock(file, database, host, unheard), host)
