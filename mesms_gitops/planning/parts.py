"""How many SMS a text takes: GSM 03.38 where every character is in it, else UCS-2.

Sources: 3GPP TS 23.038 (default alphabet and its extension table) and TS 23.040 (140 octets a part, six of them for
the header that joins several). ME-SMS's own count, from ``preview-cost``, is the one that is billed; this is the one
that can be had without asking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Encoding: TypeAlias = Literal["GSM-7", "UCS-2"]

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The GSM 03.38 default alphabet, without the escape (0x1B) that leads into the extension table."""
EXTENSION: Final = "\f^{}\\[~]|€"
"""Each takes two septets, escape and character, that must stay in one part."""

GSM_SINGLE: Final = 160
GSM_MULTI: Final = 153
UCS_SINGLE: Final = 70
UCS_MULTI: Final = 67

_not_gsm = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]").search
_all_not_gsm = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]").finditer
_extended = re.compile(f"[{re.escape(EXTENSION)}]").findall
_astral = re.compile("[\U00010000-\U0010ffff]").findall


@dataclass(frozen=True, slots=True)
class Parts:
    """``units`` are septets (GSM-7) or UTF-16 code units (UCS-2); ``parts`` is what is billed for each recipient."""

    encoding: Encoding
    units: int
    parts: int


@dataclass(frozen=True, slots=True)
class Culprit:
    """A character outside GSM 03.38, at ``index`` of the text: it alone makes the whole text UCS-2."""

    index: int
    character: str


def count(text: str) -> Parts:
    """Parts of ``text``; an empty one is one part. A pair (escape and character, two surrogates) is never split."""
    length = len(text)
    if _not_gsm(text) is None:
        wide = _extended(text)
        units = length + len(wide)
        if units <= GSM_SINGLE:
            return Parts("GSM-7", units, 1)
        return Parts("GSM-7", units, _gsm_parts(text, set(wide), units) if wide else -(-units // GSM_MULTI))
    astral = len(_astral(text))
    units = length + astral
    if units <= UCS_SINGLE:
        return Parts("UCS-2", units, 1)
    return Parts("UCS-2", units, _ucs_parts(text, units) if astral else -(-units // UCS_MULTI))


def counts(texts: Sequence[str]) -> list[Parts]:
    """`count` of each: one look at all of them together settles most of it."""
    together = "".join(texts)
    if _extended(together) or len(together.encode("utf-16-le", "surrogatepass")) != 2 * len(together):
        return list(map(count, texts))
    known: dict[tuple[bool, int], Parts] = {}
    made = []
    for text in texts:  # every character is one unit: only the length and the encoding matter
        key = (_not_gsm(text) is None, len(text))
        size = known.get(key)
        if size is None:
            size = known[key] = count(text)
        made.append(size)
    return made


def _gsm_parts(text: str, extended: set[str], units: int) -> int:
    """Parts of 153 septets; where the last would be an escape, it moves into the next together with its character."""
    septets = text
    for character in extended:
        septets = septets.replace(character, "\x1b" + character)
    parts = start = 0
    while start < units:
        start += GSM_MULTI
        if start < units and septets[start - 1] == "\x1b":
            start -= 1
        parts += 1
    return parts


def _ucs_parts(text: str, units: int) -> int:
    """Parts of 67 code units; where the last would be a high surrogate, it moves into the next with the low one."""
    octets = text.encode("utf-16-be", "surrogatepass")
    parts = start = 0
    while start < units:
        start += UCS_MULTI
        if start < units and 0xD8 <= octets[2 * start - 2] <= 0xDB:
            start -= 1
        parts += 1
    return parts


def capacity(size: Parts) -> int:
    """How many units one part of a message of this ``size`` holds."""
    if size.encoding == "GSM-7":
        return GSM_SINGLE if size.parts == 1 else GSM_MULTI
    return UCS_SINGLE if size.parts == 1 else UCS_MULTI


def split(text: str) -> tuple[tuple[str, int], ...]:
    """``text`` as it is cut into its parts, each with the units it takes; as many as `count` says."""
    size = count(text)
    if size.parts == 1:
        return ((text, size.units),)
    room, wide = capacity(size), _wide(size.encoding)
    pieces, start, used = [], 0, 0
    for index, character in enumerate(text):
        width = 2 if wide(character) else 1
        if used + width > room:
            pieces.append((text[start:index], used))
            start, used = index, 0
        used += width
    return (*pieces, (text[start:], used))


def _wide(encoding: Encoding) -> Callable[[str], bool]:
    """Whether a character takes two units that must stay together."""
    return EXTENSION.__contains__ if encoding == "GSM-7" else "\uffff".__lt__


def blame(text: str) -> tuple[Culprit, ...]:
    """Every character that forces UCS-2, in order; none for a text that fits GSM 03.38."""
    return tuple(Culprit(match.start(), match[0]) for match in _all_not_gsm(text))
