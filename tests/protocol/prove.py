"""The proof as a command: ``python -m tests.protocol.prove``.

Explores every schedule of one event and a fixed share of those of two, in every scenario, on all cores; then shows that
each sabotage makes the exploration fail. ``--share 1`` explores all of depth two, ``--replay NAME:SCHEDULE`` plays one.

The state is kept in a file, on a branch of git, in SQLite and in PostgreSQL (`scenarios` says which stories are told
where); in a bucket it is in `test_bucket`. ``--backend NAME`` tells every story there is with the state kept there.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from .database_mutants import DATABASE_MUTANTS
from .explore import Report, explore, replay, shrunk
from .fate import Schedule, read, written
from .machine import DATABASES, Backend
from .mutants import MUTANTS, Mutant
from .scenarios import SCENARIOS, all_in, story

if TYPE_CHECKING:
    from collections.abc import Sequence

SABOTAGES = (*MUTANTS, *DATABASE_MUTANTS)
DEPTH = 2
SHARE = 10
"""One of so many schedules of two events is explored, chosen by its name, so that every run explores the same ones."""
MUTANT_SHARE = 12
RARER = 50
"""With a database, where a life crosses many more boundaries, the share is so much smaller."""


def chosen(share: int, scenario: str, schedule: Schedule, *, of_one: int = 1) -> bool:
    """Whether ``schedule`` is in the fixed share; ``of_one`` is that of the schedules with one event."""
    one_in = of_one if len(schedule) < DEPTH else share
    return crc32(f"{scenario}:{written(schedule)}".encode()) % one_in == 0


def explored(name: str, share: int, depth: int = DEPTH) -> Report:
    """One scenario, with every failure shrunk to the shortest schedule that shows it."""
    scenario = story(name)
    share *= RARER if scenario.backend in DATABASES else 1
    report = explore(scenario, depth, lambda schedule: chosen(share, name, schedule))
    report.failures = {problem: shrunk(scenario, found, problem) for problem, found in report.failures.items()}
    return report


@dataclass(frozen=True)
class Caught:
    """What became of a sabotage: where it was seen, by which schedule; None if it survived."""

    mutant: str
    scenario: str | None
    schedule: str = ""
    problem: str = ""


def _hunts(mutant: Mutant, scenario: str, schedule: Schedule) -> bool:
    if mutant.events:
        return all(event is wanted for (_, event), wanted in zip(schedule, mutant.events, strict=False))
    return chosen(MUTANT_SHARE, scenario, schedule)


def hunted(mutant: Mutant) -> Caught:
    """Explore with ``mutant`` at work until something fails."""
    for name in mutant.scenarios:
        with mutant.at_work():
            try:
                report = explore(story(name), mutant.depth, lambda each, name=name: _hunts(mutant, name, each))
            except Exception as error:  # a sabotage that breaks the tool outright is seen as well
                return Caught(mutant.name, name, "", f"{type(error).__name__}: {error}")
        if report.failures:
            problem, schedule = min(report.failures.items(), key=lambda found: (len(found[1]), found[1]))
            return Caught(mutant.name, name, written(schedule), problem)
    return Caught(mutant.name, None)


def _explore_job(job: tuple[str, int]) -> Report:
    return explored(*job)


def _hunt_job(index: int) -> Caught:
    return hunted(SABOTAGES[index])


def prove(share: int, processes: int, names: Sequence[str] = tuple(SCENARIOS)) -> int:
    """Print what was explored and caught; the number of failures."""
    begin, schedules, failures = time.monotonic(), 0, 0
    print(f"{len(names)} stories: {_kept(names)}\n", flush=True)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for report in pool.imap_unordered(_explore_job, [(name, share) for name in names]):
            schedules += report.schedules
            failures += len(report.failures)
            print(
                f"{report.scenario:26} {report.schedules:7,} schedules {report.ends:6,} ends, "
                f"a person asked in {report.asked:5,}; {len(report.failures)} failures",
                flush=True,
            )
            for problem, schedule in report.failures.items():
                print(f"    {problem}\n    replay: make prove REPLAY={report.scenario}:{written(schedule)}", flush=True)
        print(f"\n{schedules:,} schedules in {time.monotonic() - begin:.0f} s\n", flush=True)
        survived = 0
        for caught in pool.imap(_hunt_job, range(len(SABOTAGES))):
            survived += caught.scenario is None
            where = f"{caught.scenario}:{caught.schedule}  {caught.problem}" if caught.scenario else "SURVIVED"
            print(f"sabotage {caught.mutant:48} {where[:150]}", flush=True)
    passed = len(names) + len(SABOTAGES) - failures - survived
    print(f"\n{schedules:,} schedules, {len(SABOTAGES) - survived} of {len(SABOTAGES)} sabotages caught,", end=" ")
    print(f"{time.monotonic() - begin:.0f} s\n{passed} passed, {failures + survived} failed")
    return failures + survived


def _kept(names: Sequence[str]) -> str:
    counts = Counter(story(name).backend for name in names)
    return ", ".join(f"{count} with the state kept in {backend}" for backend, count in counts.items())


def main() -> int:
    """0 if every schedule ended well and every sabotage was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=int, default=SHARE, help="explore one of so many schedules of two events")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--replay", metavar="SCENARIO:SCHEDULE", help="play one schedule and show every boundary")
    parser.add_argument("--backend", type=Backend, choices=Backend, help="tell every story with the state kept there")
    given = parser.parse_args()
    if given.replay:
        name, _, schedule = given.replay.partition(":")
        problems = replay(story(name), read(schedule), print)
        print(*(problems or ["all is well"]), sep="\n")
        return bool(problems)
    names = tuple(SCENARIOS) if given.backend is None else all_in(given.backend)
    return bool(prove(given.share, given.processes, names))


if __name__ == "__main__":
    sys.exit(main())
