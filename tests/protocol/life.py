"""One life of a project: what people do to it in turn, the runs of the tool, and whatever strikes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError, StateLocked
from mesms_gitops.sandbox.defaults import GROUP_SIZE, OWNER, default_world
from mesms_gitops.sandbox.msisdns import Numbers
from mesms_gitops.sandbox.world import START

from . import tables
from .branch import stands_stopped
from .fate import MENDED, Fate
from .machine import STATE, Backend, Machine
from .tool import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from datetime import datetime
    from pathlib import Path

    from mesms_gitops.model.plan import Reason
    from mesms_gitops.sandbox.world import World

    from .fate import Event, Kind
    from .machine import Asked
    from .manifests import Manifest, Text

OTHER_GROUP = 1205
"""A contact group with as many members as the account's first."""
BETWEEN = timedelta(minutes=10)
"""From the start of one turn to the start of the next: longer than any run takes."""
RESTS = 2
"""Runs after the last step of a scenario, and once more after everything that was late or scheduled has happened."""
LONG = timedelta(hours=6)
"""After this everything that was late, hidden or scheduled in a scenario has happened."""


@dataclass(frozen=True)
class Step:
    """What people do before one run. ``act`` touches the world or the files; ``wait`` comes before it.

    Nothing strikes in a ``calm`` step: it only sets the scene. ``manifests`` None leaves them as they were.
    """

    manifests: tuple[Manifest, ...] | None = None
    act: Callable[[Machine], None] | None = None
    wait: timedelta = timedelta(0)
    calm: bool = False
    runs: bool = True


@dataclass(frozen=True)
class Want:
    """What must have become of some people, whatever happened.

    Each got every text of one of ``ends`` that names them, once, or a campaign of ``names`` asks for a person. Where
    nothing strikes it is the first of ``ends``. ``former`` texts may have been got instead if a person is asked.
    ``also_asks`` are reasons to ask even where everybody got theirs.
    """

    names: tuple[str, ...]
    ends: tuple[tuple[Wanted, ...], ...]
    former: tuple[Wanted, ...] = ()
    also_asks: frozenset[Reason] = frozenset()

    @property
    def texts(self) -> tuple[Wanted, ...]:
        """Everything that any of these people may have got."""
        return (*(each for end in self.ends for each in end), *self.former)


@dataclass(frozen=True)
class Wanted:
    """A text to some people at a time; ``at`` None: when it is accepted, or within ``undo`` after that."""

    content: str
    people: frozenset[str]
    at: datetime | None
    undo: timedelta


@dataclass(frozen=True)
class Scenario:
    """A short story, and how it must end. ``requests``: sends and cancels that a life without events makes.

    ``may_refuse``: that the tool ends with an error is the right end. ``wave``: how many sends one commit may cover.
    ``backend``: where the state is kept.
    """

    name: str
    steps: tuple[Step, ...]
    wants: tuple[Want, ...]
    requests: tuple[int, int]
    may_refuse: bool = False
    wave: int = 1
    backend: Backend = Backend.FILE

    @property
    def turns(self) -> int:
        """How many runs a life has at most."""
        return len(self.steps) + 2 * RESTS

    def manifests(self, turn: int) -> tuple[Manifest, ...]:
        """What is in the campaigns folder in a turn."""
        for step in reversed(self.steps[: turn + 1]):
            if step.manifests is not None:
                return step.manifests
        return ()


def wanted(manifest: Manifest, people: frozenset[str] | None = None) -> tuple[Wanted, ...]:
    """Everything ``manifest`` asks for; ``people`` are those of its contact group."""
    texts: tuple[Text, ...] = manifest.texts
    return tuple(Wanted(text.content, people or text.msisdns, manifest.at, manifest.undo) for text in texts)


@dataclass(frozen=True)
class Moment:
    """Everything that survives between two turns."""

    world: World
    files: Mapping[Path, bytes] = field(default_factory=dict)
    late: tuple[tuple[datetime, Asked], ...] = ()
    is_stopped: bool = False
    cancelled_by_hand: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    wave: int = 1
    backend: Backend = Backend.FILE

    @property
    def key(self) -> Hashable:
        """Equal for moments from which everything goes on alike.

        What a dead run left half-written is passed over: that the next one removes it is shown in ``tests/store``.
        """
        world = self.world
        files = {
            path: tables.read(body).key if path == STATE and tables.is_database(body) else body
            for path, body in self.files.items()
            if path.suffix != ".tmp"
        }
        return (
            world.now,
            tuple(world.messages.values()),
            world.credits(),
            tuple(sorted(files.items())),
            tuple((due, asked.path, str(asked.body)) for due, asked in self.late),
            self.is_stopped,
            self.complaints,
        )


