"""Records as the trees of JSON that are written of them: what is absent, empty or the default is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.store.fields import moment_text, sketch_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.model.sends import CancelIntent, SendRecord
    from mesms_gitops.model.state import Approval, CampaignRecord, ManifestRecord


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


def ordered(record: CampaignRecord) -> CampaignRecord:
    """``record`` as reading it back gives it: sends in the order in which they are written, samples gone."""
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
            "sends": [_send_tree(send) for send in ordered(record).sends] or None,
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
