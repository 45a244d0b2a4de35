"""Whether work ends, and whether ten times as much of it takes ten times as long: on machines that do other things too.

Figures belong into ``benchmarks/``. Here nothing depends on how fast or how busy a machine is: growth is told from a
ratio, and the bound for a hang is far above what anything takes.
"""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANG: Final = 20.0
"""Seconds of processor time: what takes longer on a machine of today has no end that a person waits for."""
TIMES: Final = 10
BOUND: Final = 30
"""Between the 10 of linear and the 100 of quadratic growth, as far from one as from the other."""
_ROUNDS: Final = 6
_REPEATED: Final = 3


@contextmanager
def without_collections() -> Iterator[None]:
    """No garbage collection meanwhile: a pass over all that a worker holds takes longer than most that is measured."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def soon(seconds: float = HANG) -> Iterator[None]:
    """What is done meanwhile, in whatever threads, ends before anybody would call it hanging."""
    with without_collections():
        start = time.process_time()
        yield
        lasted = time.process_time() - start
    assert lasted < seconds, f"it took {lasted:.1f} s of processor time"


def assert_linear(prepare: Callable[[int], Callable[[], object]], size: int) -> None:
    """Ten times as much work takes about ten times as long, not a hundred times.

    ``prepare`` gives the work for a size; only the work itself is measured, and it must last a millisecond or so for
    ``size``, of which most depends on the size. The best of several rounds counts: whatever disturbs only adds.
    """
    little, much = prepare(size), prepare(size * TIMES)
    small, large = _seconds(little), float("inf")  # the first time fills caches, too
    for _ in range(_ROUNDS):
        small = min(small, *(_seconds(little) for _ in range(_REPEATED)))
        large = min(large, _seconds(much))
        if large < BOUND * small:
            return
    raise AssertionError(f"{TIMES} times as much took {large / small:.0f} times as long ({small:.4f} s, {large:.4f} s)")


def repeated(piece: str, search: Callable[[str], object]) -> Callable[[int], Callable[[], object]]:
    """For `assert_linear`: ``search`` in a text of so many characters, which is ``piece`` again and again."""

    def prepare(size: int) -> Callable[[], object]:
        text = piece * (size // len(piece))
        return lambda: search(text)

    return prepare


def _seconds(work: Callable[[], object]) -> float:
    with without_collections():
        start = time.thread_time()
        work()
        return time.thread_time() - start
