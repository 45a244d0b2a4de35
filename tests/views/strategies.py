"""Any plan and any state there could be, with any text in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from mesms_gitops.model.audience import AudienceCounts
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.plan import (
    Action,
    Adopt,
    Blocked,
    Cancel,
    CancelStep,
    Change,
    CreditsSource,
    Forget,
    Keep,
    Plan,
    PlannedSend,
    Reason,
    Replace,
    ScheduleSend,
    SendNow,
)
from mesms_gitops.model.sends import CancelReason, SendPhase, SendRecord
from mesms_gitops.model.state import CampaignRecord, State

from .situations import HOSTILE, THAI, a_plan, recorded

words = st.sampled_from([THAI, HOSTILE, "plain words of a sentence", "สั้น", "ราคา 20% 👍🏽", "漢字とかな", "::x", ""])
texts = st.one_of(words, st.text(max_size=60), st.lists(words, max_size=3).map(" ".join))
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
counts = st.integers(0, 3_000_000)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(["Asia/Bangkok", "UTC", "America/St_Johns", "not/a zone", ""])

positions = st.builds(
    lambda file, line, column, lines, columns: Position(file, line, column, line + lines, column + columns),
    texts,
    st.integers(1, 9999),
    st.integers(1, 200),
    st.integers(0, 2),
    st.integers(0, 40),
)
diagnostics = st.builds(
    Diagnostic,
    code=st.from_regex(r"MS[0-9]{3}", fullmatch=True),
    severity=st.sampled_from(Severity),
    message=texts,
    position=st.none() | positions,
    field=st.none() | texts,
    next_step=st.none() | texts,
    why=st.none() | texts,
    excerpt=st.none() | texts,
)
some_diagnostics = st.lists(diagnostics, max_size=3).map(tuple)
changes = st.builds(Change, texts, st.none() | texts, st.none() | texts)
sends = st.builds(PlannedSend, st.text("0123456789abcdef", min_size=40, max_size=40), counts, counts, counts)
records = st.builds(
    lambda letter, phase, recipients, credits, run, at, delivery: recorded(
        letter, phase, recipients=recipients, credits=credits, run=run, intended_at=at, delivery=delivery
    ),
    st.sampled_from("0123456789abcdef"),
    st.sampled_from(SendPhase),
    counts,
    st.none() | counts,
    st.sampled_from(["run-1", "run-2"]),
    moments,
    st.dictionaries(st.sampled_from(["pending", "success", "failed", "timeout", "expired", "new-word"]), counts),
)


audiences = st.builds(
    AudienceCounts, counts, counts, counts, counts, counts, st.dictionaries(texts, counts, max_size=2), counts
)


def _facts(verb: type[Action]) -> st.SearchStrategy[Action]:
    return st.builds(
        verb,
        campaign=names,
        reason=st.sampled_from(Reason),
        message=texts,
        file=texts,
        sender=texts,
        revision=st.integers(1, 9),
        scheduled_at=st.none() | moments,
        schedule_text=texts,
        timezone=zones,
        sends=st.lists(sends, max_size=3).map(tuple),
        recipients=counts,
        audience=st.none() | audiences,
        requests=counts,
        parts=st.dictionaries(st.integers(0, 9), counts, max_size=3).map(lambda parts: tuple(parts.items())),
        credits=counts,
        credits_source=st.sampled_from(CreditsSource),
        refund=counts,
        changes=st.lists(changes, max_size=3).map(tuple),
        diagnostics=some_diagnostics,
        reversible_until=st.none() | moments,
        cancels=st.lists(st.builds(CancelStep, records, st.sampled_from(CancelReason)), max_size=7).map(tuple),
        moved_from=st.none() | names,
    )


verbs = (SendNow, ScheduleSend, Replace, Cancel, Adopt, Forget, Keep, Blocked)
actions = st.one_of(*(_facts(verb) for verb in verbs))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    return a_plan(
        *draw(st.lists(actions, max_size=5)),
        balance=draw(st.none() | st.integers(0, 10_000_000)),
        created_at=(created := draw(moments)),
        expires_at=created + timedelta(hours=24),
        lineage=draw(texts),
        serial=draw(counts),
        commit=draw(st.none() | texts),
        refusals=draw(some_diagnostics),
        diagnostics=draw(some_diagnostics),
        offline=draw(st.booleans()),
    )


def _unique(sends: list[SendRecord]) -> tuple[SendRecord, ...]:
    return tuple({(send.revision, send.fingerprint): send for send in sends}.values())


campaigns = st.builds(
    CampaignRecord,
    name=names,
    file=texts,
    revision=st.integers(1, 2),
    sends=st.lists(records, max_size=4).map(_unique),
    retired=st.booleans(),
    moved_to=st.none() | names,
)
states = st.builds(
    lambda lineage, serial, records: State(lineage, serial, campaigns={record.name: record for record in records}),
    texts,
    counts,
    st.lists(campaigns, max_size=5),
)
