"""The plan as one value: its figures, its digest, and how long it is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.observation import Quote
from mesms_gitops.model.plan import VERBS, Change, Summary
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.assemble import PLAN_LIFETIME, action_digest, assemble, step_digests, summarise
from mesms_gitops.planning.canonical import sha256_of
from mesms_gitops.planning.cost import cost_classes, priced

from .scenes import ELEVEN, NOW, SOON, TEN, Scene, manifest, message, remembered, state_of

if TYPE_CHECKING:
    from mesms_gitops.model.plan import Action, Plan

SALE, OTHER = manifest(), manifest("other", "Bye", (7, 8))
SCHEDULED = remembered(SALE, SendPhase.SCHEDULED)


def _plan(*actions: Action, balance: int | None = None) -> Plan:
    return assemble(
        actions,
        summary=summarise(actions, balance),
        refusals=(),
        diagnostics=(),
        now=NOW,
        state=state_of(),
        commit=None,
        offline=False,
    )


def _of(scene: Scene) -> Plan:
    return _plan(*(priced(action, {}) for action in scene.actions()))


# --- figures ----------------------------------------------------------------------------------------------------------


def test_a_plan_in_figures() -> None:
    """One campaign of every kind: only what is sent costs, what is cancelled or replaced comes back."""
    kept, sent = manifest("kept", "Kept", (1,)), manifest("sent", "Sent", (2,))
    edited = manifest("edited", "Now longer than it was before: " + "x" * 150, (3, 4))
    records = (
        remembered(kept, SendPhase.SCHEDULED),
        remembered(sent, SendPhase.SENT),
        remembered(manifest("edited", "Short", (3, 4)), SendPhase.SCHEDULED),
        remembered(manifest("gone", "Gone", (5, 6, 7)), SendPhase.SCHEDULED),
        remembered(manifest("past", "Past", (8,)), SendPhase.SENT),
        remembered(manifest("lost", "Lost", (9,)), SendPhase.UNKNOWN),
        remembered(manifest("found", "Found", (10,)), SendPhase.UNKNOWN),
    )
    now, new = manifest("now", "Hello", (11, 12), when=SOON), manifest("new", "Hello", (13,))
    found = manifest("found", "Found", (10,))
    scene = Scene((kept, sent, edited, now, new, found), records, listing=(message(found, "Found"),))
    assert summarise([priced(action, {}) for action in scene.actions()], balance=100) == Summary(
        counts=tuple(zip(VERBS, (1, 1, 1, 1, 1, 1, 2, 1), strict=True)),
        recipients=2 + 1 + 2,
        requests=3,
        credits=2 + 1 + 4,
        refund=2 + 3,
        balance=100,
        balance_after=100 - 7 + 5,
    )


def test_without_an_account_there_is_no_balance() -> None:
    assert summarise([], None) == Summary(tuple((verb, 0) for verb in VERBS), 0, 0, 0, 0, None, None)


# --- digest -----------------------------------------------------------------------------------------------------------

INTENTS = {
    "new": Scene((SALE,)),
    "another campaign": Scene((manifest("spring"),)),
    "another sender": Scene((manifest(sender="SiamShop"),)),
    "another text": Scene((manifest(text="Hi"),)),
    "other people": Scene((manifest(to=(1, 2)),)),
    "another time": Scene((manifest(when=ELEVEN),)),
    "now": Scene((manifest(when=SOON),)),
    "another revision": Scene((manifest(revision=2),)),
    "one campaign more": Scene((SALE, OTHER)),
    "a replace": Scene((manifest(text="Hi"),), (SCHEDULED,)),
    "a replace of another": Scene((manifest(text="Hi"),), (remembered(manifest(text="Hey"), SendPhase.SCHEDULED),)),
    "a cancel": Scene((), (SCHEDULED,)),
    "a rename": Scene((manifest("spring", moved_from="sale"),), (SCHEDULED,)),
    "a rename of another": Scene((manifest("spring", moved_from="old"),), (replace(SCHEDULED, name="old"),)),
    "an adoption": Scene((SALE,), (remembered(SALE, SendPhase.UNKNOWN),), listing=(message(SALE, "Hello"),)),
    "a name let go": Scene((), (remembered(SALE, SendPhase.SENT),)),
    "nothing": Scene(),
}


def test_whatever_is_intended_otherwise_has_another_digest() -> None:
    digests = {_of(scene).digest for scene in INTENTS.values()}
    assert len(digests) == len(INTENTS)


NOTHING_DIFFERENT = {
    "what is kept": (Scene((SALE,), (SCHEDULED,)), Scene()),
    "what is blocked": (Scene((SALE,), (remembered(SALE, SendPhase.UNKNOWN),)), Scene()),
    "the order of the files": (Scene((SALE, OTHER)), Scene((OTHER, SALE))),
    "the hour of planning": (Scene((SALE,)), Scene((SALE,), now=NOW + timedelta(hours=1))),
    "why it is sent": (Scene((SALE,)), Scene((SALE,), (remembered(SALE, SendPhase.FAILED),))),
}


@pytest.mark.parametrize("scenes", NOTHING_DIFFERENT.values(), ids=NOTHING_DIFFERENT.keys())
def test_what_is_not_intended_does_not_count(scenes: tuple[Scene, Scene]) -> None:
    one, other = scenes
    assert _of(one).digest == _of(other).digest


def test_prices_the_balance_and_findings_may_move_without_another_digest() -> None:
    (action,) = Scene((SALE,)).actions()
    quotes = {found.key: Quote(5, 99, 4_321) for found in cost_classes([action])}
    shown = replace(action, message="other words", changes=(Change("content", "a", "b"),), schedule_text="later")
    digests = {
        _plan(one, balance=n).digest
        for n, one in enumerate((action, priced(action, {}), priced(action, quotes), shown))
    }
    assert digests == {_plan(action).digest}


def test_a_digest_is_that_of_its_actions() -> None:
    plan = _of(Scene((OTHER, SALE), (SCHEDULED,)))
    (new, kept) = plan.actions
    assert plan.steps == tuple(("other", digest) for digest in step_digests(new))
    assert plan.digest == sha256_of([action_digest(new)])
    assert kept.verb == "keep"


# --- how long it is good ----------------------------------------------------------------------------------------------

IN_AN_HOUR = replace(TEN, at=NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("scene", "expires_in"),
    [
        (Scene(), PLAN_LIFETIME),
        (Scene((SALE,)), PLAN_LIFETIME),
        (Scene((manifest(when=SOON),)), PLAN_LIFETIME),
        (Scene((manifest(when=IN_AN_HOUR), OTHER)), timedelta(hours=1)),
        (
            Scene((manifest(when=IN_AN_HOUR),), (remembered(manifest(when=IN_AN_HOUR), SendPhase.SCHEDULED),)),
            PLAN_LIFETIME,
        ),
        (Scene((), (remembered(manifest(when=IN_AN_HOUR), SendPhase.SCHEDULED),)), timedelta(hours=1)),
        (Scene((), (remembered(SALE, SendPhase.SCHEDULED, scheduled_at=NOW - timedelta(hours=1)),)), PLAN_LIFETIME),
    ],
    ids=["empty", "far off", "now", "within the hour", "kept", "a cancel within the hour", "a cancel that may be late"],
)
def test_a_plan_is_good_for_a_day_or_until_its_first_hour(scene: Scene, expires_in: timedelta) -> None:
    assert _of(scene).expires_at == NOW + expires_in


def test_the_lifetime_of_a_plan_is_the_contracts() -> None:
    assert timedelta(hours=24) == PLAN_LIFETIME


def test_a_plan_says_what_it_was_based_on() -> None:
    plan = _of(Scene((SALE,)))
    assert (plan.lineage, plan.serial, plan.created_at) == (state_of().lineage, 7, NOW)
