"""Which message on the account could be one of ours. Each row breaks one thing that has to be equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.observation import RemoteMessage, RemotePhase
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.matching import (
    AT_ONCE_WINDOW,
    CLOCK_SLACK,
    NOW_MEMORY,
    Suspect,
    desired_key,
    record_key,
    suspects_of_record,
    suspects_of_send,
)

from .scenes import AT_ONCE, ELEVEN, KEY, NOW, SOON, TEN, Manifest, manifest, message, people, remembered

NOBODY: frozenset[str] = frozenset()
SALE, DAILY, HASTY = manifest(), manifest(when=SOON), manifest(when=AT_ONCE)
GROUP = manifest(to=(), contact_groups=(5,))
INTENDED = NOW - timedelta(hours=1)
A_SECOND = timedelta(seconds=1)


def _of_record(told: Manifest, found: RemoteMessage, claimed: frozenset[str] = NOBODY, **more: Any) -> list[Suspect]:
    (record,) = remembered(told, SendPhase.UNKNOWN, **more).sends
    return list(suspects_of_record(told.name, record, [found], claimed, KEY))


def _of_send(
    told: Manifest, found: RemoteMessage, claimed: frozenset[str] = NOBODY, key: HashKey = KEY
) -> list[Suspect]:
    (send,) = told.sends()
    return list(suspects_of_send(told.name, send, [found], claimed, key, NOW))


def test_a_suspect_carries_what_its_people_are_compared_with() -> None:
    (send,) = SALE.sends()
    (record,) = remembered(SALE, SendPhase.UNKNOWN).sends
    found = message(SALE, "Hello")
    people_of = (3, people(1, 2, 3).digest(KEY.secret), people(1, 2, 3).sample(KEY.secret, 50))
    assert _of_record(SALE, found) == [Suspect(record_key("sale", record), found, *people_of)]
    assert _of_send(SALE, found) == [Suspect(desired_key("sale", send), found, *people_of)]


def test_the_same_send_recorded_and_wanted_goes_by_two_names() -> None:
    (send,) = SALE.sends()
    (record,) = remembered(SALE, SendPhase.UNKNOWN).sends
    assert record_key("sale", record) != desired_key("sale", send)


BREAKS: dict[str, dict[str, Any]] = {
    "another sender": {"sender": "SiamShop"},
    "no sender": {"sender": None},
    "another text": {"content": "Hello "},
    "no text": {"content": None},
    "fewer people": {"recipients": 2},
    "more people": {"recipients": 4},
    "another hour": {"scheduled_at": ELEVEN.at},
    "a second later": {"scheduled_at": TEN.at + A_SECOND},
    "no time": {"scheduled_at": None},
}
BENDS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a count that is not said": {"recipients": None},
    "milliseconds": {"scheduled_at": TEN.at + timedelta(milliseconds=400)},
    "another price": {"credits": 99},
}


@pytest.mark.parametrize("why", BREAKS)
def test_what_differs_is_not_ours(why: str) -> None:
    found = replace(message(SALE, "Hello"), **BREAKS[why])
    assert (_of_record(SALE, found), _of_send(SALE, found)) == ([], [])


@pytest.mark.parametrize("why", BENDS)
def test_what_need_not_be_equal_may_differ(why: str) -> None:
    found = replace(message(SALE, "Hello"), **BENDS[why])
    assert (len(_of_record(SALE, found)), len(_of_send(SALE, found))) == (1, 1)


def test_a_claimed_message_is_nobody_elses() -> None:
    found, claimed = message(SALE, "Hello"), frozenset({"by hand"})
    assert (_of_record(SALE, found, claimed), _of_send(SALE, found, claimed)) == ([], [])


@pytest.mark.parametrize("phase", RemotePhase)
def test_an_unknown_send_may_have_ended_anyhow_but_only_live_messages_stand_in_the_way(phase: RemotePhase) -> None:
    found = message(SALE, "Hello", phase=phase)
    is_over = phase in (RemotePhase.CANCELLED, RemotePhase.FAILED)
    assert (len(_of_record(SALE, found)), len(_of_send(SALE, found))) == (1, 0 if is_over else 1)


def test_under_another_key_no_text_is_the_same() -> None:
    assert _of_send(SALE, message(SALE, "Hello"), key=HashKey.of_secret("other")) == []


def test_a_text_nobody_here_knows_matches_nothing() -> None:
    (send,) = SALE.sends()
    assert _of_record(SALE, message(SALE, "Hello"), text_digest=None) == []
    assert not list(
        suspects_of_send("sale", replace(send, text_digest=None), [message(SALE, "Hello")], NOBODY, KEY, NOW)
    )


def test_the_size_of_a_contact_group_is_not_compared() -> None:
    found = replace(message(GROUP, "Hello"), recipients=4321)
    assert (len(_of_record(GROUP, found)), len(_of_send(GROUP, found))) == (1, 1)


@pytest.mark.parametrize(
    ("created_at", "is_suspect"),
    [
        (INTENDED - CLOCK_SLACK, True),
        (INTENDED - CLOCK_SLACK - A_SECOND, False),
        (NOW, True),
        (None, True),
    ],
)
def test_a_scheduled_message_that_is_older_than_its_intent_is_not_it(
    created_at: datetime | None, is_suspect: bool
) -> None:
    assert bool(_of_record(SALE, message(SALE, "Hello", created_at=created_at))) is is_suspect


@pytest.mark.parametrize(
    ("created_at", "is_suspect"),
    [
        (INTENDED - CLOCK_SLACK, True),
        (INTENDED - CLOCK_SLACK - A_SECOND, False),
        (INTENDED + AT_ONCE_WINDOW, True),
        (INTENDED + AT_ONCE_WINDOW + A_SECOND, False),
        (None, False),
    ],
)
def test_what_leaves_at_once_was_made_about_when_it_was_intended(created_at: datetime | None, is_suspect: bool) -> None:
    assert bool(_of_record(HASTY, message(HASTY, "Hello", created_at=created_at))) is is_suspect


@pytest.mark.parametrize(
    ("phase", "created_at", "is_suspect"),
    [
        (RemotePhase.CANCELLED, INTENDED - A_SECOND, False),
        (RemotePhase.FAILED, INTENDED - A_SECOND, False),
        (RemotePhase.SCHEDULED, INTENDED - A_SECOND, True),
        (RemotePhase.CANCELLED, INTENDED, True),
        (RemotePhase.CANCELLED, None, True),
    ],
)
def test_what_was_over_before_the_intent_is_an_earlier_message(
    phase: RemotePhase, created_at: datetime | None, is_suspect: bool
) -> None:
    """An edit that was taken back leaves a cancelled message with the same text, time and people."""
    assert bool(_of_record(SALE, message(SALE, "Hello", phase=phase, created_at=created_at))) is is_suspect


@pytest.mark.parametrize(
    ("scheduled_at", "is_suspect"),
    [(None, True), (NOW + CLOCK_SLACK, True), (NOW + CLOCK_SLACK + A_SECOND, False), (TEN.at, False)],
)
def test_what_leaves_at_once_was_not_scheduled_for_later(scheduled_at: datetime | None, is_suspect: bool) -> None:
    """Some accounts show the moment it left as its time."""
    found = message(HASTY, "Hello", created_at=NOW, scheduled_at=scheduled_at)
    assert bool(_of_record(HASTY, found)) is is_suspect


def test_how_long_clocks_may_differ_and_what_is_remembered_of_a_now() -> None:
    """Contract, section 8.9: a day. Wider windows hold back more, narrower ones find less."""
    assert (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=24)) == (CLOCK_SLACK, AT_ONCE_WINDOW, NOW_MEMORY)


def test_a_now_with_an_undo_window_is_recognised_by_its_absolute_time() -> None:
    found = message(DAILY, "Hello", scheduled_at=INTENDED + timedelta(minutes=10))
    assert _of_record(DAILY, found)
    assert not _of_record(DAILY, replace(found, scheduled_at=INTENDED + timedelta(minutes=20)))


@pytest.mark.parametrize(
    ("created_at", "is_suspect"),
    [(NOW, True), (NOW - NOW_MEMORY, True), (NOW - NOW_MEMORY - A_SECOND, False), (None, False)],
)
def test_a_now_stands_in_the_way_of_another_for_a_day(created_at: datetime | None, is_suspect: bool) -> None:
    assert bool(_of_send(DAILY, message(DAILY, "Hello", created_at=created_at))) is is_suspect
