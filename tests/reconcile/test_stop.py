"""The emergency stop: nothing new leaves from the first moment on, and what can be cancelled is cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import Reason
from mesms_gitops.model.sends import CancelReason, SendPhase
from mesms_gitops.model.state import Freeze, State
from mesms_gitops.planning.situation import CANCELLED_ELSEWHERE
from mesms_gitops.reconcile.cancel import CancelResult
from mesms_gitops.reconcile.stop import StopOutcome, Stopped, frozen, released, stop
from tests.planning.scenes import LINEAGE, NOW, manifest, remembered

from .bench import DROPPED, LOST, UNREACHED, Bench, Fault, refusal, told

SALE, OTHER = manifest(), manifest("other", "Bye", (7, 8))
SALE_ONLY, EVERYTHING = Freeze(campaigns=frozenset({"sale"})), Freeze(everything=True)
DONE = CancelResult.CANCELLED


@pytest.fixture
def scheduled(bench: Bench) -> Bench:
    """Two campaigns are scheduled: other as m1, sale as m2."""
    bench.apply(SALE, OTHER)
    bench.trace.clear()
    return bench


def _stop(bench: Bench, freeze: Freeze = EVERYTHING) -> StopOutcome:
    bench.trace.clear()
    return stop(bench.ledger, freeze, State(LINEAGE), bench.tools)


def test_the_freeze_is_durable_first_and_no_lock_is_waited_for_before_the_first_cancel(scheduled: Bench) -> None:
    outcome = _stop(scheduled, SALE_ONLY)
    assert outcome == StopOutcome((Stopped("sale", "m2", DONE),), written=True)
    assert scheduled.trace == [
        "freeze",
        "POST cancel m2",
        "freeze",
        "lock",
        "state: Hello to be cancelled",
        "POST cancel m2",
        "state: Hello cancelled",
        "unlock",
    ]
    assert scheduled.account.texts() == ["Bye", "Bye"]


def test_stop_all_cancels_all(scheduled: Bench) -> None:
    assert _stop(scheduled).is_complete
    assert scheduled.account.texts() == []


def test_what_is_stopped_was_cancelled_by_us_and_goes_out_after_the_release(scheduled: Bench) -> None:
    _stop(scheduled)
    (send,) = scheduled.record().sends
    assert (send.cancel and send.cancel.reason, send.reason) == (CancelReason.STOP, None)
    assert told(scheduled.apply(SALE, OTHER)) == {"other": "blocked", "sale": "blocked"}
    scheduled.ledger.freeze = released(scheduled.ledger.freeze, ())
    assert told(scheduled.apply(SALE, OTHER)) == {"other": "done", "sale": "done"}
    assert scheduled.account.texts() == ["Bye", "Bye", "Hello", "Hello", "Hello"]


def test_a_stop_before_anything_was_applied_holds_everything(bench: Bench) -> None:
    assert _stop(bench) == StopOutcome((), written=True)
    assert told(bench.apply(SALE, OTHER)) == {"other": "blocked", "sale": "blocked"}
    assert bench.posts == []


@pytest.mark.parametrize("phase", [SendPhase.STARTED, SendPhase.SENT, SendPhase.CANCELLED, SendPhase.FAILED])
def test_what_is_over_is_left_alone(bench: Bench, phase: SendPhase) -> None:
    bench.remember(remembered(SALE, phase))
    assert (_stop(bench), bench.posts) == (StopOutcome((), written=True), [])


def test_a_message_that_is_too_late_to_cancel_is_said(scheduled: Bench) -> None:
    scheduled.account.set("m2", RemotePhase.PENDING)
    outcome = _stop(scheduled)
    assert outcome.messages == (Stopped("other", "m1", DONE), Stopped("sale", "m2", CancelResult.TOO_LATE))
    assert (outcome.is_complete, scheduled.phases()) == (False, {"Hello": "started"})


@pytest.mark.parametrize("fault", [LOST, DROPPED, UNREACHED, refusal(403)], ids=lambda it: it.error.what)
def test_a_cancel_that_went_wrong_at_first_is_made_again_with_the_lock(scheduled: Bench, fault: Fault) -> None:
    scheduled.account.will("cancel", fault)
    assert _stop(scheduled, SALE_ONLY).is_complete
    (send,) = scheduled.record().sends
    # of a cancel that was never answered nobody can say that it was ours: once released, a person decides
    by = CANCELLED_ELSEWHERE if fault is LOST else None
    assert (send.phase, send.reason, scheduled.account.texts()) == (SendPhase.CANCELLED, by, ["Bye", "Bye"])


def test_one_that_cannot_be_cancelled_does_not_keep_the_others(scheduled: Bench) -> None:
    scheduled.account.will("cancel", UNREACHED, None, UNREACHED)
    outcome = _stop(scheduled)
    assert outcome.messages == (Stopped("other", "m1", None, "no connection"), Stopped("sale", "m2", DONE))
    assert (outcome.is_complete, scheduled.account.texts()) == (False, ["Bye", "Bye"])


def test_while_an_apply_runs_it_is_cancelled_all_the_same_and_said_to_be_unwritten(scheduled: Bench) -> None:
    scheduled.ledger.is_locked = True
    before = scheduled.state
    outcome = _stop(scheduled)
    assert (outcome, outcome.is_complete) == (StopOutcome((), written=False), False)
    assert (scheduled.account.texts(), scheduled.state) == ([], before)


def test_an_apply_that_runs_sends_nothing_more_once_it_is_stopped(bench: Bench) -> None:
    """It holds the lock; the stop comes while its first request is on its way."""

    def stopped_meanwhile() -> None:
        bench.account.on_send = lambda: None
        bench.ledger.is_locked = True
        stop(bench.ledger, EVERYTHING, bench.state, bench.tools)
        bench.ledger.is_locked = False

    bench.account.on_send = stopped_meanwhile
    assert told(bench.apply(SALE, OTHER)) == {"other": "done", "sale": "blocked"}
    assert bench.posts == ["send Bye"]
    assert _stop(bench).is_complete
    assert bench.account.texts() == []


def test_a_message_that_somebody_cancelled_before_the_stop_is_not_ours_to_send_again(scheduled: Bench) -> None:
    scheduled.account.set("m2", RemotePhase.CANCELLED)
    assert _stop(scheduled).is_complete
    scheduled.ledger.freeze = Freeze()
    assert scheduled.plan(SALE, OTHER).actions[1].reason is Reason.CANCELLED_ELSEWHERE


def test_a_stop_that_could_not_be_written_down_is_written_down_by_the_next(scheduled: Bench) -> None:
    """As the command says: run the same stop again. A release then lets it go out."""
    scheduled.ledger.is_locked = True
    _stop(scheduled)
    scheduled.ledger.is_locked = False
    _stop(scheduled)
    scheduled.ledger.freeze = Freeze()
    assert scheduled.plan(SALE, OTHER).blocked == ()


@pytest.mark.parametrize("phase", [SendPhase.UNKNOWN, SendPhase.INTENDED])
def test_an_unknown_send_makes_a_stop_incomplete(bench: Bench, phase: SendPhase) -> None:
    bench.remember(remembered(SALE, phase))
    assert not _stop(bench).is_complete


# --- the freeze -------------------------------------------------------------------------------------------------------

NAMES = frozenset({"sale"})
STOPPED = Freeze(campaigns=NAMES, since=NOW, by="ann@host")


@pytest.mark.parametrize(
    ("former", "names", "everything", "expected"),
    [
        (Freeze(), ["sale"], False, STOPPED),
        (Freeze(), [], True, Freeze(everything=True, since=NOW, by="ann@host")),
        (STOPPED, ["other"], False, replace(STOPPED, campaigns=frozenset({"sale", "other"}))),
        (STOPPED, [], True, replace(STOPPED, everything=True)),
        (
            replace(STOPPED, everything=True),
            ["other"],
            False,
            replace(STOPPED, everything=True, campaigns=frozenset({"sale", "other"})),
        ),
    ],
)
def test_a_stop_adds_to_what_is_stopped(former: Freeze, names: list[str], everything: bool, expected: Freeze) -> None:
    later = NOW if former == Freeze() else NOW + timedelta(days=1)
    assert frozen(former, names, everything=everything, moment=later, by="ann@host") == expected


@pytest.mark.parametrize(
    ("former", "names", "covered"),
    [
        (STOPPED, [], set()),
        (STOPPED, ["sale"], set()),
        (STOPPED, ["other"], {"sale"}),
        (replace(STOPPED, campaigns=frozenset({"sale", "other"})), ["sale"], {"other"}),
        (EVERYTHING, [], set()),
    ],
)
def test_a_release_takes_away_from_it(former: Freeze, names: list[str], covered: set[str]) -> None:
    freeze = released(former, names)
    assert {name for name in ("sale", "other") if freeze.covers(name)} == covered
    assert freeze.is_active is bool(covered)


def test_a_name_released_from_a_stop_of_everything_stays_so_until_it_is_stopped_again() -> None:
    freeze = released(EVERYTHING, ["sale"])
    assert (freeze.covers("sale"), freeze.covers("other")) == (False, True)
    again = frozen(freeze, ["sale"], everything=False, moment=NOW, by="ann@host")
    assert again.covers("sale")
    assert frozen(freeze, [], everything=True, moment=NOW, by="ann@host").covers("sale")
