"""What `doctor` found, a line each, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.doctor import Verdict
from mesms_gitops.views.layout import spoken
from mesms_gitops.views.palette import Palette

if TYPE_CHECKING:
    from mesms_gitops.model.doctor import Examination


def doctor_text(examination: Examination, *, colour: bool = False) -> str:
    """Each line with its verdict, and below it what to do next; not wrapped, so that it can be searched."""
    palette = Palette(colour)
    paints = {Verdict.OK: palette.green, Verdict.WARN: palette.yellow, Verdict.FAIL: palette.red}
    rows = []
    for line in examination.lines:
        rows.append(f"{paints[line.verdict](f'{line.verdict.value:<5}')} {spoken(line.found)}")
        if line.next_step:
            rows.append(f"      {palette.cyan('next:')} {spoken(line.next_step)}")
    return "\n".join(rows) + "\n"
