"""The documents as tests read them: fenced blocks, code in sentences, links and anchors."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README, THAI = ROOT / "README.md", ROOT / "README.th.md"
PAGES = (README, THAI, ROOT / "examples/README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_INLINE = re.compile(r"\]\(([^)\s]+)\)")
_REFERENCE = re.compile(r"^\[[^\]]+\]: (\S+)$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_ID = re.compile(r'<a id="([^"]+)">')


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block, without what it is indented by. ``line`` is that of its first line."""

    page: Path
    language: str
    body: str
    line: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def fences(page: Path) -> list[Fence]:
    """Every fenced block of ``page``."""
    text = page.read_text(encoding="utf-8")
    return [
        Fence(page, found["language"], textwrap.dedent(found["body"]), text.count("\n", 0, found.start()) + 2)
        for found in _FENCE.finditer(text)
    ]


def prose(page: Path) -> str:
    """``page`` without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def code(page: Path) -> list[str]:
    """What stands between backticks in sentences and tables, a line break counting as a space."""
    return [" ".join(found.split()) for found in _CODE.findall(prose(page))]


def links(page: Path) -> list[str]:
    """Every target of a link or picture, in order."""
    text = _CODE.sub("", prose(page))
    return [*_INLINE.findall(text), *_REFERENCE.findall(text)]


def undefined_references(page: Path) -> set[str]:
    """Names used as ``[text][name]`` that no line defines."""
    text = _CODE.sub("", prose(page))
    defined = set(re.findall(r"^\[([^\]]+)\]: ", text, re.MULTILINE))
    return set(re.findall(r"\]\[([^\]]+)\]", text)) - defined


def anchors(page: Path) -> set[str]:
    """What may follow ``#`` in a link to ``page``: its headings as GitHub names them, and its own ids."""
    text = prose(page)
    found: set[str] = set(_ID.findall(text))
    for heading in _HEADING.findall(text):
        name = slug(heading)
        again = next(number for number in range(1000) if (f"{name}-{number}" if number else name) not in found)
        found.add(f"{name}-{again}" if again else name)
    return found


def slug(heading: str) -> str:
    """A heading's anchor: lower case, hyphens for spaces, nothing but word characters (Thai vowel signs are such).

    Source: https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
    """
    plain = re.sub(r"<[^>]+>|[`*]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower()
    return "".join("-" if sign in " -" else sign for sign in plain if sign in " -_" or _is_word(sign))


def _is_word(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LMN"


def table(page: Path, heading: str) -> list[tuple[str, ...]]:
    """The cells of the first table below ``heading``, without its head."""
    text = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2]
    assert text, f"{page.name} has no heading {heading!r}"
    rows = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert rows is not None, f"there is no table below {heading!r}"
    return [tuple(cell.strip() for cell in line.strip().strip("|").split(" | ")) for line in rows[0].splitlines()[2:]]
