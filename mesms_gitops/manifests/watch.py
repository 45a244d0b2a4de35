"""Which of many texts must be looked at closely: a few passes over what they are made of clear all the others.

Both rules only ever err towards looking: what they clear, `check_errors`, `slips` and `check_links` clear as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.message_text import PERHAPS
from mesms_gitops.manifests.slips import MAX_CHARACTERS, THAI

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mesms_gitops.manifests.batch import Filled

_E: Final = "\u0e40"
"""Two of them are the one slip that can arise where a word and a value meet."""
_MOST_SEEN: Final = 500_000
_HOLE: Final = "\ue000"


class Watch:
    """Knows the ``words`` of a template; is shown its texts, batch by batch."""

    def __init__(self, words: Sequence[str]) -> None:
        self._has_odd_words = any(PERHAPS.search(word) or word.endswith(_E) for word in words) or words[-1].endswith(
            "\n"
        )
        self._has_thai = any(THAI.search(word) for word in words)
        self._is_ascii = all(map(str.isascii, words))
        self._is_never_blank = any(word.strip() for word in words)
        self._link_meets_slot = any(_HOLE in token and _may_link(token) for token in _tokens(_HOLE.join(words)))
        self._seen: set[str] = set()
        self._is_fixed_seen = False

    def suspects(self, filled: Filled) -> Sequence[int]:
        """The rows whose texts may have something wrong or odd."""
        if self._is_calm(filled):
            return filled.alone
        return [row for row, text in enumerate(filled.texts) if _is_suspect(text)]

    def _is_calm(self, filled: Filled) -> bool:
        if self._has_odd_words or not self._is_never_blank or not filled.texts:
            return False
        for share in filled.shares:
            whole = ",".join(share)
            if PERHAPS.search(whole) or "\n" in whole or _E * 2 in whole:
                return False
            if not (self._has_thai or (self._is_ascii and whole.isascii())):
                return False
            if _E in whole and any(value.endswith(_E) for value in share):
                return False
        return len(max(filled.texts, key=len)) <= MAX_CHARACTERS

    def links(self, filled: Filled) -> Iterable[str]:
        """What a link may stand in and was not seen before: whole texts, or the pieces between blanks.

        No rule about links looks beyond a space, a tab or a line end; so pieces say the same as the whole.
        """
        texts = filled.texts
        if not self._link_meets_slot and not filled.alone and not any(map(_may_link, map(",".join, filled.shares))):
            if self._is_fixed_seen or not texts:
                return ()
            self._is_fixed_seen = True
            texts = texts[:1]
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()
        found = _tokens(" ".join(texts)) - self._seen
        self._seen |= found
        return [token for token in found if _may_link(token)]


def _may_link(text: str) -> bool:
    return "." in text or "/" in text


def _tokens(text: str) -> set[str]:
    return set(text.replace("\n", " ").replace("\t", " ").split(" "))


def _is_suspect(text: str) -> bool:
    return (
        PERHAPS.search(text) is not None
        or _E * 2 in text
        or text[-1:] in ("\n", "")
        or len(text) > MAX_CHARACTERS
        or not text.strip()
        or not (text.isascii() or THAI.search(text))
    )
