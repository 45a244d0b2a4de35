"""One SQLite file: how it is opened, made and written durably.

Durable means ``synchronous=EXTRA`` with a rollback journal: the folder is synced as well, so that power lost right
after a commit does not bring the journal back (https://sqlite.org/pragma.html#pragma_synchronous). It is not
write-ahead logging: that needs memory shared by all who open the file, leaves two more files beside it, and the SQLite
of many systems still has a race in it that can lose commits (https://sqlite.org/wal.html#walresetbug). Not for a
network filesystem.
"""

from __future__ import annotations

import os
import sqlite3
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.store.disk import Disk, door
from mesms_gitops.store.sql_store import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 10.0
"""Seconds to wait for another's write, which takes an instant."""

_TABLES = """
create table if not exists mesms_schema (version integer not null);
insert into mesms_schema select {version} where not exists (select 1 from mesms_schema);
create table if not exists mesms_state (
    name text primary key, lineage text not null, serial integer not null, head text not null, stamp text not null,
    tally text not null, moved_to text);
create table if not exists mesms_campaign (
    state text not null, name text not null, record text not null, primary key (state, name)) without rowid;
create table if not exists mesms_journal (
    id integer primary key, state text not null, serial integer not null,
    at text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), campaign text, run text, what text not null);
create index if not exists mesms_journal_of_state on mesms_journal (state);
create table if not exists mesms_freeze (state text primary key, stop text not null);
create table if not exists mesms_lock (state text primary key, holder text not null);
"""


class SqliteFile:
    """The file, and the connection to it while somebody here uses it. ``where`` is how it is named to people."""

    def __init__(self, path: Path, where: str) -> None:
        """Nothing is touched yet."""
        self.where = where
        self.remedy = f"restore {path} from a copy of your own"
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._known: tuple[int, int] | None = None
        self._close: Callable[[], object] = lambda: None

    def _opened(self) -> sqlite3.Connection | None:
        """The connection; None where no file stands."""
        found = self._identity()
        if found is None or found != self._known:
            # somebody removed or replaced the file: what is written into the old one would be lost
            self._close()
            self._connection, self._known = None, found
        if self._connection is None and found is not None:
            uri = f"file:{quote(str(self._path))}?mode=rw"
            made = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            self._close = weakref.finalize(self, made.close)
            made.execute("pragma synchronous = extra")
            self._connection = made
        return self._connection

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def reading(self, doing: str) -> Iterator[sqlite3.Connection | None]:
        """A transaction that sees one instant; None where our tables do not stand."""
        with self._door(doing):
            connection = self._opened()
            if connection is None or not _has_tables(connection):
                yield None
                return
            self._check_version(connection)
            connection.execute("begin")
            try:
                yield connection
            finally:
                connection.execute("rollback")

    @contextmanager
    def writing(self, doing: str) -> Iterator[sqlite3.Connection]:
        """The transaction of the only writer; committed unless it raises. Makes file and tables first."""
        with self._door(doing):
            connection = self._opened() or self._made()
            connection.execute("begin immediate")
            try:
                if not _has_tables(connection):
                    for statement in filter(str.strip, _TABLES.format(version=SCHEMA_VERSION).split(";")):
                        connection.execute(statement)
                self._check_version(connection)
                yield connection
                connection.execute("commit")
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")

    def try_writing(self, doing: str) -> None:
        """Raise `StateError` if `writing` would have no right to do so, where the file stands. Nothing is written."""
        with self.reading(doing):
            pass
        # SQLite says so only to who writes; a commit begins with a journal beside the file
        wanted = {self._path: os.W_OK, self._path.parent: os.W_OK | os.X_OK} if self._identity() else {}
        for path, right in wanted.items():
            if not os.access(path, right):
                why = f"this user may not write to {path}"
                raise StateError(f"cannot {doing}", where=self.where, why=why, next_step=_WRITABLE)

    def _made(self) -> sqlite3.Connection:
        disk = Disk()
        disk.make_folder(self._path.parent)
        # for this user alone, as every file of state
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        disk.sync_folder(self._path.parent)
        made = self._opened()
        assert made is not None  # the file stands now
        return made

    def _check_version(self, connection: sqlite3.Connection) -> None:
        (found,) = connection.execute("select max(version) from mesms_schema").fetchone()
        if found != SCHEMA_VERSION:
            raise StateUnreadable(
                "a newer mesms-gitops made the tables of this state; nothing was sent or changed",
                where=self.where,
                why=f"they are of version {found}, and this mesms-gitops knows version {SCHEMA_VERSION}",
                next_step="upgrade mesms-gitops here to the version that made them, then run the same command again",
            )

    @contextmanager
    def _door(self, doing: str) -> Iterator[None]:
        try:
            with door(self._path, doing):
                yield
        except sqlite3.Error as error:
            raise self._fault(error, doing) from error

    def _fault(self, error: sqlite3.Error, doing: str) -> StateError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return StateUnreadable(
                "the state cannot be read; nothing was sent or changed",
                where=self.where,
                why=str(error),
                next_step=self.remedy,
            )
        return StateError(f"cannot {doing}", where=self.where, why=str(error), next_step=_NEXT.get(code, _MEND))


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("select 1 from sqlite_master where name = 'mesms_schema'").fetchone() is not None


_MEND = "mend this, then run the same command again"
_WRITABLE = "make this file and its folder writable for this user, or set `state:` to a place that is"
_NEXT = {
    sqlite3.SQLITE_BUSY: "another process has been writing for long: end it, or wait, then run the same command again",
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_FULL: "make room on this disk (or raise the quota), then run the same command again",
}
