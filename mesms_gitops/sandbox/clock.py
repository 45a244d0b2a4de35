"""The clock of a served world: real time that can be moved, or time that stands still until moved."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.sandbox.world import World

Mode = Literal["real", "frozen"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)

_SPAN: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", re.ASCII)


class Clock:
    """Moves a world as real time passes. The world itself may be moved at any time: only elapsed time is added."""

    def __init__(self, mode: Mode, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._mode: Mode = mode
        self._monotonic = monotonic
        self._since = monotonic()
        self._given = 0  # milliseconds since then that the world has had

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        self._since, self._given = self._monotonic(), 0

    def tick(self, world: World) -> None:
        """Bring the world up to now. Whole milliseconds only, so that many ticks lose no time."""
        if self._mode == "frozen":
            return
        elapsed = int((self._monotonic() - self._since) * 1000)
        if elapsed > self._given:
            world.advance(timedelta(milliseconds=elapsed - self._given))
            self._given = elapsed


def span(text: str) -> timedelta:
    """A time span as ``90``, ``45s``, ``10m``, ``1h30m`` or ``2d``, perhaps after a minus. Raises ValueError."""
    matched = _SPAN.fullmatch(text.removeprefix("-"))
    if matched is None or not any(matched.groups()):
        raise ValueError(f"{text!r} is not a time span such as 90, 45s, 10m, 1h30m or 2d")
    days, hours, minutes, seconds = matched.groups("0")
    amount = timedelta(days=int(days), hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    return -amount if text.startswith("-") else amount