def beginning(wave: int = 1, backend: Backend = Backend.FILE) -> Moment:
    """A fresh account, with one contact group more, and an empty folder."""
    world = default_world()
    account = world.accounts[OWNER]
    account.groups = {**account.groups, OTHER_GROUP: Numbers.parse(f"0800006{each:03d}" for each in range(GROUP_SIZE))}
    return Moment(world, wave=wave, backend=backend)


@dataclass(frozen=True)
class Turn:
    """What one turn led to, and the boundaries it crossed."""

    after: Moment
    crossed: tuple[tuple[str, Kind], ...]


def play(scenario: Scenario, number: int, before: Moment, events: Mapping[int, Event], first: int = 0) -> Turn:
    """One turn: what people do in it, then one run of the tool. ``first`` is the number of its first boundary."""
    step = scenario.steps[number] if number < len(scenario.steps) else Step()
    fate = Fate({} if step.calm else events, first)
    machine = opened(before, fate, first_pid=1000 + 10 * number)
    machine.pass_time(_starts(scenario, number, step, before.world.now) - before.world.now)
    if step.act is not None:
        step.act(machine)
        machine.disk.settle()
    manifests = scenario.manifests(number)
    machine.apply = lambda process: attempt(lambda: Tool(machine, process, manifests).apply())
    machine.stop = lambda process: _stop(machine, Tool(machine, process, manifests))
    machine.usurp = lambda process: attempt(lambda: _usurp(Tool(machine, process, manifests)))
    if step.runs:
        error = None
        with machine.running() as process:
            error = machine.apply(process)
        if error is not None and events and set(events.values()) <= MENDED and not scenario.may_refuse:
            machine.complaints.append(f"a connection broke, and a run ended with that: {error.what} ({error.why})")
        if isinstance(error, StateLocked):
            if f"pid {process.pid} " in error.what:
                machine.complaints.append("a run was locked out by itself")
            with machine.running() as process:
                machine.usurp(process)  # a run died on another host: a person releases its lock
    return Turn(closed(machine, before), () if step.calm else tuple(fate.crossed))


def opened(before: Moment, fate: Fate, first_pid: int) -> Machine:
    """A machine as ``before`` left it."""
    machine = Machine(before.world.copy(), before.files, fate, first_pid)
    machine.late = list(before.late)
    machine.is_stopped = before.is_stopped
    machine.wave, machine.backend = before.wave, before.backend
    machine.cancelled_by_hand = list(before.cancelled_by_hand)
    return machine


def closed(machine: Machine, before: Moment) -> Moment:
    """What survives of ``machine``."""
    complaints = tuple(dict.fromkeys((*before.complaints, *machine.complaints)))
    return Moment(
        machine.world,
        machine.disk.killed(),
        tuple(machine.late),
        machine.is_stopped,
        tuple(machine.cancelled_by_hand),
        complaints,
        machine.wave,
        machine.backend,
    )


def _starts(scenario: Scenario, number: int, step: Step, now: datetime) -> datetime:
    """On a grid, so that lives which differ only in how long a run took go on as one."""
    turns = (now - START) // BETWEEN + 1 if number else 0
    long = LONG if number == len(scenario.steps) + RESTS else timedelta(0)
    return START + turns * BETWEEN + step.wait + long


def attempt(work: Callable[[], object]) -> MesmsError | None:
    """``work`` in a process: what it raises ends that process, with a message on its terminal."""
    try:
        work()
    except MesmsError as error:
        return error
    return None


def _stop(machine: Machine, tool: Tool) -> MesmsError | None:
    error = attempt(tool.stop)
    # afar it is done when it stands there, whatever the run that asked for it was told, or can still see
    is_afar = machine.backend is not Backend.FILE
    machine.is_stopped = stands_stopped(machine) if is_afar else tool.store.read_freeze().is_active
    return error


def _usurp(tool: Tool) -> None:
    tool.unlock()
    tool.apply()


def state_file(moment: Moment) -> bytes | None:
    """The state as it stands."""
    return moment.files.get(STATE)
