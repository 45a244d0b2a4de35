"""What the parsers of YAML and Jinja2 say, in words for somebody who writes messages and not programs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Words:
    """What is wrong and what to do. ``at`` (line and column from 0) where that is another place than the parser's."""

    message: str
    next_step: str
    at: tuple[int, int] | None = None


# --- YAML -------------------------------------------------------------------------------------------------------------

_OPENING = re.compile(r"^[ -]*(?:[\w-]+: +)?(?P<quote>[\"'])|[\[{,:] *(?P<inner>[\"'])")
_MOST_LINES: Final = 40
_LONGEST_LINE: Final = 1_000
_MOST_QUOTES: Final = 20
"""How much above an error is searched for a quote that opened there: lines, their length, quotes in each."""


def yaml_words(problem: str, context: str, lines: Sequence[str], line: int, column: int) -> Words | None:
    """What ``problem`` at ``line`` and ``column`` (from 0) means; None where the parser's words are the best there are.

    The parser notices an unclosed quote where the next one stands, often lines below: the place is where it opened.
    """
    is_lost = "did not find expected" in problem and "document start" not in problem
    if is_lost and (opened := _unclosed_quote(lines, line)) is not None:
        return Words("a quote that opens here is not closed where the text ends", _CLOSE_QUOTE, opened)
    if "quoted scalar" in context and "end of stream" in problem:
        return Words("a quote that opens here is never closed", _CLOSE_QUOTE)
    if "mapping values are not allowed" in problem:
        return _second_colon(lines[line], column)
    if "while parsing a flow" in context and "did not find expected ','" in problem:
        sign = "{" if "mapping" in context else "["
        return Words(f"a {sign} is never closed, or a comma is missing", _CLOSE_BRACKET)
    if "cannot start any token" in problem:
        sign = lines[line][column : column + 1]
        return Words(f"a value cannot begin with {sign}", 'quote the value: "..."')
    if "unknown escape character" in problem:
        return Words("a \\ between double quotes begins a code, and this is none", "write \\\\ for a backslash")
    return None


_CLOSE_QUOTE: Final = "close the quote; a quote inside it is written \\\" (or '' between ' ')"
_CLOSE_BRACKET: Final = "close the bracket, and quote values that hold , : [ ] { or }"


def _second_colon(line: str, column: int) -> Words:
    if re.search(r":\s", line[:column]):
        return Words("a `: ` inside an unquoted text", 'quote the text: content: "..."')
    return Words(
        "this line is not in one column with the keys above it",
        "start the keys of one level in the same column, and quote a text of several lines",
    )


def _unclosed_quote(lines: Sequence[str], line: int) -> tuple[int, int] | None:
    """Where a quote opened that is not closed on its line, nor by one after which a value may end."""
    above = range(line, max(-1, line - _MOST_LINES), -1)
    if any(len(lines[row]) > _LONGEST_LINE for row in above):
        return None
    for row in above:
        for match in islice(_OPENING.finditer(lines[row]), _MOST_QUOTES):
            column = match.start("quote") if match["quote"] else match.start("inner")
            if not _is_closed(lines, row, column, line):
                return row, column
    return None


def _is_closed(lines: Sequence[str], row: int, column: int, last: int) -> bool:
    quote = lines[row][column]
    rest = "\n".join((lines[row][column + 1 :], *lines[row + 1 : last + 1]))
    end = re.search(r'(?<!\\)"' if quote == '"' else r"(?<!')'(?!')", rest)
    return end is not None and re.match(r"\s*(?:$|[\n,:\]}#])", rest[end.end() :]) is not None


# --- Jinja2 -----------------------------------------------------------------------------------------------------------

_TAGS: Final = "the tags are if, elif, else, endif, for, endfor and set"
_VARIABLE: Final = "a variable is written {{ name }}"
_CONDITION: Final = "a condition is {% if name %} ... {% endif %}"
_JINJA: Final = (
    (
        r"unexpected end of template, expected 'end of print.*",
        "a {{ is never closed",
        f"write }}}} after it; {_VARIABLE}",
    ),
    (
        r"unexpected end of template, expected 'end of statement.*",
        "a {% is never closed",
        f"write %}} after it; {_CONDITION}",
    ),
    (r"Missing end of comment tag", "a {# is never closed", "write #} after it, or delete it"),
    (
        r"Unexpected end of template.*needs to be closed is '(\w+)'.*",
        "{{% {0} %}} has no {{% end{0} %}}",
        "write {{% end{0} %}} where it ends",
    ),
    (
        r"Encountered unknown tag '(else|elif|end\w+)'.*",
        "{{% {0} %}} stands here without its beginning",
        f"{_CONDITION}; for loops are {{% for x in list %}} ... {{% endfor %}}",
    ),
    (r"Encountered unknown tag '(\w+)'.*", "there is no tag {{% {0} %}}", f"{_TAGS}; {_VARIABLE}"),
    (r"No filter named '(\w+)'\.", "there is no filter {0}", "write another one, or take | and what follows it out"),
    (
        r"Expected an expression, got 'end of print statement'",
        "nothing stands between {{ and }}",
        "write the name of a variable: {{ name }}",
    ),
    (r"Expected an expression, got 'end of statement block'", "something is missing before %}", _CONDITION),
    (r"expected token 'end of statement block', got '='", "one = gives a value, == compares", "write == to compare"),
    (
        r"expected token 'end of \w+ (?:statement|block)', got '(.*)'",
        "{0} cannot stand here",
        f"{_VARIABLE}, its name in one word, with _ for blanks",
    ),
    (
        r"expected token 'name', got 'end of .*",
        "a filter is missing after |",
        'write its name, such as | default("..."), or delete the |',
    ),
    (
        r"unexpected char ['\"](.)['\"] at \d+",
        "{0} cannot stand between {{{{ and }}}}",
        f"{_VARIABLE}, its name in letters, digits and _; close any quote",
    ),
    (r"unexpected 'end of .*", "something is missing before the end of the braces", _VARIABLE),
    (r"expected name or number", "a name is missing after a full stop", _VARIABLE),
    (r"unexpected '[)}\]]'.*", "a } or ) is missing or too many", f"{_VARIABLE}: two braces on both sides"),
)


def jinja_words(said: str) -> Words | None:
    """What Jinja2's sentence means; None for one that is not among the common ones."""
    for pattern, message, advice in _JINJA:
        if match := re.fullmatch(pattern, said, re.DOTALL):
            return Words(_filled(message, match), _filled(advice, match))
    return None


def _filled(sentence: str, match: re.Match[str]) -> str:
    """Only sentences that name something are patterns; in all others braces are braces."""
    return sentence.format(match[1]) if "{0}" in sentence else sentence
