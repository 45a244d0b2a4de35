"""What no diagnostic may show: it ends in the log of a pipeline and in a comment on a pull request.

A phone number keeps its first three and last two digits, so that its owner is not named and its author still finds it;
a password in an address keeps nothing. One ``x`` stands for one character, so a caret still points where it pointed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_PHONE = re.compile(
    r"(?<![\w-])(?:\(?\+?(?:[0๐]{2})?[6๖]{2}|\(?[0๐])(?:[ \u00a0().\u2010-\u2015-]{0,3}\d){8,24}(?!\w|-\w)"
    r"|(?<![\w.-])[689]\d{8}(?![\w.]|-\w)"
)
"""As people and spreadsheets write them: 08…, 02…, 66…, +66…, 0066…, in groups, in Thai digits, or with its 0 lost.
Two of them with nothing but a blank between are taken for one: then more is hidden than must be."""
_PASSWORD = re.compile(r"(?<=://)[^\s/@'\"]*:[^\s/@'\"]*(?=@)")
_FIRST_SHOWN: Final = 3
_LAST_SHOWN: Final = 2


def concealed(text: str) -> str:
    """``text``, as long as it was, with whatever looks like a Thai phone number or a password struck out."""
    return _PASSWORD.sub(lambda found: "x" * len(found[0]), _PHONE.sub(_struck, text))


concealed_line = lru_cache(maxsize=8)(concealed)
"""The same for a source line: ten thousand findings in one long line share one text."""


def _struck(found: re.Match[str]) -> str:
    digits = [index for index, character in enumerate(found[0]) if character.isdigit()]
    hidden = frozenset(digits[_FIRST_SHOWN:-_LAST_SHOWN])
    return "".join("x" if index in hidden else character for index, character in enumerate(found[0]))
