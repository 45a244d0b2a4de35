"""What can go wrong at a boundary, and the schedule that says what does.

A *boundary* is a place where the outside can strike: a request, a step of a write on the disk, the moment before the
state's guard is entered, a statement to a database, a wait. Boundaries are numbered from 0 as a life crosses them. A
*schedule* says which event strikes at which boundary; with an empty one nothing goes wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What sort of place a boundary is."""

    WRITE = "write"
    ENTER = "enter"
    READ = "read"
    SEND = "send"
    CANCEL = "cancel"
    WAIT = "wait"
    LOOK = "look"  # a question to the remote of a branch
    PUSH = "push"
    CONNECT = "connect"
    QUERY = "query"  # a statement that changes nothing
    STEP = "step"  # a statement within a transaction, its beginning too
    COMMIT = "commit"  # a statement that is a transaction of its own
    END = "end"  # the end of a transaction of several statements


class Event(StrEnum):
    """What strikes. ``+``: the server acted first; ``~``: it did, and its listing shows it only much later."""

    CRASH = "crash"
    CRASH_ACTED = "crash+"
    CRASH_HIDDEN = "crash~"
    POWER = "power"  # the machine dies: what no fsync covered is gone
    POWER_HIDDEN = "power~"
    FULL = "full"  # the disk is
    DROPPED = "dropped"  # the request is read by nobody, the connection hangs until the client gives up
    LOST = "lost"  # the server acts, the answer never comes
    LOST_HIDDEN = "lost~"
    LATE = "late"  # the client gives up, and the server acts after all, minutes later
    ERROR = "500"
    ERROR_ACTED = "500+"
    GARBAGE = "garbage"  # the server acts, and a 200 that nobody can read comes
    LIMITED = "429"  # once
    LIMITED_LONG = "429!"  # until the client gives up
    UNREACHED = "unreached"
    UNREACHED_LONG = "unreached!"
    NO_CREDIT = "402"
    CTRL_C = "ctrl-c"
    DENIED = "denied"  # the remote does not want the push
    VANISHED = "gone"  # the remote is, until the process ends
    VANISHED_ACTED = "gone+"
    CUT = "cut"  # the connection to the database is, before the question arrived; the server ends the session
    CUT_ACTED = "cut+"
    CUT_UNSEEN = "cut~"  # the same, and the server keeps the session for a minute, and all that it has locked
    CUT_ACTED_UNSEEN = "cut+~"
    OVERTAKEN = "overtaken"  # the session ended while nobody used it, and another apply did all its work since
    RIVAL = "rival"  # another apply starts now, on this host
    USURPER = "usurper"  # the lock is broken by hand and another apply does all its work now
    STOP = "stop"  # the emergency stop, from another terminal


_ANYWHERE = (Event.CTRL_C, Event.STOP, Event.USURPER)
_CUTS = (Event.CUT, Event.CUT_UNSEEN, Event.VANISHED)
_ACTED_CUTS = (Event.CRASH_ACTED, Event.CUT_ACTED, Event.CUT_ACTED_UNSEEN, Event.VANISHED_ACTED, Event.FULL)
EVENTS: Mapping[Kind, tuple[Event, ...]] = MappingProxyType(
    {
        Kind.WRITE: (Event.CRASH, Event.POWER, Event.FULL),
        Kind.ENTER: (Event.CRASH, Event.RIVAL, *_ANYWHERE),
        Kind.READ: (Event.CRASH, Event.LOST, Event.GARBAGE, *_ANYWHERE),
        Kind.SEND: (
            *(Event.CRASH, Event.CRASH_ACTED, Event.CRASH_HIDDEN, Event.POWER_HIDDEN),
            *(Event.DROPPED, Event.LOST, Event.LOST_HIDDEN, Event.LATE, Event.ERROR, Event.ERROR_ACTED, Event.GARBAGE),
            *(Event.LIMITED, Event.LIMITED_LONG, Event.UNREACHED, Event.UNREACHED_LONG, Event.NO_CREDIT),
            *(Event.RIVAL, *_ANYWHERE),
        ),
        Kind.CANCEL: (
            *(Event.CRASH, Event.CRASH_ACTED, Event.POWER),
            *(Event.DROPPED, Event.LOST, Event.LATE, Event.ERROR, Event.ERROR_ACTED, Event.GARBAGE),
            *(Event.LIMITED, Event.LIMITED_LONG, Event.UNREACHED_LONG),
            *_ANYWHERE,
        ),
        Kind.WAIT: _ANYWHERE,
        Kind.LOOK: (Event.CRASH, Event.VANISHED, *_ANYWHERE),
        Kind.PUSH: (
            *(Event.CRASH, Event.CRASH_ACTED, Event.DROPPED, Event.LOST, Event.LATE),
            *(Event.DENIED, Event.VANISHED, Event.VANISHED_ACTED, Event.RIVAL, *_ANYWHERE),
        ),
        Kind.CONNECT: (Event.CRASH, Event.UNREACHED, Event.VANISHED, *_ANYWHERE),
        Kind.QUERY: (Event.CRASH, *_CUTS, Event.OVERTAKEN, Event.RIVAL, *_ANYWHERE),
        Kind.STEP: (Event.CRASH, *_CUTS),
        Kind.COMMIT: (Event.CRASH, *_CUTS, *_ACTED_CUTS, Event.LATE, Event.OVERTAKEN, Event.RIVAL, *_ANYWHERE),
        Kind.END: (Event.CRASH, *_CUTS, *_ACTED_CUTS),
    }
)
"""Everything that may strike at each kind of boundary."""

LASTING: Mapping[Event, Event] = MappingProxyType(
    {Event.LIMITED_LONG: Event.LIMITED, Event.UNREACHED_LONG: Event.UNREACHED}
)
"""Events that go on until their process ends, and what each request of that kind meets meanwhile."""

MENDED = frozenset({Event.CUT, Event.CUT_ACTED, Event.CUT_UNSEEN, Event.CUT_ACTED_UNSEEN})
"""Events that nobody but the backend is to notice: a life with no others ends as if they had not been."""

Schedule = tuple[tuple[int, Event], ...]


@dataclass(slots=True)
class Fate:
    """Counts boundaries from ``first`` on and says what strikes at each."""

    events: Mapping[int, Event]
    first: int = 0
    crossed: list[tuple[str, Kind]] = field(default_factory=list)

    def cross(self, name: str, kind: Kind) -> Event | None:
        """Cross one boundary."""
        number = self.first + len(self.crossed)
        self.crossed.append((name, kind))
        event = self.events.get(number)
        if event is not None and event not in EVENTS[kind]:
            raise ValueError(f"boundary {number} is a {kind} ({name}): {event} cannot strike there")
        return event


def written(schedule: Schedule) -> str:
    """``12=crash,30=lost``."""
    return ",".join(f"{number}={event}" for number, event in schedule)


def read(text: str) -> Schedule:
    """The schedule that `written` wrote."""
    pairs = (item.partition("=") for item in text.split(",") if item)
    return tuple((int(number), Event(event)) for number, _, event in pairs)
