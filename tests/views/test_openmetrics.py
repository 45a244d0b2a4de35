"""Metrics as a text: what the reference parsers of both formats make of it, for any state."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignRecord, Freeze, State
from mesms_gitops.views.openmetrics import MOST_CAMPAIGNS, Reading, openmetrics
from tests.store.strategies import freezes, moments, states
from tests.views.situations import LINEAGE, a_state, recorded

parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="prometheus-client is not installed")
classic = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")

NOW = datetime(2027, 4, 12, 5, 0, tzinfo=UTC)
READING = Reading(now=NOW, refreshed_at=NOW, balance=27_040)


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample, by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


@given(
    state=states(),
    freeze=freezes,
    now=moments,
    balance=st.none() | st.integers(-(10**9), 10**12),
    version=st.text(st.characters(codec="utf-8", exclude_characters="\r")),
)
@example(state=State(LINEAGE), freeze=Freeze(), now=NOW, balance=None, version='1 "quoted" \\ \\n, and\na line}')
def test_any_state_is_read_back_as_it_is(
    state: State, freeze: Freeze, now: datetime, balance: int | None, version: str
) -> None:
    """OpenMetrics' own parser takes every text, escapes included, and finds in it what state holds."""
    text = openmetrics(state, Reading(now=now, refreshed_at=now, balance=balance), freeze, version)
    found = samples(text)
    sends = [send for _, send in state.sends()]
    phases = Counter(send.phase for send in sends)
    assert {phase: found["mesms_sends", (("phase", phase.value),)] for phase in SendPhase} == {
        phase: phases[phase] for phase in SendPhase
    }
    told = Counter[str]()
    for send in sends:
        told.update(dict(send.delivery))
    everybody = sum(value for (name, _), value in found.items() if name == "mesms_recipients")
    assert everybody == sum(told.values())
    assert found.get(("mesms_balance_credits", ())) == balance
    assert found["mesms_stopped", ()] == freeze.is_active
    assert ("mesms_build_info", (("version", version),)) in found
    assert text.endswith("\n# EOF\n")


@given(state=states(), freeze=freezes)
def test_the_textfile_collector_reads_the_same(state: State, freeze: Freeze) -> None:
    """The older format, which the collector parses, has the same names, labels and values in this text."""
    text = openmetrics(state, READING, freeze, "1.0")
    old = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in classic.text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert old == samples(text)
    assert {line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")} == {"gauge"}


@given(state=states())
def test_labels_are_bounded_and_nothing_private_is_one(state: State) -> None:
    """Whatever words ME-SMS uses for deliveries, a label has one of eight; no uuid, sender or reason is anywhere."""
    text = openmetrics(state, READING, Freeze(), "1.0")
    for (_name, labels), _ in samples(text).items():
        kinds = dict(labels)
        assert kinds.get("delivery", "other") in (*DELIVERY_STATES, "other")
        assert kinds.keys() <= {"phase", "delivery", "campaign", "version"}
    for _, send in state.sends():
        assert not send.uuid or send.uuid not in text


def test_only_live_campaigns_are_named_and_not_without_end() -> None:
    """Of a thousand scheduled campaigns, those that leave last are named; one that is over is in the sums alone."""
    state = State(LINEAGE)
    for number in range(1_000):
        send = recorded("a", SendPhase.SCHEDULED, scheduled_at=NOW + timedelta(hours=number))
        state = state.with_campaign(CampaignRecord(f"c-{number:04}", "f.yaml", 1, sends=(send,)))
    over = recorded("b", SendPhase.CANCELLED)
    state = state.with_campaign(CampaignRecord("over", "f.yaml", 1, sends=(over,)))
    named = {dict(labels).get("campaign") for name, labels in samples(openmetrics(state, READING, Freeze(), "1"))}
    assert named - {None} == {f"c-{number:04}" for number in range(1_000 - MOST_CAMPAIGNS, 1_000)}


def test_the_oldest_unknown_has_its_age_in_seconds() -> None:
    state = a_state()
    assert samples(openmetrics(State(LINEAGE), READING, Freeze(), "1"))["mesms_oldest_unknown_seconds", ()] == 0
    for hours in (3, 5):
        send = replace(recorded("a", SendPhase.UNKNOWN), intended_at=NOW - timedelta(hours=hours), uuid=None)
        state = state.with_campaign(CampaignRecord(f"lost-{hours}", "f.yaml", 1, sends=(send,)))
    unsettled = [send.intended_at for _, send in state.sends() if send.is_unsettled]
    assert samples(openmetrics(state, READING, Freeze(), "1"))["mesms_oldest_unknown_seconds", ()] == (
        (NOW - min(unsettled)).total_seconds()
    )
