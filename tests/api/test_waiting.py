"""Requests keep their distance; waits are as long as asked for, and end."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.api.waiting import (
    EFFECT,
    LONGEST_BACKOFF,
    Clock,
    Pace,
    Patience,
    ServerClock,
    http_date,
    seconds_asked,
)
from mesms_gitops.errors import NotReached, RateLimited

from .conftest import NOON, StillClock


def test_requests_are_spaced_evenly(still: StillClock) -> None:
    pace = Pace(5.0, still.as_clock)
    for _ in range(3):
        pace.wait()
    assert still.waits == [pytest.approx(0.2), pytest.approx(0.2)]
    still.passed += 10  # idle time is not saved up for a burst
    pace.wait()
    pace.wait()
    assert still.waits[2:] == [pytest.approx(0.2)]


def test_threads_share_one_pace(still: StillClock) -> None:
    pace = Pace(10.0, Clock(monotonic=lambda: 0.0, sleep=still.waits.append))
    threads = [threading.Thread(target=pace.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(still.waits) == [pytest.approx(n / 10) for n in range(1, 5)]


@given(st.floats(0, 299), st.floats(0, 1), st.integers(0, 6))
def test_a_wait_is_never_shorter_than_asked_nor_much_longer(asked: float, chance: float, before: int) -> None:
    patience = Patience(EFFECT, Clock(monotonic=lambda: 0.0, chance=lambda: chance))
    for _ in range(before):
        patience.after(RateLimited("x", retry_after=None))
    patience.hear(asked)
    wait = patience.after(RateLimited("x", retry_after=asked))
    assert wait is not None
    assert wait >= asked
    assert wait <= max(asked + 1, LONGEST_BACKOFF)


@given(st.floats(0, 1))
def test_backoff_grows_with_chance_in_it_and_ends(chance: float) -> None:
    patience = Patience(EFFECT, Clock(monotonic=lambda: 0.0, chance=lambda: chance))
    waits = [patience.after(RateLimited("x", retry_after=None)) for _ in range(8)]
    assert waits[-1] is None
    full = [0.5, 1, 2, 4, 8, 16, 30]
    assert all(wait is not None and most / 2 <= wait <= most for wait, most in zip(waits, full, strict=False))


def test_what_was_asked_counts_once() -> None:
    patience = Patience(EFFECT, StillClock().as_clock)
    patience.hear(40.0)
    assert patience.after(RateLimited("x", retry_after=40.0)) == 40.0
    assert patience.after(NotReached("x")) == 0.25


def test_other_errors_end_it() -> None:
    assert Patience(EFFECT, StillClock().as_clock).after(KeyboardInterrupt()) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("-3", None),
        ("soon", None),
        ("", None),
        (".", None),
        ("1" * 400, float("inf")),
        ("๕", None),
        ("Sat, 10 Apr 2027 05:01:00 GMT", 60.0),
        ("Sat, 10 Apr 2027 04:00:00 GMT", 0.0),
        ("Saturday, 10-Apr-27 05:01:00 GMT", 60.0),
        ("Sat, 99 Apr 2027 05:01:00 GMT", None),
    ],
)
def test_retry_after_in_both_its_forms(text: str | None, seconds: float | None) -> None:
    assert seconds_asked(text, NOON) == seconds


@given(st.text())
def test_no_header_breaks_a_clock(text: str) -> None:
    asked = seconds_asked(text, NOON)
    assert asked is None or asked >= 0
    clock = ServerClock(StillClock().as_clock)
    clock.hear(text)
    now = clock.now()
    assert now is None or now.tzinfo is UTC


def test_a_date_beyond_the_end_of_time_is_none() -> None:
    assert http_date("Fri, 31 Dec 9999 23:59:59 -2300") is None


def test_a_date_of_no_zone_is_utc() -> None:
    assert http_date("Sat, 10 Apr 2027 05:00:00 -0000") == NOON


def test_a_clock_at_the_end_of_time_stands_still(still: StillClock) -> None:
    clock = ServerClock(still.as_clock)
    clock.hear("Fri, 31 Dec 9999 23:59:59 GMT")
    still.passed += 60
    assert clock.now() == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
