"""Counted texts for a terminal: the size, where the text is cut, why it is Unicode, and what is odd in it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from mesms_gitops.planning.parts import UCS_MULTI, UCS_SINGLE
from mesms_gitops.views.diagnostics_text import diagnostics_text
from mesms_gitops.views.layout import Sheet, counted, figure, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mesms_gitops.planning.counted import Counted, Foreign

_MOST_PIECES = 40
"""Parts shown; a message of 1,000 characters has at most 15."""
_MOST_NAMED = 5


def parts_text(counts: Iterable[Counted], *, colour: bool = False, width: int = 80) -> str:
    """One block for each text, in the order given."""
    sheet = Sheet.of(width=width, colour=colour)
    return "\n".join(_block(one, sheet, colour=colour) for one in counts)


def _block(text: Counted, sheet: Sheet, *, colour: bool) -> str:
    lines = [*_head(text, sheet), *_cut(text, sheet), *_reasons(text, sheet)]
    found = diagnostics_text(text.diagnostics, colour=colour, width=sheet.width)
    return "\n".join(lines) + "\n" + (f"\n{found}" if found else "")


def _head(text: Counted, sheet: Sheet) -> list[str]:
    size = text.size
    name = f"{printable(text.name)}:"
    lines = wrap(
        f"{name} {counted(size.parts, 'part')}, {size.encoding}, {counted(size.units, 'unit')}, "
        f"{figure(text.left)} left in {'it' if size.parts == 1 else 'the last part'}",
        sheet.width,
        rest="  ",
    )
    if text.credits is not None:
        lines += wrap(
            f"{counted(text.recipients or 0, 'recipient')} x {counted(size.parts, 'part')} = "
            f"{counted(text.credits, 'credit')} (an estimate: ME-SMS's own count is billed)",
            sheet.width,
            first="  ",
        )
    return [sheet.palette.bold(lines[0]), *lines[1:]]


def _cut(text: Counted, sheet: Sheet) -> Iterator[str]:
    """Each part, its units, and its text as it would arrive; a line end is shown as \\n."""
    digits = len(str(len(text.pieces)))
    for number, (piece, units) in enumerate(text.pieces[:_MOST_PIECES], 1):
        head = f"  {number:>{digits}} {units:>3}/{text.room} "
        yield from wrap(f"|{printable(piece)}|", sheet.width, first=head)
    if len(text.pieces) > _MOST_PIECES:
        yield f"  and {counted(len(text.pieces) - _MOST_PIECES, 'more part')}"


def _reasons(text: Counted, sheet: Sheet) -> Iterator[str]:
    if not text.foreign:
        return
    if any(_is_thai(one.character) for one in text.foreign):
        room = f"{UCS_SINGLE}/{UCS_MULTI}"
        yield from wrap(f"Thai text is always Unicode ({room} to a part)", sheet.width, first="  ", rest="    ")
        return
    total = sum(one.times for one in text.foreign)
    named = ", ".join(map(_named, text.foreign[:_MOST_NAMED]))
    more = f", and {figure(len(text.foreign) - _MOST_NAMED)} others" if len(text.foreign) > _MOST_NAMED else ""
    said = f"Unicode because of {counted(total, 'character')} outside GSM 03.38: {named}{more}"
    yield from wrap(said, sheet.width, first="  ", rest="    ")


def _is_thai(character: str) -> bool:
    """A letter, vowel, mark or digit; ฿ also stands in English texts."""
    return "\u0e01" <= character <= "\u0e5b" and character != "฿"


def _named(foreign: Foreign) -> str:
    character = foreign.character
    name = unicodedata.name(character, "")
    # a mark without its letter would sit on the word before it
    shown = "" if unicodedata.category(character)[0] in "MC" else f"{printable(character)} "
    times = f", {figure(foreign.times)} times" if foreign.times > 1 else ""
    return f"{shown}U+{ord(character):04X} {name}".rstrip() + f" at {foreign.line}:{foreign.column}{times}"
