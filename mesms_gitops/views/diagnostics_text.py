"""Diagnostics for a terminal: what, where with a caret under it, why, and what to do next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mesms_gitops.model.diagnostic import Severity
from mesms_gitops.views.layout import Sheet, cell_width, counted, listed, pieces, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mesms_gitops.model.diagnostic import Diagnostic, Position

CUT = "..."
REACH = 3
"""How far beyond what fits a line is looked at, in widths: marks above and below take no cell."""
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def diagnostics_text(diagnostics: Iterable[Diagnostic], *, colour: bool = False, width: int = 80) -> str:
    """Every finding in the order of the files, then how many there are; empty for none."""
    sheet = Sheet.of(width=width, colour=colour)
    found = in_reading_order(diagnostics)
    if not found:
        return ""
    blocks = ["\n".join(diagnostic_lines(one, sheet, with_excerpt=True)) for one in found]
    return "\n\n".join([*blocks, f"{tally_text(found, sheet)}\n{_more(found, sheet)}"]) + "\n"


def _more(found: Sequence[Diagnostic], sheet: Sheet) -> str:
    """Where the long form of the worst finding is: said once, not under each."""
    worst = min(found, key=lambda one: _RANK[one.severity])
    return "\n".join(wrap(f"more about it: mesms-gitops explain {printable(worst.code)}", sheet.width))


def in_reading_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file and line; what stands nowhere first. The same findings always in the same order."""
    return sorted(diagnostics, key=_reading_key)


def _reading_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    at = diagnostic.position
    place = (at.file, at.line, at.column) if at else ("", 0, 0)
    return (*place, diagnostic.code, diagnostic.message)


def tally_text(diagnostics: Sequence[Diagnostic], sheet: Sheet) -> str:
    """`tally`, wrapped."""
    return "\n".join(wrap(tally(diagnostics), sheet.width))


def tally(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors and 1 warning in 2 files``."""
    counts = Counter(one.severity for one in diagnostics)
    files = len({one.position.file for one in diagnostics if one.position})
    words = listed(counted(counts[severity], severity.value) for severity in Severity if counts[severity])
    return f"{words} in {counted(files, 'file')}" if files else words


def diagnostic_lines(
    diagnostic: Diagnostic, sheet: Sheet, *, indent: str = "", with_excerpt: bool = False
) -> list[str]:
    """One finding in the house's four parts, every line begun with ``indent``."""
    head = f"{diagnostic.severity.value}[{printable(diagnostic.code)}]:"
    lines = wrap(f"{head} {printable(diagnostic.message)}", sheet.width, first=indent, rest=indent + "  ")
    lines[0] = begun_with(head, lines[0], indent, _severity_painted(diagnostic, head, sheet))
    if diagnostic.position is not None:
        field = f"  {printable(diagnostic.field)}" if diagnostic.field else ""
        where = f"{indent}  --> {place(diagnostic.position)}{field}"
        lines += [sheet.palette.cyan(line) for line in wrap(where.lstrip(), sheet.width, first=indent + "  ")]
    if with_excerpt and diagnostic.position is not None and diagnostic.excerpt is not None:
        lines += [indent + line for line in excerpt_lines(diagnostic, sheet, sheet.width - len(indent))]
    lines += explanation_lines(diagnostic.why, diagnostic.next_step, sheet, indent=indent + "  ")
    return lines


def begun_with(head: str, line: str, indent: str, painted: str) -> str:
    """``line`` with its ``head`` painted, where the head was not broken over two lines."""
    return indent + painted + line.removeprefix(indent + head) if line.startswith(indent + head) else line


def explanation_lines(why: str | None, next_step: str | None, sheet: Sheet, *, indent: str = "  ") -> list[str]:
    """The last two of the four parts."""
    lines = wrap(printable(why), sheet.width, first=indent) if why else []
    if next_step:
        lines += wrap(printable(next_step), sheet.width, first=indent + "next: ")
    return lines


def _severity_painted(diagnostic: Diagnostic, text: str, sheet: Sheet) -> str:
    match diagnostic.severity:
        case Severity.ERROR:
            return sheet.palette.red(text)
        case Severity.WARNING:
            return sheet.palette.yellow(text)
        case Severity.NOTE:
            return sheet.palette.cyan(text)


def place(position: Position) -> str:
    """``campaigns/songkran.yaml:7:3``."""
    return f"{printable(position.file)}:{position.line}:{position.column}"


# ---------------------------------------------------------------- the source line and its caret


def excerpt_lines(diagnostic: Diagnostic, sheet: Sheet, width: int) -> list[str]:
    """The offending line, cut to ``width`` around the span, and carets under what takes cells there."""
    assert diagnostic.position is not None
    number = str(diagnostic.position.line)
    margin = " " * len(number)
    line = (diagnostic.excerpt or "").rstrip("\r\n")
    start, end = _span(diagnostic.position, len(line))
    first, last = max(0, start - REACH * width), start + REACH * width  # ten thousand findings in a line of a megabyte
    cells = pieces(line[first:last])
    start, end = start - first, min(end, last) - first
    text, before, under = _cut(cells, start, end, max(width - len(number) - 4, 10))
    carets = " " * before + _severity_painted(diagnostic, "^" * under, sheet)
    bar = sheet.palette.dim("|")
    return [f"{margin} {bar}", f"{number} {bar} {text}".rstrip(), f"{margin} {bar} {carets}"]


def _span(position: Position, length: int) -> tuple[int, int]:
    start = min(max(position.column - 1, 0), length)
    end = position.end_column - 1 if position.end_line == position.line else length
    return start, min(max(end, start + 1), max(length, start))


def _cut(cells: list[str], start: int, end: int, room: int) -> tuple[str, int, int]:
    """What is shown of the line, the cells before the caret, and the cells under it."""
    start = _on_a_letter(cells, start)
    left = 0
    if cell_width("".join(cells[:end])) > room - len(CUT):
        left = _back_from(cells, start, room // 3)
    right, used = left, 2 * len(CUT)
    while right < len(cells) and used + cell_width(cells[right]) <= room:
        used += cell_width(cells[right])
        right += 1
    if left == 0 and cell_width("".join(cells)) <= room:
        right = len(cells)
    head, tail = CUT if left else "", CUT if right < len(cells) else ""
    before = cell_width(head + "".join(cells[left:start]))
    under = cell_width("".join(cells[start : min(end, right)]))
    return head + "".join(cells[left:right]) + tail, before, max(under, 1)


def _on_a_letter(cells: list[str], start: int) -> int:
    """A mark above or below is pointed at under the letter that carries it."""
    while 0 < start < len(cells) and cell_width(cells[start]) == 0:
        start -= 1
    return start


def _back_from(cells: list[str], start: int, room: int) -> int:
    left = start
    while left > 0 and cell_width("".join(cells[left - 1 : start])) <= room:
        left -= 1
    while left < start and cell_width(cells[left]) == 0:
        left += 1
    return left
