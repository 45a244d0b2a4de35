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
    if unknown := re.fullmatch(rf"undeclared reference to '({ROOT}\.)?(\w+)'", message):
        return Fault(index, length, *_unknown(unknown[2], is_field=unknown[1] is not None))
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


def _unknown(name: str, *, is_field: bool) -> tuple[str, str]:
    if is_field:
        near = near_miss(name, FIELDS)
        return f"there is no {ROOT}.{name}", f"did you mean {ROOT}.{near}?" if near else f"known: {', '.join(FIELDS)}"
    if name == ROOT:
        return f"{ROOT} alone says nothing", f"write one of its fields, such as {ROOT}.recipients"
    return f"there is no {name}", f"did you mean {ROOT}.{name}?" if name in FIELDS else HINT


def _misfit(name: str, kinds: str, *, is_sign: bool) -> tuple[str, str]:
    if is_sign:
        first, _, second = kinds.partition(", ")
        advice = "both sides must be of one type: text in quotes, whole numbers without"
        return f"there is no {name} between {first} and {second}", advice
    return f"there is no {name} for ({kinds})", "text stands in quotes, whole numbers without; see `explain MS510`"
