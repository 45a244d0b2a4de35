"""A machine whose clock stands still until somebody sleeps, and that decides who lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from mesms_gitops.store.host import Host
from mesms_gitops.store.port import LockInfo

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2027, 4, 10, 5, 0, tzinfo=UTC)


class FakeHost(Host):
    """A process ``pid`` on ``build-7``; ``dead`` are the pids that are no more, ``on_sleep`` is called in a wait."""

    def __init__(
        self, pid: int = 1001, *, dead: frozenset[int] = frozenset(), on_sleep: Callable[[], None] = lambda: None
    ) -> None:
        self.pid = pid
        self.dead = dead
        self.slept = 0.0
        self._on_sleep = on_sleep
        self._drawn = count(1)

    def token(self) -> str:
        return f"token-{self.pid}-{next(self._drawn)}"

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self._on_sleep()

    def tag(self) -> str:
        return "b7"

    def sign(self, operation: str) -> LockInfo:
        return LockInfo(self.token(), operation, self.pid, "build-7", "ci", self.now())

    def is_dead(self, holder: LockInfo) -> bool:
        return holder.host == "build-7" and holder.pid in self.dead
