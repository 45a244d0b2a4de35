"""A branch of a remote in memory, under the real git backend: what `store.git_repository.Repository` is on a disk.

The remote is three files of the machine: the state, the lock and the stop, each the newest commit of its ref; a commit
goes by the digest of what it holds. Pushes and looks are boundaries: a push may be lost before or after it landed, land
minutes later, or be refused; the remote may vanish for the rest of a run. Clones remember nothing: runners are thrown
away.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError
from mesms_gitops.store.freeze import decode_freeze
from mesms_gitops.store.git_address import read_address
from mesms_gitops.store.git_push import Pushed, PushEnd
from mesms_gitops.store.git_repository import Repository
from mesms_gitops.store.git_store import GitStore
from tests.store.memory_disk import Content, Died

from .fate import Event, Kind
from .machine import LATE, LOCK, STATE, Asked, OneHost, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mesms_gitops.store.git_push import Move

    from .machine import Machine, Process

ADDRESS = read_address("git:mesms-state")
FREEZE = STATE.with_name(f"{STATE.name}.freeze")
PLACES: Mapping[str, Path] = {ADDRESS.head: STATE, ADDRESS.last: STATE, ADDRESS.lock: LOCK, ADDRESS.freeze: FREEZE}
_LANDED = {Event.CRASH_ACTED, Event.LOST, Event.VANISHED_ACTED, None}
_GONE = {Event.VANISHED, Event.VANISHED_ACTED}


def commit_of(body: bytes) -> str:
    """The name of a commit."""
    return sha256(body).hexdigest()[:40]


class Branch(Repository):
    """The repository of one process. ``objects`` are what is here; the remote is the machine's."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._objects: dict[str, bytes] = {}

    _patience = 60.0
    where = "git:mesms-state at origin"
    remote_name = "origin"

    def look(self, *refs: str) -> Mapping[str, str]:
        event = self._machine.cross("look", Kind.LOOK)
        if event is not None:
            self._vanish(event)
            raise StateError("cannot ask the remote for the state", next_step="run the same command again")
        found = ((ref, self._machine.disk.entries.get(PLACES[ref])) for ref in refs)
        return {ref: commit_of(content.seen) for ref, content in found if content is not None}

    def push(self, *moves: Move) -> Pushed:
        machine = self._machine
        event = machine.cross(f"push {' '.join(PLACES[move.ref].name for move in moves)}", Kind.PUSH)
        update = tuple((move.ref, move.old, None if move.new is None else self._objects[move.new]) for move in moves)
        end = land(machine, update) if event in _LANDED else PushEnd.UNCLEAR
        if event is Event.CRASH_ACTED:
            machine.process.is_dead = True
            raise Died
        if event is Event.LATE:
            machine.late.append((machine.now() + LATE, Asked("PUSH", moves[0].ref, {}, update)))
        if event is Event.DENIED:
            return Pushed(PushEnd.REFUSED, "protected branch hook declined")
        if event is not None:
            self._vanish(event)
            return Pushed(PushEnd.UNCLEAR, "the remote end hung up")
        return Pushed(end)

    def _vanish(self, event: Event) -> None:
        if event in _GONE:
            self._machine.process.lasting |= {Kind.LOOK: Event.VANISHED, Kind.PUSH: Event.VANISHED}

    def fetch(self, ref: str, *, in_full: bool = False) -> None:
        content = self._machine.disk.entries.get(PLACES[ref])
        if content is not None:
            self._objects[commit_of(content.seen)] = content.seen

    def has(self, commit: str) -> bool:
        return commit in self._objects

    def parent(self, commit: str) -> str | None:
        return None

    def descends(self, commit: str, ancestor: str, ref: str) -> bool:
        return True

    def state_at(self, commit: str) -> bytes | None:
        return self._objects[commit]

    def note_at(self, commit: str) -> bytes:
        return self._objects[commit]

    def seen(self) -> str | None:
        return None

    def remember(self, commit: str) -> None:
        pass

    def is_only_here(self) -> bool:
        return False

    def save_state(self, body: bytes, message: str, parent: str | None) -> str:
        return self._saved(body)

    def save_note(self, subject: str, body: bytes, parent: str | None = None) -> str:
        return self._saved(body)

    def _saved(self, body: bytes) -> str:
        self._machine.check_alive()
        self._objects[commit_of(body)] = body
        return commit_of(body)


def land(machine: Machine, update: tuple[tuple[str, str | None, bytes | None], ...]) -> PushEnd:
    """The remote takes a push, all of it or nothing, if every ref still is where the push expects it."""
    entries = machine.disk.entries
    for ref, old, _ in update:
        content = entries.get(PLACES[ref])
        if (None if content is None else commit_of(content.seen)) != old:
            return PushEnd.BEHIND
    before = recorded(machine.disk.killed())
    for ref, _, body in update:
        if body is None:
            entries.pop(PLACES[ref], None)
        else:
            entries[PLACES[ref]] = Content(body, body)
    machine.disk.settle()
    if update[0][0] == ADDRESS.head:
        machine.check_written(before, recorded(machine.disk.killed()), update[0][2] or b"")
    return PushEnd.DONE


def stands_stopped(machine: Machine) -> bool:
    """Whether the stop that stands at the remote holds anything."""
    found = machine.disk.entries.get(FREEZE)
    return found is not None and decode_freeze(found.seen).is_active


class WaitingHost(OneHost):
    """Waiting takes as long as it takes."""

    def sleep(self, seconds: float) -> None:
        self._machine.pass_time(timedelta(seconds=seconds))


class BranchStore(GitStore):
    """The real backend on such a branch, in waves of ``wave``."""

    wave = 1

    def __init__(self, machine: Machine, process: Process) -> None:
        super().__init__(Branch(machine), ADDRESS, host=WaitingHost(machine, process))
        self.wave = machine.wave
