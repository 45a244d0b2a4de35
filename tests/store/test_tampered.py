"""Rows that were changed by hand, in both databases: noticed, or as they were; and the ways back that are advised."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.store.codec import encode

from .bench_sql import postgres_bench, sqlite_bench
from .pictures import COLUMNS, Picture, Top, spoilt
from .test_rows import histories

if TYPE_CHECKING:
    from collections.abc import Callable

    from .bench_sql import SqlBench

    Make = Callable[[Path], SqlBench]

MAKERS = {"sqlite": sqlite_bench, "postgresql": postgres_bench}


def taken(bench: SqlBench) -> Picture:
    """What stands in the database."""
    with bench.connected() as connection:
        head = connection.execute(f"select {', '.join(COLUMNS)} from mesms_state").fetchone()
        rows = connection.execute("select name, record from mesms_campaign").fetchall()
    return Picture(None if head is None else Top(*head), dict(rows))


def put(bench: SqlBench, picture: Picture) -> None:
    """Make ``picture`` of the database, behind every store's back. In PostgreSQL no row can stand without a head."""
    mark = bench.mark
    with bench.connected() as connection:
        connection.execute("delete from mesms_campaign")
        connection.execute("delete from mesms_state")
        if picture.top is None:
            return
        marks = ", ".join([mark] * len(COLUMNS))
        connection.execute(
            f"insert into mesms_state (name, {', '.join(COLUMNS)}) values ('default', {marks})",
            tuple(asdict(picture.top).values()),
        )
        for row in picture.rows.items():
            connection.execute(f"insert into mesms_campaign values ('default', {mark}, {mark})", row)


def check(bench: SqlBench, history: list[State], data: st.DataObject) -> None:
    """Commit ``history``, draw what hands make of it, and see what is read, and what a run at work can still commit."""
    store = bench.open()
    past: list[Picture] = []
    for state in history:
        store.commit(state, state.serial - 1)
        past.append(taken(bench))
    put(bench, data.draw(spoilt(past)))
    assert is_noticed(bench) or encode(bench.open().read()) == encode(history[-1])
    after = State(
        "lineage-1", history[-1].serial + 1, campaigns=MappingProxyType({"z": CampaignRecord("z", "z.yaml", 1)})
    )
    with suppress(StateError):
        store.commit(after, history[-1].serial)
    found = None if is_noticed(bench) else encode(bench.open().read())
    assert found in (None, encode(history[-1]), encode(after))


def is_noticed(bench: SqlBench) -> bool:
    """Whether the state cannot be read, with what to do next, or is known to be lost."""
    store = bench.open()
    try:
        return store.read() is None and store.has_backup
    except StateUnreadable as error:
        assert error.where and error.why and error.next_step
        return True


@settings(deadline=None, max_examples=60)
@given(st.data(), histories(3))
def test_what_hands_change_in_sqlite_is_noticed(data: st.DataObject, history: list[State]) -> None:
    """Any rows, any head, of any moment: refused, or the state that was committed last."""
    with TemporaryDirectory() as folder:
        check(sqlite_bench(Path(folder)), history, data)


@settings(deadline=None, max_examples=25)
@given(st.data(), histories(3))
def test_what_hands_change_in_postgresql_is_noticed(data: st.DataObject, history: list[State]) -> None:
    """The same, whatever the server makes of it."""
    with TemporaryDirectory() as folder:
        check(postgres_bench(Path(folder)), history, data)


# ── what people do to a database, one by one ─────────────────────────────────────────────────────────────────────────


def grown(*names: str, serial: int) -> State:
    """A state with these campaigns, whose file tells the serial."""
    records = {name: CampaignRecord(name, f"campaigns/{name}-{serial}.yaml", 1) for name in names}
    return State("lineage-1", serial, campaigns=MappingProxyType(records))


