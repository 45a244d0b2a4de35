"""The delivery report for a spreadsheet: one row a campaign, counts only."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.views.layout import iso, printable
from mesms_gitops.views.report import report_of
from mesms_gitops.views.report_doubts import NO_DOUBTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import ReportLine
    from mesms_gitops.views.report_doubts import Doubts

COLUMNS = ("campaign", "revision", "phase", "scheduled_at", "recipients", "credits", "delivered", "failed", "unknown")

MONEY = ("planned_credits", "credits_difference")
NEWEST = ("settled", "notes")


def report_csv(state: State, *, names: Collection[str] | None = None, doubts: Doubts = NO_DOUBTS) -> str:
    """RFC 4180 but for the line ends, which are plain newlines. States ME-SMS may add later are under ``other``.

    ``credits`` are those charged. New columns come last, so that none moves.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow([*COLUMNS, *(f"delivery_{word}" for word in DELIVERY_STATES), "delivery_other", *MONEY, *NEWEST])
    writer.writerows(_row(line) for line in report_of(state, names, doubts).lines)
    return sheet.getvalue()


def _row(line: ReportLine) -> list[str | int]:
    documented = [line.delivery.get(word, 0) for word in DELIVERY_STATES]
    return [
        inert(line.campaign),
        line.revision,
        line.phase.value,
        iso(line.scheduled_at) or "",
        line.recipients,
        "" if line.credits is None else line.credits,
        line.delivered,
        line.failed,
        line.unknown,
        *documented,
        sum(line.delivery.values()) - sum(documented),
        *("" if credits is None else credits for credits in (line.money.planned, line.money.difference)),
        "yes" if line.is_settled else "no",
        inert("; ".join(line.notes)),
    ]


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    clean = printable(text)
    return f"'{clean}" if clean.startswith(("=", "+", "-", "@")) else clean
