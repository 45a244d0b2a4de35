"""A history as JSON: the shape of ``schemas/history.schema.json``. Fields may be added, never renamed or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesms_gitops.views.history_rows import row_of
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.report import delivery_counts, standing_of

if TYPE_CHECKING:
    from mesms_gitops.model.chain import Break, Verification
    from mesms_gitops.model.timeline import History, Timeline


def history_json(history: History, tool_version: str | None = None) -> str:
    """Every timeline of ``history``."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "state": {"where": history.where, "lineage": history.lineage, "serial": history.serial},
            "campaigns": [_timeline(each) for each in history.timelines],
            "unseen": list(history.unseen),
            "verification": None,
        }
    )


def verification_json(found: Verification, tool_version: str | None = None) -> str:
    """What a check of the chain found."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "state": {
                "where": found.where,
                "lineage": found.lineage,
                "serial": found.serials[1] if found.serials else None,
            },
            "campaigns": [],
            "unseen": list(found.unseen),
            "verification": {
                "whole": found.is_whole,
                "commits": found.commits,
                "first_serial": found.serials[0] if found.serials else None,
                "last_serial": found.serials[1] if found.serials else None,
                "checks": [{"what": one.name, "good": one.good, "all": one.all_} for one in found.checks],
                "break": None if found.first is None else _break(found.first),
            },
        }
    )


def _timeline(timeline: Timeline) -> dict[str, Any]:
    record = timeline.record
    standing = None if record is None else standing_of(record)
    return {
        "name": timeline.name,
        "former": list(timeline.former),
        "phase": None if standing is None else standing.phase.value,
        "recipients": None if standing is None else standing.recipients,
        "credits": None if standing is None else standing.credits,
        "planned_credits": None if standing is None else standing.money.planned,
        "delivery": None if record is None else delivery_counts(record.sends),
        "events": [row_of(event) for event in timeline.events],
    }


def _break(found: Break) -> dict[str, Any]:
    return {
        "commit": found.commit,
        "serial": found.serial,
        "field": found.field,
        "what": found.what,
        "meaning": found.meaning,
        "next_step": found.next_step,
    }
