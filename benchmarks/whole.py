"""Whole processes, timed from outside: wall seconds and peak memory as the operating system accounts them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Run:
    """One process: wall seconds, peak memory in MB, seconds of processor time."""

    seconds: float
    megabytes: float
    processor: float = 0.0


@dataclass(frozen=True)
class Pair:
    """Two commands run in turn. ``ratio`` is the median of the ratios pair by pair."""

    ours: Run
    theirs: Run
    ratio: float


def once(command: Sequence[str]) -> Run:
    """Run ``command``; it must succeed."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return Run(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def side_by_side(ours: Sequence[str], theirs: Sequence[str], runs: int = 15) -> Pair:
    """A B A B …, after one warm-up of each."""
    return paired(lambda: once(ours), lambda: once(theirs), runs)


def paired(ours: Callable[[], Run], theirs: Callable[[], Run], runs: int) -> Pair:
    """The same, where a run is more than its command."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return Pair(
        _median([one for one, _ in pairs]),
        _median([other for _, other in pairs]),
        statistics.median(one.seconds / other.seconds for one, other in pairs),
    )


def _median(runs: list[Run]) -> Run:
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.megabytes for run in runs),
        statistics.median(run.processor for run in runs),
    )
