"""The text people would get, looked at once more: what is wrong with it, and what is odd and costs money.

Nothing is ever mended here: `slips` knows what says the same for less, `fixes` applies it where that is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.look_alikes import Oddity, oddities
from mesms_gitops.manifests.slips import INVISIBLE, MAX_CHARACTERS, PLAIN, SPACES, Slip, mended, slips
from mesms_gitops.model.diagnostic import Severity
from mesms_gitops.planning.parts import Parts, blame, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_CHARACTERS", "PLAIN", "Finding", "check_text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a text: what it is (``excerpt`` at ``index``) and what to write instead.

    ``saves`` says what mending it changes, in parts of this very text; empty where that is nothing. ``slip`` is the
    first place of a finding that `fix` knows how to mend, or could if nothing were lost.
    """

    code: str
    severity: Severity
    what: str
    next_step: str
    index: int = 0
    excerpt: str = ""
    saves: str = ""
    slip: Slip | None = None

    @property
    def message(self) -> str:
        """What it is and what it costs."""
        return self.what + self.saves

    @property
    def is_error(self) -> bool:
        """Whether such a text must not be sent."""
        return self.severity is Severity.ERROR


_WRONG = re.compile(
    "(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff])"
    r"|(?P<placeholder>\{\{[^{}]*\}\}|\{%[^{}%]*%\}|\{#[^{}#]*#\})"
    r"|(?P<braces>\{\{|\}\}|\{%|%\}|\{#|#\})"
)
PERHAPS = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{{}}\u0e4d\u2028\u2029\ud800-\udfff\ufffe\uffff{SPACES}{INVISIBLE}]")
"""A superset of what is wrong: one pass rules it out for nearly every message."""
MOST_LOOKED_AT: Final = 10_000
"""Characters that are looked at one by one; a text of ten messages' length is no message."""
MOST_NAMED: Final = 20
"""Different slips that are named one by one; a text with more of them is not mended by reading a list."""


def check_text(text: str) -> tuple[Finding, ...]:
    """Everything to say about ``text`` as it would be sent: errors MS301-MS304, the rest MS312 and MS320-MS326.

    Each different character is spoken of once, at its first place.
    """
    if len(text) > MOST_LOOKED_AT:
        return (*check_errors(text), *_of_the_beginning(text[:MOST_LOOKED_AT]))
    found = slips(text)
    mendable = map(_finding, weighed(text, found)) if found else ()
    return (*check_errors(text), *mendable, *map(_odd, islice(oddities(text), MOST_NAMED)))


def _odd(found: Oddity) -> Finding:
    if found.code == "MS325":
        what = f"{found.excerpt} is {character_name(found.excerpt)}: it looks like the Latin {found.better}"
        advice = f"type the Latin letter {found.better}"
    else:
        what = f"Thai typed twice: {' '.join(f'U+{ord(one):04X}' for one in found.excerpt[:4])}"
        advice = f"type it once: {character_name(found.better)}"
    return Finding(found.code, Severity.WARNING, what, advice, found.index, found.excerpt)


def _of_the_beginning(text: str) -> Iterator[Finding]:
    """What is odd in the first part of a text that cannot be sent anyhow; what it costs there is nobody's question."""
    for finding in check_text(text):
        if not finding.is_error and finding.code != "MS312":
            yield replace(finding, saves="")


def check_errors(text: str) -> tuple[Finding, ...]:
    """Only what must not be sent: MS301-MS304."""
    wrong = _wrong(text) if PERHAPS.search(text) is not None else ()
    return (*_shape(text), *wrong)


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


_FILL_IN: Final = (
    "write what it stands for: this text is looked at as it will be sent, "
    "and what a value brings is not filled in again"
)


