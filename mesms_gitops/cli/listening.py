"""Lists that take long to read say how far they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mesms_gitops.audience.sources.outside import Step
    from mesms_gitops.cli.terminal import Teller

PATIENCE: Final = 2.0
"""Seconds that pass without a word."""
_PACE: Final = 0.2


class Listener:
    """Hears every step of a source, and tells some of them."""

    def __init__(self, teller: Teller) -> None:
        """The wait begins now."""
        self._teller = teller
        self._next = time.monotonic() + PATIENCE

    def __call__(self, step: Step) -> None:
        """Tell how far ``step`` is, unless it was told just now."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PACE
            self._teller.say(f"reading {step.label}: {_so_far(step)}")


def _so_far(step: Step) -> str:
    if step.unit == "rows":
        return f"{step.done:,} rows"
    done = f"{step.done / 1e6:,.0f} MB"
    return f"{done} of {step.total / 1e6:,.0f} MB" if step.total else done
