"""The text people would get, looked at once more: what is wrong with it, and what is odd and costs money.

Nothing is ever mended here. Thai is never normalised: NFKC takes U+0E33 (ำ) apart and NFC does not put it together.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.diagnostic import Severity
from mesms_gitops.planning.parts import Parts, blame, count

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARACTERS: Final = 1_000
"""ME-SMS reference, ``content`` of POST /sms/send: "up to 1,000 characters"."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a text: what it is (``excerpt`` at ``index``) and what to write instead."""

    code: str
    severity: Severity
    message: str
    next_step: str
    index: int = 0
    excerpt: str = ""

    @property
    def is_error(self) -> bool:
        """Whether such a text must not be sent."""
        return self.severity is Severity.ERROR


_SPACES: Final = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff\uffa0"
)
_SUSPECT = re.compile(
    "(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff])"
    r"|(?P<braces>\{\{|\}\}|\{%|%\}|\{#|#\})"
    "|(?P<sara_am>\u0e4d[\u0e48-\u0e4b]?\u0e32|[\u0e48-\u0e4b]\u0e4d\u0e32)"
    "|(?P<sara_ae>\u0e40\u0e40)"
    f"|(?P<space>[{_SPACES}])"
    f"|(?P<invisible>[{_INVISIBLE}])"
)
_ODD = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{{}}\u0e4d\u2028\u2029\ud800-\udfff\ufffe\uffff{_SPACES}{_INVISIBLE}]")
"""A superset that one pass over the text can rule out; nearly every message ends here."""
_THAI = re.compile("[\u0e01-\u0e3a\u0e40-\u0e5b]")
"""Thai letters and digits; ฿ (U+0E3F) also stands in English texts."""
_JOINED_EMOJI: Final = 0x2190
"""A zero-width joiner between characters from here on builds one picture out of two: it belongs there."""


def check_text(text: str) -> tuple[Finding, ...]:
    """Everything to say about ``text`` as it would be sent. Errors: MS301-MS304; warnings and notes: MS320-MS324."""
    found = list(_shape(text))
    if _ODD.search(text) is not None or "\u0e40\u0e40" in text:
        found += _suspects(text)
    if _THAI.search(text) is None:
        found += _unicode_cost(text)
    return tuple(found)


def _shape(text: str) -> Iterator[Finding]:
    if not text.strip():
        yield Finding("MS301", Severity.ERROR, "the message is empty", "write something to send")
    if len(text) > MAX_CHARACTERS:
        yield Finding(
            "MS303",
            Severity.ERROR,
            f"the message has {len(text):,} characters; ME-SMS takes at most {MAX_CHARACTERS:,}",
            f"shorten it by {len(text) - MAX_CHARACTERS:,}",
            MAX_CHARACTERS,
        )


def _suspects(text: str) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for match in _SUSPECT.finditer(text):
        kind, excerpt = match.lastgroup or "", match[0]
        if kind == "invisible" and excerpt == "\u200d" and _joins_emoji(text, match.start()):
            continue
        if (kind, excerpt) in seen and kind != "control":
            continue  # said once; the fix is the same everywhere
        seen.add((kind, excerpt))
        yield _FINDERS[kind](text, match.start(), excerpt)


def _joins_emoji(text: str, index: int) -> bool:
    around = text[max(0, index - 1) : index] + text[index + 1 : index + 2]
    return len(around) == 2 and all(ord(character) >= _JOINED_EMOJI for character in around)


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _control(_: str, index: int, excerpt: str) -> Finding:
    message = f"the control character U+{ord(excerpt):04X} would be sent"
    return Finding("MS304", Severity.ERROR, message, "delete it; only line feeds may break a line", index, excerpt)


def _braces(_: str, index: int, excerpt: str) -> Finding:
    message = f"{excerpt} is left over and would be sent as it stands"
    return Finding("MS302", Severity.ERROR, message, "close the placeholder ({{ name }}), or delete it", index, excerpt)


def _sara_am(text: str, index: int, excerpt: str) -> Finding:
    tone = "".join(character for character in excerpt if "\u0e48" <= character <= "\u0e4b")
    return _mend("MS320", text, index, excerpt, f"{tone}\u0e33", "a sara am (ำ) is typed as two characters")


def _sara_ae(text: str, index: int, excerpt: str) -> Finding:
    return _mend("MS321", text, index, excerpt, "\u0e41", "แ is typed as two เ")


def _space(text: str, index: int, excerpt: str) -> Finding:
    return _mend(
        "MS323",
        text,
        index,
        excerpt,
        " ",
        f"this blank is not a space but {_name(excerpt) if excerpt != chr(9) else 'a tab'}",
    )


def _invisible(text: str, index: int, excerpt: str) -> Finding:
    return _mend("MS322", text, index, excerpt, "", f"an invisible character: {_name(excerpt)}")


_FINDERS: Final = {
    "control": _control,
    "braces": _braces,
    "sara_am": _sara_am,
    "sara_ae": _sara_ae,
    "space": _space,
    "invisible": _invisible,
}


def _mend(code: str, text: str, index: int, excerpt: str, better: str, what: str) -> Finding:
    times = text.count(excerpt)
    again = f" ({times} times)" if times > 1 else ""
    cost = _saved(count(text), count(text.replace(excerpt, better)))
    advice = f"write {better}" if better.strip() else "write an ordinary space" if better else "delete it"
    return Finding(code, Severity.WARNING, f"{what}{again}{cost}", advice, index, excerpt)


def _saved(now: Parts, then: Parts) -> str:
    if then.parts < now.parts:
        return f"; without it {now.parts} -> {then.parts} parts"
    return f"; it costs {now.units - then.units} of the characters" if then.units < now.units else ""


# --- what turns a GSM-7 message into Unicode --------------------------------------------------------------------------

PLAIN: Final = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "″": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-", "−": "-", "•": "-", "·": "-",
    "…": "...", "฿": "THB ", "×": "x", "½": "1/2", "™": "(TM)", "®": "(R)", "©": "(C)", "→": "->", "ç": "c",
}  # fmt: skip
"""What says the same in GSM 03.38."""
_MOST_BLAMED: Final = 5
"""With more different characters than this the text is simply written in another alphabet."""


def _unicode_cost(text: str) -> Iterator[Finding]:
    culprits = blame(text)
    different = {culprit.character for culprit in culprits}
    if not culprits or len(different) > _MOST_BLAMED:
        return
    now, then = count(text), count(_in_gsm(text))
    for character in sorted(different, key=text.index):
        if _SUSPECT.fullmatch(character):
            continue  # pointed at already
        index = text.index(character)
        more = f": {then.parts} -> {now.parts} parts" if now.parts > then.parts else ""
        yield Finding(
            "MS324",
            Severity.WARNING if more else Severity.NOTE,
            f"{character} ({_name(character)}) makes the whole message Unicode{more}",
            _plain_advice(text, index, character),
            index,
            character,
        )


def _in_gsm(text: str) -> str:
    """``text`` with every culprit replaced, or left out where nothing says the same."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(PLAIN.get(character, " " if blame(character) else character) for character in composed)


def _plain_advice(text: str, index: int, character: str) -> str:
    if character in PLAIN:
        return f"write {PLAIN[character].strip()}"
    pair = unicodedata.normalize("NFC", text[max(0, index - 1) : index + 1])
    if len(pair) == 1 and not blame(pair):
        return f"write {pair} as one character"
    return "leave it out, if it is not worth the parts"
