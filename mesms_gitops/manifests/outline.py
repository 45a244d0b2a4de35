"""What of a template is text as it will be sent: so that a character is looked for there, and not in an expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.slips import slips

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.manifests.slips import Slip

_QUOTED: Final = r"\"(?:\\.|[^\"\\])*+\"|'(?:\\.|[^'\\])*+'"
_TAG = re.compile(
    rf"\{{\{{(?:{_QUOTED}|[^\"'])*?\}}\}}|\{{%(?:{_QUOTED}|[^\"'])*?%\}}|\{{#.*?#\}}",
    re.DOTALL,
)
_BARE = re.compile(r"\{\{[ \t\n]*([A-Za-z_][A-Za-z0-9_]*)[ \t\n]*\}\}")
MASK: Final = "x"
"""A letter that is odd nowhere: in every alphabet, no Thai, no part of a link's ending."""


def masked(source: str) -> str:
    """``source`` with everything between braces written as letters, so that every other character keeps its place."""
    if "{" not in source:
        return source
    return _TAG.sub(lambda tag: MASK * len(tag[0]), source)


def tags(source: str) -> Iterator[tuple[int, str]]:
    """Every expression, statement and comment, and where it begins."""
    return ((tag.start(), tag[0]) for tag in _TAG.finditer(source))


def bare_variables(source: str) -> tuple[str, ...]:
    """The names that stand in braces alone, in order."""
    return tuple(dict.fromkeys(_BARE.findall(source)))


def slip_in(source: str, slip: Slip) -> int | None:
    """Where the first slip of the same kind stands among the words of ``source``; None if it came from elsewhere."""
    alike = (one.index for one in slips(masked(source)) if one.code == slip.code and one.excerpt == slip.excerpt)
    index = next(alike, None)
    if index is None and slip.code not in ("MS312", "MS321", "MS320"):  # what counts as odd may hang on other words
        index = masked(source).find(slip.excerpt)
        return index if index >= 0 else None
    return index


def variable_with(excerpt: str, values: Mapping[str, str]) -> str | None:
    """The variable whose value holds ``excerpt``."""
    return next((name for name, value in values.items() if excerpt in value), None)
