"""When people were texted, and what became of them by now: a row of days, weeks, months or years.

State holds the newest counts of a send and the time it left, not when each message arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import left_at, recipients_of
from mesms_gitops.views.layout import in_zone
from mesms_gitops.views.report import buckets_of_send

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.views.report import ReportLine

MOST = 62
"""So many columns can be told apart on a telephone; two whole months by day."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Unit(StrEnum):
    """How long a column is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Span:
    """All that left from ``first`` on, for one unit: for so many ``recipients``; ``campaigns`` had a send in it."""

    first: date
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    campaigns: int = 0
    recipients: int = 0

    @property
    def people(self) -> int:
        """Everybody in a bucket: more than ``recipients`` where ME-SMS counts more."""
        return self.delivered + self.failed + self.unknown

    @property
    def buckets(self) -> tuple[int, int, int]:
        """Delivered, failed, unknown."""
        return self.delivered, self.failed, self.unknown


@dataclass(frozen=True, slots=True)
class Timeline:
    """Spans in order, without gaps where they fit; none where nothing has left. ``days`` are the first and the last."""

    unit: Unit
    spans: tuple[Span, ...]
    days: tuple[date, ...] = ()


def timeline_of(lines: Iterable[ReportLine], timezone: str) -> Timeline:
    """The sends of ``lines`` on the calendar of ``timezone``, by the shortest unit that needs no more than `MOST`."""
    days = _by_day(lines, timezone)
    if not days:
        return Timeline(Unit.DAY, ())
    first, last = min(days), max(days)
    unit = next((unit for unit in Unit if _columns(first, last, unit) <= MOST), Unit.YEAR)
    spans: dict[date, Span] = {}
    if (columns := _columns(first, last, unit)) <= MOST:
        start = beginning(first, unit)
        for _ in range(columns):
            spans[start] = Span(start)
            start = _following(start, unit)
    names: dict[date, set[str]] = {}
    for day in sorted(days):
        start = beginning(day, unit)
        found, campaigns = days[day]
        names.setdefault(start, set()).update(campaigns)
        spans[start] = replace(_sum(spans.get(start, Span(start)), found), campaigns=len(names[start]))
    return Timeline(unit, tuple(spans.values()), (first, last))


def _by_day(lines: Iterable[ReportLine], timezone: str) -> dict[date, tuple[Span, set[str]]]:
    days: dict[date, tuple[Span, set[str]]] = {}
    for line in lines:
        for send in line.sends:
            day = in_zone(left_at(send), timezone).date()
            found, campaigns = days.get(day, (Span(day), set()))
            days[day] = (
                _sum(found, Span(day, *buckets_of_send(send), recipients=recipients_of(send))),
                campaigns | {line.campaign},
            )
    return days


def _sum(one: Span, other: Span) -> Span:
    delivered, failed, unknown = (sum(pair) for pair in zip(one.buckets, other.buckets, strict=True))
    recipients = one.recipients + other.recipients
    return replace(one, delivered=delivered, failed=failed, unknown=unknown, recipients=recipients)


def _columns(first: date, last: date, unit: Unit) -> int:
    match unit:
        case Unit.DAY:
            return (last - first).days + 1
        case Unit.WEEK:
            return (beginning(last, unit) - beginning(first, unit)).days // 7 + 1
        case Unit.MONTH:
            return (last.year - first.year) * 12 + last.month - first.month + 1
        case Unit.YEAR:
            return last.year - first.year + 1


def beginning(day: date, unit: Unit) -> date:
    """The first day of the week (Monday), month or year that ``day`` is in."""
    match unit:
        case Unit.DAY:
            return day
        case Unit.WEEK:
            return date.fromordinal(max(day.toordinal() - day.weekday(), 1))
        case Unit.MONTH:
            return day.replace(day=1)
        case Unit.YEAR:
            return day.replace(month=1, day=1)


def _following(first: date, unit: Unit) -> date:
    steps = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 32, Unit.YEAR: 366}
    if (date.max - first).days < steps[unit]:
        return date.max
    later = first + timedelta(days=steps[unit])
    return later if unit in (Unit.DAY, Unit.WEEK) else beginning(later, unit)


def short(first: date, unit: Unit) -> str:
    """Below a column: ``10 Apr``, ``Apr 2027``, ``2027``."""
    month = MONTHS[first.month - 1]
    match unit:
        case Unit.DAY | Unit.WEEK:
            return f"{first.day} {month}"
        case Unit.MONTH:
            return f"{month} {first.year}"
        case Unit.YEAR:
            return str(first.year)


def named(first: date, unit: Unit) -> str:
    """In a sentence or a table: ``10 Apr 2027``, ``week of 5 Apr 2027``, ``Apr 2027``."""
    match unit:
        case Unit.DAY:
            return f"{short(first, unit)} {first.year}"
        case Unit.WEEK:
            return f"week of {short(first, unit)} {first.year}"
        case Unit.MONTH | Unit.YEAR:
            return short(first, unit)
