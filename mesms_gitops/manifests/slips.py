"""Single characters that are odd or cost money in a text: what each is, where it stands, what says the same for less.

Nothing is normalised: NFKC takes U+0E33 (ำ) apart and NFC does not put it together, so every rule here names the few
characters it is about.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mesms_gitops.planning.parts import BASIC, EXTENSION, blame, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_CHARACTERS: Final = 1_000
"""ME-SMS reference, ``content`` of POST /sms/send: "up to 1,000 characters"."""
CODES_OF_SLIPS: Final = ("MS312", "MS320", "MS321", "MS322", "MS323", "MS324")


@dataclass(frozen=True, slots=True)
class Slip:
    """``excerpt`` stands at ``index`` of a text and ``better`` says the same; ``is_fixable`` unless a person must see.

    A person must see where something would be lost (an emoji), or where writing it out costs more than it saves.
    """

    code: str
    index: int
    excerpt: str
    better: str
    is_fixable: bool = True


SPACES: Final = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff\uffa0"
)
_SUSPECT = re.compile(
    "(?P<MS320>\u0e4d[\u0e48-\u0e4b]?\u0e32|[\u0e48-\u0e4b]\u0e4d\u0e32)"
    "|(?P<MS321>\u0e40\u0e40)"
    f"|(?P<MS323>[{SPACES}])"
    f"|(?P<MS322>[{INVISIBLE}])"
)
_ODD = re.compile(f"[\u0e4d{SPACES}{INVISIBLE}]")
"""A superset that one pass over the text can rule out; nearly every message ends here."""
THAI = re.compile("[\u0e01-\u0e3a\u0e40-\u0e5b]")
"""Thai letters and digits; ฿ (U+0E3F) also stands in English texts."""
_JOINED_EMOJI: Final = 0x2190
"""A zero-width joiner between characters from here on builds one picture out of two: it belongs there."""


def slips(text: str, *, judge: bool = True) -> tuple[Slip, ...]:
    """Every one in ``text``, in order; none overlaps another. Unless they ``judge``, none says whether it pays."""
    found = list(_suspects(text)) if _ODD.search(text) is not None or "\u0e40\u0e40" in text else []
    if not text.isascii() and THAI.search(text) is None:
        found = _with_foreign(text, found, judge=judge)
    if text.endswith("\n") and (body := text.rstrip("\n")).strip():
        found.append(Slip("MS312", len(body), text[len(body) :], ""))
    return tuple(found)


def mended(text: str, chosen: Iterable[Slip]) -> str:
    """``text`` with each of ``chosen`` (some of its own slips, in order) replaced."""
    written: list[str] = []
    end = 0
    for slip in chosen:
        written += (text[end : slip.index], slip.better)
        end = slip.index + len(slip.excerpt)
    return "".join((*written, text[end:]))


def _suspects(text: str) -> Iterator[Slip]:
    for match in _SUSPECT.finditer(text):
        code, excerpt = match.lastgroup or "", match[0]
        if excerpt != "\u200d" or not _joins_emoji(text, match.start()):
            yield Slip(code, match.start(), excerpt, _typed_right(code, excerpt))


def _joins_emoji(text: str, index: int) -> bool:
    around = text[max(0, index - 1) : index] + text[index + 1 : index + 2]
    return len(around) == 2 and all(ord(character) >= _JOINED_EMOJI for character in around)


def _typed_right(code: str, excerpt: str) -> str:
    if code == "MS320":
        return "".join(character for character in excerpt if "\u0e48" <= character <= "\u0e4b") + "\u0e33"
    return {"MS321": "\u0e41", "MS322": "", "MS323": " "}[code]


# --- what turns a GSM-7 message into Unicode --------------------------------------------------------------------------

PLAIN: Final = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "ʼ": "'", "ˈ": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-", "−": "-", "•": "-", "·": "-",
    "…": "...", "‥": "..", "฿": "THB ", "×": "x", "⁄": "/", "½": "1/2", "¼": "1/4", "¾": "3/4", "№": "No.",
    "™": "(TM)", "®": "(R)", "©": "(C)", "→": "->", "←": "<-", "⇒": "=>", "≤": "<=", "≥": ">=", "ç": "c",
}  # fmt: skip
"""What says the same in GSM 03.38."""
_MOST_FOREIGN: Final = 5
"""With more different letters than this that nothing replaces, the text is simply written in another alphabet."""

_SELECTORS: Final = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff"
_OUTSIDE: Final = (
    f"[^{re.escape(BASIC + EXTENSION)}{SPACES}{INVISIBLE}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
)
_PICTURES: Final = f"[{chr(_JOINED_EMOJI)}-\U0010ffff]"
_foreign = re.compile(
    f"{_OUTSIDE}[{_SELECTORS}]*(?:(?<={_PICTURES})\u200d(?={_PICTURES}){_OUTSIDE}[{_SELECTORS}]*)*"
).finditer
"""A character outside GSM 03.38; an emoji with all that belongs to its picture."""


def _with_foreign(text: str, suspects: list[Slip], *, judge: bool) -> list[Slip]:
    """``suspects`` and what else makes ``text`` Unicode; nothing else if it is written in another alphabet."""
    found = [_foreign_slip(text, match.start(), match[0]) for match in _foreign(text)]
    letters = [slip.excerpt for slip in found if not slip.is_fixable and slip.excerpt.isalpha()]
    if not found or len(set(letters)) > _MOST_FOREIGN or len(letters) * 2 > len(text):
        return suspects
    both = sorted((*suspects, *found), key=lambda slip: slip.index)
    if not judge or _pays(text, both):
        return both
    return [replace(slip, is_fixable=False) if slip.code == "MS324" else slip for slip in both]


def _foreign_slip(text: str, index: int, excerpt: str) -> Slip:
    plain = _plain(text, index, excerpt)
    if plain is not None:
        return Slip("MS324", index, excerpt, plain)
    pair = unicodedata.normalize("NFC", text[max(0, index - 1) : index + len(excerpt)])
    if index and len(pair) == 1 and not blame(pair):  # e and a combining acute accent
        return Slip("MS324", index - 1, text[index - 1 : index + len(excerpt)], pair)
    return Slip("MS324", index, excerpt, "", is_fixable=False)


def _plain(text: str, index: int, excerpt: str) -> str | None:
    sign = excerpt.rstrip("\ufe0e\ufe0f")
    if sign == "฿":
        before, after = text[index - 1 : index] if index else "", text[index + len(excerpt) :][:1]
        return " " * before.isalnum() + "THB" + " " * after.isalnum()
    if "\uff01" <= sign <= "\uff5e" and len(sign) == 1:  # full width; none of them is outside GSM but the grave accent
        sign = chr(ord(sign) - 0xFEE0)
        return PLAIN.get(sign, sign)
    return PLAIN.get(sign)


def _pays(text: str, found: list[Slip]) -> bool:
    """Whether mending all that can be mended makes a GSM-7 text of no more parts that ME-SMS still takes."""
    then = mended(text, (slip for slip in found if slip.is_fixable))
    if len(then) > max(len(text), MAX_CHARACTERS):
        return False
    size = count(then)
    return size.encoding == "GSM-7" and size.parts <= count(text).parts