def _wrong(text: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for match in _WRONG.finditer(text):
        kind = match[0] if match.lastgroup != "placeholder" else match[0][:2] + match[0][-2:]
        if kind in seen:
            continue
        seen.add(kind)
        if match.lastgroup == "control":
            what = f"the control character U+{ord(match[0]):04X} would be sent"
            advice = "delete it; only line feeds may break a line"
            yield Finding("MS304", Severity.ERROR, what, advice, match.start(), match[0])
        elif match.lastgroup == "placeholder":
            # what is between the braces may be somebody's value
            what = f"the placeholder {kind[:2]} … {kind[2:]} would be sent as it stands"
            yield Finding("MS302", Severity.ERROR, what, _FILL_IN, match.start(), kind[:2])
        else:
            what = f"{match[0]} is left over and would be sent as it stands"
            advice = "write both ends of a placeholder ({{ name }}), or delete it"
            yield Finding("MS302", Severity.ERROR, what, advice, match.start(), match[0])


# --- what could be mended ---------------------------------------------------------------------------------------------


def kinds(found: Iterable[Slip]) -> dict[tuple[str, str], list[Slip]]:
    """Slips by what they are: the same code and the same characters."""
    by_kind: dict[tuple[str, str], list[Slip]] = {}
    for slip in found:
        by_kind.setdefault((slip.code, slip.excerpt), []).append(slip)
    return by_kind


@dataclass(frozen=True, slots=True)
class Weighed:
    """One kind of slip in one text: the text's size ``now``, with this kind ``alone`` mended, and with all mended.

    ``together`` is the same as ``alone`` where the others would save as much without this kind.
    """

    group: list[Slip]
    now: Parts
    alone: Parts
    together: Parts


def weighed(text: str, found: tuple[Slip, ...]) -> Iterator[Weighed]:
    """Every kind of ``found`` (the slips of ``text``), at most `MOST_NAMED`; each takes a pass over the text."""
    now, together = count(text), count(mended(text, found))
    by_kind = kinds(found)
    if len(by_kind) == 1:
        yield Weighed(list(found), now, together, together)
        return
    for kind, group in list(by_kind.items())[:MOST_NAMED]:
        alone = count(mended(text, group))
        others = count(mended(text, (slip for slip in found if (slip.code, slip.excerpt) != kind)))
        yield Weighed(group, now, alone, together if others.parts > together.parts else alone)


def _finding(kind: Weighed) -> Finding:
    first, times = kind.group[0], len(kind.group)
    again = f" ({times} times)" if times > 1 else ""
    costs = kind.together.parts < kind.now.parts
    severity = Severity.NOTE if first.code == "MS324" and not costs else Severity.WARNING
    return Finding(
        first.code,
        severity,
        described(first) + again,
        advised(first),
        first.index,
        first.excerpt,
        _saves(first.code, kind.now, kind.alone, kind.together),
        first,
    )


def _saves(code: str, now: Parts, alone: Parts, together: Parts) -> str:
    """What mending it saves: alone, and with the others where only that saves something (more)."""
    if alone.parts < now.parts:
        said = f": {alone.parts} -> {now.parts} parts" if code == "MS324" else f"; without it {_fewer(now, alone)}"
        return said + (f"; with the others {_fewer(now, together)}" if together.parts < alone.parts else "")
    if together.parts < now.parts:
        return f"; mended alone it saves no part, with the others {_fewer(now, together)}"
    fewer = now.units - alone.units
    return "; it costs no part" if fewer > 0 and now.encoding == alone.encoding else ""


def _fewer(now: Parts, then: Parts) -> str:
    return f"{now.parts} -> {then.parts} parts"


def character_name(character: str) -> str:
    """``U+2019 RIGHT SINGLE QUOTATION MARK``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def described(slip: Slip) -> str:
    """What is odd about it, in half a sentence."""
    excerpt = slip.excerpt
    match slip.code:
        case "MS312":
            return "the message ends with a line end, which is sent and billed"
        case "MS320":
            return "a sara am (ำ) is typed as two characters"
        case "MS321":
            return "แ is typed as two เ"
        case "MS322":
            return f"an invisible character: {character_name(excerpt)}"
        case "MS323":
            return f"this blank is not a space but {'a tab' if excerpt == chr(9) else character_name(excerpt)}"
        case _:
            name = character_name(blame(excerpt)[0].character)
            return f"{excerpt} ({name}) makes the whole message Unicode"


def advised(slip: Slip) -> str:
    """What to write instead."""
    better = slip.better
    if slip.code == "MS324":
        if not better:
            return "leave it out, if it is not worth the parts"
        return f"write {better} as one character" if len(slip.excerpt) > len(better) == 1 else f"write {better.strip()}"
    if slip.code == "MS312":
        return "end the text without a line end"
    return f"write {better}" if better.strip() else "write an ordinary space" if better else "delete it"
