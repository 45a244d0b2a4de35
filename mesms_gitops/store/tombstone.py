"""What is left in the place of a state that was moved: readable by people, refused by `codec.decode`.

It has the keys of a state's head, so that whoever looks sees which state it was; an older mesms-gitops refuses it as
well, for want of campaigns.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateRetired
from mesms_gitops.model.state import STATE_VERSION

if TYPE_CHECKING:
    from mesms_gitops.model.state import State

MOVED_TO = "moved_to"


def encode_tombstone(state: State, to: str) -> bytes:
    """The bytes that go in the place of ``state``, which is at ``to`` now."""
    tree = {"lineage": state.lineage, MOVED_TO: to, "serial": state.serial, "version": STATE_VERSION}
    return (json.dumps(tree, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode("utf-8")


def refuse_tombstone(tree: object, origin: str) -> None:
    """Raises `StateRetired`, naming ``origin``, if the document ``tree`` says that the state, or the stop, moved."""
    to = tree.get(MOVED_TO) if isinstance(tree, dict) else None
    if isinstance(to, str):
        raise StateRetired(to, where=origin)
