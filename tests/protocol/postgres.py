"""The real backend for PostgreSQL on a model of a connection, at which every statement is a boundary.

A connection may break before a statement arrives or after it was carried out, seen by the server or not; a commit may
arrive minutes late, or find the server's disk full; the server may stay away for the rest of a run; and while nobody
uses it a connection may end and another run come in. See `postgres_server`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from mesms_gitops.store import postgres_session
from mesms_gitops.store.postgres import PostgresDatabase
from mesms_gitops.store.postgres_lock import SessionLock
from mesms_gitops.store.sql_store import SqlStore
from tests.store.memory_disk import Died

from .branch import WaitingHost
from .fate import Event, Kind
from .machine import LATE, Asked
from .postgres_server import Server
from .postgres_statements import known
from .tables import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from .machine import Machine, Process

    T = TypeVar("T")

LOCATION = "postgresql://ci@db.example/sms"
_ACTED = {Event.CRASH_ACTED, Event.CUT_ACTED, Event.CUT_ACTED_UNSEEN, Event.VANISHED_ACTED, None}
_GONE = {Event.VANISHED, Event.VANISHED_ACTED}


class _About(NamedTuple):
    user: str = "ci"
    server_version: int = 160_000


class Answer:
    """The rows of one statement."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None


class Connection:
    """What psycopg is on a network, as one process has it."""

    info = _About()

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._server = Server.of(machine)
        event = machine.cross("connect", Kind.CONNECT)
        self.closed = event is not None
        if event is not None:
            self._vanish(event)
            raise psycopg.OperationalError("connection failed: Connection refused")
        self._session = self._server.connect()
        machine.process.connections += 1

    def close(self) -> None:
        """What the finalizer calls, whenever that is: a process that has ended is noticed by itself."""

    # ── what the backend calls ───────────────────────────────────────────────────────────────────────────────────────

    def execute(self, query: str | bytes, given: Any = None) -> Answer:
        text = query if isinstance(query, str) else query.decode()
        statement = known(text)
        kind = statement.kind
        late = (text, given) if statement.name == "write" else None
        return Answer(
            self._do(
                statement.name,
                Kind.STEP if self._session.is_within else kind,
                lambda: self._server.carry_out(self._session, text, given),
                late,
            )
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._do("begin", Kind.QUERY, self._begin)
        try:
            yield
        except BaseException:
            if not self.closed:
                self._session.end_transaction()
            raise
        is_idle = self._session.work is None
        self._do("commit", Kind.STEP if is_idle else Kind.END, lambda: self._server.commit(self._session))

    def _begin(self) -> None:
        self._session.is_within = True

    @contextmanager
    def cursor(self, name: str) -> Iterator[Cursor]:
        yield Cursor(self, name)

    # ── boundaries ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _do(self, name: str, kind: Kind, act: Callable[[], T], late: tuple[str, Any] | None = None) -> T:
        machine, server = self._machine, self._server
        machine.check_alive()
        server.notice()
        if self.closed:
            raise psycopg.OperationalError("the connection is closed")
        event = machine.cross(name, kind) if self._session.is_open else Event.CUT
        if event is Event.FULL:
            raise psycopg.errors.DiskFull("could not extend file: No space left on device")
        if not self._session.is_open:  # while others were at work
            event = Event.CUT
        if event in _ACTED:
            found = act()
            if event is None:
                return found
        if event is Event.CRASH_ACTED:
            machine.process.is_dead = True
            raise Died
        if event is Event.LATE and late is not None:
            machine.late.append((machine.now() + LATE, Asked("SQL", name, {}, late)))
        self._break(event)
        if event is Event.OVERTAKEN:
            machine.overtake()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def _break(self, event: Event | None) -> None:
        self.closed = True
        if event in (Event.CUT_UNSEEN, Event.CUT_ACTED_UNSEEN):
            self._server.lose(self._session)
        else:
            self._server.end(self._session)
        self._vanish(event)

    def _vanish(self, event: Event | None) -> None:
        if event in _GONE:
            self._machine.process.lasting[Kind.CONNECT] = Event.VANISHED


class Cursor:
    """A cursor on the server, which gives all there is at once."""

    itersize = 0

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, query: str, given: Any) -> None:
        self._rows = self._connection.execute(query, given)._rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)


class Session(postgres_session.Session):
    """The real session, with such connections."""

    def __init__(self, machine: Machine, process: Process) -> None:
        super().__init__(LOCATION, {}, WaitingHost(machine, process))
        self._machine = machine

    def _connect(self, conninfo: str) -> Any:
        return Connection(self._machine)


class PostgresStore(SqlStore):
    """The real backend on such a session."""

    def __init__(self, machine: Machine, process: Process) -> None:
        host, session = WaitingHost(machine, process), Session(machine, process)

        def note(_text: str) -> None:
            process.is_told = True

        super().__init__(PostgresDatabase(session, NAME), SessionLock(session, NAME, host, note), host)
