"""Looking for drift: with the requests a plan makes anyway, and one look around where it makes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import MessageClass
from mesms_gitops.model.holidays import NO_HOLIDAYS, Holidays
from mesms_gitops.model.observation import RemotePhase, SenderName
from mesms_gitops.model.sends import SendPhase
from tests.planning.scenes import SOON, manifest, people, remembered

if TYPE_CHECKING:
    from tests.planning.scenes import Manifest

    from .bench import Bench

SALE, OTHER = manifest(), manifest("other", "Other", (7, 8), sender="SiamShop")


def approve_all(bench: Bench) -> None:
    """Both senders may be used."""
    bench.account.approved = tuple(SenderName(name, approved=True) for name in ("SiamCoffee", "SiamShop"))


def marketing(name: str) -> Manifest:
    """A campaign whose class has a stance on holidays."""
    to = (len(name), len(name) + 5)
    return manifest(name, name, to, when=SOON, message_class=MessageClass.MARKETING)


def test_a_look_around_lists_each_sender_with_a_live_message_once(bench: Bench) -> None:
    """And no sender of which everything has left."""
    approve_all(bench)
    bench.apply(SALE, OTHER)
    old = manifest("old", "Old", (9,), sender="SiamTea")
    bench.remember(*bench.state.campaigns.values(), remembered(old, SendPhase.SENT))
    bench.account.reads.clear()
    plan = bench.prepared(SALE, OTHER, old, look_around=True).plan
    assert bench.account.reads == [
        "balance",
        "message m1",
        "message m2",
        "messages SiamCoffee scheduled p1",
        "messages SiamShop scheduled p1",
    ]
    assert plan.drift == ()


def test_a_sender_that_was_listed_to_send_is_not_listed_again(bench: Bench) -> None:
    """What was listed to find doubles shows drift as well."""
    bench.apply(SALE)
    bench.account.by_hand(SALE, "Hello", people(40))
    bench.account.reads.clear()
    plan = bench.prepared(SALE, manifest("new", "New", (5,)), look_around=True).plan
    assert [read for read in bench.account.reads if read.startswith("messages")] == ["messages SiamCoffee scheduled p1"]
    assert [(one.campaign, one.kind.value, one.uuid) for one in plan.drift] == [("sale", "unknown_message", "m2")]


def test_without_a_look_around_no_request_is_added_and_what_was_read_is_still_shown(bench: Bench) -> None:
    """An apply asks for what it needs, and no more."""
    bench.apply(SALE)
    bench.account.set("m1", RemotePhase.CANCELLED)
    bench.account.reads.clear()
    plan = bench.plan(SALE)
    assert bench.account.reads == ["balance", "message m1"]
    (found,) = plan.drift
    assert (found.kind.value, found.blocks) == ("cancelled_elsewhere", True)
    assert (found.recorded.phase, found.observed and found.observed.phase) == ("scheduled", "cancelled")


def test_what_an_apply_has_written_down_is_no_drift_any_more(bench: Bench) -> None:
    """The campaign stays blocked all the same."""
    bench.apply(SALE)
    bench.account.set("m1", RemotePhase.CANCELLED)
    bench.apply(SALE)
    plan = bench.plan(SALE)
    assert (plan.drift, [action.verb for action in plan.actions]) == ((), ["blocked"])


def test_drift_changes_neither_digest_nor_actions(bench: Bench) -> None:
    """A double to other people is shown beside the very plan that was approved."""
    bench.apply(SALE)
    new = manifest("new", "New", (5,))
    before = bench.prepared(SALE, new, look_around=True).plan
    bench.account.by_hand(SALE, "Hello", people(40))
    after = bench.prepared(SALE, new, look_around=True).plan
    assert after.drift != ()
    assert (before.digest, before.actions, before.steps) == (after.digest, after.actions, after.steps)


def test_offline_nothing_is_known_to_have_drifted(bench: Bench) -> None:
    """Nobody was asked."""
    bench.apply(SALE)
    bench.account.set("m1", RemotePhase.CANCELLED)
    assert bench.prepared(SALE, offline=True, look_around=True).plan.drift == ()


def test_a_target_shows_its_own_drift(bench: Bench) -> None:
    """What concerns others is theirs."""
    approve_all(bench)
    bench.apply(SALE, OTHER)
    bench.account.set("m1", RemotePhase.CANCELLED)
    bench.account.set("m2", RemotePhase.CANCELLED)
    plan = bench.prepared(SALE, OTHER, targets=["sale"]).plan
    assert [one.campaign for one in plan.drift] == ["sale"]


def test_holidays_are_asked_for_once_and_only_where_something_is_to_be_sent(bench: Bench) -> None:
    """With the years in which it leaves."""
    asked: list[frozenset[int]] = []

    def ask(years: frozenset[int]) -> Holidays:
        asked.append(years)
        return NO_HOLIDAYS

    told = marketing("one"), marketing("three")
    bench.prepared(*told, holidays=ask)
    bench.apply(*told)
    bench.prepared(*told, SALE, holidays=ask)
    assert asked == [frozenset({2027})]


def test_a_sender_whose_last_day_was_listed_is_not_listed_once_more(bench: Bench) -> None:
    """For a `now`: never two listings of one sender for the sake of showing."""
    bench.apply(SALE)
    bench.account.reads.clear()
    bench.prepared(SALE, manifest("new", "New", (5,), when=SOON), look_around=True)
    listed = [read for read in bench.account.reads if read.startswith("messages")]
    assert listed == ["messages SiamCoffee since 31 03:00 p1"]
