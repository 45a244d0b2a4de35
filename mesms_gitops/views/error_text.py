"""An error for people: what, where, why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.diagnostics_text import (
    begun_with,
    diagnostic_lines,
    explanation_lines,
    in_reading_order,
    tally_text,
)
from mesms_gitops.views.layout import Sheet, masked, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.errors import MesmsError
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.promise import Moved


def error_text(error: MesmsError, *, colour: bool = False, width: int = 80) -> str:
    """The error in the house's voice; one that carries diagnostics shows them all first, with their lines."""
    sheet = Sheet.of(width=width, colour=colour)
    found = in_reading_order(carried(error))
    blocks = ["\n".join(diagnostic_lines(one, sheet, with_excerpt=True)) for one in found]
    if found:
        blocks.append(tally_text(found, sheet))
    return "\n\n".join([*blocks, "\n".join(error_lines(error, sheet))]) + "\n"


def carried(error: MesmsError) -> tuple[Diagnostic, ...]:
    """The diagnostics that ``error`` brings along."""
    found: tuple[Diagnostic, ...] = getattr(error, "diagnostics", ())
    return found


def error_lines(error: MesmsError, sheet: Sheet) -> list[str]:
    """The four parts of ``error`` itself."""
    lines = wrap(f"error: {printable(error.what)}", sheet.width, rest="  ")
    lines[0] = begun_with("error:", lines[0], "", sheet.palette.red("error:"))
    if error.where:
        where = wrap(f"--> {printable(error.where)}", sheet.width, first="  ")
        lines += [sheet.palette.cyan(line) for line in where]
    return lines + moved_lines(moves(error), sheet) + explanation_lines(error.why, error.next_step, sheet)


def moves(error: MesmsError) -> tuple[Moved, ...]:
    """What is not as it was approved, where ``error`` knows."""
    found: tuple[Moved, ...] = getattr(error, "moved", ())
    return found


def moved_lines(changes: Iterable[Moved], sheet: Sheet) -> list[str]:
    """A diff: what was approved, and what it is now; campaigns in order, and the plan as a whole last."""
    lines: list[str] = []
    campaign: str | None = ""
    for change in changes:
        if change.campaign != campaign:
            campaign = change.campaign
            lines += wrap(printable(campaign or "the plan"), sheet.width, first="  ")
        lines += [sheet.palette.red(line) for line in _side("- ", change.field, change.before, sheet)]
        lines += [sheet.palette.green(line) for line in _side("+ ", change.field, change.after, sheet)]
    return lines


def _side(sign: str, field: str, value: str | None, sheet: Sheet) -> list[str]:
    return wrap(masked(f"{field}: {printable(value or 'nothing')}"), sheet.width, first=f"    {sign}", rest="      ")
