"""What the CEL engine says is wrong with an expression, in our words and with the word it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mesms_gitops.manifests.rule_fields import FIELDS
from mesms_gitops.manifests.scalars import cut, near_miss

ROOT: Final = "campaign"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an expression, at ``index`` of its text (None: it cannot be said where)."""

    index: int | None
    length: int
    message: str
    next_step: str


_ERROR = re.compile(r"^ERROR: <input>:(-?\d+):(-?\d+): (.*)$", re.MULTILINE)
_TOKEN = re.compile(rf"{ROOT}\s*\.\s*\w+|\w+|&&|\|\||[=!<>]=|\S")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")


def reason_of(said: str) -> str:
    """The engine's sentence without the names of its status codes."""
    return cut(_STATUS.sub("", said.strip()), 200)


def faults_of(source: str, said: str) -> tuple[Fault, ...]:
    """What the engine ``said`` about ``source``, fault by fault."""
    found = tuple(
        _fault(source, int(match[1]), int(match[2]), match[3])
        for match in _ERROR.finditer(said.removeprefix("INVALID_ARGUMENT: "))
    )
    return tuple(dict.fromkeys(found)) or (Fault(None, 1, reason_of(said), HINT),)


HINT: Final = "write a CEL expression that is true when all is well, such as campaign.recipients <= 20000"


def _fault(source: str, line: int, column: int, said: str) -> Fault:
    index, length = _word(source, _index(source, line, column))
    message = re.sub(r" \(in container '.*'\)$", "", re.sub(r" expecting \{.*$", "", reason_of(said)))
    message = message.removeprefix("Syntax error: ").replace("mismatched input '<EOF>'", "it ends too early")
    if unknown := re.fullmatch(r"undeclared reference to '(\w+(?:\.\w+)*)'", message):
        return _unknown(source, index, length, unknown[1].split("."))
    if overload := re.fullmatch(r"found no matching overload for '(.*)' applied to '\((.*)\)'", message):
        return Fault(index, length, *_misfit(overload[1].strip("_"), overload[2], is_sign=overload[1][0] == "_"))
    return Fault(index, length, message, "make two rules of it" if "recursion" in message else HINT)


def _index(source: str, line: int, column: int) -> int | None:
    lines = source.split("\n")
    if not 1 <= line <= len(lines) or column < 1:
        return None
    return min(sum(len(before) + 1 for before in lines[: line - 1]) + column - 1, len(source))


def _word(source: str, index: int | None) -> tuple[int | None, int]:
    """The word that is meant by ``index``: the engine points at the dot or the bracket that follows it."""
    if index is None:
        return None, 1
    if source[index : index + 1] == "(" and (called := re.search(r"\w+\s*$", source[:index])):
        return called.start(), len(called[0].rstrip())
    for token in _TOKEN.finditer(source):
        if token.start() <= index < token.end():
            return token.start(), len(token[0])
    return index, 1


METHODS: Final = (
    "all", "contains", "endsWith", "exists", "exists_one", "filter", "getDate", "getDayOfMonth", "getDayOfWeek",
    "getFullYear", "getHours", "getMinutes", "getMonth", "getSeconds", "map", "matches", "startsWith",
)  # fmt: skip
"""What is called after a full stop; CEL's own names (language definition, "List of standard definitions")."""
FUNCTIONS: Final = ("bool", "double", "duration", "dyn", "has", "int", "size", "string", "timestamp", "type")


def _unknown(source: str, index: int | None, length: int, names: list[str]) -> Fault:
    """A name nobody knows, pointed at by itself: not the ``campaign.`` before it, nor what follows."""
    if names[0] == ROOT and len(names) > 1:
        place, near = _place(source, index, names[1]) or (index, length), near_miss(names[1], FIELDS)
        advice = f"did you mean {ROOT}.{near}?" if near else f"known: {', '.join(FIELDS)}"
        return Fault(*place, f"there is no {ROOT}.{names[1]}", advice)
    name = names[0]
    if name == ROOT:
        said, advice = f"{ROOT} alone says nothing", f"write one of its fields, such as {ROOT}.recipients"
        return Fault(index, length, said, advice)
    if len(names) > 1:
        found = next(re.finditer(rf"\b{re.escape(name)}\b", source), None)
        index, length = (found.start(), len(name)) if found else (index, length)
    return Fault(index, length, f"there is no {name}", _nearest(source, index, name))


def _place(source: str, index: int | None, field: str) -> tuple[int, int] | None:
    """The last ``field`` at or before ``index``: the engine points at a full stop in or behind it."""
    places = [found.start(1) for found in re.finditer(rf"\b{ROOT}\s*\.\s*({re.escape(field)})\b", source)]
    before = [place for place in places if index is None or place <= index + len(field) + len(ROOT) + 1]
    return (before[-1], len(field)) if before else None


def _nearest(source: str, index: int | None, name: str) -> str:
    if name in FIELDS:
        return f"did you mean {ROOT}.{name}?"
    is_method = index is not None and source[:index].rstrip().endswith(".")
    near = near_miss(name, METHODS if is_method else (*FUNCTIONS, ROOT))
    return f"did you mean {near}?" if near else HINT


def _misfit(name: str, kinds: str, *, is_sign: bool) -> tuple[str, str]:
    if is_sign:
        first, _, second = kinds.partition(", ")
        advice = "both sides must be of one type: text in quotes, whole numbers without"
        return f"there is no {name} between {first} and {second}", advice
    return f"there is no {name} for ({kinds})", "text stands in quotes, whole numbers without; see `explain MS510`"
