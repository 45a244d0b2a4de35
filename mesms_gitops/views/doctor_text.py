"""What `doctor` found, a line each, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.model.doctor import Verdict
from mesms_gitops.views.layout import spoken, wrap
from mesms_gitops.views.palette import Palette

if TYPE_CHECKING:
    from mesms_gitops.model.doctor import Examination

_MARGIN: Final = " " * 6
_NEXT: Final = "next:"


def doctor_text(examination: Examination, *, colour: bool = False, width: int | None = None) -> str:
    """Each line with its verdict, and below it what to do next.

    Lines are as long as they are, so that they can be searched, but for a terminal of ``width`` cells.
    """
    palette = Palette(colour)
    paints = {Verdict.OK: palette.green, Verdict.WARN: palette.yellow, Verdict.FAIL: palette.red}
    rows = []
    for line in examination.lines:
        head = f"{line.verdict.value:<5}"
        first, *rest = _lines(f"{head} ", line.found, width)
        rows += [paints[line.verdict](head) + first[len(head) :], *rest]
        if line.next_step:
            first, *rest = _lines(f"{_MARGIN}{_NEXT} ", line.next_step, width)
            rows += [_MARGIN + palette.cyan(_NEXT) + first[len(_MARGIN + _NEXT) :], *rest]
    return "\n".join(rows) + "\n"


def _lines(head: str, text: str, width: int | None) -> list[str]:
    return [head + spoken(text)] if width is None else wrap(spoken(text), width, first=head)
