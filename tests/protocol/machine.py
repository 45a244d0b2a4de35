"""The world, a disk and a clock; and the processes of the tool that live and die on them."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mesms_gitops.sandbox.defaults import API_KEY
from mesms_gitops.sandbox.refusals import Answer
from mesms_gitops.store.codec import decode
from mesms_gitops.store.host import Host
from mesms_gitops.store.port import LockInfo
from tests.store.memory_disk import Content, Died, MemoryDisk, torn

from . import tables
from .fate import Event, Fate, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.errors import MesmsError
    from mesms_gitops.model.state import State
    from mesms_gitops.sandbox.world import World

    from .postgres_server import Server

    Command = Callable[["Process"], MesmsError | None]
    """What a process does from its start to its end; the error it ends with, if it does."""

STATE = Path("/project/.mesms/state.json")
LOCK = STATE.with_name(f"{STATE.name}.lock")
JOURNAL = STATE.with_name(f"{STATE.name}.journal")
NUMBER_SHOWN = b"80000000"
"""Every number of every scenario begins so: bytes of a state that hold it show a phone number."""
LATE = timedelta(minutes=15)
"""How much later a late request acts, and a hidden message is listed: after the next run, before the one after that."""
_REQUEST_TAKES = 0.2


class Backend(StrEnum):
    """Where the state is kept."""

    FILE = "file"
    BRANCH = "branch"
    BUCKET = "bucket"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


DATABASES = (Backend.SQLITE, Backend.POSTGRESQL)


class Asked(NamedTuple):
    """A request as the world takes it."""

    method: str
    path: str
    query: Mapping[str, str]
    body: object


@dataclass(slots=True, eq=False)
class Process:
    """One run of the tool. ``lasting`` are the events that meet every request of a kind until it ends.

    ``connections``: how many it made to a database; ``is_told``: whether its lock had anything to say.
    """

    pid: int
    host: str
    is_dead: bool = False
    is_interrupted: bool = False
    requests: int = 0
    connections: int = 0
    is_told: bool = False
    lasting: dict[Kind, Event] = field(default_factory=dict)


class Machine:
    """Everything outside the process. ``complaints`` are the rules of the protocol that were seen to be broken."""

    def __init__(self, world: World, files: Mapping[Path, bytes], fate: Fate, first_pid: int) -> None:
        self.world = world
        self.disk = StepDisk(self, files)
        self.fate = fate
        self.complaints: list[str] = []
        self.late: list[tuple[datetime, Asked]] = []
        self.is_stopped = False
        self.wave = 1
        self.backend = Backend.FILE
        self.cancelled_by_hand: list[str] = []
        self.apply: Command = _nothing
        self.stop: Command = _nothing
        self.usurp: Command = _nothing
        self.is_locked: Callable[[Process], bool] = lambda _process: True
        """Whether a process that a lock names has it indeed; where a lock goes with a connection, it may not."""
        self.server: Server | None = None
        self._is_usurped = False
        self._running: list[Process] = []
        self._next_pid = first_pid

    # --- processes ----------------------------------------------------------------------------------------------------

    @property
    def process(self) -> Process:
        """The one whose code runs right now."""
        return self._running[-1]

    @contextmanager
    def running(self, host: str = "build-7") -> Iterator[Process]:
        """A process lives between these lines; nothing it raises on dying is seen outside."""
        process = Process(self._next_pid, host)
        self._next_pid += 1
        self._running.append(process)
        try:
            yield process
        except Died:
            pass
        finally:
            self._running.pop()

    def is_alive(self, pid: int) -> bool:
        """Whether a process of this number runs."""
        return any(process.pid == pid and not process.is_dead for process in self._running)

    def runs(self, process: Process) -> bool:
        """Whether ``process`` has neither ended nor died."""
        return process in self._running and not process.is_dead

    # --- boundaries ---------------------------------------------------------------------------------------------------

    def cross(self, name: str, kind: Kind) -> Event | None:
        """Cross a boundary; what strikes there, if it is the request's own affair. Raises `Died`."""
        process = self.process
        self.check_alive()
        if kind is Kind.SEND:
            self._check_send(process)
        if kind in process.lasting:
            return process.lasting[kind]
        event = self.fate.cross(name, kind)
        match event:
            case Event.CRASH:
                process.is_dead = True
            case Event.POWER:
                self.cut_power()
            case Event.CTRL_C:
                process.is_interrupted = True
            case Event.RIVAL:
                self._rival(process)
            case Event.USURPER:
                self._is_usurped = True
                self._other(self.usurp, "build-8")
            case Event.STOP:
                self._other(self.stop, "build-7")
            case _:
                return event
        self.check_alive()
        return None

    def check_alive(self) -> None:
        """Raises `Died` in a process that did."""
        if self.process.is_dead:
            raise Died

    def cut_power(self) -> None:
        """Every process dies, and what no fsync has covered is gone."""
        for process in self._running:
            process.is_dead = True
        self.disk.forget()

    def _check_send(self, process: Process) -> None:
        if self.is_stopped:
            self.complaints.append("a message was sent after the emergency stop was durable")
        if process.is_interrupted:
            self.complaints.append("a message was sent after Ctrl-C")
        # who breaks a lock by hand knows of it
        if process.connections > 1 and not (self._has_lock(process) or process.is_told or self._is_usurped):
            self.complaints.append("a lock was lost with its connection, and the run went on without a word")

    def _rival(self, process: Process) -> None:
        lock = self.disk.entries.get(LOCK)
        is_held = self._has_lock(process)
        rival = self._other(self.apply, process.host)
        # a branch or a bucket may have got a late request meanwhile that let the lock go
        is_left = self.disk.entries.get(LOCK) is lock or (self.backend in DATABASES and not self._is_usurped)
        if is_held and is_left and rival.requests:
            self.complaints.append("two runs worked at once: the second one did not stop at the lock")

    def _has_lock(self, process: Process) -> bool:
        lock = self.disk.entries.get(LOCK)
        return lock is not None and f'"pid": {process.pid}' in lock.seen.decode() and self.is_locked(process)

    def overtake(self) -> None:
        """Another run, on this host, does all its work now."""
        self._other(self.apply, self.process.host)

    def _other(self, command: Command, host: str) -> Process:
        with self.running(host) as other:
            command(other)
        return other

    # --- time ---------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The moment: this machine's clock and the world's are one."""
        return self.world.now

    def monotonic(self) -> float:
        return self.world.now.timestamp()

    def wait(self, seconds: float) -> None:
        """A process waits; others may do something meanwhile."""
        self.cross("wait", Kind.WAIT)
        self.pass_time(timedelta(seconds=seconds))

    def pass_time(self, span: timedelta) -> None:
        """Time goes by, and late requests arrive in it."""
        until = self.world.now + span
        for due, asked in sorted(self.late, key=lambda entry: entry[0]):
            if due <= until:
                self.world.set_now(max(due, self.world.now))
                self.ask(asked)
                self.late.remove((due, asked))
        self.world.set_now(until)

    # --- the world ----------------------------------------------------------------------------------------------------

    def ask(self, asked: Asked, *, hidden: bool = False) -> Answer:
        """The server carries out one request; a message made by it may stay out of the listing for a while."""
        if asked.method == "SQL":
            from .postgres_server import carry_out_late

            carry_out_late(self, asked.body)  # type: ignore[arg-type]  # what a connection left there
            return Answer(200, {})
        if asked.method == "PUSH":
            from .branch import land

            land(self, asked.body)  # type: ignore[arg-type]  # what `Branch.push` left there
            return Answer(200, {})
        self.world.listing_lag = LATE if hidden else timedelta(0)
        return self.world.request(asked.method, asked.path, asked.query, asked.body, API_KEY)

    def take_time(self, seconds: float = _REQUEST_TAKES) -> None:
        """A request takes its time."""
        self.pass_time(timedelta(seconds=seconds))

    # --- what is written ----------------------------------------------------------------------------------------------

    def check_written(self, older: State | None, newer: State | None, shown: bytes) -> None:
        """State or journal was written: what they say follows what they said before, and ``shown`` shows no number.

        A journal that begins, or is folded in, changes nothing.
        """
        if NUMBER_SHOWN in shown:
            self.complaints.append("a phone number stands in the state")
        if newer is None:
            self.complaints.append("a write left no state")
        elif newer != older and newer.serial != (older.serial if older else 0) + 1:
            self.complaints.append(f"serial {newer.serial} was written over {older.serial if older else 'nothing'}")


