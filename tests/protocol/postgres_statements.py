"""What each statement of the backend does to the tables of the model: these and no others are carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mesms_gitops.store import postgres_sql as sql
from mesms_gitops.store.sql_store import SCHEMA_VERSION

from .fate import Kind
from .postgres_commit import conditions_of, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from .postgres_server import Server, Session
    from .tables import Tables

    Rows = list[tuple[Any, ...]]
    Act = Callable[[Server, Session, Any], Rows]

LOCK_NUMBER = 16_444
"""The number of the table ``mesms_lock`` on this server."""


class Statement(NamedTuple):
    """A statement: how a boundary at it is called, of which kind that is outside a transaction, and what it does."""

    name: str
    kind: Kind
    act: Act


def _write(statement: str) -> Act:
    def write(server: Server, session: Session, given: Any) -> Rows:
        server.claim(session, ("state", given["state"]))
        after, count = written(server.seen_by(session), statement, given)
        server.change(session, ("state", given["state"]), after)
        return [(count,)]

    return write


def _asked(answer: Callable[[Tables, Any], Rows]) -> Act:
    return lambda server, session, given: answer(server.seen_by(session), given)


def _head(tables: Tables, given: Any) -> Rows:
    found = tables.head(*given)
    return [] if found is None else [found]


def _head_locked(server: Server, session: Session, given: Any) -> Rows:
    server.claim(session, ("state", *given))
    return _head(server.seen_by(session), given)


def _is_bereft(tables: Tables, given: Any) -> Rows:
    return [(tables.newest(given["state"]) is not None and given["state"] not in tables.heads,)]


def _stop(tables: Tables, given: Any) -> Rows:
    (name,) = given
    return [(tables.stops[name],)] if name in tables.stops else []


def _changed(change: Callable[[Tables, Any], Tables], row: Callable[[Any], tuple[str, str]]) -> Act:
    def act(server: Server, session: Session, given: Any) -> Rows:
        server.claim(session, row(given))
        server.change(session, row(given), change(server.seen_by(session), given))
        return []

    return act


def _put_stop(tables: Tables, given: Any) -> Tables:
    name, stop = given
    return replace(tables, stops={**tables.stops, name: stop})


def _retire(tables: Tables, given: Any) -> Tables:
    to, name = given
    found = tables.heads.get(name)
    return tables if found is None else replace(tables, heads={**tables.heads, name: (*found[:5], to)})


def _lock_row(tables: Tables, given: Any) -> Tables:
    (name,) = given
    return tables if name in tables.locks else replace(tables, locks={**tables.locks, name: (0, None)})


def _lock(tables: Tables, given: Any) -> Rows:
    (name,) = given
    return [(*tables.locks[name], LOCK_NUMBER)] if name in tables.locks else []


def _lock_locked(server: Server, session: Session, given: Any) -> Rows:
    server.claim(session, ("lock", *given))
    return _lock(server.seen_by(session), given)


def _hold(tables: Tables, given: Any) -> Tables:
    holder, name = given
    return replace(tables, locks={**tables.locks, name: (tables.locks[name][0], holder)})


def _let_go(tables: Tables, given: Any) -> Tables:
    (name,) = given
    return replace(tables, locks={**tables.locks, name: (tables.locks[name][0] + 1, None)})


def _alone(server: Server, session: Session, given: Any) -> Rows:
    server.claim(session, ("alone", given))
    return [("",)]


def _unlock(server: Server, session: Session, given: Any) -> Rows:
    found = server.unlock(session, given["number"])
    return [] if found is None else [(found,)]


def _make(tables: Tables, _given: Any) -> Tables:
    return replace(tables, is_made=True)


def _whole(kind: str) -> Callable[[Any], tuple[str, str]]:
    """The row of that kind of the state that a statement names last."""
    return lambda given: (kind, given[-1])


def _says(*rows: tuple[Any, ...]) -> Act:
    return lambda _server, _session, _given: list(rows)


_LET_GO = "update mesms_lock set generation = generation + 1, holder = null where state = %s"
_KNOWN: dict[str, Statement] = {
    sql.SETTINGS: Statement("settings", Kind.CONNECT, lambda _server, session, _given: [("10s", session.pid)]),
    sql.END_LOST: Statement("end lost", Kind.QUERY, lambda server, _session, given: server.end_lost(*given)),
    "select to_regclass('mesms_schema') is not null": Statement(
        "find tables", Kind.QUERY, _asked(lambda tables, _: [(tables.is_made,)])
    ),
    sql.IS_HIDDEN: Statement("are they hidden", Kind.QUERY, _says()),
    "select max(version) from mesms_schema": Statement("version", Kind.QUERY, _says((SCHEMA_VERSION,))),
    "select pg_advisory_xact_lock(hashtext('mesms-gitops tables'))": Statement("be alone", Kind.QUERY, _alone),
    "select pg_advisory_xact_lock(%s)": Statement("be alone", Kind.QUERY, _alone),
    sql.TABLES.format(version=SCHEMA_VERSION): Statement(
        "make tables", Kind.COMMIT, _changed(_make, lambda _: ("tables", ""))
    ),
    "set transaction isolation level repeatable read, read only": Statement("one instant", Kind.QUERY, _says()),
    sql.HEAD: Statement("head", Kind.QUERY, _asked(_head)),
    f"{sql.HEAD} for update": Statement("head", Kind.QUERY, _head_locked),
    sql.ROWS: Statement("rows", Kind.QUERY, _asked(lambda tables, given: tables.rows_of(*given))),
    sql.IS_BEREFT: Statement("was it lost", Kind.QUERY, _asked(_is_bereft)),
    "select stop from mesms_freeze where state = %s": Statement("stop", Kind.QUERY, _asked(_stop)),
    sql.PUT_FREEZE: Statement("put stop", Kind.COMMIT, _changed(_put_stop, lambda given: ("stop", given[0]))),
    "update mesms_state set moved_to = %s where name = %s": Statement(
        "retire", Kind.COMMIT, _changed(_retire, _whole("state"))
    ),
    sql.LOCK_ROW: Statement("lock row", Kind.COMMIT, _changed(_lock_row, _whole("lock"))),
    sql.LOCK: Statement("lock", Kind.QUERY, _asked(_lock)),
    f"{sql.LOCK} for update": Statement("lock", Kind.QUERY, _lock_locked),
    "update mesms_lock set holder = %s where state = %s": Statement(
        "hold", Kind.COMMIT, _changed(_hold, _whole("lock"))
    ),
    _LET_GO: Statement("let go", Kind.COMMIT, _changed(_let_go, _whole("lock"))),
    "select pg_try_advisory_lock(%s)": Statement(
        "try lock", Kind.QUERY, lambda server, session, given: [(server.lock(session, *given),)]
    ),
    sql.UNLOCK: Statement("unlock", Kind.QUERY, _unlock),
    sql.END: Statement(
        "end holders", Kind.QUERY, lambda server, session, given: server.end_holders(session, given["number"])
    ),
}


def known(text: str) -> Statement:
    """The statement of that text. Raises `Refused` for any other."""
    if text in _KNOWN:
        return _KNOWN[text]
    conditions_of(text)
    return Statement("write", Kind.COMMIT, _write(text))
