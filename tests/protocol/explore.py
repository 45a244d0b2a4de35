"""Every schedule of one or two events, level by level: a level is a turn, its nodes are the moments that lead into it.

A run of the tool knows nothing but the world, the disk and the clock. So two lives that stand before the same turn with
equal moments go on alike, and only the one with more events left to strike is followed. What is counted is schedules:
distinct sets of events of which the last one was really played out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .fate import EVENTS, MENDED, Schedule
from .judge import judge
from .life import beginning, play

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from .fate import Event
    from .life import Moment, Scenario, Turn

    Choose = Callable[[Schedule], bool]


NOTICED = "a connection broke, and a person is asked only because of that"


@dataclass(frozen=True)
class Node:
    """A moment between two turns, the events that led to it, and how many boundaries they crossed."""

    moment: Moment
    schedule: Schedule = ()
    crossed: int = 0

    @property
    def rank(self) -> tuple[int, bool]:
        """Of two nodes with equal moments the lower is followed: of it more is to be said."""
        return len(self.schedule), not is_mended(self.schedule)


def is_mended(schedule: Schedule) -> bool:
    """Whether nobody is to notice what ``schedule`` does."""
    return all(event in MENDED for _, event in schedule)


@dataclass
class Report:
    """What one exploration found. ``failures`` maps a problem to the first schedule that shows it."""

    scenario: str
    schedules: int = 0
    ends: int = 0
    asked: int = 0
    failures: dict[str, Schedule] = field(default_factory=dict)

    def note(self, schedule: Schedule, problems: list[str]) -> None:
        """Remember the shortest schedule for each problem."""
        for problem in problems:
            known = self.failures.get(problem)
            if known is None or len(schedule) < len(known):
                self.failures[problem] = schedule


def explore(scenario: Scenario, depth: int, choose: Choose = lambda _schedule: True) -> Report:
    """Play every schedule of up to ``depth`` events that ``choose`` lets through, and judge every end."""
    report = Report(scenario.name)
    level = [Node(beginning(scenario.wave, scenario.backend))]
    for turn in range(scenario.turns):
        following: dict[Hashable, Node] = {}
        for node in level:
            for child in _children(scenario, turn, node, depth, choose, report):
                key = child.moment.key
                known = following.get(key)
                if known is None or child.rank < known.rank:
                    following[key] = child
        level = list(following.values())
    asks: dict[Schedule, bool] = {}
    for node in sorted(level, key=lambda node: node.rank):
        verdict = judge(scenario, node.moment)
        report.ends += 1
        report.asked += asks.setdefault(node.schedule, verdict.asked)
        is_noticed = verdict.asked and not asks[()] and is_mended(node.schedule)
        report.note(node.schedule, [*verdict.problems, *([NOTICED] if is_noticed else ())])
    return report


def _children(
    scenario: Scenario, number: int, node: Node, depth: int, choose: Choose, report: Report
) -> Iterator[Node]:
    """``node`` after a turn: without any event, and with every choice of as many as are left."""
    open_ends = [((), _played(scenario, number, node, ()))]
    while open_ends:
        struck, turn = open_ends.pop()
        schedule = (*node.schedule, *struck)
        yield Node(turn.after, schedule, node.crossed + len(turn.crossed))
        report.schedules += bool(struck)
        if len(schedule) < depth:
            for event in _next_events(turn, node.crossed, struck):
                if choose((*schedule, event)):
                    further = (*struck, event)
                    open_ends.append((further, _played(scenario, number, node, further)))


def _played(scenario: Scenario, number: int, node: Node, struck: Schedule) -> Turn:
    return play(scenario, number, node.moment, dict(struck), node.crossed)


def _next_events(turn: Turn, first: int, struck: Schedule) -> Iterator[tuple[int, Event]]:
    """Everything that can strike at the boundaries after the last event."""
    start = struck[-1][0] + 1 - first if struck else 0
    for offset, (_, kind) in enumerate(turn.crossed[start:], start):
        for event in EVENTS[kind]:
            yield first + offset, event


def replay(scenario: Scenario, schedule: Schedule, tell: Callable[[str], None] = lambda _line: None) -> list[str]:
    """Play one schedule from the beginning; the problems of its end."""
    moment, crossed, events = beginning(scenario.wave, scenario.backend), 0, dict(schedule)
    for number in range(scenario.turns):
        turn = play(scenario, number, moment, events, crossed)
        tell(f"turn {number}:")
        for offset, (name, kind) in enumerate(turn.crossed):
            struck = events.get(crossed + offset)
            tell(f"  {crossed + offset:4} {kind:6} {name}{f'   <== {struck}' if struck else ''}")
        moment, crossed = turn.after, crossed + len(turn.crossed)
    verdict = judge(scenario, moment)
    if verdict.asked and schedule and is_mended(schedule) and not judge(scenario, _undisturbed(scenario)).asked:
        verdict.problems.append(NOTICED)
    return verdict.problems


def _undisturbed(scenario: Scenario) -> Moment:
    moment = beginning(scenario.wave, scenario.backend)
    for number in range(scenario.turns):
        moment = play(scenario, number, moment, {}).after
    return moment


def shrunk(scenario: Scenario, schedule: Schedule, problem: str) -> Schedule:
    """The shortest schedule, at the earliest boundaries, that still shows ``problem``."""
    for index in range(len(schedule)):
        without = (*schedule[:index], *schedule[index + 1 :])
        if _shows(scenario, without, problem):
            return shrunk(scenario, without, problem)
    for index, (number, event) in enumerate(schedule):
        lowest = schedule[index - 1][0] + 1 if index else 0
        for earlier in range(lowest, number):
            moved = (*schedule[:index], (earlier, event), *schedule[index + 1 :])
            if _shows(scenario, moved, problem):
                return shrunk(scenario, moved, problem)
    return schedule


def _shows(scenario: Scenario, schedule: Schedule, problem: str) -> bool:
    try:
        return problem in replay(scenario, schedule)
    except ValueError:  # that event cannot strike at that boundary
        return False
