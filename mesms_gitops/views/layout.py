"""How text is laid out: cells of a terminal, wrapping, figures, times, and other people's text made harmless."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mesms_gitops.views.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

LOCAL_TIMEZONE = "Asia/Bangkok"
NARROWEST = 40
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# ---------------------------------------------------------------- other people's text

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Printable by the letter of Unicode, and yet nothing is seen."""
_COMMAND = re.compile(r"(?P<blank>^\s*)::|##\[")
"""What a GitHub runner takes for a command: `::` that begins a line, `##[` anywhere. `wrap` sees to lines it begins."""
_PHONE = re.compile(r"(?<![\w-])\(?(?:\+?[6๖]{2}|[0๐])(?:[ ().-]*\d){8,9}(?!\w|-\w)")


def _escaped(character: str) -> str:
    point = ord(character)
    if character == "\n":
        return "\\n"
    if character == "\t":
        return "\\t"
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


def pieces(text: str) -> list[str]:
    """``text`` made harmless, one piece for each of its characters: what a caret needs to find its column."""
    commands = {match.start() if match["blank"] is None else match.end("blank") for match in _COMMAND.finditer(text)}
    return [
        character
        if character.isprintable() and character not in _INVISIBLE and index not in commands
        else _escaped(character)
        for index, character in enumerate(text)
    ]


def printable(text: str) -> str:
    """``text`` without anything that a terminal or a runner would obey: such characters are shown as escapes."""
    if text.isascii() and text.isprintable() and "::" not in text and "##[" not in text:
        return text
    return "".join(pieces(text))


def masked(text: str) -> str:
    """``text`` with the middle digits of whatever looks like a Thai phone number struck out."""
    return _PHONE.sub(_struck, text)


def _struck(match: re.Match[str]) -> str:
    digits = [index for index, character in enumerate(match[0]) if character.isdigit()]
    hidden = set(digits[2:-2])
    return "".join("x" if index in hidden else character for index, character in enumerate(match[0]))


def spoken(text: str) -> str:
    """Free text fit for a plan: no phone number, nothing that is obeyed."""
    return printable(masked(text))


# ---------------------------------------------------------------- cells


def cell_width(text: str) -> int:
    """How many cells of a terminal ``text`` takes: Thai vowels and tone marks above and below take none."""
    return len(text) if text.isascii() else sum(_cells(character) for character in text)


@lru_cache(maxsize=4096)
def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int, *, right: bool = False) -> str:
    """``text`` filled with spaces to ``width`` cells; ``right`` aligns figures."""
    fill = " " * max(0, width - cell_width(text))
    return fill + text if right else text + fill


# ---------------------------------------------------------------- wrapping

_LEADING_VOWELS = frozenset("เแโใไ")
_NEVER_FIRST = frozenset("ะาำๅๆฯ:,.!?%)]}\"'”’")


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """Lines of at most ``width`` cells, the first begun with ``first``, all others with ``rest``.

    Breaks at spaces; and, since Thai is written without, beside any letter that is not ASCII, where Thai spelling
    allows. What can be broken nowhere (an address, a digest) stands whole, be it too long.
    """
    rest = " " * cell_width(first) if rest is None else rest
    lines: list[str] = []
    line, used, empty = first, cell_width(first), True
    gap = ""
    for given in _atoms(text):
        atom = given
        if atom.isspace():
            gap = "" if empty else gap + atom
            continue
        need = cell_width(gap) + cell_width(atom)
        if not empty and used + need > width:
            lines.append(line)
            line, used, empty, gap = rest, cell_width(rest), True, ""
            atom = _no_command(atom)
            need = cell_width(atom)
        line, used, empty, gap = line + gap + atom, used + need, False, ""
    lines.append(line if not empty else line.rstrip())
    return lines


def _no_command(atom: str) -> str:
    """What comes to begin a line, in a way that no runner obeys."""
    return f"{_escaped(':')}{atom[1:]}" if atom.startswith("::") else atom


def _atoms(text: str) -> Iterator[str]:
    """Runs that must stay together, and the spaces between them."""
    for run in re.findall(r" +|[^ ]+", text):
        if run.isascii():
            yield run
        else:
            yield from _clusters(run)


def _clusters(run: str) -> Iterator[str]:
    start = 0
    for index in range(1, len(run)):
        if _may_break(run[index - 1], run[index]):
            yield run[start:index]
            start = index
    yield run[start:]