def recorded(files: Mapping[Path, bytes]) -> State | None:
    """The state that stands in ``files``; its uuids are claimed once, or this raises."""
    body = files.get(STATE)
    if body is None:
        return None
    return tables.read(body).state if tables.is_database(body) else _decoded(body, files.get(JOURNAL))


@lru_cache(maxsize=4096)
def _decoded(body: bytes, journal: bytes | None) -> State:
    return decode(body, journal=journal)


def _nothing(_process: Process) -> None:
    pass


class StepDisk(MemoryDisk):
    """A disk on which every change is a boundary. What a process does on it after its death has no effect."""

    def __init__(self, machine: Machine, files: Mapping[Path, bytes]) -> None:
        super().__init__(files)
        self._machine = machine

    def step(self, name: str, path: Path) -> None:
        if name in ("read", "stat", "list", "make folder"):
            self._machine.check_alive()
            return
        kind = Kind.ENTER if name == "enter" else Kind.WRITE
        if self._machine.cross(f"{name} {_shown(path)}", kind) is Event.FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def replace(self, source: Path, target: Path) -> None:
        before = recorded(self.killed()) if target == STATE else None
        super().replace(source, target)
        if target == STATE:
            self._machine.check_written(before, recorded(self.killed()), self.entries[target].seen)

    def append(self, path: Path, body: bytes, size: int) -> None:
        before = recorded(self.killed())
        super().append(path, body, size)
        self._machine.check_written(before, recorded(self.killed()), body)

    def settle(self) -> None:
        """Everything becomes durable: minutes have passed."""
        self._durable = dict(self.entries)
        self._pending = []

    def forget(self) -> None:
        """The power goes. Of a line that was being appended, as much as can be has reached the disk."""
        found = ((path, torn(one)) for path, one in self._durable.items())
        self.entries = {path: Content(body, body) for path, body in found}
        self.settle()


def _shown(path: Path) -> str:
    return "temp" if path.name.endswith(".tmp") else path.name.removeprefix(STATE.name) or "state"


class OneHost(Host):
    """The operating system under one process of a machine. Waiting for a lock takes all the patience there is."""

    def __init__(self, machine: Machine, process: Process) -> None:
        self._machine = machine
        self._process = process
        self._drawn = 0

    def token(self) -> str:
        self._drawn += 1
        return f"{self._process.pid}-{self._drawn}"

    def now(self) -> datetime:
        return self._machine.now()

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        self._machine.pass_time(timedelta(minutes=1))

    def tag(self) -> str:
        return "disk"

    def sign(self, operation: str) -> LockInfo:
        process = self._process
        return LockInfo(self.token(), operation, process.pid, process.host, "ci", self.now())

    def is_dead(self, holder: LockInfo) -> bool:
        return holder.host == self._process.host and not self._machine.is_alive(holder.pid)
