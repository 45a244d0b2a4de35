"""Timelines for a spreadsheet: one row an event, the same names as in JSON; nothing in it is taken for a formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.views.history_rows import row_of
from mesms_gitops.views.report_csv import inert

if TYPE_CHECKING:
    from mesms_gitops.model.timeline import History

COLUMNS: Final = (
    *("campaign", "at", "event", "who", "email", "how", "subject", "commit", "pull", "files", "brings", "former"),
    *("plan", "run", "run_url", "serial", "state_commit", "source"),
    *("fingerprint", "revision", "uuid", "sender", "scheduled_at", "before", "recipients", "parts"),
    *("credits", "planned_credits", "reason", "delivery"),
)


def history_csv(history: History) -> str:
    """RFC 4180 but for the line ends, which are plain newlines. What has several values is parted by semicolons."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    for timeline in history.timelines:
        for event in timeline.events:
            row = row_of(event)
            writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return sheet.getvalue()


def _cell(value: Any) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    if isinstance(value, dict):
        return inert("; ".join(f"{count} {word}" for word, count in value.items() if count))
    if isinstance(value, list):
        return inert("; ".join(f"{one['change']} {one['path']}" if isinstance(one, dict) else one for one in value))
    return inert(value)
