"""Diagnostics as GitHub annotations: the ten most important of a kind; `diagnostics_summary` has all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.diagnostic import Severity
from mesms_gitops.views.diagnostics_text import in_reading_order
from mesms_gitops.views.layout import counted, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.diagnostic import Diagnostic, Position

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
MOST = 10
"""Annotations of a kind that GitHub shows for one step; those after them are dropped without a word."""
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def diagnostics_github(diagnostics: Iterable[Diagnostic], *, has_summary: bool = True) -> str:
    """One workflow command a line, ten of a kind; the first error of every file comes before the second of any.

    ``has_summary``: whether the job has a summary, where the rest can be read.
    """
    ranked = most_important_first(diagnostics)
    shown = [one for severity in Severity for one in [one for one in ranked if one.severity is severity][:MOST]]
    return "".join(f"{_command(one)}\n" for one in shown) + _rest(len(ranked) - len(shown), has_summary)


def _rest(count: int, has_summary: bool) -> str:
    """A plain line of the log, which nobody sees who does not look for it."""
    rest = "see the summary of the job" if has_summary else "run mesms-gitops validate for all of them"
    return f"{counted(count, 'more finding')} than annotations: {rest}\n" if count else ""


def most_important_first(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Errors before warnings, and in each the first of every file before the second of any."""
    nth: dict[tuple[Severity, str], int] = {}
    ranked = []
    for place, one in enumerate(in_reading_order(diagnostics)):
        key = (one.severity, one.position.file if one.position else "")
        nth[key] = nth.get(key, 0) + 1
        ranked.append((_RANK[one.severity], nth[key], place, one))
    return [one for *_, one in sorted(ranked, key=lambda entry: entry[:3])]


def _command(diagnostic: Diagnostic) -> str:
    properties = {**_place(diagnostic.position), "title": diagnostic.code}
    written = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    return f"::{COMMANDS[diagnostic.severity]} {written}::{_message(diagnostic)}"


def _place(position: Position | None) -> dict[str, str]:
    if position is None:
        return {}
    place = {"file": position.file, "line": str(position.line)}
    if position.end_line == position.line:
        last = max(position.end_column - 1, position.column)  # inclusive there, exclusive here
        return {**place, "col": str(position.column), "endLine": str(position.end_line), "endColumn": str(last)}
    return {**place, "endLine": str(position.end_line)}  # columns are only understood within one line


def _message(diagnostic: Diagnostic) -> str:
    next_step = f"next: {diagnostic.next_step}" if diagnostic.next_step else None
    lines = [printable(part) for part in (diagnostic.message, diagnostic.why, next_step) if part]
    return _escaped("\n".join(lines))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(printable(text)).replace(":", "%3A").replace(",", "%2C")
