"""How many SMS parts a text takes: GSM 03.38 where every character fits it, else UCS-2."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mesms_gitops.sandbox import assumptions

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED: Final = frozenset("\f^{}\\[~]|€")
"""Characters of the extension table: each takes two septets that must stay in one part."""
_GSM7: Final = _BASIC | _ESCAPED


@lru_cache(maxsize=4096)
def count_parts(text: str) -> int:
    """SMS parts of a non-empty text. Pairs (escapes, surrogates) are never split across two parts."""
    if _GSM7.issuperset(text):
        widths = [2 if character in _ESCAPED else 1 for character in text]
        return _fill(widths, assumptions.GSM7_SINGLE, assumptions.GSM7_MULTI)
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _fill(widths, assumptions.UCS2_SINGLE, assumptions.UCS2_MULTI)


def _fill(widths: list[int], single: int, multi: int) -> int:
    """Parts needed for characters of these widths, filled from the left without cutting a character."""
    if sum(widths) <= single:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > multi:
            parts, used = parts + 1, 0
        used += width
    return parts
