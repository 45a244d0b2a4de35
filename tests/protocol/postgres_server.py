"""A model of the part of PostgreSQL that the backend uses: tables, sessions and what they lock.

A real server cannot be rewound a hundred thousand times. This one carries out exactly the statements that the backend
makes, and refuses any other; `test_postgres_model` holds it to a real server, answer by answer and row by row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from mesms_gitops.store.postgres_lock import number_of

from .database import install, standing
from .postgres_commit import written
from .postgres_statements import LOCK_NUMBER, known
from .tables import NAME

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

    from .machine import Machine, Process
    from .tables import Tables

_LOCK_TIMEOUT = timedelta(seconds=10)
"""As `postgres_sql.SETTINGS` sets it."""
_UNSEEN = timedelta(seconds=60)
"""How long a session outlives a connection that broke in silence: ``tcp_keepalives_…`` there."""
_INSTANT = timedelta(seconds=0.03)
"""How long one outlives a process that was killed: its machine says so to the server."""


@dataclass(eq=False)
class Session:
    """One session. ``work`` is what its transaction made of the tables so far, ``rows`` what that has locked."""

    process: Process
    pid: int
    ends_at: datetime | None = None
    is_open: bool = True
    advisory: Counter[int] = field(default_factory=Counter)
    is_within: bool = False
    work: Tables | None = None
    rows: set[Hashable] = field(default_factory=set)

    def end_transaction(self) -> None:
        """Nothing of it is left, committed or not."""
        self.is_within, self.work = False, None
        self.rows.clear()


class Server:
    """The server of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._sessions: list[Session] = []
        self._newest = 0
        machine.server = self
        machine.is_locked = self._is_locked

    @classmethod
    def of(cls, machine: Machine) -> Server:
        """The one server of ``machine``."""
        return machine.server or cls(machine)

    def connect(self) -> Session:
        """A new session for the process that runs."""
        self._newest += 1
        session = Session(self._machine.process, self._newest)
        self._sessions.append(session)
        return session

    def end(self, session: Session) -> None:
        """The session ends, and its transaction and its locks with it."""
        session.end_transaction()
        session.advisory.clear()
        session.is_open = False
        if session in self._sessions:
            self._sessions.remove(session)

    def lose(self, session: Session) -> None:
        """Its client is gone and the server has not seen it."""
        session.ends_at = self._machine.now() + _UNSEEN

    def notice(self) -> None:
        """End the sessions of which the server knows by now that nobody is there."""
        now = self._machine.now()
        for session in list(self._sessions):
            if session.ends_at is None and not self._machine.runs(session.process):
                session.ends_at = now + (_INSTANT if session.process.is_dead else timedelta(0))
            if session.ends_at is not None and session.ends_at <= now:
                self.end(session)

    def _is_locked(self, process: Process) -> bool:
        generation, _ = standing(self._machine).locks[NAME]
        number = number_of("lock", LOCK_NUMBER, NAME, generation)
        mine = (each for each in self._sessions if each.process is process and each.ends_at is None)
        return any(number in each.advisory for each in mine)

    # ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────

    def carry_out(self, session: Session, statement: str, given: Any) -> list[tuple[Any, ...]]:
        """The rows that ``statement`` answers with; committed if no transaction is open. Raises `psycopg.Error`."""
        found = known(statement).act(self, session, given)
        if not session.is_within:
            self.commit(session)
        return found

    def seen_by(self, session: Session) -> Tables:
        """The tables as ``session`` sees them."""
        return standing(self._machine) if session.work is None else session.work

    def change(self, session: Session, row: Hashable, tables: Tables) -> None:
        """``session`` makes ``tables`` of what it sees; nobody else may change ``row`` until it commits."""
        self.claim(session, row)
        session.work = tables

    def commit(self, session: Session) -> None:
        """What ``session`` did becomes durable, and everybody sees it."""
        if session.work is not None and session.work != standing(self._machine):
            install(self._machine, session.work.body())
        session.end_transaction()

    def claim(self, session: Session, row: Hashable) -> None:
        """Lock ``row`` until the transaction ends. Waits for whoever has it, and then raises `psycopg.Error`."""
        if self._has_another(session, row):
            self._machine.pass_time(_LOCK_TIMEOUT)
            self.notice()
            if self._has_another(session, row):
                raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")
        session.rows.add(row)

    def _has_another(self, session: Session, row: Hashable) -> bool:
        return any(row in other.rows for other in self._sessions if other is not session)

    def lock(self, session: Session, number: int) -> bool:
        """``pg_try_advisory_lock``: a session may take its own again, and must then release it as often."""
        if any(number in other.advisory for other in self._sessions if other is not session):
            return False
        session.advisory[number] += 1
        return True

    def unlock(self, session: Session, number: int) -> bool | None:
        """``pg_advisory_unlock`` of what ``session`` holds; None if it does not."""
        if number not in session.advisory:
            return None
        session.advisory[number] -= 1
        session.advisory += Counter()
        return True

    def end_holders(self, session: Session, number: int) -> list[tuple[bool]]:
        """``pg_terminate_backend`` of every other session that holds ``number``."""
        return self._ended([other for other in self._sessions if other is not session and number in other.advisory])

    def end_lost(self, pids: list[int]) -> list[tuple[bool]]:
        """``pg_terminate_backend`` of these."""
        return self._ended([each for each in self._sessions if each.pid in pids])

    def _ended(self, sessions: list[Session]) -> list[tuple[bool]]:
        for session in sessions:
            self.end(session)
        return [(True,) for _ in sessions]


def carry_out_late(machine: Machine, asked: tuple[str, Any]) -> None:
    """A commit that a network held back reaches the server, whoever made it and however long ago."""
    statement, given = asked
    after, count = written(standing(machine), statement, given)
    if count:
        install(machine, after.body())