def _may_break(before: str, after: str) -> bool:
    if before.isascii() and after.isascii():
        return False
    if _cells(after) == 0 or after in _NEVER_FIRST:
        return False
    return before not in _LEADING_VOWELS and before not in "\"'([{“‘"


# ---------------------------------------------------------------- figures and times


def figure(count: int) -> str:
    """``12,480``."""
    return f"{count:,}"


def counted(count: int, noun: str, nouns: str | None = None) -> str:
    """``1 request``, ``12,480 recipients``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def listed(words: Iterable[str]) -> str:
    """``a, b and c``."""
    some = list(words)
    return " and ".join(filter(None, [", ".join(some[:-1]), *some[-1:]]))


def in_utc(moment: datetime) -> datetime:
    """``moment`` in UTC; one without an offset is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso(moment: datetime | None) -> str | None:
    """``2027-04-10T03:00:00Z``."""
    return None if moment is None else in_utc(moment).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # an unknown zone must not hide a plan: UTC is always right
        return None


def in_zone(moment: datetime, timezone: str = LOCAL_TIMEZONE) -> datetime:
    """``moment`` on the clocks of ``timezone``; in UTC where nobody knows that zone."""
    return in_utc(moment).astimezone(_zone(timezone) or UTC)


def local_time(moment: datetime, timezone: str = LOCAL_TIMEZONE) -> str:
    """``2027-04-10 10:00 +07:00``."""
    there = in_zone(moment, timezone)
    seconds = f":{there:%S}" if there.second else ""
    offset = f"{there:%z}"
    return f"{there:%Y-%m-%d %H:%M}{seconds} {offset[:3]}:{offset[3:5]}"


def both_times(moment: datetime, timezone: str = LOCAL_TIMEZONE) -> str:
    """``Sat 2027-04-10 10:00 +07:00 (03:00 UTC)``; UTC with its date where that is another day."""
    there = in_utc(moment).astimezone(_zone(timezone) or UTC)
    world = in_utc(moment)
    form = "%H:%M" if there.date() == world.date() else "%Y-%m-%d %H:%M"
    return f"{_WEEKDAYS[there.weekday()]} {local_time(moment, timezone)} ({world.strftime(form)} UTC)"


def duration(span: timedelta) -> str:
    """``10 minutes``, ``1 hour 30 minutes``, ``2 days``."""
    seconds = int(span.total_seconds())
    sizes = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
    words = []
    for size, noun in sizes:
        count, seconds = divmod(seconds, size)
        if count:
            words.append(counted(count, noun))
    return " ".join(words[:2]) or "0 seconds"


# ---------------------------------------------------------------- a sheet to write on


@dataclass(frozen=True, slots=True)
class Sheet:
    """How wide, in which colours, and in which zone times are shown that have none of their own."""

    width: int = 80
    palette: Palette = field(default_factory=Palette)
    timezone: str = LOCAL_TIMEZONE

    @classmethod
    def of(cls, *, width: int, colour: bool, timezone: str = LOCAL_TIMEZONE) -> Sheet:
        """The sheet for a public function's parameters."""
        return cls(max(width, NARROWEST), Palette(colour), timezone)

    def row(self, label: str, text: str, *, indent: int = 4, column: int = 12) -> list[str]:
        """A dim label and its value, wrapped under itself; a label too wide for its column has lines of its own."""
        if cell_width(label) >= column:
            margin = " " * indent
            above = [margin + self.palette.dim(line[indent:]) for line in wrap(label, self.width, first=margin)]
            return above + wrap(text, self.width, first=" " * (indent + column))
        if not text.strip():
            return [" " * indent + self.palette.dim(label)]
        head = " " * indent + pad(label, column)
        lines = wrap(text, self.width, first=head)
        lines[0] = " " * indent + self.palette.dim(pad(label, column)) + lines[0][len(head) :]
        return lines


def table(rows: list[tuple[str, ...]], *, right: frozenset[int] = frozenset(), gap: str = "  ") -> list[str]:
    """Columns as wide as their widest cell; those in ``right`` are aligned right."""
    widths = [max(cell_width(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        gap.join(pad(cell, widths[index], right=index in right) for index, cell in enumerate(row)).rstrip()
        for row in rows
    ]
