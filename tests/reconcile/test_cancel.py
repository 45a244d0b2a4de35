"""One cancel: repeated until the account itself says what became of the message (contract, section 8.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import ApiError, NoAnswer, NotReached
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import CancelStep
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase
from mesms_gitops.planning.situation import CANCEL_REFUSED, CANCEL_UNSEEN, CANCELLED_ELSEWHERE, GONE
from mesms_gitops.reconcile.cancel import PAUSE, TRIES, CancelResult, cancel_send
from tests.planning.scenes import manifest

from .bench import DROPPED, LIMITED, LOST, UNREACHED, Bench, Fault, refusal

if TYPE_CHECKING:
    from mesms_gitops.model.sends import SendRecord

SALE = manifest()
P, R = SendPhase, RemotePhase
PROCESSING = refusal(409, "ALREADY_PROCESSING")
STARTED = (R.PENDING, P.STARTED)


@pytest.fixture
def scheduled(bench: Bench) -> Bench:
    """With one message, m1, scheduled."""
    bench.apply(SALE)
    bench.trace.clear()
    return bench


def _cancel(bench: Bench, reason: CancelReason = CancelReason.DELETED) -> CancelResult:
    (record,) = bench.record().sends
    return cancel_send("sale", CancelStep(record, reason), bench.journal(), bench.tools)


def _record(bench: Bench) -> SendRecord:
    (record,) = bench.record().sends
    return record


ANSWERS: dict[str, tuple[tuple[Fault | None, ...], int, CancelResult, SendPhase, str | None]] = {
    "accepted": ((None,), 1, CancelResult.CANCELLED, P.CANCELLED, None),
    "carried out, and the answer lost": ((LOST,), 1, CancelResult.CANCELLED, P.CANCELLED, CANCEL_UNSEEN),
    "lost on the way once": ((DROPPED, None), 2, CancelResult.CANCELLED, P.CANCELLED, None),
    "lost on the way for ever": ((DROPPED,) * TRIES, TRIES, CancelResult.UNCLEAR, P.SCHEDULED, None),
    "refused": ((PROCESSING,), 1, CancelResult.REFUSED, P.SCHEDULED, CANCEL_REFUSED),
    "refused by something else": ((refusal(403),), 1, CancelResult.REFUSED, P.SCHEDULED, CANCEL_REFUSED),
    "refused for now": ((LIMITED,), 1, CancelResult.REFUSED, P.SCHEDULED, CANCEL_REFUSED),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_each_answer_leads_to(scheduled: Bench, answer: str) -> None:
    """However many requests it takes: an intent before them, one outcome after them, pauses between them."""
    faults, requests, result, phase, reason = ANSWERS[answer]
    before = _record(scheduled)
    intent = CancelIntent("run-1", scheduled.clock.moment, CancelReason.DELETED)
    scheduled.account.will("cancel", *faults)
    assert _cancel(scheduled) is result
    assert scheduled.posts == ["cancel m1"] * requests
    assert scheduled.trace[0] == "state: Hello to be cancelled"
    assert _record(scheduled) == replace(before, phase=phase, reason=reason, cancel=intent)
    assert scheduled.clock.slept == [PAUSE] * (requests - 1)


@pytest.mark.parametrize(
    ("remote", "phase", "result"),
    [
        (R.PENDING, P.STARTED, CancelResult.TOO_LATE),
        (R.OTHER, P.STARTED, CancelResult.TOO_LATE),
        (R.SENT, P.SENT, CancelResult.TOO_LATE),
        (R.FAILED, P.FAILED, CancelResult.TOO_LATE),
        (R.CANCELLED, P.CANCELLED, CancelResult.CANCELLED),
    ],
)
def test_what_the_message_is_by_then_decides(
    scheduled: Bench, remote: RemotePhase, phase: SendPhase, result: CancelResult
) -> None:
    scheduled.account.set("m1", remote)
    assert (_cancel(scheduled), _record(scheduled).phase) == (result, phase)


def test_a_message_that_was_cancelled_by_somebody_else_is_said_to_be(scheduled: Bench) -> None:
    """ALREADY_CANCELLED at the very first try: that was not us."""
    scheduled.account.set("m1", R.CANCELLED)
    assert _cancel(scheduled, CancelReason.STOP) is CancelResult.CANCELLED
    assert _record(scheduled).reason == CANCELLED_ELSEWHERE


def test_a_message_that_an_earlier_try_of_ours_cancelled_was_cancelled_by_us(scheduled: Bench) -> None:
    """The answer to that was lost and the process died: the intent it left behind says so."""
    scheduled.account.will("cancel", LOST)
    scheduled.account.will("message", DROPPED)
    with pytest.raises(NoAnswer):
        _cancel(scheduled)
    assert _record(scheduled).cancel is not None
    assert _cancel(scheduled) is CancelResult.CANCELLED
    assert (scheduled.posts, _record(scheduled).reason) == (["cancel m1"] * 2, None)


def test_a_read_that_lags_behind_our_cancel_does_not_make_it_somebody_elses(
    scheduled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GET still says scheduled, so the cancel is repeated; ALREADY_CANCELLED then means the first one."""
    before = scheduled.account.message("m1")
    monkeypatch.setattr(scheduled.account, "message", lambda _: before)
    assert _cancel(scheduled) is CancelResult.CANCELLED
    assert (scheduled.posts, _record(scheduled).reason) == (["cancel m1"] * 2, None)


def test_a_message_that_me_sms_does_not_know_is_not_confirmed_cancelled(scheduled: Bench) -> None:
    scheduled.account.messages_by_uuid.clear()
    assert _cancel(scheduled) is CancelResult.UNCLEAR
    assert (_record(scheduled).phase, _record(scheduled).reason) == (P.SCHEDULED, GONE)


@pytest.mark.parametrize(("fault", "error"), [(UNREACHED, NotReached)])
def test_without_a_connection_the_intent_stays(scheduled: Bench, fault: Fault, error: type[ApiError]) -> None:
    scheduled.account.will("cancel", fault)
    with pytest.raises(error):
        _cancel(scheduled)
    assert (_record(scheduled).phase, _record(scheduled).cancel is not None) == (P.SCHEDULED, True)
