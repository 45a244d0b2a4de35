"""Where each character of a scalar stands in its file, through quotes, escapes and folded lines.

Written for edits: a character whose place is not certain has none, and what an edit makes is read again before it is
believed (`fixes`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.manifests.yaml_tree import Scalar

Spot: TypeAlias = tuple[int, int] | None
"""First and last (exclusive) index in the file's text."""

_SIMPLE: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
"""YAML 1.2.2, section 5.7: escaped characters."""
_HEX: Final = {"x": 2, "u": 4, "U": 8}
_HEADER = re.compile(r"[|>][-+0-9]*")


def starts_of_lines(text: str) -> list[int]:
    """The index at which each line begins."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def outer(node: Scalar) -> tuple[int, int]:
    """From the first character of ``node`` to behind its last, quotes included; only the header of a block."""
    starts = starts_of_lines(node.file.text)
    line, column, end_line, end_column = node.where
    first = starts[line] + column
    header = _HEADER.match(node.file.text, first) if node.is_block else None
    return (first, header.end()) if header else (first, starts[end_line] + end_column)


def spots(node: Scalar) -> list[Spot] | None:
    """One for each character of ``node.text``; None if they cannot be told apart."""
    if node.style == "|":
        found = list(_literal(node))
    elif node.style == ">":
        found = list(_folded(node))
    else:
        first, last = outer(node)
        inset = 0 if node.is_plain else 1
        pairs = list(_flow(node.file.text[: last - inset], first + inset, node.style))
        if "".join(character for character, _ in pairs) != node.text:
            return None
        found = [spot for _, spot in pairs]
    return found if len(found) == len(node.text) else None


def written(text: str, style: str) -> str:
    """``text`` as it must be typed inside a scalar of ``style``."""
    if style == "'":
        return text.replace("'", "''")
    return text.replace("\\", "\\\\").replace('"', '\\"') if style == '"' else text


# --- plain and quoted -------------------------------------------------------------------------------------------------


def _flow(source: str, index: int, style: str) -> Iterator[tuple[str, Spot]]:
    """YAML 1.2.2, sections 7.3.1 to 7.3.3: blanks around a line end fold into one space, or into the empty lines."""
    while index < len(source):
        character = source[index]
        folded = _FOLD.match(source, index)
        if folded is not None:
            breaks = folded[0].count("\n")
            yield from ((one, None) for one in (" " if breaks == 1 else "\n" * (breaks - 1)))
            index = folded.end()
        elif character == "'" and style == "'":
            yield "'", (index, index + 2)
            index += 2
        elif character == "\\" and style == '"':
            made, end = _escape(source, index)
            yield from ((one, (index, end) if len(made) == 1 else None) for one in made)
            index = end
        else:
            yield character, (index, index + 1)
            index += 1


_FOLD = re.compile(r"[ \t]*+\n[ \t\n]*+")


def _escape(source: str, index: int) -> tuple[str, int]:
    """What an escape stands for, and where it ends."""
    sign = source[index + 1 : index + 2]
    if sign in _HEX:
        end = index + 2 + _HEX[sign]
        return chr(int(source[index + 2 : end], 16)), end
    joined = _FOLD.match(source, index + 1)
    if joined is not None:  # the line goes on as if there were no line end
        return "\n" * (joined[0].count("\n") - 1), joined.end()
    return _SIMPLE.get(sign, ""), index + 2


# --- blocks -----------------------------------------------------------------------------------------------------------


def _literal(node: Scalar) -> Iterator[Spot]:
    """Line for line the same, behind the indentation."""
    lines, starts = node.file.lines, starts_of_lines(node.file.text)
    for row, content in enumerate(node.text.split("\n")):
        if row:
            yield None
        line = node.where[0] + 1 + row
        source = lines[line] if line < len(lines) else ""
        indent = len(source) - len(content)
        if content and (not source.endswith(content) or source[:indent].strip(" ")):
            return
        start = starts[line] + indent if content else 0
        yield from ((start + column, start + column + 1) for column in range(len(content)))


def _folded(node: Scalar) -> Iterator[Spot]:
    """Each line of the file stands somewhere in the text, with folded line ends between."""
    lines, starts = node.file.lines, starts_of_lines(node.file.text)
    at, indent = 0, -1
    for line in range(node.where[0] + 1, min(node.where[2] + 1, len(lines))):
        source = lines[line]
        if not source.strip(" "):
            continue
        indent = len(source) - len(source.lstrip(" ")) if indent < 0 else indent
        content = source[indent:]
        while not node.text.startswith(content, at):
            if at >= len(node.text) or node.text[at] not in " \n":
                return
            yield None
            at += 1
        yield from ((starts[line] + indent + one, starts[line] + indent + one + 1) for one in range(len(content)))
        at += len(content)
        if at >= len(node.text.rstrip("\n")):
            break
    yield from (None for _ in range(len(node.text) - at))
