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
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.model.delivery import DeliveryNote
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase, SendRecord
from mesms_gitops.model.state import STATE_VERSION, Approval, CampaignRecord, ManifestRecord, State
from mesms_gitops.model.suppression import is_entry
from mesms_gitops.store.fields import Fields, Surprise, items, mapping, moment_text, parse, quoted, sketch_text
from mesms_gitops.store.journal import MARK, OPEN_VERSION, folded
from mesms_gitops.store.rules import check_campaign, check_claims
from mesms_gitops.store.tombstone import refuse_tombstone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from enum import StrEnum
    from typing import TypeVar

    Word = TypeVar("Word", bound=StrEnum)

_LINEAGE_KEY = "lineage"


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
        return _state(folded(parse(body), body, journal), origin)
    except Surprise as surprise:
        raise StateUnreadable(
            "the state cannot be read; nothing was sent or changed",
            where=_place(origin, surprise.path),
            why=surprise.why,
            next_step=surprise.next_step or (remedy() if remedy else "restore it from a backup or from git"),
        ) from surprise


def canonical(state: State) -> State:
    """What reading ``state`` back gives: campaigns and sends in the order in which they are written, samples gone."""
    campaigns = {name: _ordered(state.campaigns[name]) for name in sorted(state.campaigns)}
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
            "hash_key": None if state.hash_key == _LINEAGE_KEY else _dump(state.hash_key),
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


def check_head(state: State) -> None:
    """Raises `Surprise` where what stands beside the campaigns breaks a rule."""
    if not state.lineage or not state.hash_key:
        raise Surprise("hash_key" if state.lineage else "lineage", "a name that is empty")
    if state.serial < 0:
        raise Surprise("serial", f"{state.serial} is less than zero")
    if not all(map(is_entry, state.suppressed)) or len(set(state.suppressed)) != len(state.suppressed):
        raise Surprise("suppressed", "not what stands for people to leave out, each once")


def _dump(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, indent=2)


def _nested(tree: object, level: int) -> str:
    # a newline inside a JSON text is written as \n, so every real one is layout
    return _dump(tree).replace("\n", "\n" + "  " * level)


def _shortened(tree: Mapping[str, object], keep: frozenset[str] = frozenset()) -> dict[str, object]:
    """``tree`` without what is absent, empty or False; ``keep`` stays whatever its value."""
    return {key: value for key, value in tree.items() if key in keep or not _is_absent(value)}


def _is_absent(value: object) -> bool:
    # by identity: 0 equals False, and a zero is something that was said
    return value is None or value is False or value in ((), {})


def approval_tree(approval: Approval) -> dict[str, object]:
    """``approval`` as it is written."""
    return _shortened(
        {"digest": approval.digest, "run": approval.run, "steps": approval.steps, "finished": approval.is_finished}
    )


def _ordered(record: CampaignRecord) -> CampaignRecord:
    sends = tuple(_settled(send) for send in record.sends)
    if len(sends) > 1:
        sends = tuple(sorted(sends, key=lambda send: (send.revision, send.fingerprint)))
    elif not sends or sends[0] is record.sends[0]:
        return record
    return replace(record, sends=sends)


def _settled(send: SendRecord) -> SendRecord:
    return replace(send, sample=()) if send.sample and not send.is_unsettled else send


def campaign_tree(record: CampaignRecord) -> dict[str, object]:
    """``record`` as it is written under its name."""
    return _shortened(
        {
            "file": record.file,
            "revision": record.revision,
            "manifest": None if record.manifest is None else _manifest_tree(record.manifest),
            "sends": [_send_tree(send) for send in _ordered(record).sends] or None,
            "retired": record.retired,
            "moved_to": record.moved_to,
            "held_at": record.held_at,
            "held_for": record.held_for,
            "sketch": record.sketch and sketch_text(record.sketch),
        },
        keep=frozenset({"manifest"} if record.manifest is not None else ()),
    )


def _manifest_tree(manifest: ManifestRecord) -> dict[str, object]:
    return _shortened({"shown": dict(manifest.shown), "digests": dict(manifest.digests)})


_COUNTS = frozenset({"recipients", "parts"})


def _send_tree(send: SendRecord) -> dict[str, object]:
    tree = {
        "fingerprint": send.fingerprint,
        "revision": send.revision,
        "phase": send.phase.value,
        "run": send.run,
        "intended_at": moment_text(send.intended_at),
        "scheduled_at": send.scheduled_at and moment_text(send.scheduled_at),
        "sender": send.sender,
        "uuid": send.uuid,
        "text_digest": send.text_digest,
        "audience_digest": send.audience_digest,
        "sample": send.sample,
        "delivery": dict(send.delivery),
        "cancel": send.cancel and _cancel_tree(send.cancel),
        "reason": send.reason,
        "notes": tuple(sorted(send.notes)),
    }
    numbers = {
        "recipients": send.recipients,
        "parts": send.parts,
        "credits": send.credits,
        "quoted": send.quoted,
        "group_id": send.group_id,
        "template_id": send.template_id,
        "undo_window": send.undo_window,
    }
    return _shortened(tree) | {key: number for key, number in numbers.items() if number is not None}


