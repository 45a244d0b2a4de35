"""The lock file: who is at work on a state; how it is waited for and broken is in `holding`.

Every look-and-then-change happens within the guard of the state, so two that find the same dead holder do not both
take over; and the file appears with all its bytes at once, so nobody finds half of one.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from mesms_gitops.store.disk import door
from mesms_gitops.store.fields import Fields, Surprise, moment_text, parse
from mesms_gitops.store.holding import Lock
from mesms_gitops.store.port import UNREADABLE, LockInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.store.disk import Disk
    from mesms_gitops.store.host import Host
    from mesms_gitops.store.place import Place

_MUST = frozenset({"id", "operation", "pid", "host", "user", "created"})
_MAY = frozenset({"machine", "boot", "pid_space", "started", "run_url", "run_attempt"})


class LockFile(Lock):
    """The lock of one state, at ``place``; ``state`` is the place whose guard it shares."""

    def __init__(self, place: Place, state: Place, disk: Disk, host: Host, on_note: Callable[[str], None]) -> None:
        """Nothing is touched yet."""
        super().__init__(str(place.path), host, on_note)
        self._place = place
        self._state = state
        self._disk = disk

    def holder(self) -> LockInfo | None:
        """Who holds it, None if nobody does. Raises `StateError`."""
        with door(self._place.path, "read the lock"):
            return self._holder()

    def _holder(self) -> LockInfo | None:
        body = self._disk.read(self._place.path)
        return None if body is None else decode_lock(body)

    def take(self, mine: LockInfo) -> LockInfo | None:
        """Take the lock and return None, or return who has it."""
        with door(self._place.path, "take the lock"), self._state.guard():
            self._place.sweep()
            before = self._holder()
            if before is not None and not self._host.is_dead(before):
                return before
            if before is not None:
                self._disk.discard(self._place.path)
            if not self._create(encode_lock(mine)):
                return self._holder() or decode_lock(b"")
        if before is not None:
            self.note_take_over(before)
        return None

    def _create(self, body: bytes) -> bool:
        """Make the file if there is none; another machine, which our guard does not stop, may be faster."""
        temp = self._place.temp()
        try:
            self._disk.write_new(temp, body)
            return self._appear(temp, body)
        finally:
            with suppress(OSError):
                self._disk.discard(temp)

    def _appear(self, temp: Path, body: bytes) -> bool:
        try:
            self._disk.link(temp, self._place.path)
        except FileExistsError:
            return False
        except OSError:
            return self._write(body)
        return True

    def _write(self, body: bytes) -> bool:
        # a filesystem without second names: for a moment the file stands there empty, which reads as held
        try:
            self._disk.write_new(self._place.path, body)
        except FileExistsError:
            return False
        except OSError:
            self._disk.discard(self._place.path)
            raise
        return True

    def drop(self, lock_id: str) -> LockInfo | None:
        """Remove the lock if it is ``lock_id``; return whatever lock was found."""
        with door(self._place.path, "release the lock"), self._state.guard():
            found = self._holder()
            if found is not None and found.id == lock_id:
                self._disk.discard(self._place.path)
            return found


def encode_lock(lock: LockInfo) -> bytes:
    """``lock`` as it is written."""
    tree = {**asdict(lock), "created": lock.created and moment_text(lock.created)}
    kept = {key: value for key, value in tree.items() if value is not None}
    return (json.dumps(kept, sort_keys=True, indent=2) + "\n").encode("ascii")


def decode_lock(body: bytes) -> LockInfo:
    """The lock in ``body``; one with the id `UNREADABLE` where it is none, since a lock in doubt is a lock."""
    try:
        found = Fields(parse(body), "", required=_MUST, optional=_MAY)
        return LockInfo(
            id=found.text("id"),
            operation=found.text("operation"),
            pid=found.whole("pid"),
            host=found.text("host"),
            user=found.text("user"),
            created=found.moment("created"),
            machine=found.maybe_text("machine"),
            boot=found.maybe_text("boot"),
            pid_space=found.maybe_text("pid_space"),
            started=found.maybe_text("started"),
            run_url=found.maybe_text("run_url"),
            run_attempt=found.maybe_whole("run_attempt"),
        )
    except Surprise:
        return LockInfo(UNREADABLE, "unknown", 0, "unknown", "unknown", None)
