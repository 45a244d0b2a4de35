"""The emergency stop as an object of its own: written without the lock, read before every send, failing closed."""

from __future__ import annotations

from random import random
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import StateError, StateRetired
from mesms_gitops.model.state import Freeze
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.freeze import closed, decode_freeze, encode_freeze, open_freeze

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.host import Host
    from mesms_gitops.store.objects import Objects, Stored

_WRITE: Final = "write the emergency stop"
_ROUNDS, _LONGEST_WAIT = 100, 0.2


class ObjectFreeze:
    """The stop of one state, in the object ``key``."""

    def __init__(self, key: str, objects: Objects, where: str, host: Host) -> None:
        """Nothing is asked yet."""
        self._key = key
        self._objects = objects
        self._where = where
        self._host = host

    def read(self) -> Freeze:
        """What is frozen. Raises nothing: what cannot be read freezes everything, and ``by`` says why."""
        try:
            return self._opened(self._objects.get(self._key, "read the emergency stop"))
        except StateRetired as retired:
            return closed(retired)
        except StateError as error:
            return self._everything(error.why or error.what)

    def _opened(self, found: Stored | None) -> Freeze:
        """Raises `StateRetired`."""
        try:
            return open_freeze(None if found is None else found.body, self._where)
        except Surprise as surprise:
            return self._everything(surprise.why)

    def _everything(self, why: str) -> Freeze:
        name = self._key.rpartition("/")[2]
        return Freeze(everything=True, by=f"{name} cannot be read ({why}), so everything is held")

    def amend(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change``, write durably. Raises `StateError`, `StateRetired`, and whatever ``change`` raises."""

        def changed(found: Stored | None) -> tuple[Freeze, bytes]:
            freeze = change(self._opened(found))
            return freeze, encode_freeze(freeze)

        return self._rewritten(changed)

    def retire(self, to: str) -> Freeze:
        """Close the stop for good, since its state is at ``to`` now, and give it as it last stood; again, the same."""

        def last(found: Stored | None) -> tuple[Freeze, bytes]:
            try:
                freeze = Freeze() if found is None else decode_freeze(found.body)
            except Surprise as surprise:
                freeze = self._everything(surprise.why)
            return freeze, encode_freeze(freeze, moved_to=to)

        return self._rewritten(last)

    def _rewritten(self, turn: Callable[[Stored | None], tuple[Freeze, bytes]]) -> Freeze:
        for _ in range(_ROUNDS):
            found = self._objects.get(self._key, _WRITE)
            freeze, body = turn(found)
            standing = None if found is None else found.version
            if self._objects.swap(self._key, body, standing, _WRITE) is not None:
                return freeze
            self._host.sleep(random() * _LONGEST_WAIT)  # so that those who stop at once do not meet again
        raise StateError(
            f"cannot {_WRITE}",
            where=self._where,
            why="others keep changing it",
            next_step="run the same command again",
        )
