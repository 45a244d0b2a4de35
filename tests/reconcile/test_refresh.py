"""Reading what became of what was sent; only sends that can still change are asked about."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from mesms_gitops.errors import NoAnswer
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.situation import CANCELLED_ELSEWHERE, GONE
from mesms_gitops.reconcile.refresh import can_still_change, refresh
from tests.planning.scenes import manifest, remembered

from .bench import DROPPED, Bench

P, R = SendPhase, RemotePhase
SALE, OTHER = manifest(), manifest("other", "Bye", (7, 8))


@pytest.mark.parametrize(
    ("phase", "delivery", "expected"),
    [
        (P.INTENDED, {}, False),
        (P.UNKNOWN, {}, False),
        (P.FAILED, {}, False),
        (P.CANCELLED, {}, False),
        (P.SCHEDULED, {}, True),
        (P.STARTED, {}, True),
        (P.STARTED, {"success": 3}, True),
        (P.SENT, {}, True),
        (P.SENT, {"pending": 3}, True),
        (P.SENT, {"success": 1, "failed": 1, "pending": 1}, True),
        (P.SENT, {"success": 1, "failed": 1, "expired": 1}, False),
        (P.SENT, {"success": 3}, False),
    ],
)
def test_a_send_is_asked_about_until_everybody_has_a_final_result(
    phase: SendPhase, delivery: dict[str, int], expected: bool
) -> None:
    (record,) = remembered(SALE, phase, delivery=MappingProxyType(delivery)).sends
    assert can_still_change(record) is expected


SEEN = {
    R.SCHEDULED: (P.SCHEDULED, {}, None),
    R.PENDING: (P.STARTED, {"pending": 3}, None),
    R.SENT: (P.SENT, {"pending": 3}, None),
    R.FAILED: (P.FAILED, {"pending": 3}, None),
    R.CANCELLED: (P.CANCELLED, {}, CANCELLED_ELSEWHERE),
}


@pytest.mark.parametrize("remote", SEEN)
def test_one_look(bench: Bench, remote: RemotePhase) -> None:
    """Phase, counts by delivery state, and whose doing it was; nothing is posted and nothing written."""
    bench.apply(SALE)
    before = bench.state
    bench.trace.clear()
    phase, delivery, reason = SEEN[remote]
    bench.account.set("m1", remote, **delivery)
    (record,) = bench.record().sends
    newer = refresh(before, bench.account, bench.teller)
    expected = replace(record, phase=phase, delivery=MappingProxyType(delivery), reason=reason)
    assert newer == before.with_campaign(bench.record().with_send(expected))
    assert bench.trace == []


def test_counts_come_from_the_first_page_of_recipients_while_the_message_has_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.apply(SALE)
    bench.account.set("m1", R.PENDING, success=2, pending=1)
    whole = bench.account.message("m1")
    assert whole is not None
    monkeypatch.setattr(bench.account, "message", lambda _: replace(whole, delivery=MappingProxyType({})))
    bench.account.reads.clear()
    (send,) = refresh(bench.state, bench.account, bench.teller).campaigns["sale"].sends
    assert (dict(send.delivery), list(send.delivery)) == ({"success": 2, "pending": 1}, ["pending", "success"])
    assert bench.account.reads == ["recipients m1 after 0"]


def test_a_message_nobody_knows_is_gone(bench: Bench) -> None:
    bench.apply(SALE)
    bench.account.messages_by_uuid.clear()
    (send,) = refresh(bench.state, bench.account, bench.teller).campaigns["sale"].sends
    assert (send.phase, send.reason) == (P.SCHEDULED, GONE)


def test_where_nothing_moved_the_state_is_the_same(bench: Bench) -> None:
    bench.apply(SALE, OTHER)
    assert refresh(bench.state, bench.account, bench.teller) == bench.state


def test_named_campaigns_are_read_alone(bench: Bench) -> None:
    bench.apply(SALE, OTHER)
    bench.account.reads.clear()
    refresh(bench.state, bench.account, bench.teller, ["other"])
    assert bench.account.reads == ["message m1"]


def test_people_are_told_how_far_it_is(bench: Bench) -> None:
    bench.apply(SALE, OTHER)
    bench.teller.said.clear()
    refresh(bench.state, bench.account, bench.teller)
    assert bench.teller.said == ["reading other (1 of 2)", "reading sale (2 of 2)"]


def test_an_account_that_cannot_be_read_is_an_error(bench: Bench) -> None:
    bench.apply(SALE)
    bench.account.will("message", DROPPED)
    with pytest.raises(NoAnswer):
        refresh(bench.state, bench.account, bench.teller)


def test_what_has_started_is_not_unmade_by_a_message_nobody_knows(bench: Bench) -> None:
    bench.remember(remembered(SALE, P.STARTED))
    assert refresh(bench.state, bench.account, bench.teller) == bench.state


def test_counts_of_the_message_are_enough(bench: Bench) -> None:
    bench.apply(SALE)
    bench.account.set("m1", R.SENT, success=3)
    bench.account.reads.clear()
    refresh(bench.state, bench.account, bench.teller)
    assert bench.account.reads == ["message m1"]


def test_what_is_final_is_not_read(bench: Bench) -> None:
    bench.remember(remembered(SALE, P.SENT, delivery=MappingProxyType({"success": 3})))
    refresh(bench.state, bench.account, bench.teller)
    assert bench.account.reads == []


def test_a_contact_group_whose_size_is_not_known_is_read_until_it_has_counts() -> None:
    (record,) = remembered(SALE, P.SENT, recipients=0).sends
    assert can_still_change(record)
    assert not can_still_change(replace(record, delivery=MappingProxyType({"success": 9})))
