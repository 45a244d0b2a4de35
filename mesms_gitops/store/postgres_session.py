"""One connection to PostgreSQL, made when it is needed and made again when it broke."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from mesms_gitops.errors import ConfigError, StateError, StateUnreadable
from mesms_gitops.store.postgres_address import address, shown
from mesms_gitops.store.postgres_errors import grants, one_line, refused, unreached
from mesms_gitops.store.postgres_sql import END_LOST, IS_HIDDEN, SETTINGS, TABLES
from mesms_gitops.store.sql_store import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psycopg

    from mesms_gitops.store.host import Host

    Connection = psycopg.Connection[tuple[Any, ...]]
    Result = TypeVar("Result")

_WAITS = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each attempt to go on after a connection broke: a server that restarts is back by then."""
_OLDEST = 120_000


class Session:
    """The connection. An instance belongs to one thread."""

    def __init__(self, location: str, environment: Mapping[str, str], host: Host) -> None:
        """Nothing is touched or imported yet."""
        self.where = shown(location)
        self._location = location
        self._environment = environment
        self._host = host
        self._connection: Connection | None = None
        self._has_tables = False
        self._has_broken = False
        self._pids: list[int] = []
        self.after_break: Callable[[Connection], None] = lambda _connection: None
        """Called with the new connection after one broke."""

    def run(self, doing: str, act: Callable[[Connection], Result]) -> Result:
        """What ``act`` gives. It is called again, on a new connection, if one breaks: so it must bear that.

        A connection that cannot be made in the first place is an error at once. Raises `StateError`; what broke so
        often that it was given up may or may not have been carried out.
        """
        try:
            return self._once(doing, act)
        except _Broken as broken:
            failed: StateError = broken
        for wait in _WAITS:
            self._host.sleep(wait)
            try:
                return self._once(doing, act)
            except (_Broken, _Unreached) as again:
                failed = again
        raise StateError(
            f"cannot {doing}: the connection was lost",
            where=self.where,
            why=f"{failed.why}; what was being written may or may not stand there",
            next_step="see that the server runs; mesms-gitops plan then reads what stands, and goes on from there",
        ) from failed

    def _once(self, doing: str, act: Callable[[Connection], Result]) -> Result:
        connection = self._connected()
        if self._has_broken:
            self._guarded(doing, connection, self._mended)
            self._has_broken = False
        return self._guarded(doing, connection, act)

    def _mended(self, connection: Connection) -> None:
        *lost, mine = self._pids
        connection.execute(END_LOST, (lost,))
        self._pids = [mine]
        self.after_break(connection)

    def _guarded(self, doing: str, connection: Connection, act: Callable[[Connection], Result]) -> Result:
        import psycopg

        try:
            return act(connection)
        except psycopg.Error as error:
            if connection.closed:
                self._connection, self._has_broken = None, True
                raise _Broken(f"cannot {doing}", where=self.where, why=one_line(error)) from error
            raise self._refused(error, doing, connection) from error

    def _refused(self, error: psycopg.Error, doing: str, connection: Connection) -> StateError:
        found = address(self._location, self._environment)
        role = f'"{connection.info.user}"'
        return refused(error, found, doing, role, f'"{found.schema or "public"}"')

    def _connected(self) -> Connection:
        if self._connection is not None and self._connection.closed:
            self._connection, self._has_broken = None, True
        return self._connection or self._made()

    def _made(self) -> Connection:
        try:
            import psycopg
            from psycopg import sql
            from psycopg.conninfo import make_conninfo
        except ImportError as error:
            raise ConfigError(
                "state in PostgreSQL wants the library psycopg",
                where=f"state: {self.where}",
                why=str(error),
                next_step="pip install 'mesms-gitops[sql]'",
            ) from error
        found = address(self._location, self._environment)
        try:
            made = self._connect(make_conninfo(**found.options))
        except psycopg.Error as error:
            raise _Unreached.of(unreached(error, found)) from error
        weakref.finalize(self, made.close)
        self._connection, self._has_tables = made, False
        try:
            self._pids.append(made.execute(SETTINGS).fetchall()[0][1])
            if found.schema:
                made.execute(sql.SQL("set search_path to {}").format(sql.Identifier(found.schema)))
        except psycopg.Error as error:
            raise _Unreached.of(unreached(error, found)) from error
        if made.info.server_version < _OLDEST:
            raise StateError(
                "this PostgreSQL is too old for state",
                where=self.where,
                why=f"it is version {made.info.server_version // 10_000}",
                next_step="use PostgreSQL 12 or later",
            )
        return made

    def _connect(self, conninfo: str) -> Connection:
        """A new connection. The one line that the proof of the send protocol puts its own in place of."""
        import psycopg

        return psycopg.Connection.connect(conninfo, autocommit=True)

    # ── the tables ───────────────────────────────────────────────────────────────────────────────────────────────────

    def has_tables(self, connection: Connection) -> bool:
        """Whether our tables stand. Raises `StateUnreadable` if a newer version made them."""
        if not self._has_tables:
            row = connection.execute("select to_regclass('mesms_schema') is not null").fetchone()
            if not (row and row[0]):
                self._check_hidden(connection)
                return False
            self._check_version(connection)
            self._has_tables = True
        return True

    def _check_hidden(self, connection: Connection) -> None:
        """A state that may not be looked at is not one that does not stand. Raises `StateError`."""
        row = connection.execute(IS_HIDDEN).fetchone()
        if row is None:
            return
        role, schema = f'"{connection.info.user}"', f'"{row[0]}"'
        raise StateError(
            "the state's tables may not be looked at; nothing was sent or changed",
            where=self.where,
            why=f"they stand in the schema {schema}, on which {role} has no right",
            next_step=f"let a role that may say: {grants(schema, role)}",
        )

    def _check_version(self, connection: Connection) -> None:
        row = connection.execute("select max(version) from mesms_schema").fetchone()
        if row is None or row[0] != SCHEMA_VERSION:
            raise StateUnreadable(
                "a newer mesms-gitops made the tables of this state; nothing was sent or changed",
                where=self.where,
                why=f"they are of version {row and row[0]}, and this mesms-gitops knows version {SCHEMA_VERSION}",
                next_step="upgrade mesms-gitops here to the version that made them, then run the same command again",
            )

    def make_tables(self, connection: Connection) -> None:
        """Make our tables where they do not stand."""
        if self.has_tables(connection):
            return
        from psycopg import sql

        schema = address(self._location, self._environment).schema
        with connection.transaction():
            # two that make the same table at once trip over each other, "if not exists" or not
            connection.execute("select pg_advisory_xact_lock(hashtext('mesms-gitops tables'))")
            if schema and not _stands(connection, schema):
                connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
            connection.execute(TABLES.format(version=SCHEMA_VERSION).encode())
        self.has_tables(connection)


def _stands(connection: Connection, schema: str) -> bool:
    # "if not exists" wants the right to make schemas even where there is nothing to make
    found = connection.execute("select 1 from pg_namespace where nspname = %s", (schema,))
    return found.fetchone() is not None


class _Broken(StateError):
    """The connection broke while something was asked: it may have been carried out or not."""


class _Unreached(StateError):
    """No connection came about."""

    @classmethod
    def of(cls, error: StateError) -> _Unreached:
        """The same, as this kind."""
        return cls(error.what, where=error.where, why=error.why, next_step=error.next_step)
