"""Refusals that somebody answers for: a waiver turns them into warnings, for one campaign, until its last day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.rules import MAX_DAYS_AHEAD, WAIVABLE, Waiver, field_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from mesms_gitops.model.project import Project


def today_of(project: Project, now: datetime) -> date:
    """The day it is in the project's time zone; ``now`` must know its own."""
    return now.astimezone(ZoneInfo(project.timezone)).date()


def waived(found: Iterable[Diagnostic], project: Project, now: datetime) -> tuple[Diagnostic, ...]:
    """``found``, with every refusal that a waiver covers today as a warning that says why, and until when.

    Everything else comes back as it is, in its order. A diagnostic belongs to a campaign by its ``campaign``.
    """
    waivers = project.policy.waivers
    if not waivers:
        return tuple(found)
    today = today_of(project, now)
    in_force = [waiver for waiver in waivers if today <= waiver.until <= today + timedelta(days=MAX_DAYS_AHEAD)]
    return tuple(_answered(item, in_force) for item in found)


def _answered(item: Diagnostic, in_force: list[Waiver]) -> Diagnostic:
    if not (item.refusal and item.is_error):
        return item
    last = max((waiver for waiver in in_force if _covers(waiver, item)), key=lambda one: one.until, default=None)
    if last is None:
        return item
    return replace(
        item,
        severity=Severity.WARNING,
        refusal=False,
        message=f"{item.message}; waived until {last.until.isoformat()}: {last.reason}",
        next_step=f"mend it before the waiver ends ({_place(last)})",
    )


def _covers(waiver: Waiver, item: Diagnostic) -> bool:
    if waiver.campaign != item.campaign:
        return False
    return item.code in WAIVABLE.get(waiver.rule, ()) or item.field == field_of(waiver.rule)


def _place(waiver: Waiver) -> str:
    at = waiver.position
    return f"{at.file}:{at.line}" if at else "policy.waivers"


def waivers_change_at(project: Project, now: datetime) -> datetime | None:
    """When the next waiver begins to be in time, or ends: until then `waived` and its warnings stay as they are.

    None if they never change. In UTC; the first instant of the new verdict.
    """
    zone = ZoneInfo(project.timezone)
    days = [
        day
        for waiver in project.policy.waivers
        for day in (waiver.until + timedelta(days=1), waiver.until - timedelta(days=MAX_DAYS_AHEAD))
    ]
    changes = (datetime.combine(day, time(), zone).astimezone(UTC) for day in days)
    return min((change for change in changes if change > now), default=None)
