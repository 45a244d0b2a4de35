"""Lists that take long to read say how far they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.audience.sources.outside import Step
    from mesms_gitops.cli.terminal import Teller

PATIENCE: Final = 2.0
"""Seconds that pass without a word; where lines stay, as in the log of a pipeline, at least one pace."""
_SMALL: Final = 10_000_000


class Listener:
    """Hears every step of a source, and tells some of them."""

    def __init__(self, teller: Teller, clock: Callable[[], float] = time.monotonic) -> None:
        """The wait begins now."""
        self._teller = teller
        self._clock = clock
        self._next = clock() + max(PATIENCE, teller.pace)

    def __call__(self, step: Step) -> None:
        """Tell how far ``step`` is, unless it was told just now."""
        if self._clock() >= self._next:
            self._next = self._clock() + self._teller.pace
            self._teller.so_far(f"reading {step.label}: {_so_far(step)}")


def _so_far(step: Step) -> str:
    if step.unit == "rows":
        return f"{step.done:,} rows"
    if not step.total:
        return _size(step.done, step.done)
    return f"{_size(step.done, step.total)} of {_size(step.total, step.total)}"


def _size(count: int, of: int) -> str:
    """In MB, with a decimal where all of it is a few."""
    return f"{count / 1e6:,.{1 if of < _SMALL else 0}f} MB"
