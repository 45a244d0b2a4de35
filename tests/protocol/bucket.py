"""A bucket in memory under the real object backend: what obstore is on a network.

The objects are files of the machine, which tell their versions apart by what they hold, as S3 does. Puts and gets are
boundaries: a put may be lost before or after it was carried out, land minutes later, or be refused; the store may
vanish for the rest of a run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError, PreconditionError

from mesms_gitops.store.git_repository import PushEnd
from mesms_gitops.store.object_store import BACKUP, ObjectStore
from tests.store.memory_disk import Content, Died

from .branch import ADDRESS, FREEZE, PLACES, WaitingHost, commit_of, land
from .fate import Event, Kind
from .machine import LATE, LOCK, STATE, Asked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .machine import Machine, Process

KEY = "state.json"
REFS: Mapping[str, str] = {KEY: ADDRESS.head, f"{KEY}.lock": ADDRESS.lock, f"{KEY}.freeze": ADDRESS.freeze}
_NOON = datetime(2027, 4, 10, 5, 0, tzinfo=UTC)
_ACTED = {Event.CRASH_ACTED, Event.LOST, Event.VANISHED_ACTED, None}
_GONE = {Event.VANISHED, Event.VANISHED_ACTED}
_tokens: WeakKeyDictionary[Machine, dict[tuple[str, str], str]] = WeakKeyDictionary()


class Got:
    """An object, as obstore gives it."""

    def __init__(self, body: bytes, attributes: dict[str, str]) -> None:
        self._body = body
        self.attributes = attributes
        self.meta = {"e_tag": commit_of(body), "version": None, "last_modified": _NOON}

    def bytes(self) -> bytes:
        return self._body


class Bucket:
    """The bucket, as one process reaches it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._tokens = _tokens.setdefault(machine, {})

    def get(self, key: str) -> Got:
        event = self._machine.cross(f"get {key}", Kind.LOOK)
        if event is not None:
            self._vanish(event)
            raise GenericError("Error performing GET https://bucket/: kind: Connect")
        content = self._machine.disk.entries.get(_path(key))
        if content is None:
            raise FileNotFoundError("<Code>NoSuchKey</Code>")
        token = self._tokens.get((key, commit_of(content.seen)))
        return Got(content.seen, {} if token is None else {"commit": token})

    def put(self, key: str, body: bytes, *, attributes: dict[str, str], mode: Any = None, **_: object) -> Any:
        machine = self._machine
        event = machine.cross(f"put {key}", Kind.PUSH)
        if mode is None:
            return self._copied(key, body, event)
        old = None if mode == "create" else mode["e_tag"]
        update = ((REFS[key], old, body),)
        if event in _ACTED or event is Event.LATE:
            token = self._tokens.get((key, commit_of(body)))
            self._tokens[key, commit_of(body)] = attributes["commit"]
        end = land(machine, update) if event in _ACTED else None
        if end is PushEnd.BEHIND and token is not None:
            self._tokens[key, commit_of(body)] = token  # the bytes that stand are another's
        if event is Event.LATE:
            machine.late.append((machine.now() + LATE, Asked("PUSH", REFS[key], {}, update)))
        self._strike(event)
        if end is PushEnd.BEHIND:
            raise AlreadyExistsError("412") if old is None else PreconditionError("412")
        return {"e_tag": commit_of(body), "version": None}

    def _copied(self, key: str, body: bytes, event: Event | None) -> None:
        if event in _ACTED:
            self._machine.disk.entries[_path(key)] = Content(body, body)
            self._machine.disk.settle()
        self._strike(event)

    def _strike(self, event: Event | None) -> None:
        if event is None:
            return
        if event is Event.CRASH_ACTED:
            self._machine.process.is_dead = True
            raise Died
        if event is Event.DENIED:
            raise PermissionDeniedError("<Code>AccessDenied</Code>")
        self._vanish(event)
        raise GenericError(f"Error performing PUT https://bucket/: kind: {_kind(event)}")

    def _vanish(self, event: Event) -> None:
        if event in _GONE:
            self._machine.process.lasting |= {Kind.LOOK: Event.VANISHED, Kind.PUSH: Event.VANISHED}


def _kind(event: Event) -> str:
    """What obstore can know: only without a connection is it sure that nothing arrived."""
    return "Connect" if event is Event.VANISHED else "Timeout"


def _path(key: str) -> Path:
    if key in REFS:
        return PLACES[REFS[key]]
    assert key == KEY + BACKUP
    return STATE.with_name(f"{STATE.name}{BACKUP}")


assert (PLACES[ADDRESS.lock], PLACES[ADDRESS.freeze]) == (LOCK, FREEZE)


class BucketStore(ObjectStore):
    """The real backend on such a bucket, which was found to keep to conditions before the story begins."""

    wave = 1

    def __init__(self, machine: Machine, process: Process) -> None:
        super().__init__(f"s3://bucket/{KEY}", environment={}, host=WaitingHost(machine, process))
        self.wave = machine.wave
        self._is_trusted = True
        bucket = Bucket(machine)
        self._objects._bucket = lambda _retries: bucket
