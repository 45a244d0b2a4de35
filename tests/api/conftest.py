"""A key, a still clock, a scripted server on loopback, and a client that never really waits."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import stamina

from mesms_gitops.api.client import MesmsClient
from mesms_gitops.api.waiting import READ, Clock

from .loopback import Loopback
from .sends import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOON = datetime(2027, 4, 10, 5, 0, tzinfo=UTC)


class StillClock:
    """Time that passes only by waiting; ``waits`` is every wait asked for, in seconds."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.passed = 0.0

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed += seconds

    @property
    def as_clock(self) -> Clock:
        return Clock(
            now=lambda: NOON + timedelta(seconds=self.passed),
            monotonic=lambda: self.passed,
            sleep=self.sleep,
            chance=lambda: 0.0,
        )


@pytest.fixture(autouse=True)
def _reads_wait_for_nothing() -> Iterator[None]:
    with stamina.set_testing(True, attempts=READ.in_all + 1):
        yield


@pytest.fixture
def still() -> StillClock:
    return StillClock()


@pytest.fixture
def serve() -> Iterator[Callable[..., Loopback]]:
    """Start a scripted server; it is stopped when the test ends, and no thread is left behind."""
    made: list[Loopback] = []
    before = threading.active_count()

    def start(*script: object, **options: bool) -> Loopback:
        made.append(Loopback(*script, **options))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for server in made:
        server.stop()
    assert threading.active_count() == before


@pytest.fixture
def connect(still: StillClock) -> Iterator[Callable[..., MesmsClient]]:
    """A client for a server or an address, on the still clock unless told otherwise; closed when the test ends."""
    made: list[MesmsClient] = []

    def client(to: Loopback | str, **options: object) -> MesmsClient:
        url = to if isinstance(to, str) else to.url
        settings = {"requests_per_second": 1e9, "timeout": 5.0, "clock": still.as_clock, **options}
        made.append(MesmsClient(url, KEY, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield client
    for one in made:
        one.close()
