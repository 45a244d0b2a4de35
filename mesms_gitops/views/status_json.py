"""What state knows, as JSON: the shape that scripts rely on. Fields may be added, never renamed or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesms_gitops import __version__
from mesms_gitops.model.delivery import is_settled
from mesms_gitops.views.delivery_notes import all_settled, notes_json
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.layout import iso
from mesms_gitops.views.report import chosen, delivery_counts, standing_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, Freeze, State


def status_json(
    state: State,
    tool_version: str = __version__,
    *,
    names: Collection[str] | None = None,
    freeze: Freeze | None = None,
) -> str:
    """``state`` as in ``schemas/status.schema.json``; with ``names``, of those campaigns only."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "lineage": state.lineage,
            "serial": state.serial,
            "freeze": _freeze(freeze),
            "campaigns": [_campaign(record) for record in chosen(state, names)],
            "moved": [
                {"name": name, "moved_to": state.campaigns[name].moved_to}
                for name in sorted(state.campaigns)
                if state.campaigns[name].moved_to is not None
            ],
        }
    )


def _freeze(freeze: Freeze | None) -> dict[str, Any] | None:
    if freeze is None:
        return None
    return {
        "everything": freeze.everything,
        "campaigns": sorted(freeze.campaigns),
        "since": iso(freeze.since),
        "by": freeze.by,
    }


def _campaign(record: CampaignRecord) -> dict[str, Any]:
    standing = standing_of(record)
    return {
        "name": record.name,
        "phase": standing.phase.value,
        "file": record.file or None,
        "revision": record.revision,
        "retired": record.retired,
        "scheduled_at": iso(standing.scheduled_at),
        "recipients": standing.recipients,
        "credits": standing.credits,
        "planned_credits": standing.money.planned,
        "delivery": standing.delivery,
        "settled": all_settled(standing.sends),
        "sends": [_send(send) for send in record.sends],
    }


def _send(send: SendRecord) -> dict[str, Any]:
    return {
        "fingerprint": send.fingerprint,
        "uuid": send.uuid,
        "phase": send.phase.value,
        "revision": send.revision,
        "scheduled_at": iso(send.scheduled_at),
        "intended_at": iso(send.intended_at),
        "sender": send.sender,
        "recipients": send.recipients,
        "parts": send.parts,
        "credits": send.credits,
        "planned_credits": send.quoted,
        "delivery": delivery_counts([send]),
        "reason": send.reason,
        "settled": is_settled(send),
        "notes": notes_json(send),
    }
