"""Other people's text inside Markdown: shown as it is, never obeyed: no link, mention, image or HTML of theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mesms_gitops.views.layout import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

_FENCE = re.compile(r"`{3,}")
_ISSUE = re.compile(r"(?i)(gh-)(?=[0-9])")
"""`GH-1` is issue 1 as well as `#1` is."""


def inline(text: str) -> str:
    """``text`` for a line or a table cell: every character that could mean anything is a numeric entity.

    GitHub looks for ``@somebody``, ``#1`` and ``GH-1`` after that, in what is shown: a zero-width space parts them.
    """
    return _ISSUE.sub(r"\1&#8203;", "".join(_inert(character) for character in printable(text)))


def _inert(character: str) -> str:
    if character.isalnum() or character in " -," or not character.isascii():
        return character
    return f"&#{ord(character)};" + ("&#8203;" if character in "@#" else "")


def code(text: str) -> str:
    """``text`` as code, where GitHub looks for no mention, issue or link either."""
    return f"<code>{inline(text)}</code>" if text else ""


def fenced(lines: Iterable[str], language: str = "") -> str:
    """A code block whose fence is longer than any run of backticks inside it."""
    body = "\n".join(lines)
    longest = max((len(run) for run in _FENCE.findall(body)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def rows(
    cells: Iterable[tuple[str, ...]], header: tuple[str, ...], *, right: frozenset[int] = frozenset()
) -> list[str]:
    """A table, one string a line; the cells are Markdown already."""
    rule = ("---:" if index in right else "---" for index in range(len(header)))
    return [f"| {' | '.join(row)} |" for row in (header, tuple(rule), *cells)]


def size(text: str) -> int:
    """Bytes, which is what a comment's limit is in for Thai."""
    return len(text.encode())
