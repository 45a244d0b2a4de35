"""Looking for the message of an unknown send: adopted only if exactly one is certain, never "not sent" by waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.reconcile.settle import WAITS, settle
from tests.planning.scenes import manifest, people, remembered

from .bench import DROPPED, LOST, Bench, late

if TYPE_CHECKING:
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord

SALE = manifest()
UNKNOWN = remembered(SALE, SendPhase.UNKNOWN)
(RECORD,) = UNKNOWN.sends


@pytest.fixture
def unknown(bench: Bench) -> Bench:
    """One send is unknown."""
    bench.remember(UNKNOWN)
    return bench


def _settle(bench: Bench, record: SendRecord = RECORD) -> SendRecord:
    return settle("sale", record, bench.journal(), bench.tools)


@pytest.mark.parametrize(
    ("remote", "phase"),
    [
        (RemotePhase.SCHEDULED, SendPhase.SCHEDULED),
        (RemotePhase.PENDING, SendPhase.STARTED),
        (RemotePhase.SENT, SendPhase.SENT),
        (RemotePhase.FAILED, SendPhase.FAILED),
        (RemotePhase.CANCELLED, SendPhase.CANCELLED),
    ],
)
def test_exactly_one_message_is_adopted_as_what_it_is(unknown: Bench, remote: RemotePhase, phase: SendPhase) -> None:
    unknown.account.set(unknown.account.by_hand(SALE, "Hello"), remote)
    settled = _settle(unknown)
    assert (settled.phase, settled.uuid, unknown.record().sends) == (phase, "m1", (settled,))


@pytest.mark.parametrize("looks", range(1, len(WAITS) + 1))
def test_a_listing_that_lags_is_waited_for(bench: Bench, looks: int) -> None:
    bench.account.will("send", late(seconds=sum(WAITS[:looks])))
    bench.apply(SALE)
    assert (bench.phases(), bench.clock.slept) == ({"Hello": "scheduled"}, list(WAITS[:looks]))


def test_it_is_waited_for_within_a_bound(bench: Bench) -> None:
    bench.account.will("send", late(seconds=sum(WAITS) + 1))
    bench.apply(SALE)
    assert (bench.phases(), bench.clock.slept) == ({"Hello": "unknown"}, list(WAITS))


def test_two_messages_are_neither_and_are_not_waited_for(unknown: Bench) -> None:
    for _ in range(2):
        unknown.account.by_hand(SALE, "Hello")
    assert (_settle(unknown), unknown.clock.slept) == (RECORD, [WAITS[0]])
    assert unknown.trace == []


def test_a_message_to_others_is_not_it(unknown: Bench) -> None:
    unknown.account.by_hand(SALE, "Hello", people(4, 5, 6))
    assert _settle(unknown) is RECORD


def test_of_two_messages_the_one_to_the_same_people_is_it(unknown: Bench) -> None:
    unknown.account.by_hand(SALE, "Hello", people(4, 5, 6))
    unknown.account.by_hand(SALE, "Hello")
    assert _settle(unknown).uuid == "m2"


def test_people_that_cannot_be_read_yet_are_not_certain(unknown: Bench) -> None:
    unknown.account.by_hand(SALE, "Hello")
    unknown.account.hides_recipients = True
    assert _settle(unknown) is RECORD


def test_a_message_that_another_send_is_is_not_it(bench: Bench) -> None:
    bench.remember(UNKNOWN, remembered(manifest("other", "Bye", (9,)), SendPhase.SENT, uuid="m1"))
    bench.account.by_hand(SALE, "Hello")
    assert _settle(bench) is RECORD


def _twin(phase: SendPhase) -> CampaignRecord:
    return remembered(manifest("twin", revision=2), phase)


def test_a_message_that_another_unknown_send_could_be_is_not_taken_from_it(bench: Bench) -> None:
    bench.remember(UNKNOWN, _twin(SendPhase.UNKNOWN))
    bench.account.by_hand(SALE, "Hello")
    assert _settle(bench) is RECORD


def test_an_unknown_send_to_others_does_not_stand_in_the_way(bench: Bench) -> None:
    """Same sender, text, time and count, but its people are not those of the message."""
    bench.remember(UNKNOWN, remembered(manifest("twin", to=(4, 5, 6)), SendPhase.UNKNOWN))
    bench.account.by_hand(SALE, "Hello")
    assert _settle(bench).uuid == "m1"


@pytest.mark.parametrize("phase", [SendPhase.FAILED, SendPhase.CANCELLED])
def test_a_send_that_is_settled_does_not_stand_in_the_way(bench: Bench, phase: SendPhase) -> None:
    bench.remember(UNKNOWN, _twin(phase))
    bench.account.by_hand(SALE, "Hello")
    assert _settle(bench).uuid == "m1"


def test_an_earlier_message_of_ours_that_was_cancelled_is_not_it(bench: Bench) -> None:
    """Edited, taken back, and the answer to the second original lost: the first must not be taken for it."""
    for version in (SALE, manifest(text="Hi")):
        bench.apply(version)
        bench.clock.moment += timedelta(seconds=1)
    bench.account.will("send", LOST)
    bench.apply(SALE)
    assert bench.phases()["Hello"] == "scheduled"
    assert {send.uuid for send in bench.record().current} == {"m3"}


def test_an_account_that_cannot_be_read_settles_nothing(unknown: Bench) -> None:
    unknown.account.by_hand(SALE, "Hello")
    unknown.account.will("messages", *[DROPPED] * len(WAITS))
    assert _settle(unknown) is RECORD
    assert _settle(unknown).uuid == "m1"


def test_a_text_only_me_sms_knows_settles_nothing(unknown: Bench) -> None:
    unknown.account.by_hand(SALE, "Hello")
    record = replace(RECORD, text_digest=None)
    assert _settle(unknown, record) is record
