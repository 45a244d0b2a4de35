"""The two loops: reads are repeated freely, effects only where they provably were not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import stamina
import stamina.instrumentation

from mesms_gitops.api.waiting import READ
from mesms_gitops.errors import NotReached, RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.api.waiting import Clock, Patience

T = TypeVar("T")

# waits are announced by `Patience`; stamina's own hook would write an empty warning to stderr for each
stamina.instrumentation.set_on_retry_hooks(())


def repeat_read(once: Callable[[], T], patience: Patience) -> T:
    """Ask until there is an answer or ``patience`` ends; then its last error. stamina waits, in real time."""
    for attempt in stamina.retry_context(on=patience.decide, attempts=READ.in_all + 1, timeout=None):
        with attempt:
            return once()
    raise AssertionError("stamina ends with a value or an error")


def repeat_effect(
    once: Callable[[], T],
    patience: Patience,
    clock: Clock,
    *,
    before_repeat: Callable[[], None] | None = None,
    in_time: Callable[[float], bool] = lambda _: True,
) -> T:
    """Do ``once``, again only after `NotReached` and `RateLimited`, and only while ``in_time`` (in so many s) holds.

    ``before_repeat`` is called after each wait and may raise to stop: nothing is in flight then.
    """
    while True:
        try:
            return once()
        except (NotReached, RateLimited) as failure:
            wait = patience.after(failure, in_time=in_time)
            if wait is None:
                raise
            clock.sleep(wait)
            if not in_time(0.0):
                raise
        if before_repeat is not None:
            before_repeat()
