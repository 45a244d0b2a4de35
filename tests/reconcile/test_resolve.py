"""Settling an unknown send with a person: their word is taken, but never against the evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mesms_gitops.errors import ApiError, PersonNeeded, UsageError
from mesms_gitops.model.evidence import Candidate, Evidence, People
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.situation import CANCELLED_ELSEWHERE
from mesms_gitops.reconcile.resolve import evidence, settle_not_sent, settle_sent, unsettled
from tests.planning.scenes import AT_ONCE, ELEVEN, Manifest, manifest, people, remembered

from .bench import DROPPED, Bench, told

SALE = manifest()
P = SendPhase
UNKNOWN = remembered(SALE, P.UNKNOWN)
(RECORD,) = UNKNOWN.sends


@pytest.fixture
def unknown(bench: Bench) -> Bench:
    """The answer to the send of sale was lost an hour ago."""
    bench.remember(UNKNOWN)
    bench.names |= {send.fingerprint: send.text or "" for send in SALE.sends()}
    return bench


@pytest.mark.parametrize("phase", [phase for phase in P if phase not in (P.UNKNOWN, P.INTENDED)])
def test_only_an_unknown_send_can_be_settled(bench: Bench, phase: SendPhase) -> None:
    bench.remember(remembered(SALE, phase))
    with pytest.raises(UsageError):
        unsettled(bench.state, "sale")
    with pytest.raises(UsageError):
        unsettled(bench.state, "nobody")


@pytest.mark.parametrize("phase", [P.UNKNOWN, P.INTENDED])
def test_an_intent_without_outcome_is_as_unknown_as_any(bench: Bench, phase: SendPhase) -> None:
    bench.remember(remembered(SALE, phase))
    settle_not_sent(bench.journal(), "sale", bench.tools)
    assert bench.record().sends[0].phase is P.FAILED


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_the_evidence_is_what_was_asked_and_what_is_listed_now(unknown: Bench) -> None:
    ours = unknown.account.by_hand(SALE, "Hello")
    others = unknown.account.by_hand(SALE, "Hello", people(4, 5, 6))
    unknown.account.by_hand(manifest(text="Bye"), "Bye")
    unknown.account.by_hand(SALE, "Hello", ago=timedelta(days=2))
    shown = [(ours, People.SAME), (others, People.DIFFERENT)]
    messages = unknown.account.messages_by_uuid
    assert evidence(unknown.state, "sale", unknown.tools) == (
        Evidence(
            campaign="sale",
            record=RECORD,
            looked_at=unknown.clock.moment,
            listed=3,
            candidates=tuple(Candidate(messages[uuid].seen(), verdict) for uuid, verdict in reversed(shown)),
        ),
    )
    assert unknown.trace == []


def test_evidence_that_cannot_be_had_is_an_error(unknown: Bench) -> None:
    unknown.account.will("messages", DROPPED)
    with pytest.raises(ApiError):
        evidence(unknown.state, "sale", unknown.tools)


# --- not sent ---------------------------------------------------------------------------------------------------------


def test_not_sent_lets_the_next_apply_send_it(unknown: Bench) -> None:
    settle_not_sent(unknown.journal(), "sale", unknown.tools)
    assert unknown.record().sends == (replace(RECORD, phase=P.FAILED, reason="settled by a person: not sent"),)
    assert told(unknown.apply(SALE)) == {"sale": "done"}


@pytest.mark.parametrize("readable", [True, False])
def test_not_sent_is_refused_while_a_match_is_listed(unknown: Bench, readable: bool) -> None:
    """Also if its people cannot be read: that is no proof of absence."""
    unknown.account.by_hand(SALE, "Hello")
    unknown.account.hides_recipients = not readable
    with pytest.raises(PersonNeeded) as caught:
        settle_not_sent(unknown.journal(), "sale", unknown.tools)
    assert (caught.value.where, caught.value.next_step) == ("message m1", "mesms-gitops resolve sale --sent m1")
    assert (unknown.record(), unknown.trace) == (UNKNOWN, [])


def test_a_message_to_others_does_not_stand_in_the_way_of_not_sent(unknown: Bench) -> None:
    unknown.account.by_hand(SALE, "Hello", people(4, 5, 6))
    settle_not_sent(unknown.journal(), "sale", unknown.tools)
    assert unknown.phases() == {"Hello": "failed"}


def test_not_sent_is_refused_where_the_account_cannot_be_read(unknown: Bench) -> None:
    unknown.account.will("messages", DROPPED)
    with pytest.raises(ApiError):
        settle_not_sent(unknown.journal(), "sale", unknown.tools)
    assert unknown.trace == []


def test_not_sent_settles_every_unknown_send_of_the_campaign_or_none(bench: Bench) -> None:
    dear = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
    bench.remember(remembered(dear, P.UNKNOWN))
    bench.names |= {send.fingerprint: send.text or "" for send in dear.sends()}
    bench.account.by_hand(dear, "Dear Bob")
    with pytest.raises(PersonNeeded):
        settle_not_sent(bench.journal(), "sale", bench.tools)
    assert bench.phases() == {"Dear Ann": "unknown", "Dear Bob": "unknown"}
    bench.account.messages_by_uuid.clear()
    settle_not_sent(bench.journal(), "sale", bench.tools)
    assert bench.phases() == {"Dear Ann": "failed", "Dear Bob": "failed"}


# --- sent -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remote", "phase", "reason"),
    [
        (RemotePhase.SCHEDULED, P.SCHEDULED, None),
        (RemotePhase.SENT, P.SENT, None),
        (RemotePhase.FAILED, P.FAILED, None),
        (RemotePhase.CANCELLED, P.CANCELLED, CANCELLED_ELSEWHERE),
    ],
)
def test_sent_takes_the_message_as_what_it_is(
    unknown: Bench, remote: RemotePhase, phase: SendPhase, reason: str | None
) -> None:
    unknown.account.set(unknown.account.by_hand(SALE, "Hello"), remote)
    settled = settle_sent(unknown.journal(), "sale", "m1", unknown.tools)
    assert settled == replace(RECORD, phase=phase, uuid="m1", reason=reason)
    assert unknown.record().sends == (settled,)


def _sent(
    told_by_hand: Manifest, text: str = "Hello", who: tuple[int, ...] = (1, 2, 3)
) -> tuple[Manifest, str, tuple[int, ...]]:
    return told_by_hand, text, who


ANOTHER_TIME = "its time is 2027-04-10 04:00:00+00:00, not 2027-04-10 03:00:00+00:00"
WRONG = {
    "another sender": (_sent(manifest(sender="SiamShop")), "its sender is SiamShop, not SiamCoffee"),
    "another text": (_sent(manifest(text="Hi"), "Hi"), "its text is another one"),
    "another time": (
        _sent(manifest(when=ELEVEN)),
        ANOTHER_TIME,
    ),
    "fewer people": (_sent(SALE, who=(1, 2)), "it goes to 2, not 3"),
    "other people": (_sent(SALE, who=(1, 2, 4)), "its recipients are not the same people, or cannot be read yet"),
    "everything": (
        _sent(manifest(text="Hi", sender="SiamShop", when=ELEVEN), "Hi", (4,)),
        f"its sender is SiamShop, not SiamCoffee; its text is another one; {ANOTHER_TIME}; it goes to 1, not 3",
    ),
}


@pytest.mark.parametrize(("by_hand", "why"), WRONG.values(), ids=WRONG.keys())
def test_sent_is_refused_with_everything_that_differs(
    unknown: Bench, by_hand: tuple[Manifest, str, tuple[int, ...]], why: str
) -> None:
    other, text, who = by_hand
    unknown.account.by_hand(other, text, people(*who))
    with pytest.raises(PersonNeeded) as caught:
        settle_sent(unknown.journal(), "sale", "m1", unknown.tools)
    assert caught.value.why == why
    assert unknown.trace == []


def test_sent_is_refused_for_a_message_that_is_a_send_already(bench: Bench) -> None:
    bench.remember(UNKNOWN, remembered(manifest("other", "Bye", (9,)), P.SENT, uuid="m1"))
    bench.account.by_hand(SALE, "Hello")
    with pytest.raises(PersonNeeded, match="already belongs to other"):
        settle_sent(bench.journal(), "sale", "m1", bench.tools)


def test_sent_is_refused_for_a_message_nobody_knows(unknown: Bench) -> None:
    with pytest.raises(PersonNeeded, match="does not know the message m1"):
        settle_sent(unknown.journal(), "sale", "m1", unknown.tools)


def test_sent_is_refused_where_the_people_cannot_be_read(unknown: Bench) -> None:
    unknown.account.by_hand(SALE, "Hello")
    unknown.account.hides_recipients = True
    with pytest.raises(PersonNeeded):
        settle_sent(unknown.journal(), "sale", "m1", unknown.tools)


def test_of_several_unknown_sends_the_one_that_fits_is_settled(bench: Bench) -> None:
    dear = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
    bench.remember(remembered(dear, P.UNKNOWN))
    bench.names |= {send.fingerprint: send.text or "" for send in dear.sends()}
    bench.account.by_hand(dear, "Dear Bob")
    settle_sent(bench.journal(), "sale", "m1", bench.tools)
    assert bench.phases() == {"Dear Ann": "unknown", "Dear Bob": "scheduled"}


def test_sent_is_refused_for_a_message_that_is_older_than_its_intent(bench: Bench) -> None:
    hasty = manifest(when=AT_ONCE)
    bench.remember(remembered(hasty, P.UNKNOWN))
    bench.account.by_hand(hasty, "Hello", ago=timedelta(days=300))
    with pytest.raises(PersonNeeded):
        settle_sent(bench.journal(), "sale", "m1", bench.tools)
