"""The plan as JSON: the shape that scripts rely on. Fields may be added, never renamed or removed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.plan import VERBS
from mesms_gitops.views.diagnostics_json import diagnostic_object
from mesms_gitops.views.drift import drift_objects
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.layout import iso, masked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.audience import AudienceCounts
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.plan import Action, CancelStep, Change, Plan, PlannedSend, Preview
    from mesms_gitops.model.sketch import AudienceChange


def plan_json(plan: Plan, tool_version: str) -> str:
    """``plan`` as in ``schemas/plan.schema.json``. Times are UTC; no phone number survives in free text."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "created_at": iso(plan.created_at),
            "expires_at": iso(plan.expires_at),
            "digest": plan.digest,
            "state": {"lineage": plan.lineage, "serial": plan.serial},
            "commit": plan.commit,
            "offline": plan.offline,
            "has_changes": plan.has_changes,
            "actions": [_action(action) for action in plan.actions],
            "summary": _summary(plan),
            "refusals": _diagnostics(plan.refusals),
            "diagnostics": _diagnostics(plan.diagnostics),
            "drift": drift_objects(plan.drift),
            "steps": [{"campaign": campaign, "digest": digest} for campaign, digest in plan.steps],
        }
    )


def _action(action: Action) -> dict[str, Any]:
    return {
        "campaign": action.campaign,
        "action": action.verb,
        "reason": action.reason.value,
        "message": masked(action.message),
        "file": action.file or None,
        "revision": action.revision,
        "moved_from": action.moved_from,
        "reversible_until": iso(action.reversible_until),
        "scheduled_at": iso(action.scheduled_at),
        "schedule": masked(action.schedule_text) or None,
        "timezone": action.timezone,
        "sender": action.sender,
        "recipients": action.recipients,
        "audience": _audience(action.audience),
        "audience_change": _audience_change(action.audience_change),
        "overlaps": [{"campaign": one.campaign, "share": one.share, "error": one.error} for one in action.overlaps],
        "previews": [] if action.is_free else [_preview(one) for one in action.previews],
        "requests": action.requests,
        "fan_out": [
            {"variable": one.variable, "values": one.values, "requests_without": one.requests_without}
            for one in action.fan_out
        ],
        "parts": {str(size): people for size, people in sorted(action.parts)},
        "credits": action.credits,
        "credits_source": action.credits_source.value,
        "credits_learned": action.is_learned,
        "refund": action.refund,
        "changes": [_change(change) for change in action.changes],
        "sends": [_send(send) for send in action.sends],
        "cancels": [_cancel(step) for step in action.cancels],
        "diagnostics": _diagnostics(action.diagnostics),
    }


def _audience(counts: AudienceCounts | None) -> dict[str, Any] | None:
    if counts is None:
        return None
    return {
        "rows": counts.rows,
        "recipients": counts.recipients,
        "duplicates": counts.duplicates,
        "excluded": counts.excluded,
        "suppressed": counts.suppressed,
        "filtered": counts.filtered,
        "invalid": dict(sorted(counts.invalid.items())),
        "exclude_invalid": counts.exclude_invalid,
        "unknown_block": counts.unknown_block,
    }


def _preview(preview: Preview) -> dict[str, Any]:
    return {
        "text": masked(preview.text),
        "is_masked": preview.is_masked,
        "encoding": preview.encoding,
        "units": preview.units,
        "parts": preview.parts,
        "recipients": preview.people,
    }


def _audience_change(change: AudienceChange | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "since": change.since,
        "at": iso(change.at),
        "before": change.before,
        "now": change.now,
        "added": change.estimate.added,
        "removed": change.estimate.removed,
        "error": change.estimate.error,
        "is_floor": change.estimate.is_floor,
    }


def _change(change: Change) -> dict[str, str | None]:
    before, after = (None if text is None else masked(text) for text in (change.before, change.after))
    return {"field": masked(change.field), "before": before, "after": after}


def _send(send: PlannedSend) -> dict[str, Any]:
    return {
        "fingerprint": send.fingerprint,
        "recipients": send.recipients,
        "parts": send.parts,
        "credits": send.credits,
        "uuid": send.uuid,
    }


def _cancel(step: CancelStep) -> dict[str, Any]:
    return {
        "fingerprint": step.record.fingerprint,
        "uuid": step.record.uuid,
        "reason": step.reason.value,
        "scheduled_at": iso(step.record.scheduled_at),
        "recipients": step.record.recipients,
        "credits": step.record.credits,
    }


def _diagnostics(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    found = [diagnostic_object(diagnostic) for diagnostic in diagnostics]
    for one in found:
        for key in ("message", "field", "why", "next"):
            one[key] = masked(one[key]) if one[key] else one[key]
    return found


def _summary(plan: Plan) -> dict[str, Any]:
    counts = dict(plan.summary.counts)
    return {
        **{verb: counts.get(verb, 0) for verb in VERBS},
        "recipients": plan.summary.recipients,
        "requests": plan.summary.requests,
        "credits": plan.summary.credits,
        "refund": plan.summary.refund,
        "balance": plan.summary.balance,
        "balance_after": plan.summary.balance_after,
        "reasons": dict(sorted(Counter(action.reason.value for action in plan.actions).items())),
    }
