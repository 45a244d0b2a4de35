"""State in SQLite: ``sqlite:///path`` relative to the project, ``sqlite:////path`` absolute; for one big machine."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote

from mesms_gitops.errors import ConfigError
from mesms_gitops.store.holding import Lock
from mesms_gitops.store.host import Host
from mesms_gitops.store.lock import decode_lock, encode_lock
from mesms_gitops.store.provenance import provenance_of
from mesms_gitops.store.rows import Head, digest
from mesms_gitops.store.sql_store import Database, SqlStore, Standing
from mesms_gitops.store.sqlite_file import SqliteFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mesms_gitops.store.port import LockInfo
    from mesms_gitops.store.rows import Change

    Result = TypeVar("Result")


_ROWS = "select name, record from mesms_campaign where state = ? order by name"
_HEAD = """
select lineage, serial, head, stamp, tally, moved_to, (
    select journal.serial from mesms_journal as journal where journal.state = mesms_state.name
    order by journal.id desc limit 1)
from mesms_state where name = ?
"""


def sqlite_store(location: str, root: Path, on_note: Callable[[str], None], environment: Mapping[str, str]) -> SqlStore:
    """The store at ``sqlite:///…``. Nothing is touched yet. Raises `ConfigError`."""
    host = Host(provenance_of(environment))
    path, state = _address(location)
    file = SqliteFile(root / path, location)
    database = SqliteDatabase(file, state)
    return SqlStore(database, RowLock(file, database, host, on_note), host)


def _address(location: str) -> tuple[str, str]:
    """The path and the name of the state in it."""
    rest, _, query = location.partition("?")
    path = unquote(rest.removeprefix("sqlite://").removeprefix("/"))
    given = parse_qsl(query, keep_blank_values=True)
    state = dict(given).get("state", "default")
    is_path = rest.startswith("sqlite:///") and bool(path) and not path.endswith("/") and path != ":memory:"
    if not is_path or any(key != "state" for key, _ in given) or len(given) > 1 or not state:
        raise ConfigError(
            "`state` names no SQLite file",
            where=f"state: {location}",
            why="after sqlite:/// stands a path, and then perhaps ?state=NAME; nothing else",
            next_step="write it like sqlite:///.mesms/state.db (in the project) or sqlite:////var/lib/mesms/state.db",
        )
    return path, state


