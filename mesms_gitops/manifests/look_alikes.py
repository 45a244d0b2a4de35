"""Letters that are not what they seem, and Thai that was typed twice: a person must see these, nothing mends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_ALIKES: Final = dict(
    zip(
        "аеорсухіјѕԁһАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
        "aeopcyxijsdhABEKMHOPCTYXIJSABEZHIKMNOPTYXov",
        strict=True,
    )
)
"""Cyrillic and Greek letters that most fonts draw exactly as the Latin ones."""
_CYRILLIC: Final = "\u0400-\u052f"
_GREEK: Final = "\u0370-\u03ff"
_GSM_GREEK: Final = "ΔΦΓΛΩΠΨΣΘΞ"
"""GSM 03.38 has them: alone they are signs (Ω, Δ) as often as letters."""
_PERHAPS = re.compile(f"[{''.join(LOOK_ALIKES)}]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z]")
_TWICE = re.compile("([\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])\\1+|\u0e33[\u0e32\u0e33]+|\u0e40\u0e41")
"""The same mark above or below twice; ำ twice or before า; เ before แ."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """``excerpt`` at ``index``, and what was probably meant."""

    code: str
    index: int
    excerpt: str
    better: str


def oddities(text: str) -> Iterator[Oddity]:
    """Each different one once, at its first place: MS325 and MS326."""
    seen: set[str] = set()
    for found in (*_look_alikes(text), *_twice(text)):
        if found.excerpt not in seen:
            seen.add(found.excerpt)
            yield found


def _look_alikes(text: str) -> Iterator[Oddity]:
    """In a word with Latin letters, or where every letter of that alphabet could be a Latin one."""
    if text.isascii() or _PERHAPS.search(text) is None:
        return
    is_written = {
        block: any(letter not in LOOK_ALIKES and letter not in _GSM_GREEK for letter in re.findall(f"[{block}]", text))
        for block in (_CYRILLIC, _GREEK)
    }
    for word in _WORD.finditer(text):
        is_mixed = _LATIN.search(word[0]) is not None
        for found in _PERHAPS.finditer(word[0]):
            block = _GREEK if found[0] < "\u0400" else _CYRILLIC
            if is_mixed or not is_written[block]:
                yield Oddity("MS325", word.start() + found.start(), found[0], LOOK_ALIKES[found[0]])


def _twice(text: str) -> Iterator[Oddity]:
    for found in _TWICE.finditer(text):
        better = "\u0e41" if found[0] == "\u0e40\u0e41" else found[0][0]
        yield Oddity("MS326", found.start(), found[0], better)
