"""The proof that somebody was forgotten, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesms_gitops.views.forget_text import BEYOND
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mesms_gitops.model.snapshot import ForgetProof, Pending


def forget_json(proof: ForgetProof, tool_version: str | None = None) -> str:
    """All of the proof. The number is in it only masked."""
    removed = [
        {
            "campaign": each.campaign,
            "fingerprint": each.fingerprint,
            "digest_before": each.before,
            "digest_after": each.after,
            "recipients_before": each.recipients_before,
            "recipients_after": each.recipients_after,
        }
        for each in proof.removals
    ]
    unopened = [{"file": each.where, "why": each.why, "next": each.next_step} for each in proof.unopened]
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "exit_code": proof.exit_code,
            "number": proof.masked,
            "forgotten_at": _moment(proof.at),
            "suppression": {"digest": proof.entry, "new": proof.is_new, "hash_key": proof.key_name},
            "snapshots": {
                "looked_at": proof.looked_at,
                "expired": proof.expired,
                "removed": removed,
                "unopened": unopened,
            },
            "results": {
                "looked_at": proof.results_looked_at,
                "removed": [{"campaign": each.campaign, "fingerprint": each.fingerprint} for each in proof.results],
            },
            "still_scheduled": _pending(proof.pending),
            "unclear": _pending(proof.unclear),
            "not_covered": list(BEYOND),
        }
    )


def _pending(found: Iterable[Pending]) -> list[dict[str, Any]]:
    return [
        {
            "campaign": each.campaign,
            "uuid": each.uuid,
            "phase": each.phase.value,
            "scheduled_at": None if each.scheduled_at is None else _moment(each.scheduled_at),
            "replaced_by_apply": not each.is_half_sent,
        }
        for each in found
    ]


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
