"""The model of PostgreSQL and a real server side by side, and what two runs may ask of both, in any order."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from mesms_gitops.errors import StateError
from mesms_gitops.sandbox.world import START
from mesms_gitops.store import postgres_session
from mesms_gitops.store.host import Host
from mesms_gitops.store.port import LockInfo
from mesms_gitops.store.postgres import PostgresDatabase
from mesms_gitops.store.postgres_lock import SessionLock
from mesms_gitops.store.rows import Change, Note, digest
from tests.store.bench_sql import postgres_bench, server

from . import postgres
from .branch import WaitingHost
from .database import standing, without_head
from .fate import Fate
from .life import beginning, opened
from .machine import Backend
from .postgres_server import Server
from .tables import NAME, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.store.bench_sql import PostgresBench

    from .machine import Machine

RUNS = ("ours", "theirs")
CAMPAIGNS = ("a", "b", "c")


class Run:
    """One run's session, with what it asks of the database. ``notes`` is what its lock had to say."""

    def __init__(self, session: postgres_session.Session, host: Host) -> None:
        self.session = session
        self.notes: list[str] = []
        self.database = PostgresDatabase(session, NAME)
        self.lock = SessionLock(session, NAME, host, self.notes.append)


class Model:
    """The model, and two runs on it."""

    def __init__(self) -> None:
        self._machine: Machine = opened(beginning(backend=Backend.POSTGRESQL), Fate({}), 1000)
        self._running = ExitStack()
        process = self._running.enter_context(self._machine.running())
        host = WaitingHost(self._machine, process)
        self.runs = {name: Run(postgres.Session(self._machine, process), host) for name in RUNS}

    def end(self, run: Run) -> None:
        """The server ends the session of ``run``."""
        connection: Any = run.session._connection
        if connection is not None and not connection.closed:
            Server.of(self._machine).end(connection._session)

    def lose_head(self) -> None:
        without_head(self._machine)

    def tables(self) -> Tables:
        return standing(self._machine)

    def close(self) -> None:
        self._running.close()


