"""The delivery report for a pull request or a wiki."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.layout import LOCAL_TIMEZONE, figure, local_time
from mesms_gitops.views.markdown import code, inline, rows
from mesms_gitops.views.report import report_of, share, total_of
from mesms_gitops.views.status_text import delivery_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import ReportLine

HEADER = ("campaign", "phase", "left", "recipients", "delivered", "failed", "unknown", "on ME-SMS")
FIGURES = frozenset({3, 4, 5, 6})


def report_markdown(state: State, *, names: Collection[str] | None = None, timezone: str = LOCAL_TIMEZONE) -> str:
    """Everything that has left, as one table with its total."""
    report = report_of(state, names)
    if not report.lines:
        return "Nothing has left yet.\n"
    people, *buckets = total_of(report)
    cells = [_row(line, timezone) for line in report.lines]
    if len(cells) > 1:
        cells.append(("**all**", "", "", *(f"**{text}**" for text in (figure(people), *_shared(buckets, people))), ""))
    delivered, failed, unknown = map(figure, buckets)
    title = f"### Delivered {delivered} of {figure(people)}, failed {failed}, unknown {unknown}"
    return "\n".join([title, "", *rows(cells, HEADER, right=FIGURES)]) + "\n"


def _row(line: ReportLine, timezone: str) -> tuple[str, ...]:
    return (
        code(line.campaign),
        line.phase.value,
        inline(local_time(line.scheduled_at, timezone)) if line.scheduled_at else "",
        figure(line.recipients),
        *_shared([line.delivered, line.failed, line.unknown], line.recipients),
        code(delivery_text(line.delivery)),
    )


def _shared(buckets: list[int], people: int) -> tuple[str, ...]:
    return tuple(f"{figure(count)} ({share(count, people)})" if count else "0" for count in buckets)
