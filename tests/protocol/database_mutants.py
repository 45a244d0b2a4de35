"""Sabotages of the backends in a database. Each must make the exploration fail there, as those of `mutants` do."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mesms_gitops.errors import StateError
from mesms_gitops.model.state import Freeze
from mesms_gitops.store import postgres_lock
from mesms_gitops.store.postgres import PostgresDatabase
from mesms_gitops.store.postgres_lock import SessionLock
from mesms_gitops.store.postgres_session import Session
from mesms_gitops.store.postgres_sql import FIRST_WRITE, WRITE
from mesms_gitops.store.sql_store import SqlStore
from mesms_gitops.store.sqlite import SqliteDatabase

from .fate import Event
from .mutants import ROOM, Mutant, always, heedless

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.rows import Change

    from .mutants import Patch

_run, _try_lock = Session.run, postgres_lock._try_lock


def _unlooked(database: PostgresDatabase, change: Change) -> bool:
    """A commit whose answer was lost is made again, and what stands there is not asked for its stamp."""
    statement, given = (FIRST_WRITE if change.head_before is None else WRITE), database._given(change)

    def write(connection: Any) -> bool:
        (count,) = connection.execute(statement, given).fetchone()
        return bool(count)

    return database._writing("write the state", write)


def _optimistic(session: Session, doing: str, act: Callable[[Any], Any]) -> Any:
    """What could not be written counts as written."""
    try:
        return _run(session, doing, act)
    except StateError:
        if doing == "write the state":
            return True
        raise


def _full_is_well(write: Callable[[Any, Change], bool]) -> Callable[[Any, Change], bool]:
    """What could not be written counts as written."""

    def written(database: Any, change: Change) -> bool:
        with suppress(StateError):
            return write(database, change)
        return True

    return written


def _passed_by(connection: Any, number: int) -> bool:
    """A lock that another session holds counts as taken."""
    _try_lock(connection, number)
    return True


def _over_what_stands() -> str:
    """The commit without a look at what it replaces."""
    head, where, rest = WRITE.partition("where name = %(state)s")
    return head + where + rest[rest.index("\nreturning 1") :]


def _unstopped(_store: SqlStore) -> Freeze:
    return Freeze()


def _looked_once(lock: SessionLock, connection: Any) -> None:
    """A lock is taken again, and nobody looks whether another run had it between the look and the lock."""
    number, holder = lock._row(connection)
    if not lock._is_mine(holder) or not lock._taken_back(connection, number):
        lock._on_note("the lock is lost")


def _sabotage(name: str, stories: str, events: str, *patches: Patch) -> Mutant:
    return Mutant(name, patches, tuple(stories.split()), depth=len(events.split()), events=_read(events))


def _read(events: str) -> tuple[Event, ...]:
    return tuple(map(Event, events.split()))


DATABASE_MUTANTS = (
    _sabotage(
        "a lost answer of PostgreSQL is not looked for",
        "postgresql-new postgresql-at-once",
        "cut+",
        (PostgresDatabase, "write", _unlooked),
    ),
    _sabotage(
        "PostgreSQL writes over what stands",
        "postgresql-new postgresql-named",
        "usurper",
        (f"{ROOM}.store.postgres", "WRITE", _over_what_stands()),
    ),
    _sabotage(
        "SQLite writes over what stands", "sqlite-new sqlite-named", "usurper", (SqliteDatabase, "_fits", always(True))
    ),
    _sabotage(
        "a lock that went with its connection is left", "postgresql-new", "cut", (SessionLock, "_again", always(None))
    ),
    _sabotage(
        "a lock is taken again, and not looked at again",
        "postgresql-new",
        "cut rival",
        (SessionLock, "_again", _looked_once),
    ),
    _sabotage(
        "a session that was lost in silence goes on",
        "postgresql-new",
        "cut~",
        (Session, "_mended", lambda session, connection: session.after_break(connection)),
    ),
    _sabotage("a lock in PostgreSQL is passed by", "postgresql-new", "rival", (postgres_lock, "_try_lock", _passed_by)),
    _sabotage("a lock in SQLite is passed by", "sqlite-new", "rival", (SqlStore, "lock", heedless(SqlStore.lock))),
    _sabotage(
        "a commit that PostgreSQL refused counts as made",
        "postgresql-new postgresql-at-once",
        "full",
        (Session, "run", _optimistic),
    ),
    _sabotage(
        "a full disk is passed by",
        "sqlite-new sqlite-at-once",
        "full",
        (SqliteDatabase, "write", _full_is_well(SqliteDatabase.write)),
    ),
    _sabotage("the stop in PostgreSQL is not read", "postgresql-new", "stop", (SqlStore, "read_freeze", _unstopped)),
    _sabotage("the stop in SQLite is not read", "sqlite-new", "stop", (SqlStore, "read_freeze", _unstopped)),
)
