"""State in PostgreSQL: ``postgresql://user@host/database?state=NAME`` (see `postgres_address`).

A commit is one statement that moves the head from the serial it stands on, with the rows that changed and what the
journal says of it: durable when the answer is there. An answer that was lost is looked for on a new connection by the
stamp that the commit drew, and the statement is repeated until it is clear: repeating is safe, since a serial can only
be moved once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mesms_gitops.model.state import State
from mesms_gitops.store.host import Host
from mesms_gitops.store.postgres_address import split
from mesms_gitops.store.postgres_lock import SessionLock, number_of
from mesms_gitops.store.postgres_session import Session
from mesms_gitops.store.postgres_sql import (
    FIRST_WRITE,
    HEAD,
    IS_BEREFT,
    PUT_FREEZE,
    ROWS,
    WRITE,
)
from mesms_gitops.store.provenance import provenance_of
from mesms_gitops.store.rows import CHUNK, Head, Known, digest
from mesms_gitops.store.sql_store import Database, SqlStore, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.store.postgres_session import Connection
    from mesms_gitops.store.rows import Change

    Result = TypeVar("Result")


def postgres_store(location: str, on_note: Callable[[str], None], environment: Mapping[str, str]) -> SqlStore:
    """The store at ``postgresql://…``. Nothing is touched yet. Raises `ConfigError` for a password in it."""
    host = Host(provenance_of(environment))
    _, ours = split(location)
    session = Session(location, environment, host)
    state = ours.get("state", "default")
    return SqlStore(PostgresDatabase(session, state), SessionLock(session, state, host, on_note), host)


class PostgresDatabase(Database):
    """One state in one database."""

    remedy = "restore mesms_state, mesms_campaign and mesms_journal, all three, from a backup of the database"

    def __init__(self, session: Session, state: str) -> None:
        """Nothing is touched yet."""
        self.where = session.where
        self._session = session
        self.state = state

    def _reading(self, doing: str, act: Callable[[Connection], Result], nothing: Result) -> Result:
        """What ``act`` gives; ``nothing`` where our tables do not stand."""
        return self._session.run(
            doing, lambda connection: act(connection) if self._session.has_tables(connection) else nothing
        )

    def _writing(self, doing: str, act: Callable[[Connection], Result]) -> Result:
        def made(connection: Connection) -> Result:
            self._session.make_tables(connection)
            return act(connection)

        return self._session.run(doing, made)

    def standing(self, take: Callable[[Standing], Result]) -> Result:
        def read(connection: Connection) -> Result:
            if not self._session.has_tables(connection):
                return take(Standing(None))
            with connection.transaction():
                connection.execute("set transaction isolation level repeatable read, read only")
                head = self._head(connection)
                with connection.cursor(name="mesms_rows") as rows:
                    rows.itersize = CHUNK
                    rows.execute(ROWS, (self.state,))
                    return take(Standing(head, ((name, record) for name, record in rows)))

        return self._session.run("read the state", read)

    def _head(self, connection: Connection, *, locked: bool = False) -> Head | None:
        row = connection.execute(f"{HEAD} for update" if locked else HEAD, (self.state,)).fetchone()
        return None if row is None else Head(*row)

    def write(self, change: Change) -> bool:
        statement, given = (FIRST_WRITE if change.head_before is None else WRITE), self._given(change)

        def write(connection: Connection) -> bool:
            row = connection.execute(statement, given).fetchone()
            if row is not None and row[0]:
                return True
            # refused; or it is there already, from a connection that broke before the answer came
            head = self._head(connection)
            return head is not None and head.stamp == change.stamp

        return self._writing("write the state", write)

    def _given(self, change: Change) -> dict[str, Any]:
        is_same = change.head_before is not None and digest(change.head) == change.head_before
        return {
            "state": self.state,
            "lineage": change.lineage,
            "serial": change.serial,
            "expected": change.expected,
            "stamp": change.stamp,
            "head": None if is_same else change.head,
            "head_before": change.head_before,
            "tally": change.tally,
            "tally_before": change.tally_before,
            "touched": list(change.touched),
            "digests": list(change.touched.values()),
            "names": list(change.put),
            "records": list(change.put.values()),
            "gone": list(change.gone),
            "campaigns": [note.campaign for note in change.notes],
            "runs": [note.run for note in change.notes],
            "whats": [note.what for note in change.notes],
        }

    def try_write(self) -> None:
        # no serial is below zero: nothing moves, but every right that a commit needs is asked for
        nothing = Known.nothing("nothing").change(State("nothing", 1), "")
        given = self._given(replace(nothing, expected=-1, tally_before="", head_before=b""))
        self._reading("write the state", lambda connection: connection.execute(WRITE, given).fetchone(), None)

    def is_bereft(self) -> bool:
        def look(connection: Connection) -> bool:
            row = connection.execute(IS_BEREFT, {"state": self.state}).fetchone()
            return bool(row and row[0])

        return self._reading("look for the state", look, nothing=False)

    def freeze(self) -> str | None:
        return self._reading("read the emergency stop", self._freeze, None)

    def _freeze(self, connection: Connection) -> str | None:
        row = connection.execute("select stop from mesms_freeze where state = %s", (self.state,)).fetchone()
        return None if row is None else str(row[0])

    def amend_freeze(self, change: Callable[[str | None], str]) -> None:
        def amend(connection: Connection) -> None:
            with connection.transaction():
                self._alone(connection)
                connection.execute(PUT_FREEZE, (self.state, change(self._freeze(connection))))

        self._writing("write the emergency stop", amend)

    def _alone(self, connection: Connection) -> None:
        """Be the only one that changes the stop, until this transaction ends; there may be no row of it yet."""
        connection.execute("select pg_advisory_xact_lock(%s)", (number_of("freeze", self.state),))

    def retire(self, to: str, change: Callable[[Head | None, str | None], str]) -> None:
        def retire(connection: Connection) -> None:
            with connection.transaction():
                self._alone(connection)
                became = change(self._head(connection, locked=True), self._freeze(connection))
                connection.execute(PUT_FREEZE, (self.state, became))
                connection.execute("update mesms_state set moved_to = %s where name = %s", (to, self.state))

        self._writing("write the tombstone", retire)