class Real:
    """A schema of a real server, and two runs on it."""

    def __init__(self, bench: PostgresBench) -> None:
        self._connection = server().connect(bench.schema)
        self.runs = {name: Run(postgres_session.Session(bench.location, {}, Host()), Host()) for name in RUNS}

    def end(self, run: Run) -> None:
        connection = run.session._connection
        if connection is not None and not connection.closed:
            self._connection.execute("select pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))

    def lose_head(self) -> None:
        if self._has("mesms_state"):
            self._connection.execute("delete from mesms_state")

    def _has(self, table: str) -> bool:
        return bool(self._connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()[0])

    def close(self) -> None:
        for session in (self._connection, *(run.session._connection for run in self.runs.values())):
            if session is not None:
                session.close()

    def tables(self) -> Tables:
        if not self._has("mesms_schema"):
            return Tables()

        def ask(what: str) -> Any:
            return self._connection.execute(f"select {what}").fetchall()

        heads = ask("name, lineage, serial, head, stamp, tally, moved_to from mesms_state")
        locks = ask("state, generation, holder from mesms_lock")
        return Tables(
            is_made=True,
            heads={name: tuple(head) for name, *head in heads},
            rows={(state, name): text for state, name, text in ask("state, name, record from mesms_campaign")},
            journal=tuple(ask("state, serial, campaign, run, what from mesms_journal order by id")),
            stops=dict(ask("state, stop from mesms_freeze")),
            locks={state: (generation, holder) for state, generation, holder in locks},
        )


Act = tuple[str, "Callable[[Model | Real, Tables], object]"]
"""What is done, in words, and how; it may look at what stands before."""


def writing(run: str, wrong: str, put: dict[str, str], gone: frozenset[str] = frozenset(), more: str = "") -> Act:
    """A commit that fits what stands, or differs from such a one in one thing. ``more`` stands in head and stamp."""

    def write(side: Model | Real, stands: Tables) -> bool:
        change = _fitting(stands, put, tuple(sorted(gone - set(put))), more)
        return side.runs[run].database.write(WRONGS[wrong](change))

    return f"{run} writes {put}, {sorted(gone)} gone, {more!r}: {wrong}", write


def writes() -> st.SearchStrategy[Act]:
    """Any such."""
    return st.builds(
        writing,
        st.sampled_from(RUNS),
        st.sampled_from(sorted(WRONGS)) | st.just("as it stands"),
        st.dictionaries(st.sampled_from(CAMPAIGNS), st.sampled_from(("{}", '{"ก": 1}'))),
        st.frozensets(st.sampled_from(CAMPAIGNS)),
        st.sampled_from(("", "x")),
    )


def _fitting(stands: Tables, put: dict[str, str], gone: tuple[str, ...], more: str) -> Change:
    lineage, serial, text, _, tally, _ = stands.heads.get(NAME, ("line", 0, None, "", None, None))
    found = {name: stands.rows.get((NAME, name)) for name in (*put, *gone)}
    return Change(
        lineage=lineage,
        expected=serial,
        serial=serial + 1,
        stamp=f"{serial}{more}",
        head=f'{{"version": 1, "more": "{more}"}}',
        head_before=None if text is None else digest(text),
        tally=f"{serial + 1} rows",
        tally_before=tally,
        touched={name: None if record is None else digest(record) for name, record in found.items()},
        put=put,
        gone=gone,
        notes=(*(Note(name, "run", "changed") for name in (*put, *gone)), Note(None, None, "head")),
    )


def _other_row(change: Change) -> Change:
    return replace(change, touched={name: digest("another") for name in change.touched} or {"a": digest("another")})


WRONGS: dict[str, Callable[[Change], Change]] = {
    "as it stands": lambda change: change,
    "of an older serial": lambda change: replace(change, expected=change.expected - 1),
    "of another lineage": lambda change: replace(change, lineage="other"),
    "on another head": lambda change: replace(change, head_before=digest("another")),
    "on nothing": lambda change: replace(change, head_before=None),
    "with another tally": lambda change: replace(change, tally_before="another"),
    "over another row": _other_row,
    "over rows that are not": lambda change: replace(change, touched=dict.fromkeys(CAMPAIGNS)),
}


def doing(run: str, what: str, word: str) -> Act:
    """Everything else that a run asks of a database."""
    return f"{run}: {what} ({word})", lambda side, _stands: OTHERS[what](side, side.runs[run], word)


def others() -> st.SearchStrategy[Act]:
    """Any such."""
    names = st.sampled_from(sorted(OTHERS)) | st.just("take the lock")
    return st.builds(doing, st.sampled_from(RUNS), names, st.sampled_from(("one", "two", "three")))


def _read(_side: Model | Real, run: Run, _word: str) -> object:
    return run.database.standing(lambda found: (found.head, sorted(found.rows)))


def _amend(_side: Model | Real, run: Run, word: str) -> None:
    run.database.amend_freeze(lambda before: f"{(before or '')[-20:]}{word}")


def _retire(_side: Model | Real, run: Run, word: str) -> None:
    run.database.retire(word, lambda head, stop: f"{head and head.serial} {(stop or '')[-20:]}")


def _take(_side: Model | Real, run: Run, word: str) -> object:
    return run.lock.take(LockInfo(word, "apply", 7, "build-8", "ci", START))


OTHERS: dict[str, Callable[[Model | Real, Run, str], object]] = {
    "read the state": _read,
    "look for what was lost": lambda _side, run, _word: run.database.is_bereft(),
    "read the stop": lambda _side, run, _word: run.database.freeze(),
    "change the stop": _amend,
    "retire": _retire,
    "take the lock": _take,
    "drop the lock": lambda _side, run, word: run.lock.drop(word),
    "who has the lock": lambda _side, run, _word: run.lock.holder(),
    "the session ends": lambda side, run, _word: side.end(run),
    "the head is lost": lambda side, _run, _word: side.lose_head(),
}


def _answer(act: Callable[[Model | Real, Tables], object], side: Model | Real, stands: Tables) -> object:
    try:
        return act(side, stands)
    except StateError as error:
        return type(error)


def play(root: Path, acts: list[Act]) -> list[str]:
    """The first step at which the model and a real server part, if there is one."""
    with closing(Model()) as model, closing(Real(postgres_bench(root))) as real:
        return list(islice(_parted(model, real, acts), 1))


def _parted(model: Model, real: Real, acts: list[Act]) -> Iterator[str]:
    for number, (says, act) in enumerate(acts):
        stands = model.tables()
        answers = [_answer(act, side, stands) for side in (real, model)]
        notes = [[run.notes for run in side.runs.values()] for side in (real, model)]
        rows = [side.tables() for side in (real, model)]
        for what, (theirs, ours) in (("answer", answers), ("notes", notes), ("rows", rows)):
            if theirs != ours:
                yield f"{number} {says}: {what}: {theirs} on a server, {ours} in the model"
