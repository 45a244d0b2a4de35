"""The delivery report as a page of its own: what became of everybody, when, why, and for how much.

It needs nothing but itself. Its one script only filters and sorts the table; without it the page is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.html import element, page, shown
from mesms_gitops.views.layout import LOCAL_TIMEZONE, counted, figure
from mesms_gitops.views.report import money_in_all, report_of, share, signed, total_of
from mesms_gitops.views.report_charts import hatch, stacked
from mesms_gitops.views.report_days import Unit, named, timeline_of
from mesms_gitops.views.report_doubts import NO_DOUBTS
from mesms_gitops.views.report_html_parts import by_prefix, by_reason, by_time, cost, key, section
from mesms_gitops.views.report_html_table import HEADINGS, table
from mesms_gitops.views.report_prefixes import NO_PREFIXES
from mesms_gitops.views.report_script import SCRIPT
from mesms_gitops.views.report_style import style

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import Report
    from mesms_gitops.views.report_days import Timeline
    from mesms_gitops.views.report_doubts import Doubts
    from mesms_gitops.views.report_prefixes import Prefixes


def report_html(
    state: State,
    *,
    names: Collection[str] | None = None,
    timezone: str = LOCAL_TIMEZONE,
    prefixes: Prefixes = NO_PREFIXES,
    doubts: Doubts = NO_DOUBTS,
) -> str:
    """The whole page, of all that has left or of ``names``; the same state gives the same bytes.

    Days are those of ``timezone``. ``prefixes`` are counts of the same campaigns, where numbers are at hand.
    """
    report = report_of(state, names, doubts)
    timeline = timeline_of(report.lines, timezone)
    body = [
        element("a", "To the campaigns", class_="skip", href="#campaigns-by-name"),
        hatch(),
        element("header", *_top(report, timeline, timezone)),
        element("main", "\n", "\n".join(_main(report, timeline, prefixes, timezone)), "\n"),
    ]
    return page(f"{_title(report)} · mesms-gitops", style(HEADINGS), "\n".join(body), script=SCRIPT)


def _title(report: Report) -> str:
    if not report.lines:
        return "Nothing has left yet"
    people, *buckets = total_of(report)
    delivered, *_ = buckets
    part = share(delivered, sum(buckets))
    return f"Delivered {figure(delivered)} of {figure(people)}" + (f" ({part})" if part else "")


def _top(report: Report, timeline: Timeline, timezone: str) -> Iterator[str]:
    yield element("p", shown(_kicker(report, timeline)), class_="kicker") + "\n"
    yield element("h1", shown(_title(report))) + "\n"
    if report.lines:
        _, *buckets = total_of(report)
        yield _tiles(report)
        yield stacked(buckets, "whole") + key(buckets) + "\n"
    ground = (
        f"State {report.lineage}, serial {report.serial}; times in {timezone}. mesms-gitops refresh reads newer counts."
    )
    yield element("p", shown(ground), class_="soft")


def _kicker(report: Report, timeline: Timeline) -> str:
    if not timeline.days:
        return "Delivery report"
    ends = dict.fromkeys(named(day, Unit.DAY) for day in timeline.days)
    return f"Delivery report: {counted(len(report.lines), 'campaign')}, {' to '.join(ends)}"


def _tiles(report: Report) -> str:
    people, *buckets = total_of(report)
    delivered, failed, unknown = buckets
    still = sum(not line.is_settled for line in report.lines)
    tiles = [
        ("Recipients", figure(people), f"{counted(len(report.lines), 'campaign')}", False),
        ("Delivered", figure(delivered), share(delivered, sum(buckets)), False),
        ("Failed", figure(failed), share(failed, sum(buckets)), False),
        ("Unknown", figure(unknown), share(unknown, sum(buckets)), False),
        ("Credits charged", *_charged(report)),
        ("Not settled", figure(still), "counts may still change" if still else "all counts are final", False),
    ]
    return element("dl", "\n", "\n".join(_tile(*tile) for tile in tiles), "\n", class_="tiles") + "\n"


def _charged(report: Report) -> tuple[str, str, bool]:
    planned, charged, difference = money_in_all(report)
    if charged is None:
        some = sum(line.money.charged or 0 for line in report.lines)
        return figure(some), "as far as ME-SMS said", False
    if difference is None or planned is None:
        return figure(charged), "planned: not known of all", False
    return (
        figure(charged),
        f"{figure(planned)} planned" + (f" ({signed(difference)})" if difference else ""),
        difference > 0,
    )


def _tile(label: str, value: str, below: str, is_red: bool) -> str:
    small = element("small", shown(below)) if below else ""
    return element("div", element("dt", label), element("dd", shown(value), small, class_="red" if is_red else None))


def _main(report: Report, timeline: Timeline, prefixes: Prefixes, timezone: str) -> Iterator[str]:
    if not report.lines:
        yield element(
            "p", "Scheduled campaigns come into this report once they leave.", id="campaigns-by-name", tabindex="-1"
        )
        return
    yield by_time(timeline, timezone)
    counted_by_prefix = by_prefix(prefixes, total_of(report)[0])
    beside = cost(report) if prefixes.lines else element("div", cost(report), counted_by_prefix)
    yield element("div", by_reason(report), beside, class_="two")
    if prefixes.lines:
        yield counted_by_prefix
    yield section("Campaigns by name", table(report, timezone))