class SqliteDatabase(Database):
    """One state in one file."""

    def __init__(self, file: SqliteFile, state: str) -> None:
        """Nothing is touched yet."""
        self.where = file.where
        self.remedy = file.remedy
        self._file = file
        self.state = state

    def standing(self, take: Callable[[Standing], Result]) -> Result:
        with self._file.reading("read the state") as connection:
            if connection is None:
                return take(Standing(None))
            head = self._head(connection)
            # closed whatever `take` raises: rows that nobody reads to their end would keep every writer out
            with closing(connection.execute(_ROWS, (self.state,))) as rows:
                return take(Standing(head, map(_texts, rows)))

    def _head(self, connection: sqlite3.Connection) -> Head | None:
        row = connection.execute(_HEAD, (self.state,)).fetchone()
        return None if row is None else Head(*row)

    def write(self, change: Change) -> bool:
        with self._file.writing("write the state") as connection:
            if not self._fits(connection, change):
                return False
            if change.head_before is None:
                # what a state left that was removed by hand is not this one's
                connection.execute("delete from mesms_campaign where state = ?", (self.state,))
            connection.execute(
                "insert into mesms_state (name, lineage, serial, head, stamp, tally) values (?, ?, ?, ?, ?, ?) "
                "on conflict (name) do update set serial = excluded.serial, head = excluded.head, "
                "stamp = excluded.stamp, tally = excluded.tally",
                (self.state, change.lineage, change.serial, change.head, change.stamp, change.tally),
            )
            connection.executemany(
                "replace into mesms_campaign (state, name, record) values (?, ?, ?)",
                [(self.state, name, text) for name, text in change.put.items()],
            )
            connection.executemany(
                "delete from mesms_campaign where state = ? and name = ?", [(self.state, name) for name in change.gone]
            )
            connection.executemany(
                "insert into mesms_journal (state, serial, campaign, run, what) values (?, ?, ?, ?, ?)",
                [(self.state, change.serial, note.campaign, note.run, note.what) for note in change.notes],
            )
        return True

    def _fits(self, connection: sqlite3.Connection, change: Change) -> bool:
        head = self._head(connection)
        if head is None or change.head_before is None:
            return head is None and change.head_before is None
        if head.moved_to is not None or (head.lineage, head.serial) != (change.lineage, change.expected):
            return False
        return (digest(head.text), head.tally) == (change.head_before, change.tally_before) and all(
            self._row_digest(connection, name) == expected for name, expected in change.touched.items()
        )

    def _row_digest(self, connection: sqlite3.Connection, name: str) -> bytes | None:
        row = connection.execute(
            "select record from mesms_campaign where state = ? and name = ?", (self.state, name)
        ).fetchone()
        return None if row is None else digest(row[0])

    def try_write(self) -> None:
        self._file.try_writing("write the state")

    def is_bereft(self) -> bool:
        with self._file.reading("look for the state") as connection:
            if connection is None:
                return False
            (found,) = connection.execute(
                "select exists (select 1 from mesms_journal where state = :name) "
                "and not exists (select 1 from mesms_state where name = :name)",
                {"name": self.state},
            ).fetchone()
            return bool(found)

    def freeze(self) -> str | None:
        with self._file.reading("read the emergency stop") as connection:
            return None if connection is None else self._freeze(connection)

    def _freeze(self, connection: sqlite3.Connection) -> str | None:
        row = connection.execute("select stop from mesms_freeze where state = ?", (self.state,)).fetchone()
        return None if row is None else str(row[0])

    def amend_freeze(self, change: Callable[[str | None], str]) -> None:
        with self._file.writing("write the emergency stop") as connection:
            self._put_freeze(connection, change(self._freeze(connection)))

    def _put_freeze(self, connection: sqlite3.Connection, text: str) -> None:
        connection.execute("replace into mesms_freeze (state, stop) values (?, ?)", (self.state, text))

    def retire(self, to: str, change: Callable[[Head | None, str | None], str]) -> None:
        with self._file.writing("write the tombstone") as connection:
            self._put_freeze(connection, change(self._head(connection), self._freeze(connection)))
            connection.execute("update mesms_state set moved_to = ? where name = ?", (to, self.state))

    def holder(self) -> LockInfo | None:
        """Who the row says it is."""
        with self._file.reading("read the lock") as connection:
            return None if connection is None else self.held_by(connection)

    def held_by(self, connection: sqlite3.Connection) -> LockInfo | None:
        """The same, within a transaction."""
        row = connection.execute("select holder from mesms_lock where state = ?", (self.state,)).fetchone()
        return None if row is None else decode_lock(str(row[0]).encode())

    def hand_over(self, connection: sqlite3.Connection, holder: LockInfo | None) -> None:
        """Make ``holder`` the one, or nobody."""
        connection.execute("delete from mesms_lock where state = ?", (self.state,))
        if holder is not None:
            text = encode_lock(holder).decode()
            connection.execute("insert into mesms_lock (state, holder) values (?, ?)", (self.state, text))


class RowLock(Lock):
    """The lock as a row: looked at and changed within the transaction of the only writer."""

    def __init__(self, file: SqliteFile, database: SqliteDatabase, host: Host, on_note: Callable[[str], None]) -> None:
        """Nothing is touched yet."""
        super().__init__(file.where, host, on_note)
        self._file = file
        self._database = database

    def holder(self) -> LockInfo | None:
        return self._database.holder()

    def take(self, mine: LockInfo) -> LockInfo | None:
        with self._file.writing("take the lock") as connection:
            before = self._database.held_by(connection)
            if before is not None and not self._host.is_dead(before):
                return before
            self._database.hand_over(connection, mine)
        if before is not None:
            self.note_take_over(before)
        return None

    def drop(self, lock_id: str) -> LockInfo | None:
        if self._database.holder() is None:
            return None
        with self._file.writing("release the lock") as connection:
            found = self._database.held_by(connection)
            if found is not None and found.id == lock_id:
                self._database.hand_over(connection, None)
            return found


def _texts(row: tuple[Any, Any]) -> tuple[str, str]:
    # a hand edit may have put bytes or a number there: as text it is read, and refused, like any other
    return str(row[0]), str(row[1])
