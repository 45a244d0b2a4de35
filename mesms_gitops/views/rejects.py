"""Rows of lists that have no usable number: all of them for a spreadsheet, the first of them for a terminal."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

from mesms_gitops.views.layout import figure, printable
from mesms_gitops.views.report_csv import inert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS: Final = ("campaign", "source", "row", "number", "reason", "sentence")
HEADER: Final = ",".join(COLUMNS) + "\n"


class Rejected(NamedTuple):
    """One such row; ``number`` is masked."""

    campaign: str
    source: str
    row: int
    number: str
    reason: str
    sentence: str


def rejects_csv(rows: Iterable[Rejected]) -> str:
    """Rows below `HEADER`, in the manner of ``report_csv``; no cell is a formula."""
    sheet = io.StringIO()
    csv.writer(sheet, lineterminator="\n").writerows(
        (inert(one.campaign), inert(one.source), one.row, inert(one.number), inert(one.reason), inert(one.sentence))
        for one in rows
    )
    return sheet.getvalue()


def rejects_text(first: Sequence[Rejected], total: int) -> str:
    """``first`` of ``total``, a line each; empty where there are none."""
    if not first:
        return ""
    shown = f"the first {len(first)} of {figure(total)}" if total > len(first) else figure(total)
    lines = [f"rows without a usable number ({shown}):"]
    lines += [
        f"  {printable(one.campaign)}: {printable(one.source)}, row {figure(one.row)}: "
        f"{one.number + ', ' if one.number else ''}{one.reason}: {printable(one.sentence)}"
        for one in first
    ]
    return "\n".join(lines) + "\n"
