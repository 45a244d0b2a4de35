"""A `State` as bytes and back. Equal states are equal bytes, and a git diff of two states reads well.

The form: JSON in UTF-8, keys sorted, two spaces a level, a newline at the end; campaigns by name; sends by revision and
fingerprint; times in UTC with a Z; what is absent, empty or the default is left out. The order of sends within a
campaign means nothing, so it is not kept. ``schemas/state.schema.json`` describes the same form.

``sample``, the digests of some numbers, is there to recognise the message of a send that nobody knows the outcome of
(docs/send-protocol.md). No other send can become one, so none but those keep it: a tenth of the bytes is left.

The reader is strict: what this tool would not have written is refused with its place, never repaired or skipped,
since a send that is overlooked here is a send that is made twice.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.model.state import STATE_VERSION, State
from mesms_gitops.store.fields import Surprise, parse, quoted
from mesms_gitops.store.journal import MARK, OPEN_VERSION, folded
from mesms_gitops.store.rules import check_campaign, check_claims, check_head
from mesms_gitops.store.state_reading import LINEAGE_KEY, state_in
from mesms_gitops.store.state_trees import approval_tree, campaign_tree, ordered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.model.state import CampaignRecord


def encode(state: State) -> bytes:
    """``state`` as it is written. Raises `StateError` if it breaks a rule that the reader would refuse it for."""
    return Writer().encode(state)


def decode(
    body: bytes, origin: str = "the state", remedy: Callable[[], str] | None = None, journal: bytes | None = None
) -> State:
    """The state in ``body`` and in the ``journal`` beside it, where there is one.

    Raises `StateUnreadable`, naming ``origin`` and asking ``remedy`` what to do next; `StateRetired` for a tombstone.
    """
    try:
        return state_in(folded(parse(body), body, journal), origin)
    except Surprise as surprise:
        raise StateUnreadable(
            "the state cannot be read; nothing was sent or changed",
            where=_place(origin, surprise.path),
            why=surprise.why,
            next_step=surprise.next_step or (remedy() if remedy else "restore it from a backup or from git"),
        ) from surprise


def canonical(state: State) -> State:
    """What reading ``state`` back gives: campaigns and sends in the order in which they are written, samples gone."""
    campaigns = {name: ordered(state.campaigns[name]) for name in sorted(state.campaigns)}
    return State(
        state.lineage,
        state.serial,
        state.hash_key,
        MappingProxyType(campaigns),
        state.approval,
        tuple(sorted(state.suppressed)),
    )


def _place(origin: str, path: str) -> str:
    if not path:
        return origin
    return f"{origin}:{path}" if path[0].isdigit() else f"{origin}: {path}"


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Writer:
    """Encodes states, remembering the text of campaigns that did not change: a commit costs what it changes."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[CampaignRecord, str, tuple[str, ...]]] = {}

    def encode(self, state: State, *, is_open: bool = False) -> bytes:
        """``state`` as it is written; ``is_open``: a journal goes with it. Raises `StateError`."""
        with refusing():
            return self._text(state, is_open=is_open).encode("utf-8")

    def _text(self, state: State, *, is_open: bool) -> str:
        self._known = {name: self._campaign(name, state.campaigns[name]) for name in sorted(state.campaigns)}
        check_claims(uuid for _, _, uuids in self._known.values() for uuid in uuids)
        check_head(state)
        campaigns = ",\n".join(text for _, text, _ in self._known.values())
        members = {
            "approval": state.approval and _nested(approval_tree(state.approval), 1),
            "campaigns": f"{{\n{campaigns}\n  }}" if campaigns else "{}",
            "hash_key": None if state.hash_key == LINEAGE_KEY else _dump(state.hash_key),
            MARK: "true" if is_open else None,
            "lineage": _dump(state.lineage),
            "serial": _dump(state.serial),
            "suppressed": _nested(sorted(state.suppressed), 1) if state.suppressed else None,
            "version": _dump(OPEN_VERSION if is_open else STATE_VERSION),
        }
        return "{\n" + ",\n".join(f'  "{key}": {text}' for key, text in members.items() if text) + "\n}\n"

    def _campaign(self, name: str, record: CampaignRecord) -> tuple[CampaignRecord, str, tuple[str, ...]]:
        known = self._known.get(name)
        if known is not None and known[0] is record:
            return known
        path = f"campaigns.{name}"
        if record.name != name:
            raise Surprise(path, f"the campaign under this name calls itself {quoted(record.name)}")
        check_campaign(record, path)
        uuids = tuple(send.uuid for send in record.sends if send.uuid)
        return record, f'    "{name}": {_nested(campaign_tree(record), 2)}', uuids


@contextmanager
def refusing() -> Iterator[None]:
    """Where a `Surprise` about what is to be written becomes `StateError`."""
    try:
        yield
    except Surprise as surprise:
        raise _unwritable(surprise.path, surprise.why) from surprise
    except UnicodeEncodeError as error:
        raise _unwritable("", "a text holds half a surrogate pair") from error


def _unwritable(path: str, why: str) -> StateError:
    return StateError(
        "this state must not be written; the recorded one is unchanged",
        where=path or None,
        why=why,
        next_step="this is a fault in mesms-gitops: please report it with the line above",
    )


def _dump(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, indent=2)


def _nested(tree: object, level: int) -> str:
    # a newline inside a JSON text is written as \n, so every real one is layout
    return _dump(tree).replace("\n", "\n" + "  " * level)
