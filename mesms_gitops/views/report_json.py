"""The delivery report as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops import __version__
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.layout import iso
from mesms_gitops.views.report import money_in_all, report_of, total_of
from mesms_gitops.views.report_doubts import NO_DOUBTS, doubts_json
from mesms_gitops.views.report_reasons import reasons_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report_doubts import Doubts


def report_json(
    state: State, tool_version: str = __version__, *, names: Collection[str] | None = None, doubts: Doubts = NO_DOUBTS
) -> str:
    """Everything that has left: the three buckets, which add up to the recipients, and the states as ME-SMS counts."""
    report = report_of(state, names, doubts)
    people, delivered, failed, unknown = total_of(report)
    money = money_in_all(report)
    campaigns = [
        {
            "name": line.campaign,
            "revision": line.revision,
            "phase": line.phase.value,
            "scheduled_at": iso(line.scheduled_at),
            "recipients": line.recipients,
            "credits": line.credits,
            "planned_credits": line.money.planned,
            "credits_difference": line.money.difference,
            "delivered": line.delivered,
            "failed": line.failed,
            "unknown": line.unknown,
            "delivery": dict(line.delivery),
            "reasons": reasons_json(line.sends),
            "settled": line.is_settled,
            "notes": list(line.notes),
            "doubts": doubts_json(line.doubts),
        }
        for line in report.lines
    ]
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "lineage": report.lineage,
            "serial": report.serial,
            "campaigns": campaigns,
            "summary": {
                "recipients": people,
                "delivered": delivered,
                "failed": failed,
                "unknown": unknown,
                "reasons": reasons_json(send for line in report.lines for send in line.sends),
                "credits": money.charged,
                "planned_credits": money.planned,
                "credits_difference": money.difference,
            },
        }
    )
