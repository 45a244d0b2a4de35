"""The emergency stop, in a file of its own: written without the lock, read before every send.

It fails closed: a stop that cannot be read stops everything, and so does one whose state was moved elsewhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateRetired
from mesms_gitops.model.state import Freeze
from mesms_gitops.store.disk import door
from mesms_gitops.store.fields import Fields, Surprise, mapping, moment_text, parse, quoted
from mesms_gitops.store.tombstone import MOVED_TO, refuse_tombstone

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.disk import Disk
    from mesms_gitops.store.place import Place

FREEZE_VERSION = 1
_MAY = frozenset({"everything", "asked", "campaigns", "released", "since", "by", MOVED_TO})


class FreezeFile:
    """The stop of one state, at ``place``."""

    def __init__(self, place: Place, disk: Disk) -> None:
        """A file whose folder need not stand yet."""
        self._place = place
        self._disk = disk

    def read(self) -> Freeze:
        """What is frozen. Raises nothing: what cannot be read freezes everything, and ``by`` says why."""
        try:
            return self._opened()
        except StateRetired as retired:
            return closed(retired)

    def _opened(self) -> Freeze:
        try:
            return open_freeze(self._disk.read(self._place.path), str(self._place.path))
        except OSError as error:
            return self._everything(error.strerror or str(error))
        except Surprise as surprise:
            return self._everything(surprise.why)

    def _everything(self, why: str) -> Freeze:
        name = self._place.path.name
        return Freeze(everything=True, by=f"{name} cannot be read ({why}), so everything is held")

    def retire(self, to: str) -> Freeze:
        """Close the stop for good, since its state is at ``to`` now, and give it as it last stood; again, the same."""
        with door(self._place.path, "write the emergency stop"), self._place.guard():
            self._place.sweep()
            body = self._disk.read(self._place.path)
            try:
                last = Freeze() if body is None else decode_freeze(body)
            except Surprise as surprise:
                last = self._everything(surprise.why)
            self._place.install(encode_freeze(last, moved_to=to))
        return last

    def amend(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change``, write durably. Raises `StateError`, `StateRetired`, and whatever ``change`` raises."""
        with door(self._place.path, "write the emergency stop"), self._place.guard():
            self._place.sweep()
            freeze = change(self._opened())
            self._place.install(encode_freeze(freeze))
        return freeze


def closed(retired: StateRetired) -> Freeze:
    """What holds where the state was moved away: everything, since a stop written here would reach nobody."""
    return Freeze(everything=True, by=f"the state was moved to {retired.to}, so everything is held here")


def open_freeze(body: bytes | None, origin: str) -> Freeze:
    """The freeze in ``body``, none where there is none. Raises `Surprise`, and `StateRetired` for one that moved."""
    if body is None:
        return Freeze()
    refuse_tombstone(parse(body), origin)
    return decode_freeze(body)


def encode_freeze(freeze: Freeze, moved_to: str | None = None) -> bytes:
    """``freeze`` as it is written. Raises `StateError` for a time without zone or a text that is not one.

    ``moved_to`` says where the state is now: `open_freeze` refuses such a freeze, `decode_freeze` gives it as it was.
    """
    tree = {
        "version": FREEZE_VERSION,
        "everything": freeze.everything,
        "campaigns": sorted(freeze.campaigns),
        "released": sorted(freeze.released) or None,
        "asked": sorted(freeze.asked) or None,
        "since": None if freeze.since is None else moment_text(freeze.since),
        "by": freeze.by,
        MOVED_TO: moved_to,
    }
    kept = {key: value for key, value in tree.items() if value is not None}
    try:
        return (json.dumps(kept, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode("utf-8")
    except UnicodeEncodeError as error:
        raise StateError("the emergency stop holds a text that cannot be written", why=str(error)) from error


def decode_freeze(body: bytes) -> Freeze:
    """The freeze in ``body``, also of a state that moved since. Raises `Surprise`."""
    tree = parse(body)
    version = mapping(tree, "").get("version")
    if type(version) is not int or version != FREEZE_VERSION:
        raise Surprise("version", f"version {quoted(version)} is not known here")
    found = Fields(tree, "", required=frozenset({"version"}), optional=_MAY)
    return Freeze(
        everything=found.flag("everything"),
        campaigns=frozenset(found.texts("campaigns")),
        released=frozenset(found.texts("released")),
        asked=frozenset(found.texts("asked")),
        since=found.maybe_moment("since"),
        by=found.maybe_text("by"),
    )
