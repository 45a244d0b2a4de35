"""What a commit on the state's branch says of what happened between two states."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given

from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase, SendRecord
from mesms_gitops.model.state import Approval, CampaignRecord, State
from mesms_gitops.store.git_message import message
from mesms_gitops.store.news import LONGEST_SUBJECT, MOST_LINES, body, subject
from mesms_gitops.store.provenance import Provenance, provenance_of

from .strategies import states

NOON = datetime(2027, 4, 10, 5, 0, tzinfo=UTC)
P = SendPhase


def send(phase: SendPhase, fingerprint: str = "f", recipients: int = 12_480, **rest: object) -> SendRecord:
    accepted = {"uuid": f"m-{fingerprint}"} if phase in (P.SCHEDULED, P.STARTED, P.SENT, P.CANCELLED) else {}
    record = SendRecord(
        fingerprint=fingerprint,
        revision=1,
        phase=phase,
        run="run",
        intended_at=NOON,
        scheduled_at=NOON + timedelta(days=1),
        sender="SiamCoffee",
        recipients=recipients,
        parts=2,
        credits=2 * recipients,
        **accepted,
    )
    return replace(record, **rest)  # type: ignore[arg-type]  # test data: a wrong field raises at once


def of(*records: CampaignRecord, **rest: object) -> State:
    return State("lineage", 7, campaigns=MappingProxyType({each.name: each for each in records}), **rest)  # type: ignore[arg-type]


def campaign(*sends: SendRecord, name: str = "songkran-2027-vip") -> CampaignRecord:
    return CampaignRecord(name, f"campaigns/{name}.yaml", 1, sends=sends)


INTENDED = campaign(send(P.INTENDED))
SCHEDULED = campaign(send(P.SCHEDULED))
TO_BE_CANCELLED = campaign(send(P.SCHEDULED, cancel=CancelIntent("run", NOON, CancelReason.STOP)))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, INTENDED, "schedule songkran-2027-vip: 12,480 recipients, 24,960 credits"),
        (None, campaign(send(P.INTENDED, scheduled_at=None, recipients=1, credits=1)), "send *: 1 recipient, 1 credit"),
        (INTENDED, SCHEDULED, "scheduled *: 12,480 recipients, 24,960 credits"),
        (INTENDED, campaign(send(P.STARTED)), "sending *: 12,480 recipients, 24,960 credits"),
        (SCHEDULED, campaign(send(P.SENT)), "sent *: 12,480 recipients, 24,960 credits"),
        (INTENDED, campaign(send(P.UNKNOWN)), "unknown whether sent: * for 12,480 recipients, 24,960 credits"),
        (INTENDED, campaign(send(P.FAILED, credits=None)), "not sent: * for 12,480 recipients"),
        (SCHEDULED, campaign(send(P.FAILED, uuid="m")), "failed: * for 12,480 recipients, 24,960 credits"),
        (SCHEDULED, TO_BE_CANCELLED, "cancel *: 12,480 recipients, 24,960 credits"),
        (TO_BE_CANCELLED, campaign(send(P.CANCELLED)), "cancelled *: 12,480 recipients, 24,960 credits"),
        (
            campaign(send(P.SENT)),
            campaign(send(P.SENT, delivery=MappingProxyType({"success": 12_000, "failed": 480}))),
            "delivery of *: 480 failed, 12,000 success",
        ),
        (SCHEDULED, replace(SCHEDULED, retired=True), "retire *"),
        (SCHEDULED, replace(SCHEDULED, moved_to="vip", sends=()), "rename * to vip"),
        (SCHEDULED, replace(SCHEDULED, file="elsewhere.yaml"), "note *"),
        (
            INTENDED,
            campaign(send(P.INTENDED, intended_at=NOON + timedelta(1))),
            "schedule *: 12,480 recipients, 24,960 credits",
        ),
    ],
)
def test_one_thing_that_happened_to_one_campaign(
    before: CampaignRecord | None, after: CampaignRecord, said: str
) -> None:
    """Each has its own word, with the figures that belong to it; a body would say nothing more."""
    former = None if before is None else of(before)
    assert subject(former, of(after)) == said.replace("*", "songkran-2027-vip")
    assert body(former, of(after)) == ""


def test_sends_whose_turn_is_still_to_come_are_not_counted() -> None:
    """The first intent of a campaign writes them down as not sent; the subject is about the one that is sent."""
    later = send(P.FAILED, "later", 99, credits=None)
    assert subject(None, of(campaign(send(P.INTENDED), later))) == (
        "schedule songkran-2027-vip: 12,480 recipients, 24,960 credits"
    )


def test_several_are_summed_and_each_has_its_line() -> None:
    """Outcomes of one wave and intents of the next, in one commit: trouble first, then what is about to happen."""
    names = ("a", "b", "c", "d")
    before = of(*(campaign(send(P.INTENDED, name, 10), name=name) for name in names[:2]))
    after = of(
        campaign(send(P.SCHEDULED, "a", 10), name="a"),
        campaign(send(P.UNKNOWN, "b", 10), name="b"),
        *(campaign(send(P.INTENDED, name, 5), name=name) for name in names[2:]),
    )
    assert subject(before, after) == (
        "unknown whether sent: b for 10 recipients, 20 credits; schedule 2 campaigns: 10 recipients, 20 credits; "
        "and more"
    )
    assert body(before, after).splitlines() == [
        "unknown whether sent: b for 10 recipients, 20 credits",
        "schedule c: 5 recipients, 10 credits",
        "schedule d: 5 recipients, 10 credits",
        "scheduled a: 10 recipients, 20 credits",
    ]


def test_what_happens_to_no_campaign() -> None:
    """A plan that begins and one that is finished, people who asked to be left out, and nothing at all."""
    approval = Approval("sha256:0123456789abcdef", "run", ())
    begun = of(SCHEDULED, approval=approval)
    assert subject(of(SCHEDULED), begun) == "begin plan 0123456789ab"
    assert subject(begun, of(SCHEDULED, approval=replace(approval, is_finished=True))) == "finish plan 0123456789ab"
    assert subject(of(), of(suppressed=("0000:0000000000000000",))) == "leave out 1 more person"
    assert subject(of(SCHEDULED), of(SCHEDULED)) == "serial 7"
    assert subject(of(SCHEDULED), of()) == "forget songkran-2027-vip"


def test_a_very_long_story_is_cut() -> None:
    """A thousand campaigns in one commit make one line and a bounded body."""
    many = of(*(campaign(send(P.INTENDED, str(each), 1), name=f"c-{each:04}") for each in range(1000)))
    assert subject(None, many) == "schedule 1,000 campaigns: 1,000 recipients, 2,000 credits"
    lines = body(None, many).splitlines()
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 800 more"


@given(states(), states())
def test_any_two_states_have_a_message_of_the_right_form(before: State, after: State) -> None:
    """One line of bounded length, an empty one, and at the end trailers that git reads as such; never two alike."""
    line = subject(before, after)
    assert 0 < len(line) <= LONGEST_SUBJECT
    text = message(before, after, Provenance("somchai", "https://ci.example/1", "c0ffee"))
    first, second, *rest = text.splitlines()
    assert (first, second) == (line, "")
    block = rest[len(rest) - rest[::-1].index("") if "" in rest else 0 :]
    assert all(re.fullmatch(r"[A-Z][a-z]+: \S.*", each) for each in block)
    assert block[-1] == f"Serial: {after.serial}"
    assert not any(each.startswith("Serial:") for each in rest[: -len(block)])


def test_a_message_is_complete() -> None:
    """What happened, by whom, where to look, under which plan, and from which commit; the plan only while it lasts."""
    approval = Approval("sha256:0123", "run", ())
    after = of(INTENDED, approval=approval)
    provenance = Provenance("somchai", "https://ci.example/1", "c0ffee")
    assert message(of(approval=approval), after, provenance) == (
        "schedule songkran-2027-vip: 12,480 recipients, 24,960 credits\n\n"
        "Actor: somchai\nRun: https://ci.example/1\nPlan: sha256:0123\nSource: c0ffee\nSerial: 7\n"
    )
    done = replace(approval, is_finished=True)
    assert "Plan:" in message(after, of(INTENDED, approval=done), Provenance())
    assert "Plan:" not in message(of(INTENDED, approval=done), of(SCHEDULED, approval=done), Provenance())


def test_what_the_environment_says() -> None:
    """Only a complete address of a run is one; elsewhere nothing is known."""
    github = {"GITHUB_ACTOR": "a", "GITHUB_SERVER_URL": "https://g", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "1"}
    assert provenance_of(github) == Provenance("a", "https://g/o/r/actions/runs/1", None)
    assert provenance_of({**github, "GITHUB_RUN_ATTEMPT": "2"}).attempt == 2
    assert [provenance_of({"GITHUB_RUN_ATTEMPT": text}).attempt for text in ("0", "-1", "two", "٢", "")] == [None] * 5
    assert provenance_of({**github, "GITHUB_RUN_ID": ""}) == Provenance("a")
    assert provenance_of({}) == Provenance()
