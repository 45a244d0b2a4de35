"""What is kept of a message that ME-SMS does not know any more, as a follow-up sees it."""

from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.cli.past import RecordedPast
from mesms_gitops.model.delivery import DELIVERY_STATES, FINAL_STATES, DeliveryNote
from mesms_gitops.model.results import Doubt, DoubtKind, Reading, ResultHead, Results
from mesms_gitops.model.sends import SendPhase, SendRecord
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.store.result_form import frame_of
from mesms_gitops.store.results import ResultFolder

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2027, 4, 1, 12, tzinfo=UTC)
PRINT = "ab" * 20
WORDS = (*DELIVERY_STATES, "teleported")
SEND = SendRecord(
    PRINT, 1, SendPhase.SENT, "run", NOON, None, "Shop", 0, 1, uuid="some-uuid", notes=(DeliveryNote.PURGED.value,)
)

rows = st.sets(st.tuples(st.integers(800_000_000, 800_000_009), st.sampled_from(WORDS)), max_size=15)
kinds = st.sets(st.sampled_from([kind for kind in DoubtKind if kind is not DoubtKind.UNOPENED]))
wanted = st.lists(st.sampled_from(DELIVERY_STATES), min_size=1, unique=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows, kinds, st.sampled_from([timedelta(hours=1), timedelta(days=5)]), wanted)
def test_whoever_may_have_been_reached_is_said_or_left_out(
    tmp_path: Path, listed: set[tuple[int, str]], doubted: set[DoubtKind], age: timedelta, states: list[str]
) -> None:
    """For any rows: nobody who is listed as reached is among the others, and no doubt is passed over in silence."""
    names = [number for number, _ in listed]
    if len(set(names)) < len(names):
        doubted = doubted | {DoubtKind.CONTRADICTED}
    head = ResultHead("vip", PRINT, "some-uuid", NOON + age, Reading.IN_FULL)
    head = head.doubted(*(Doubt(kind, f"because of {kind}") for kind in sorted(doubted)))
    ordered = sorted(listed)
    numbers, codes = array("I", [number for number, _ in ordered]), bytes(WORDS.index(word) for _, word in ordered)
    kept = ResultFolder(tmp_path, keep_for=timedelta(days=90))
    kept.keep(head, frame_of(Results(head, numbers, codes, WORDS)))
    record = CampaignRecord("vip", "vip.yaml", 1, sends=(replace(SEND, recipients=len(listed)),))
    past = RecordedPast(State("lineage", campaigns=MappingProxyType({"vip": record})), None, kept)
    assert past.is_known("some-uuid")
    told = past.told("some-uuid", states)
    reached = {number for number, word in listed if word == "success"}
    pending = {number for number, word in listed if word == "pending"}
    others = reached | (set() if "pending" in states else pending)
    expected = {number for number, word in listed if word in states} - (set() if "success" in states else others)
    assert {int(msisdn[2:]) for msisdn in told.msisdns} == expected
    said = " ".join(told.doubts)
    assert all(f"because of {kind}" in said for kind in doubted)
    is_open = any(word not in FINAL_STATES for _, word in listed) and age < timedelta(days=4)
    is_strange = any(word == "teleported" for _, word in listed)
    lacks = doubted - {DoubtKind.REPEATED, DoubtKind.CONTRADICTED}
    assert told.has_all == (not lacks and not is_open and not is_strange)
    assert told.has_all or told.doubts
