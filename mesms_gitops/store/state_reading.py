"""A state out of the tree of JSON that it was written as: strictly, since a send that is overlooked is made twice."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import StateUnreadable
from mesms_gitops.model.delivery import DeliveryNote
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase, SendRecord
from mesms_gitops.model.state import STATE_VERSION, Approval, CampaignRecord, ManifestRecord, State
from mesms_gitops.store.fields import Fields, Surprise, items, mapping, quoted
from mesms_gitops.store.rules import check_campaign, check_claims, check_head
from mesms_gitops.store.state_trees import ordered
from mesms_gitops.store.tombstone import refuse_tombstone

if TYPE_CHECKING:
    from enum import StrEnum
    from typing import TypeVar

    Word = TypeVar("Word", bound=StrEnum)

LINEAGE_KEY: Final = "lineage"
"""The ``hash_key`` that is not written: digests are keyed with the state's own lineage."""

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


def state_in(tree: object, origin: str) -> State:
    """The state in ``tree``, sorted as it is written.

    Raises `Surprise` for what this tool would not have written, `StateUnreadable` for a newer version, `StateRetired`.
    """
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
        hash_key=head.text("hash_key") if head.has("hash_key") else LINEAGE_KEY,
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
    return ordered(record)


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
