"""Diagnostics as Markdown for the summary of a GitHub job: all of them, where annotations show ten of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.diagnostics_github import most_important_first
from mesms_gitops.views.diagnostics_text import place, tally
from mesms_gitops.views.layout import counted
from mesms_gitops.views.markdown import code, inline, rows, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.diagnostic import Diagnostic

BUDGET = 1_000_000
"""Bytes. GitHub refuses a step's summary of more than 1 MiB, all of it."""
HEADER = ("", "where", "what", "next")
_CLOSING = 200
"""Bytes kept free for the sentence that says how many are left out."""


def diagnostics_summary(diagnostics: Iterable[Diagnostic], *, budget: int = BUDGET) -> str:
    """A heading and a table, the most important first, of at most ``budget`` bytes; empty for no findings."""
    found = most_important_first(diagnostics)
    if not found:
        return ""
    head = f"### {tally(found)}\n\n" + "\n".join(rows((), HEADER)) + "\n"
    lines = _within((_row(one) for one in found), budget - size(head) - _CLOSING)
    left_out = len(found) - len(lines)
    closing = f"\nTruncated: {counted(left_out, 'more finding')} did not fit; `mesms-gitops validate` shows all.\n"
    return head + "".join(lines) + (closing if left_out else "")


def _within(lines: Iterable[str], room: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        room -= size(line)
        if room < 0:
            break
        kept.append(line)
    return kept


def _row(one: Diagnostic) -> str:
    where = code(place(one.position)) if one.position else inline(one.campaign or "")
    what = "<br>".join(inline(part) for part in (one.message, one.why) if part)
    cells = (f"{one.severity.value} {inline(one.code)}", where, what, inline(one.next_step or ""))
    return f"| {' | '.join(cells)} |\n"
