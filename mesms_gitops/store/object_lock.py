"""The lock as an object: taken, taken over and given back by conditional writes alone, so that two never both have it.

It is given back by writing `FREE` over it, never by removing it: a removal has no condition, and could hit the lock of
the next run. It has no time limit: a clock that is wrong, here or there, breaks no lock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from mesms_gitops.store.holding import Lock
from mesms_gitops.store.lock import decode_lock, encode_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.host import Host
    from mesms_gitops.store.objects import Objects, Stored
    from mesms_gitops.store.port import LockInfo

FREE: Final = b'{\n  "free": true\n}\n'
"""What stands where nobody holds the lock, once somebody has."""

_ROUNDS: Final = 20


class ObjectLock(Lock):
    """The lock of one state, in the object ``key``. ``created`` of a holder is by the store's clock."""

    longest_wait: ClassVar[float] = 2.0

    def __init__(self, key: str, objects: Objects, where: str, host: Host, on_note: Callable[[str], None]) -> None:
        """Nothing is asked yet."""
        super().__init__(where, host, on_note)
        self._key = key
        self._objects = objects

    def holder(self) -> LockInfo | None:
        """Who holds it, None if nobody does. Raises `StateError`."""
        return _holder(self._objects.get(self._key, "read the lock"))

    def take(self, mine: LockInfo) -> LockInfo | None:
        """Take it and return None, or return who has it. Raises `StateError`."""
        before = None
        for _ in range(_ROUNDS):
            found = self._objects.get(self._key, "take the lock")
            before = _holder(found)
            if before is not None and not self._host.is_dead(before):
                return before
            standing = None if found is None else found.version
            if self._objects.swap(self._key, encode_lock(mine), standing, "take the lock") is not None:
                if before is not None:
                    self.note_take_over(before)
                return None
        return before or decode_lock(b"")

    def drop(self, lock_id: str) -> LockInfo | None:
        """Free the lock if it is ``lock_id``; return whatever lock was found. Raises `StateError`."""
        while True:
            found = self._objects.get(self._key, "release the lock")
            held = _holder(found)
            if found is None or held is None or held.id != lock_id:
                return held
            if self._objects.swap(self._key, FREE, found.version, "release the lock") is not None:
                return held


def _holder(found: Stored | None) -> LockInfo | None:
    if found is None or found.body == FREE:
        return None
    return replace(decode_lock(found.body), created=found.modified)
