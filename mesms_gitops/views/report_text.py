"""The delivery report for a terminal: three buckets for people, beside each ME-SMS's own words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.layout import (
    LOCAL_TIMEZONE,
    Sheet,
    both_times,
    cell_width,
    counted,
    figure,
    pad,
    printable,
    wrap,
)
from mesms_gitops.views.report import credits_words, money_in_all, report_of, share, total_of
from mesms_gitops.views.report_doubts import NO_DOUBTS
from mesms_gitops.views.report_reasons import Bucket, reasons_of, reasons_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import Money, ReportLine
    from mesms_gitops.views.report_doubts import Doubts

REASON = 20
"""Cells that reasons need beside their bucket: a count and a word."""


def report_text(
    state: State,
    *,
    names: Collection[str] | None = None,
    colour: bool = False,
    width: int = 80,
    timezone: str = LOCAL_TIMEZONE,
    doubts: Doubts = NO_DOUBTS,
) -> str:
    """Everything that has left, campaign by campaign, and all together."""
    sheet = Sheet.of(width=width, colour=colour, timezone=timezone)
    report = report_of(state, names, doubts)
    if not report.lines:
        return "Nothing has left yet.\n"
    blocks = [_campaign_lines(line, sheet) for line in report.lines]
    if len(report.lines) > 1:
        people, *buckets = total_of(report)
        title = f"{counted(len(report.lines), 'campaign')}, {counted(people, 'recipient')}"
        money = _money_lines(money_in_all(report), sheet)
        sends = [send for line in report.lines for send in line.sends]
        blocks.append([sheet.palette.bold(title), *money, *_bucket_lines(buckets, sends, sheet)])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _campaign_lines(line: ReportLine, sheet: Sheet) -> list[str]:
    title = f"{printable(line.campaign)}: {line.phase.value}, {counted(line.recipients, 'recipient')}"
    lines = [sheet.palette.bold(part) for part in wrap(title, sheet.width, rest="  ")]
    if line.left_at:
        lines += sheet.row("left", both_times(line.left_at, sheet.timezone), indent=2, column=11)
    lines += _money_lines(line.money, sheet)
    lines += _bucket_lines([line.delivered, line.failed, line.unknown], line.sends, sheet)
    for note in line.notes:
        lines += map(sheet.palette.yellow, sheet.row("note", note, indent=2, column=11))
    return lines


def _money_lines(money: Money, sheet: Sheet) -> list[str]:
    if money.planned is None:
        return [] if money.charged is None else sheet.row("credits", figure(money.charged), indent=2, column=11)
    words = credits_words(money)
    return sheet.row("credits", words, indent=2, column=11)


def _bucket_lines(buckets: list[int], sends: Iterable[SendRecord], sheet: Sheet) -> list[str]:
    """Each bucket, with the words of ME-SMS that make it up where there is more than one way to be in it."""
    palette, people = sheet.palette, sum(buckets)
    reasons = reasons_of(sends)
    rows = []
    for bucket, paint, count in zip(Bucket, (palette.green, palette.red, palette.yellow), buckets, strict=True):
        figures = f"{pad(figure(count), len(figure(people)), right=True)}  {pad(share(count, people), 6, right=True)}"
        head = f"  {pad(bucket.value, 11)}{figures}"
        why = "" if bucket is Bucket.DELIVERED else reasons_text(reasons, bucket)
        lines = _beside(head, why, sheet) if why else [head.rstrip()]
        rows += [paint(line) if count else line for line in lines]
    return rows


def _beside(head: str, why: str, sheet: Sheet) -> list[str]:
    """``why`` beside ``head``, or below it where there is too little room."""
    if cell_width(head) + REASON > sheet.width:
        return [head, *wrap(why, sheet.width, first="    ")]
    return wrap(why, sheet.width, first=f"{head}  ")
