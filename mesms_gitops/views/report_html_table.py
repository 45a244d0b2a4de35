"""The campaigns of the report as a table that can be filtered and sorted, and reads as blocks on a telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.calendar_table import Column, headings_style, rows_table
from mesms_gitops.views.html import element, said
from mesms_gitops.views.layout import counted, figure, iso, local_time
from mesms_gitops.views.report import share, signed
from mesms_gitops.views.report_charts import stacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.views.report import Report, ReportLine

COLUMNS = (
    Column("campaign"),
    Column("phase"),
    Column("left"),
    Column("recipients", is_figure=True),
    Column("outcome"),
    Column("delivered", is_figure=True),
    Column("failed", is_figure=True),
    Column("unknown", is_figure=True),
    Column("planned", is_figure=True),
    Column("charged", is_figure=True),
    Column("difference", is_figure=True),
)
"""`report_script` counts on their order."""
HEADINGS = headings_style(COLUMNS)

ORDERS = (
    ("0 up", "name"),
    ("2 down", "newest first"),
    ("2 up", "oldest first"),
    ("3 down", "most recipients"),
    ("6 down", "most failed"),
    ("share down", "greatest share failed"),
    ("7 down", "most unknown"),
    ("9 down", "most charged"),
    ("10 down", "most above the plan"),
    ("", "as the heading says"),
)
MARKS = (
    ("failed", "with failed recipients"),
    ("unknown", "with unknown recipients"),
    ("open", "counts may still change"),
    ("dearer", "charged otherwise than planned"),
    ("odd", "with notes"),
)
"""What a row can be filtered by: its class, and the words for people."""


def table(report: Report, timezone: str) -> str:
    """The filter, which only shows where a script may run, and every campaign."""
    rows = ((f"c{index}", _marks(line), _cells(line, timezone)) for index, line in enumerate(report.lines))
    caption = f"{counted(len(report.lines), 'campaign')}; planned, charged and the difference are credits"
    found = element("p", class_="found", id="found", role="status")
    whole = rows_table(caption, COLUMNS, rows).replace("<table", '<table id="campaigns"', 1)
    return "\n".join([_filter(report), found, whole])


def _filter(report: Report) -> str:
    phases = sorted({line.phase.value for line in report.lines})
    clear = element("button", "Show all", type="button", id="clear")
    inner = [
        _label("Campaign or note", element("input", type="search", id="name", autocomplete="off")),
        _label("Phase", _choice("phase", [("", "any"), *((phase, phase) for phase in phases)])),
        _label("Only", _choice("has", [("", "all campaigns"), *MARKS])),
        _label("Order", _choice("order", ORDERS)),
        clear,
    ]
    return element("div", *inner, class_="filter", id="filter", hidden="", role="search", aria_label="Filter campaigns")


def _label(words: str, control: str) -> str:
    return element("label", words, control)


def _choice(name: str, options: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> str:
    return element("select", *(element("option", words, value=value) for value, words in options), id=name)


def _marks(line: ReportLine) -> str:
    has = {
        "failed": line.failed > 0,
        "unknown": line.unknown > 0,
        "open": not line.is_settled,
        "dearer": bool(line.money.difference),
        "odd": bool(line.notes),
    }
    return " ".join(mark for mark, is_so in has.items() if is_so)


def _cells(line: ReportLine, timezone: str) -> tuple[str, ...]:
    buckets = (line.delivered, line.failed, line.unknown)
    planned, charged, difference = line.money
    return (
        "".join(_name(line)),
        line.phase.value + element("small", "settled" if line.is_settled else "may still change"),
        _left(line, timezone),
        figure(line.recipients),
        stacked(buckets) if line.people else "",
        *(_shared(count, line.people) for count in buckets),
        "" if planned is None else figure(planned),
        "" if charged is None else figure(charged),
        "" if difference is None else signed(difference),
    )


def _name(line: ReportLine) -> Iterator[str]:
    yield element("b", said(line.campaign))
    if line.revision > 1:
        yield element("small", f"revision {line.revision}")
    yield from (element("small", said(note), class_="note") for note in line.notes)


def _left(line: ReportLine, timezone: str) -> str:
    at = line.left_at or min(send.intended_at for send in line.sends)
    clock = local_time(at, timezone)
    return element("time", clock[:16], datetime=iso(at))


def _shared(count: int, people: int) -> str:
    part = share(count, people) if count else ""
    return figure(count) + (element("small", part) if part else "")
