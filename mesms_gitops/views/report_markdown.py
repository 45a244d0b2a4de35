"""The delivery report for a pull request or a wiki."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.layout import LOCAL_TIMEZONE, figure, local_time
from mesms_gitops.views.markdown import code, inline, rows
from mesms_gitops.views.report import money_in_all, report_of, share, signed, total_of
from mesms_gitops.views.report_doubts import NO_DOUBTS
from mesms_gitops.views.report_reasons import Bucket, meaning, reasons_of
from mesms_gitops.views.status_text import delivery_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import Money, Report, ReportLine
    from mesms_gitops.views.report_doubts import Doubts

MONEY = ("planned", "charged", "difference")
HEADER = ("campaign", "phase", "left", "recipients", "delivered", "failed", "unknown", *MONEY, "on ME-SMS")
FIGURES = frozenset(range(3, 10))
REASONS = ("not delivered", "reason", "people", "share", "meaning")


def report_markdown(
    state: State,
    *,
    names: Collection[str] | None = None,
    timezone: str = LOCAL_TIMEZONE,
    doubts: Doubts = NO_DOUBTS,
) -> str:
    """Everything that has left, as one table with its total; the three columns of money are credits."""
    report = report_of(state, names, doubts)
    if not report.lines:
        return "Nothing has left yet.\n"
    people, *buckets = total_of(report)
    cells = [_row(line, timezone) for line in report.lines]
    if len(cells) > 1:
        figures = (figure(people), *_shared(buckets), *_money(money_in_all(report)))
        cells.append(("**all**", "", "", *(f"**{text}**" if text else "" for text in figures), ""))
    delivered, failed, unknown = map(figure, buckets)
    title = f"### Delivered {delivered} of {figure(people)}, failed {failed}, unknown {unknown}"
    notes = [f"- {code(line.campaign)}: {inline(note)}" for line in report.lines for note in line.notes]
    parts = [title, "", *rows(cells, HEADER, right=FIGURES), *_reason_lines(report, sum(buckets))]
    return "\n".join([*parts, *(["", *notes] if notes else [])]) + "\n"


def _reason_lines(report: Report, people: int) -> list[str]:
    """Why anybody is not known to be reached, over all campaigns."""
    reasons = reasons_of(send for line in report.lines for send in line.sends)
    cells = [
        (one.bucket.value, code(one.word), figure(one.people), share(one.people, people), meaning(one.word))
        for one in reasons
        if one.bucket is not Bucket.DELIVERED
    ]
    return ["", *rows(cells, REASONS, right=frozenset({2, 3}))] if cells else []


def _row(line: ReportLine, timezone: str) -> tuple[str, ...]:
    return (
        code(line.campaign),
        line.phase.value,
        inline(local_time(line.left_at, timezone)) if line.left_at else "",
        figure(line.recipients),
        *_shared([line.delivered, line.failed, line.unknown]),
        *_money(line.money),
        code(delivery_text(line.delivery)),
    )


def _money(money: Money) -> tuple[str, ...]:
    *sums, difference = money
    figures = ("" if credits is None else figure(credits) for credits in sums)
    return (*figures, "" if difference is None else signed(difference))


def _shared(buckets: list[int]) -> tuple[str, ...]:
    people = sum(buckets)
    return tuple(f"{figure(count)} ({share(count, people)})" if count else "0" for count in buckets)
