"""Time: how far apart requests are, how long to wait before one is repeated, and what the server's clock says."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from mesms_gitops.api.verdicts import is_transient
from mesms_gitops.errors import ConfigError, NotReached, RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """This machine's time and chance, so that a test can hold both: UTC, seconds that never go back, a wait, 0 to 1."""

    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Rules:
    """How often a request is repeated after each kind of failure, the longest wait, and the time for all of it (s)."""

    after_unreached: int
    after_limited: int
    after_unclear: int
    in_all: int
    longest_wait: float
    whole_time: float


EFFECT: Final = Rules(after_unreached=3, after_limited=7, after_unclear=0, in_all=10, longest_wait=300, whole_time=900)
"""A send or cancel: repeated only where it provably was not carried out (contract, section 8.3)."""
READ: Final = Rules(after_unreached=4, after_limited=4, after_unclear=4, in_all=4, longest_wait=65, whole_time=65)
"""A read or preview: repeated freely, yet a person is told after about a minute; a limit per minute fits in it."""

FIRST_BACKOFF: Final = 0.5
LONGEST_BACKOFF: Final = 30.0
_JITTER: Final = 0.25


class Patience:
    """Decides, failure by failure, how long one request waits before it is repeated, and when it is enough."""

    def __init__(self, rules: Rules, clock: Clock, announce: Callable[[str], None] | None = None) -> None:
        """``announce`` hears one line for people before each wait."""
        self._rules = rules
        self._clock = clock
        self._announce = announce
        self._repeats: dict[str, int] = {}
        self._started = clock.monotonic()
        self._asked: float | None = None

    def hear(self, asked: float | None) -> None:
        """Take the wait, in seconds, that the newest answer asked for, if it did: it counts for the next `after`."""
        self._asked = asked

    def after(self, failure: BaseException, *, in_time: Callable[[float], bool] = lambda _: True) -> float | None:
        """Seconds to wait before the next try, None to give up. ``in_time`` says if such a wait is short enough."""
        kind, allowed = self._kind(failure)
        repeats = self._repeats.get(kind, 0)
        if repeats >= allowed or sum(self._repeats.values()) >= self._rules.in_all:
            return None
        wait = self._wait(repeats)
        spent = self._clock.monotonic() - self._started
        if wait > self._rules.longest_wait or spent + wait > self._rules.whole_time or not in_time(wait):
            return None
        self._repeats[kind] = repeats + 1
        if self._announce is not None:
            self._announce(f"{failure}; trying again in {wait:.1f} s")
        return wait

    def decide(self, failure: Exception) -> bool | float:
        """`after` in the form of a stamina hook: False to give up."""
        wait = self.after(failure)
        return False if wait is None else wait

    def _kind(self, failure: BaseException) -> tuple[str, int]:
        if isinstance(failure, NotReached):
            return "unreached", self._rules.after_unreached
        if isinstance(failure, RateLimited):
            return "limited", self._rules.after_limited
        if is_transient(failure):
            return "unclear", self._rules.after_unclear
        return "final", 0

    def _wait(self, repeats: int) -> float:
        """As long as was asked for and a little more, never less; else a doubling time of which half is chance."""
        asked, self._asked = self._asked, None
        if asked:
            return asked + _JITTER * self._clock.chance()
        backoff = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**repeats)
        return backoff / 2 * (1 + self._clock.chance())


class Pace:
    """Keeps requests ``1 / requests_per_second`` apart, over all threads that share it."""

    def __init__(self, requests_per_second: float, clock: Clock) -> None:
        """Raises `ConfigError` unless the rate is above zero."""
        if not requests_per_second > 0:
            raise ConfigError(
                "api.requests_per_second must be above 0", where="mesms.yaml", next_step="the default is 5"
            )
        self._gap = 1 / requests_per_second
        self._clock = clock
        self._free_at = float("-inf")
        self._lock = Lock()

    def wait(self) -> None:
        """Return when the next request may start."""
        with self._lock:
            now = self._clock.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + self._gap
        if start > now:
            self._clock.sleep(start - now)


class ServerClock:
    """The server's time: the ``Date`` of the newest answer, carried forward with a clock that nobody sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: tuple[datetime, float] | None = None

    def hear(self, date: str | None) -> None:
        """Take the ``Date`` of an answer that has just arrived; one that is none is passed over."""
        moment = http_date(date)
        if moment is not None:
            self._heard = (moment, self._clock.monotonic())

    def now(self) -> datetime | None:
        """The server's time in UTC, to about a second; None before any ``Date`` was heard."""
        if self._heard is None:
            return None
        moment, at = self._heard
        try:
            return moment + timedelta(seconds=self._clock.monotonic() - at)
        except OverflowError:
            return moment


def http_date(text: str | None) -> datetime | None:
    """An HTTP date in UTC, None if it is none."""
    try:
        moment = parsedate_to_datetime(text) if text else None
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def seconds_asked(retry_after: str | None, now: datetime) -> float | None:
    """``Retry-After`` as seconds from ``now``: a number of them or an HTTP date (RFC 9110, 10.2.3); None if neither."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())
