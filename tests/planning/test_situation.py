"""What a decision rests on: records brought up to date, renames carried out, audiences read where they are needed."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.model.campaign import DeclaredState
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import LEFT, TRANSITIONS, CancelIntent, CancelReason, SendEvent, SendPhase
from mesms_gitops.model.state import CampaignRecord
from mesms_gitops.planning.situation import (
    CANCEL_REFUSED,
    CANCELLED_ELSEWHERE,
    GONE,
    moved,
    needs_audience,
    refreshed,
    refreshed_send,
)

from .scenes import NOW, manifest, message, remembered, state_of

if TYPE_CHECKING:
    from mesms_gitops.model.sends import SendRecord

P, E = SendPhase, RemotePhase
SALE = manifest()
LOOKS = [phase for phase in SendEvent if phase.value.startswith("seen")]


def _send(phase: SendPhase, **more: Any) -> SendRecord:
    (send,) = remembered(SALE, phase, **more).sends
    return send


def test_what_has_left_or_was_cancelled_never_moves_back() -> None:
    """From started there is no way to scheduled or cancelled, from sent none to anything, from cancelled and failed
    none at all: however long a history, a phase that was reached there is never left backwards.
    """
    reachable = {phase: {to for (at, _), to in TRANSITIONS.items() if at is phase} for phase in P}
    assert reachable == {
        P.INTENDED: {P.SCHEDULED, P.STARTED, P.SENT, P.FAILED, P.CANCELLED, P.UNKNOWN},
        P.UNKNOWN: {P.SCHEDULED, P.STARTED, P.SENT, P.FAILED, P.CANCELLED, P.UNKNOWN},
        P.SCHEDULED: {P.SCHEDULED, P.STARTED, P.SENT, P.FAILED, P.CANCELLED},
        P.STARTED: {P.STARTED, P.SENT, P.FAILED},
        P.SENT: {P.SENT},
        P.CANCELLED: set(),
        P.FAILED: set(),
    }


def test_only_a_refusal_or_a_person_says_that_an_intent_was_not_sent() -> None:
    ways = {event for (phase, event), to in TRANSITIONS.items() if phase in (P.INTENDED, P.UNKNOWN) and to is P.FAILED}
    assert ways == {SendEvent.REFUSED, SendEvent.SETTLED_NOT_SENT, SendEvent.SEEN_FAILED}
    assert (P.UNKNOWN, SendEvent.REFUSED) not in TRANSITIONS


def test_an_unsettled_or_scheduled_send_may_be_seen_in_any_phase() -> None:
    assert all((phase, look) in TRANSITIONS for phase in (P.INTENDED, P.UNKNOWN, P.SCHEDULED) for look in LOOKS)


SEEN = {
    (P.SCHEDULED, E.SCHEDULED): P.SCHEDULED,
    (P.SCHEDULED, E.PENDING): P.STARTED,
    (P.SCHEDULED, E.OTHER): P.STARTED,
    (P.SCHEDULED, E.SENT): P.SENT,
    (P.SCHEDULED, E.FAILED): P.FAILED,
    (P.SCHEDULED, E.CANCELLED): P.CANCELLED,
    (P.STARTED, E.PENDING): P.STARTED,
    (P.STARTED, E.OTHER): P.STARTED,
    (P.STARTED, E.SENT): P.SENT,
    (P.STARTED, E.FAILED): P.FAILED,
    (P.SENT, E.SENT): P.SENT,
}


@pytest.mark.parametrize(("recorded", "remote"), [*product((P.SCHEDULED, P.STARTED, P.SENT, P.CANCELLED, P.FAILED), E)])
def test_one_look_at_a_message(recorded: SendPhase, remote: RemotePhase) -> None:
    """It moves as the table says, with what the account counts; a look the table lacks changes nothing at all."""
    before = _send(recorded, uuid="sale: Hello")
    seen = message(SALE, "Hello", "sale: Hello", remote, credits=9, delivery={"success": 3})
    expected = SEEN.get((recorded, remote))
    if expected is None:
        assert refreshed_send(before, seen) is before
        return
    reason = CANCELLED_ELSEWHERE if expected is P.CANCELLED else None
    after = replace(before, phase=expected, credits=9, delivery=MappingProxyType({"success": 3}), reason=reason)
    assert refreshed_send(before, seen) == after


def test_what_the_account_does_not_say_stays_as_it_was() -> None:
    before = _send(P.STARTED, delivery=MappingProxyType({"pending": 3}))
    seen = message(SALE, "Hello", "sale: Hello", E.SENT, credits=None)
    assert refreshed_send(before, seen) == replace(before, phase=P.SENT)


@pytest.mark.parametrize(
    ("phase", "reason", "look", "expected"),
    [
        (P.SCHEDULED, None, None, GONE),
        (P.SCHEDULED, CANCEL_REFUSED, None, GONE),
        (P.STARTED, None, None, None),
        (P.SENT, None, None, None),
        (P.CANCELLED, CANCELLED_ELSEWHERE, None, CANCELLED_ELSEWHERE),
        (P.SCHEDULED, GONE, E.SCHEDULED, None),
        (P.SCHEDULED, CANCEL_REFUSED, E.SCHEDULED, CANCEL_REFUSED),
    ],
)
def test_why_a_send_is_remarkable(
    phase: SendPhase, reason: str | None, look: RemotePhase | None, expected: str | None
) -> None:
    """A 404 says that only of what is still scheduled; and a message that is there again is not gone."""
    seen = None if look is None else message(SALE, "Hello", "sale: Hello", look)
    assert refreshed_send(_send(phase, reason=reason), seen).reason == expected


def test_a_cancel_of_our_own_is_not_somebody_elses() -> None:
    before = _send(P.SCHEDULED, cancel=CancelIntent("run-1", NOW, CancelReason.DELETED))
    after = refreshed_send(before, message(SALE, "Hello", "sale: Hello", E.CANCELLED))
    assert (after.phase, after.reason == CANCELLED_ELSEWHERE) == (P.CANCELLED, False)


def test_a_state_about_which_nothing_new_is_said_is_the_same_state() -> None:
    state = state_of(remembered(SALE, P.SCHEDULED))
    same = message(SALE, "Hello", "sale: Hello")
    for answers in ({}, {"another": None}, {"sale: Hello": same}):
        assert refreshed(state, answers) is state


def test_only_the_sends_that_were_asked_about_move() -> None:
    dear = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
    state = state_of(remembered(dear, P.SCHEDULED))
    started = message(dear, "Dear Ann", "sale: Dear Ann", E.PENDING)
    phases = {send.uuid: send.phase for _, send in refreshed(state, {started.uuid: started}).sends()}
    assert phases == {"sale: Dear Ann": P.STARTED, "sale: Dear Bob": P.SCHEDULED}


# --- renames ----------------------------------------------------------------------------------------------------------

OLD = remembered(SALE, P.SCHEDULED)
RENAMED = manifest("spring", moved_from="sale").campaign


def _left_behind(name: str, now: str) -> CampaignRecord:
    return CampaignRecord(name, f"campaigns/{name}.yaml", 1, moved_to=now)


def _carried(record: CampaignRecord, name: str) -> CampaignRecord:
    return replace(record, name=name, file=f"campaigns/{name}.yaml")


def test_a_rename_carries_the_record_and_reserves_the_name() -> None:
    state, moves = moved(state_of(replace(OLD, retired=True)), [RENAMED])
    assert state == state_of(_left_behind("sale", "spring"), _carried(OLD, "spring"))
    assert moves == {"spring": "sale"}


@pytest.mark.parametrize(
    "records",
    [
        (),
        (remembered(manifest("spring"), P.SENT),),
        (_left_behind("sale", "spring"), _carried(OLD, "spring")),
        (OLD, remembered(manifest("spring"), P.SENT)),
        (_left_behind("sale", "summer"),),
        (OLD, _left_behind("spring", "summer")),
    ],
    ids=[
        "nobody knows the name",
        "nothing to carry",
        "done before",
        "the new name has sends",
        "carried elsewhere",
        "the new name is reserved",
    ],
)
def test_a_rename_that_cannot_be_is_left_undone(records: tuple[CampaignRecord, ...]) -> None:
    state = state_of(*records)
    assert moved(state, [RENAMED]) == (state, {})


def test_a_rename_takes_the_place_of_a_name_that_never_sent() -> None:
    waiting = CampaignRecord("spring", "campaigns/spring.yaml", 1)
    state, moves = moved(state_of(OLD, waiting), [RENAMED])
    assert state == state_of(_left_behind("sale", "spring"), _carried(OLD, "spring"))
    assert moves == {"spring": "sale"}


def test_a_rename_can_be_taken_back() -> None:
    state, moves = moved(state_of(_left_behind("spring", "sale"), OLD), [RENAMED])
    assert state == state_of(_left_behind("sale", "spring"), _carried(OLD, "spring"))
    assert moves == {"spring": "sale"}


def test_without_moved_from_nothing_moves() -> None:
    state = state_of(OLD)
    assert moved(state, [SALE.campaign, manifest("spring").campaign]) == (state, {})


def test_a_chain_of_renames_does_not_depend_on_the_order_of_the_files() -> None:
    chain = [manifest("b", moved_from="a").campaign, manifest("c", moved_from="b").campaign]
    state = state_of(remembered(manifest("a"), P.SENT), remembered(manifest("b"), P.SENT))
    results = [moved(state, order) for order in permutations(chain)]
    assert results[0] == results[1]


# --- audiences --------------------------------------------------------------------------------------------------------

DEAR = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})


@pytest.mark.parametrize("phase", P)
def test_lists_are_read_until_everything_has_left(phase: SendPhase) -> None:
    assert needs_audience(SALE.campaign, remembered(SALE, phase)) is (phase not in LEFT)


@pytest.mark.parametrize(
    ("record", "needs"),
    [
        (None, True),
        (remembered(SALE, None), True),
        (remembered(SALE, P.FAILED, uuid="m"), False),
        (remembered(manifest(revision=2), P.SENT), True),
        (remembered(DEAR, {"Dear Ann": P.SENT, "Dear Bob": P.FAILED}), True),
    ],
    ids=["unseen", "never sent", "failed for good", "another revision", "half sent"],
)
def test_lists_are_read_where_something_may_still_be_sent(record: CampaignRecord | None, needs: bool) -> None:
    assert needs_audience(SALE.campaign, record) is needs


@pytest.mark.parametrize("state", [DeclaredState.DRAFT, DeclaredState.CANCELLED])
def test_lists_of_what_is_not_active_are_not_read(state: DeclaredState) -> None:
    assert not needs_audience(manifest(state=state).campaign, None)