def _cancel_tree(cancel: CancelIntent) -> dict[str, object]:
    return {"run": cancel.run, "at": moment_text(cancel.at), "reason": cancel.reason.value}


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_HEAD = frozenset({"version", "lineage", "serial", "campaigns"})
_HEAD_MAY = frozenset({"hash_key", "approval", "suppressed"})
_APPROVAL = frozenset({"digest", "run"})
_CAMPAIGN = frozenset({"file", "revision"})
_CAMPAIGN_MAY = frozenset({"manifest", "sends", "retired", "moved_to", "held_at", "held_for", "sketch"})
_SEND = frozenset({"fingerprint", "revision", "phase", "run", "intended_at", "sender", "recipients", "parts"})
_SEND_MAY = frozenset(
    {
        "scheduled_at",
        "credits",
        "quoted",
        "uuid",
        "text_digest",
        "audience_digest",
        "sample",
        "group_id",
        "template_id",
        "undo_window",
        "delivery",
        "cancel",
        "reason",
        "notes",
    }
)
_CANCEL = frozenset({"run", "at", "reason"})


def _state(tree: object, origin: str) -> State:
    refuse_tombstone(tree, origin)
    _check_version(mapping(tree, "").get("version"), origin)
    head = Fields(tree, "", required=_HEAD, optional=_HEAD_MAY)
    campaigns = {
        name: _campaign(name, value) for name, value in sorted(mapping(head.raw("campaigns"), "campaigns").items())
    }
    check_claims(send.uuid for record in campaigns.values() for send in record.sends if send.uuid)
    state = State(
        lineage=head.text("lineage"),
        serial=head.whole("serial"),
        hash_key=head.text("hash_key") if head.has("hash_key") else _LINEAGE_KEY,
        campaigns=MappingProxyType(campaigns),
        approval=_approval(head.raw("approval")) if head.has("approval") else None,
        suppressed=tuple(sorted(head.texts("suppressed"))),
    )
    check_head(state)
    return state


def _check_version(found: object, origin: str) -> None:
    if found is None:
        raise Surprise("", 'the key "version" is missing')
    if type(found) is not int or found < 1:
        raise Surprise("version", f"{quoted(found)} is not a version")
    if found > STATE_VERSION:
        raise StateUnreadable(
            "a newer mesms-gitops wrote this state; nothing was sent or changed",
            where=origin,
            why=f"it is of version {found}, and this mesms-gitops knows version {STATE_VERSION}",
            next_step="upgrade mesms-gitops here to the version that wrote it, then run the same command again",
        )


def _approval(value: object) -> Approval:
    found = Fields(value, "approval", required=_APPROVAL, optional=frozenset({"steps", "finished"}))
    return Approval(found.text("digest"), found.text("run"), found.texts("steps"), found.flag("finished"))


def _campaign(name: str, value: object) -> CampaignRecord:
    path = f"campaigns.{name}"
    found = Fields(value, path, required=_CAMPAIGN, optional=_CAMPAIGN_MAY)
    sends = items(found.raw("sends"), found.at("sends")) if found.has("sends") else []
    record = CampaignRecord(
        name=name,
        file=found.text("file"),
        revision=found.whole("revision"),
        manifest=_manifest(found.raw("manifest"), found.at("manifest")) if found.has("manifest") else None,
        sends=tuple(_send(each, where) for each, where in sends),
        retired=found.flag("retired"),
        moved_to=found.maybe_text("moved_to"),
        held_at=found.maybe_whole("held_at"),
        held_for=found.texts("held_for"),
        sketch=found.maybe_sketch("sketch"),
    )
    check_campaign(record, path)
    return _ordered(record)


def _manifest(value: object, path: str) -> ManifestRecord:
    found = Fields(value, path, required=frozenset(), optional=frozenset({"shown", "digests"}))
    return ManifestRecord(
        MappingProxyType(found.text_table("shown")),
        MappingProxyType(found.text_table("digests")),
    )


def _send(value: object, path: str) -> SendRecord:
    found = Fields(value, path, required=_SEND, optional=_SEND_MAY)
    return SendRecord(
        fingerprint=found.text("fingerprint"),
        revision=found.whole("revision"),
        phase=_word(SendPhase, found, "phase"),
        run=found.text("run"),
        intended_at=found.moment("intended_at"),
        scheduled_at=found.maybe_moment("scheduled_at"),
        sender=found.text("sender"),
        recipients=found.whole("recipients"),
        parts=found.whole("parts"),
        credits=found.maybe_whole("credits"),
        quoted=found.maybe_whole("quoted"),
        uuid=found.maybe_text("uuid"),
        text_digest=found.maybe_text("text_digest"),
        audience_digest=found.maybe_text("audience_digest"),
        sample=found.texts("sample"),
        group_id=found.maybe_whole("group_id"),
        template_id=found.maybe_whole("template_id"),
        undo_window=found.maybe_whole("undo_window"),
        delivery=MappingProxyType(found.count_table("delivery")),
        cancel=_cancel(found.raw("cancel"), found.at("cancel")) if found.has("cancel") else None,
        reason=found.maybe_text("reason"),
        notes=_notes(found),
    )


def _notes(found: Fields) -> tuple[DeliveryNote, ...]:
    if not found.has("notes"):
        return ()
    words = found.texts("notes")
    for word in words:
        if word not in tuple(DeliveryNote):
            raise Surprise(found.at("notes"), f"{quoted(word)} is none of {', '.join(DeliveryNote)}")
    return tuple(sorted(map(DeliveryNote, words)))


def _cancel(value: object, path: str) -> CancelIntent:
    found = Fields(value, path, required=_CANCEL, optional=frozenset())
    return CancelIntent(found.text("run"), found.moment("at"), _word(CancelReason, found, "reason"))


def _word(words: type[Word], found: Fields, name: str) -> Word:
    word = found.text(name)
    try:
        return words(word)
    except ValueError as error:
        raise Surprise(found.at(name), f"{quoted(word)} is none of {', '.join(words)}") from error
