"""The sections of the report above its table: over time, by reason, cost, by prefix. Each gives markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.html import element, said, shown
from mesms_gitops.views.layout import counted, figure
from mesms_gitops.views.report import money_in_all, share, signed, total_of
from mesms_gitops.views.report_charts import CLASSES, columns, paired, single, stacked, swatch
from mesms_gitops.views.report_days import Unit, named
from mesms_gitops.views.report_reasons import Bucket, meaning, reasons_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mesms_gitops.views.report import Report
    from mesms_gitops.views.report_days import Timeline
    from mesms_gitops.views.report_prefixes import Prefixes, PrefixLine

MOST_DEARER = 8
"""Campaigns that are shown as bars; the table has all."""
THAI = {Bucket.DELIVERED: "ส่งถึง", Bucket.FAILED: "ส่งไม่สำเร็จ", Bucket.UNKNOWN: "ยังไม่ทราบผล"}


def section(title: str, *parts: str, about: str = "") -> str:
    """A box with a heading and what is to be known of it."""
    words = element("p", about, class_="soft") if about else ""
    anchor = title.lower().replace(" ", "-")
    heading = element("h2", title, id=anchor, tabindex="-1")
    return element("section", "\n", "\n".join([heading, words, *parts]), "\n", aria_labelledby=anchor)


def plain_table(
    caption: str, heads: Sequence[str], rows: Iterable[str], *, figures: int, class_: str | None = None
) -> str:
    """A table whose last ``figures`` columns are figures; ``rows`` are markup."""
    first = len(heads) - figures
    cells = (
        element("th", head, scope="col", class_="n" if index >= first else "bars" if not head else None)
        if head
        else element("td", class_="bars")
        for index, head in enumerate(heads)
    )
    head = element("thead", element("tr", *cells))
    return element(
        "table", element("caption", caption), head, element("tbody", "\n", "\n".join(rows), "\n"), class_=class_
    )


def _row(name: str, *cells: str, bar: str | None = None, class_: str | None = None) -> str:
    drawn = [] if bar is None else [element("td", bar, class_="bars")]
    figures = (element("td", cell, class_="n") for cell in cells)
    return element("tr", element("th", name, scope="row"), *drawn, *figures, class_=class_)


def key(buckets: Sequence[int] | None = None) -> str:
    """What the colours mean; with ``buckets`` their figures and shares."""
    words = []
    for index, bucket in enumerate(Bucket):
        told = ""
        if buckets is not None:
            part = share(buckets[index], sum(buckets))
            told = f" {element('b', figure(buckets[index]))}" + (f" ({part})" if part else "")
        thai = element("span", THAI[bucket], class_="th", lang="th")
        words.append(element("li", swatch(CLASSES[index]), f"{bucket.value} {thai}{told}"))
    return element("ul", *words, class_="key")


# ---------------------------------------------------------------- over time


def by_time(timeline: Timeline, timezone: str) -> str:
    """Columns, and the same figures in a fold."""
    unit = timeline.unit
    about = (
        f"Recipients by the {unit.value} {'on' if unit is Unit.DAY else 'in'} which their message left "
        f"({shown(timezone)}), and what is known of them by the last refresh. "
        "When each message arrived is not known: ME-SMS reports counts, not times."
    )
    heads = (unit.value, "campaigns", "recipients", *(bucket.value for bucket in Bucket))
    rows = (
        _row(named(span.first, unit), *map(figure, (span.campaigns, span.recipients, *span.buckets)))
        for span in timeline.spans
        if span.campaigns
    )
    figures = element(
        "details",
        element("summary", f"The figures by {unit.value}"),
        plain_table(f"Recipients by {unit.value} of sending", heads, rows, figures=5, class_="dense by-span"),
    )
    return section("Delivery over time", columns(timeline), key(), figures, about=about)


# ---------------------------------------------------------------- by reason


def by_reason(report: Report) -> str:
    """The three buckets, and below each the states and words that make it up."""
    reasons = reasons_of(send for line in report.lines for send in line.sends)
    _, *totals = total_of(report)
    people = sum(totals)
    rows = []
    for bucket, letter, total in zip(Bucket, CLASSES, totals, strict=True):
        rows.append(_row(bucket.value.capitalize(), figure(total), share(total, people), bar="", class_="sum"))
        for one in reasons:
            if one.bucket is bucket:
                name = said(one.word) + element("small", meaning(one.word))
                rows.append(
                    _row(name, figure(one.people), share(one.people, people), bar=single(one.people, total, letter))
                )
    table = plain_table(
        "Bars are shares of the bucket, percentages of all recipients",
        ("reason", "", "people", "share"),
        rows,
        figures=2,
    )
    about = (
        "Delivered is what a carrier confirmed, failed what certainly did not arrive. Whoever is in neither is "
        "unknown: a missing report is no delivery and no failure."
    )
    return section("By reason", table, about=about)


# ---------------------------------------------------------------- cost


def cost(report: Report) -> str:
    """Planned against charged: all together, and the campaigns where they differ most."""
    whole = [line for line in report.lines if line.money.difference is not None]
    apart = len(report.lines) - len(whole)
    about = "Credits: what previews asked when the sends were approved, and what ME-SMS charged."
    if apart:
        which = counted(apart, "campaign has", "campaigns have")
        about += f" Of {figure(len(report.lines))}, {which} no known plan or charge and cannot be compared."
    if not whole:
        charged = money_in_all(report).charged
        words = "" if charged is None else f" Charged in all: {figure(charged)}."
        return section("Cost", element("p", f"Of no campaign both are known.{words}"), about=about)
    return section("Cost", *_compared(report), about=about)


def _compared(report: Report) -> Iterator[str]:
    known = [
        (index, line.campaign, line.money.planned or 0, line.money.charged or 0, line.money.difference)
        for index, line in enumerate(report.lines)
        if line.money.difference is not None
    ]
    planned, charged = sum(one[2] for one in known), sum(one[3] for one in known)
    most = max(planned, charged)
    rows = [_priced("All compared", planned, charged, most, class_="sum")]
    others = sorted((one for one in known if one[4]), key=lambda one: (-abs(one[4] or 0), one[1]))
    most = max((max(one[2], one[3]) for one in others[:MOST_DEARER]), default=0)
    for index, name, quoted, credits, _ in others[:MOST_DEARER]:
        rows.append(_priced(element("a", said(name), href=f"#c{index}"), quoted, credits, most))
    caption = f"{counted(len(others), 'campaign')} of {figure(len(known))} charged otherwise than planned"
    yield plain_table(caption, ("campaign", "", "planned", "charged", "difference"), rows, figures=3, class_="by-cost")
    if len(others) > MOST_DEARER:
        more = figure(len(others) - MOST_DEARER)
        yield element("p", f"{more} more with a smaller difference are in the table of campaigns.", class_="soft")


def _priced(name: str, planned: int, charged: int, most: int, class_: str | None = None) -> str:
    figures = (figure(planned), figure(charged), signed(charged - planned))
    return _row(name, *figures, bar=paired(planned, charged, most), class_=class_)


# ---------------------------------------------------------------- by prefix


def by_prefix(prefixes: Prefixes, people: int) -> str:
    """Counts by the first three digits, or how to come by them."""
    about = (
        "By the first three digits of the numbers. A number keeps its prefix when it moves to another operator, so "
        "that a prefix says who was allotted the number, not who serves it."
    )
    if not prefixes.lines:
        return section("By operator prefix", *_how_to(), about=about)
    caption = f"Numbers of {figure(prefixes.people)} of {counted(people, 'recipient')} are at hand on this machine"
    if prefixes.has_results:
        heads = ("prefix", "", "people", *(bucket.value for bucket in Bucket))
        rows = [
            _row(line.prefix, figure(line.people), *_shared(line), bar=stacked(line.buckets)) for line in prefixes.lines
        ]
        table = plain_table(caption, heads, rows, figures=4, class_="dense by-prefix")
    else:
        most = max(line.people for line in prefixes.lines)
        rows = [
            _row(
                line.prefix,
                figure(line.people),
                share(line.people, prefixes.people),
                bar=single(line.people, most, "p"),
            )
            for line in prefixes.lines
        ]
        caption += "; what became of each is not"
        table = plain_table(caption, ("prefix", "", "people", "share"), rows, figures=2, class_="dense")
    return section("By operator prefix", table, about=about)


def _shared(line: PrefixLine) -> Iterator[str]:
    """Each bucket with its share of those whose results are at hand."""
    for count in line.buckets:
        yield figure(count) + element("small", share(count, sum(line.buckets)) if count else "")


def _how_to() -> Iterator[str]:
    commands = ("mesms-gitops report NAME --recipients FILE.csv", "mesms-gitops report --format html > report.html")
    words = "Not known here: state holds no phone number, and of these campaigns none is kept on this machine."
    yield element("p", words, class_="soft")
    yield element("p", "Once the results of each recipient were read, this page counts them by prefix:", class_="soft")
    yield element("pre", "\n".join(map(shown, commands)))