HANDS = {
    "a row is deleted": (
        ["delete from mesms_campaign where name = 'b'"],
        "the rows of mesms_campaign",
        "2 are there, and 3 were committed: somebody deleted some",
    ),
    "all rows are deleted": (["delete from mesms_campaign"], "the rows of mesms_campaign", "0 are there, and 3 were"),
    "a row is added": (
        ["insert into mesms_campaign select state, 'd', record from mesms_campaign where name = 'a'"],
        "the rows of mesms_campaign",
        "4 are there, and 3 were committed: somebody added some",
    ),
    "a row is edited": (
        ["update mesms_campaign set record = replace(record, 'a-3', 'a-9') where name = 'a'"],
        "the rows of mesms_campaign",
        "all 3 are there, but one or more are not as they were committed",
    ),
    "two rows change places": (
        ["update mesms_campaign set record = replace(replace(replace(record, '/a', '/x'), '/b', '/a'), '/x', '/b')"],
        "the rows of mesms_campaign",
        "all 3 are there, but one or more are not as they were committed",
    ),
    "the head is put back after its rows were cascaded away": (
        [
            "create table kept as select * from mesms_state",
            "delete from mesms_state",
            "delete from mesms_campaign",
            "insert into mesms_state select * from kept",
        ],
        "the rows of mesms_campaign",
        "0 are there, and 3 were committed",
    ),
    "the serial is lowered": (
        ["update mesms_state set serial = 2"],
        "the head row",
        "it is not as it was committed with serial 2",
    ),
    "the tally is edited": (
        ["update mesms_state set tally = replace(tally, '3 ', '4 ')"],
        "the head row",
        "it is not as it was committed with serial 3",
    ),
    "the tally is emptied": (
        ["update mesms_state set tally = ''"],
        "the head row",
        "it is not as it was committed with serial 3",
    ),
    "the lineage is changed": (
        ["update mesms_state set lineage = 'lineage-2'"],
        "the head row",
        "it is not as it was committed with serial 3",
    ),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(("acts", "where", "why"), HANDS.values(), ids=HANDS)
def test_the_error_says_what_does_not_fit(tmp_path: Path, make: Make, acts: list[str], where: str, why: str) -> None:
    """Rows, or head; how many; and what to do."""
    bench = make(tmp_path)
    store = bench.open()
    for serial in (1, 2, 3):
        store.commit(grown("a", "b", "c", serial=serial), serial - 1)
    with bench.connected() as connection:
        for act in acts:
            connection.execute(act)
    with pytest.raises(StateUnreadable) as caught:
        bench.open().read()
    assert caught.value.where.endswith(where)
    assert why in caught.value.why
    assert "backup" in caught.value.next_step or "copy" in caught.value.next_step


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_database_that_was_put_back_but_for_its_journal(tmp_path: Path, make: Make) -> None:
    """A whole older state is in order by itself; the journal, which was left, tells that it is not the newest."""
    bench = make(tmp_path)
    store = bench.open()
    store.commit(grown("a", serial=1), 0)
    older = taken(bench)
    store.commit(grown("a", "b", serial=2), 1)
    put(bench, older)
    with pytest.raises(StateUnreadable) as caught:
        bench.open().read()
    assert caught.value.where.endswith("the head row")
    assert caught.value.why == "it is of serial 1, and the journal tells of 2: it was put back"
    with bench.connected() as connection:
        connection.execute("delete from mesms_journal where serial = 1")
    with pytest.raises(StateUnreadable):
        bench.open().read()
    with bench.connected() as connection:
        connection.execute("delete from mesms_journal where serial = 2")
    assert bench.open().read() == grown("a", serial=1), "with its journal it is a backup that was restored"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_an_older_copy_is_pushed_over_what_cannot_be_read(tmp_path: Path, make: Make) -> None:
    """The head is deleted, as the error says, and a copy of any serial put there: the journal goes on from that one."""
    bench = make(tmp_path)
    store = bench.open()
    for serial in (1, 2, 3):
        store.commit(grown("a", "b", serial=serial), serial - 1)
    with bench.connected() as connection:
        connection.execute("delete from mesms_campaign where name = 'a'")
    with pytest.raises(StateUnreadable) as caught:
        bench.open().read()
    (advised,) = re.findall(r"delete from mesms_state where name = 'default'(?=; then)", caught.value.next_step)
    with bench.connected() as connection:
        connection.execute(advised)
    assert is_noticed(bench)
    bench.open().commit(grown("a", "b", serial=2), 0)
    assert bench.open().read() == grown("a", "b", serial=2)
    with pytest.raises(StateError):
        store.commit(grown("a", serial=4), 3)
    bench.open().commit(grown("a", serial=3), 2)
    assert bench.open().read() == grown("a", serial=3)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_old_lines_of_the_journal_may_go(tmp_path: Path, make: Make) -> None:
    """All but the newest are for people; a state whose journal was emptied is still read."""
    bench = make(tmp_path)
    store = bench.open()
    for serial in (1, 2, 3):
        store.commit(grown("a", serial=serial), serial - 1)
    for lines in ("serial < 3", "serial < 4"):
        with bench.connected() as connection:
            connection.execute(f"delete from mesms_journal where {lines}")
        assert bench.open().read() == grown("a", serial=3)
    store.commit(grown("a", serial=4), 3)
    assert bench.open().read() == grown("a", serial=4)
