"""A state in rows: any sequence of states gives back its bytes, only what changed is written, and no row is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.store.codec import canonical, encode
from mesms_gitops.store.open import open_store
from mesms_gitops.store.row_reading import assembled
from mesms_gitops.store.rows import Head, Known, digest
from mesms_gitops.store.tally import Tally

from .bench_sql import postgres_bench
from .pictures import Picture, Top, spoilt
from .strategies import campaign_records, states

if TYPE_CHECKING:
    from mesms_gitops.store.rows import Change


def histories(longest: int) -> st.SearchStrategy[list[State]]:
    """States of one lineage, some of their records the very same objects as before."""
    return st.lists(states(lineages=st.just("lineage-1")), min_size=1, max_size=longest).map(_chained)


def _chained(found: list[State]) -> list[State]:
    chain: list[State] = []
    for serial, state in enumerate(found, 1):
        kept = dict(chain[-1].campaigns) if chain and serial % 2 else {}
        campaigns = {**kept, **state.campaigns}
        claims = [send.uuid for record in campaigns.values() for send in record.sends if send.uuid]
        if len(claims) != len(set(claims)):
            campaigns = dict(state.campaigns)
        chain.append(replace(state, serial=serial, campaigns=MappingProxyType(campaigns)))
    return chain


def carried_out(head: Head | None, rows: dict[str, str], change: Change) -> Head:
    """What a database does, checking what it is to check."""
    assert (head and digest(head.text)) == change.head_before
    assert (head and head.tally) == change.tally_before
    assert {name: digest(rows[name]) if name in rows else None for name in change.touched} == change.touched
    assert set(change.put) | set(change.gone) <= set(change.touched)
    rows |= change.put
    for name in change.gone:
        del rows[name]
    return Head(change.lineage, change.serial, change.head, change.stamp, change.tally, noted=change.serial)


@settings(deadline=None)
@given(histories(5))
def test_any_history_gives_back_its_bytes(history: list[State]) -> None:
    """After each commit the rows are read as the same bytes, by the run that wrote them and by a new one."""
    known, head, rows = Known.nothing("lineage-1"), None, {}
    for state in history:
        change = known.change(state, "stamp")
        head = carried_out(head, rows, change)
        known.written(state, change)
        read = assembled(head, iter(rows.items()), "here", "mend it")
        assert encode(read.state) == encode(state)
        assert read.state == canonical(state)
        assert all("\n" not in text for text in (*rows.values(), head.text))


@settings(deadline=None)
@given(histories(4))
def test_only_what_changed_is_put(history: list[State]) -> None:
    """A record that is the same object is not looked at, and one that reads the same is not written."""
    known = Known.nothing("lineage-1")
    for before, state in pairwise([State("lineage-1"), *history]):
        change = known.change(state, "stamp")
        known.written(state, change)
        for name, record in state.campaigns.items():
            former = before.campaigns.get(name)
            if former is record:
                assert name not in change.touched
            if former is not None and canonical_record(former) == canonical_record(record):
                assert name not in change.put
        assert set(change.gone) == set(before.campaigns) - set(state.campaigns)
        assert {note.campaign for note in change.notes} - {None} == {*change.put, *change.gone}
        assert change.notes


@settings(deadline=None, max_examples=300)
@given(st.data(), histories(4))
def test_what_hands_change_is_noticed(data: st.DataObject, history: list[State]) -> None:
    """Whatever is made of head and rows, they are refused, or read as the state that was committed last."""
    known, head, rows = Known.nothing("lineage-1"), None, {}
    past: list[Picture] = []
    for state in history:
        change = known.change(state, f"stamp-{state.serial}")
        head = carried_out(head, rows, change)
        known.written(state, change)
        past.append(Picture(Top(head.lineage, head.serial, head.text, head.stamp, head.tally), dict(rows)))
    found = data.draw(spoilt(past))
    if found.top is None:
        return  # the journal tells that there was one: see test_tampered.py
    top = found.top
    head = Head(top.lineage, top.serial, top.head, top.stamp, top.tally, noted=history[-1].serial)
    try:
        read = assembled(head, iter(found.rows.items()), "here", "mend it").state
    except StateUnreadable as error:
        assert error.why and error.next_step == "mend it"
        event("noticed")
    else:
        assert encode(read) == encode(history[-1])
        event("as it was")


@given(st.dictionaries(st.text(max_size=3), st.binary(max_size=3)), st.data())
def test_a_tally_is_that_of_its_rows(rows: dict[str, bytes], data: st.DataObject) -> None:
    """However it came about: in any order, at once or one by one, with rows that came and went."""
    steps = data.draw(st.permutations([*rows.items(), *((name, b"former") for name in rows)]))
    tally = Tally()
    for step in steps:
        tally = tally.moved((), [step])
    for name in data.draw(st.permutations(sorted(rows))):
        tally = tally.moved([(name, b"former")], ())
    assert tally == Tally().moved((), rows.items())
    assert (tally == Tally()) == (not rows)


def canonical_record(record: CampaignRecord) -> CampaignRecord:
    return canonical(State("x", campaigns=MappingProxyType({record.name: record}))).campaigns[record.name]


@settings(deadline=None, max_examples=40)
@given(histories(4))
def test_sqlite_gives_back_the_bytes(history: list[State]) -> None:
    """What was committed is what `state pull` prints, whichever run wrote it."""
    with TemporaryDirectory() as folder:
        check(history, "sqlite:///state.db", Path(folder))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(3))
def test_postgresql_gives_back_the_bytes(tmp_path: Path, history: list[State]) -> None:
    """The same, whatever texts are in it."""
    check(history, postgres_bench(tmp_path).location, tmp_path)


def check(history: list[State], location: str, root: Path) -> None:
    store = open_store(location, root, [].append)
    for state in history:
        store.commit(state, state.serial - 1)
        assert encode(open_store(location, root, [].append).read()) == encode(state)
        if state.serial % 2:
            store = open_store(location, root, [].append)
            store.read()


@settings(deadline=None)
@given(campaign_records("a"), campaign_records("b"))
def test_no_message_is_claimed_twice_across_rows(one: CampaignRecord, other: CampaignRecord) -> None:
    """A row is written alone, and still no other may claim its message; one that hands it over at once may."""
    sent = [send for send in one.sends if send.uuid]
    if not sent or other.moved_to:
        return
    thief = replace(other, revision=9, sends=(replace(sent[0], revision=9, phase=SendPhase.SCHEDULED),))
    known = Known.nothing("lineage-1")
    state = State("lineage-1", 1, campaigns=MappingProxyType({"a": one}))
    known.written(state, known.change(state, "stamp"))
    with pytest.raises(StateError, match="must not be written"):
        known.change(replace(state.with_campaign(thief), serial=2), "stamp")
    handed = replace(state.with_campaign(replace(one, sends=())).with_campaign(thief), serial=2)
    known.written(handed, known.change(handed, "stamp"))
    with pytest.raises(StateError, match="must not be written"):
        known.change(replace(handed.with_campaign(one), serial=3), "stamp")


def test_a_row_is_json_on_one_line() -> None:
    """It reads well beside others, and a query may cast it."""
    known = Known.nothing("lineage-1")
    state = State("lineage-1", 1).with_campaign(CampaignRecord("a", "campaigns/ก.yaml", 1))
    change = known.change(state, "stamp")
    assert change.put == {"a": '{"file": "campaigns/ก.yaml", "revision": 1}'}
    assert json.loads(change.head) == {"version": 1}
