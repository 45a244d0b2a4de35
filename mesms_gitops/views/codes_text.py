"""The catalogue of findings for a terminal: one code at length, or all of them in a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.codes import MANIFEST
from mesms_gitops.views.layout import Sheet, table, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.model.codes import Code, Example


def code_text(code: str, known: Code, *, colour: bool = False, width: int = 80) -> str:
    """The long form: what it means and why, the lines that cause it, and how they should be."""
    sheet = Sheet.of(width=width, colour=colour)
    lines = [sheet.palette.bold(f"{code}: {known.title}"), "", *wrap(known.explanation, sheet.width, first="  ")]
    if known.example:
        lines += ["", *_example(known.example, sheet)]
    return "\n".join(lines) + "\n"


def _example(example: Example, sheet: Sheet) -> list[str]:
    where = "" if example.file == MANIFEST else f" (in {example.file})"
    return [
        f"  wrong{where}:",
        *(sheet.palette.red(line) for line in _indented(example.bad)),
        "  right:",
        *(sheet.palette.green(line) for line in _indented(example.good)),
    ]


def _indented(lines: str) -> list[str]:
    """As they are: what is to be copied is never wrapped. A tab, which is what is wrong there, is shown."""
    return [f"    {line}".replace("\t", "→") for line in lines.splitlines()]


def codes_text(catalogue: Mapping[str, Code]) -> str:
    """Every code and its title."""
    return _joined(table([(code, known.title) for code, known in catalogue.items()]))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
