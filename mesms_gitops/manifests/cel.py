"""Expressions in CEL, the Common Expression Language: type-checked when read, bounded when evaluated.

The engine is Google's own (``cel-expr-python`` over cel-cpp), the only one of three that checks types before anything
is evaluated; ``docs`` compare them. It comes with the extra ``policy`` and is imported only when there is a rule.

What bounds it, measured: 10,000 steps of all macros together, 32 levels of nesting, `MAX_LENGTH` characters, regular
expressions by RE2 (linear time); no loops, no files, no clock. An evaluation takes some microseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.manifests.cel_faults import ROOT, Fault, faults_of, reason_of
from mesms_gitops.manifests.rule_fields import BOOL, FIELDS, INT, LIST, MAP, TEXT, TIME
from mesms_gitops.manifests.scalars import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.manifests.rule_fields import Value
    from mesms_gitops.model.rules import Planned

MAX_LENGTH: Final = 4_000
INSTALL: Final = "pip install 'mesms-gitops[policy]'"


class NoEngine(Exception):
    """The extra ``policy`` is not installed."""


class CannotJudge(Exception):
    """An expression that type-checked failed on this campaign: a key that is not there, a division by zero."""


class BadExpression(Exception):
    """An expression that cannot be meant, with every fault that was found."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression that says yes or no about a planned campaign. ``names`` are the fields it reads."""

    source: str
    names: tuple[str, ...]
    compiled: Any

    def holds(self, planned: Planned) -> bool:
        """Whether it is true of ``planned``. Raises `CannotJudge`."""
        asked = {f"{ROOT}.{name}": FIELDS[name].read(planned) for name in self.names}
        try:
            answer = self.compiled.eval(data=asked)
            value = answer.value()
        except Exception as error:  # the binding raises what its C++ side says; whatever it is, nobody was judged
            raise CannotJudge(reason_of(str(error))) from error
        if not isinstance(value, bool):  # errors and unknowns come back as values
            raise CannotJudge(reason_of(str(value)))
        return value

    def read(self, planned: Planned) -> tuple[str, ...]:
        """``campaign.recipients is 31,200`` for every field it reads, in the order of the expression."""
        return tuple(f"{ROOT}.{name} is {shown(FIELDS[name].read(planned))}" for name in self.names)


def shown(value: Value) -> str:
    """A value as people read it, fit for one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str):
        return f'"{cut(value)}"'
    if isinstance(value, list):
        return cut("[" + ", ".join(f'"{item}"' for item in value) + "]", 120)
    if isinstance(value, dict):
        return cut("{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}", 120)
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"


def compile_expression(source: str) -> Expression:
    """Check ``source``. Raises `BadExpression` or `NoEngine`."""
    environment, boolean = _environment()
    if len(source) > MAX_LENGTH:
        why = f"an expression has at most {MAX_LENGTH:,} characters; this one has {len(source):,}"
        raise BadExpression((Fault(None, 1, why, "make two rules of it"),))
    bare = _LITERAL.sub(_blank, source)
    if asked := (*_assignments(bare), *_needless(bare)):
        raise BadExpression(asked)
    try:
        compiled = environment.compile(source)
    except Exception as error:
        raise BadExpression(faults_of(source, str(error))) from error
    made = compiled.return_type()
    if made != boolean:
        said = f"it gives {made.name().lower()}, and yes or no is wanted"
        line = source.rstrip()
        start, length = (None, 1) if "\n" in line else (0, len(line))
        raise BadExpression((Fault(start, length, said, "compare it with something: ==, <=, in, .startsWith(…)"),))
    if unreadable := tuple(_patterns(source, bare, environment)):
        raise BadExpression(unreadable)
    names = dict.fromkeys(match[1] for match in _FIELD.finditer(bare) if match[1] in FIELDS)
    return Expression(source, tuple(names), compiled)


_LITERAL = re.compile(
    r"""
      [rR]"[^"\n]*"(?!")  |  [rR]'[^'\n]*'(?!')
    | \"{3}(?:\\.|[^\\])*?\"{3}  |  '{3}(?:\\.|[^\\])*?'{3}
    | "(?:\\.|[^"\\\n])*"        |  '(?:\\.|[^'\\\n])*'
    | //[^\n]*
    """,
    re.DOTALL | re.VERBOSE,
)
_FIELD = re.compile(rf"(?<!\w){ROOT}\s*\.\s*(\w+)")
_HAS = re.compile(rf"\bhas\s*\(\s*{ROOT}\s*\.\s*(\w+)\s*\)")


def _assignments(bare: str) -> Iterator[Fault]:
    """One ``=``, which CEL does not have."""
    for sign in re.finditer(r"(?<![=!<>])=(?![=<>])", bare):
        yield Fault(sign.start(), 1, "there is no = in CEL", "write == to compare")


def _needless(bare: str) -> Iterator[Fault]:
    """``has(campaign.owner)``: every field is there, and the engine would take this for the field itself."""
    for call in _HAS.finditer(bare):
        if (name := call[1]) in FIELDS:
            empty = {TEXT: ' != ""', INT: " != 0", LIST: " != []", MAP: " != {}"}.get(FIELDS[name].kind, "")
            yield Fault(
                call.start(), len(call[0]), f"{ROOT}.{name} is always there", f"compare it: {ROOT}.{name}{empty}"
            )


def _blank(literal: re.Match[str]) -> str:
    return " " * len(literal[0])


_MATCHES = re.compile(r"\.\s*matches\s*\(\s*(?P<prefix>[rR]?)(?=[\"'])")


def _patterns(source: str, bare: str, environment: Any) -> Iterator[Fault]:
    """Regular expressions that RE2 cannot read. The engine would say so only when a campaign is judged by one."""
    for call in _MATCHES.finditer(source):
        literal = _LITERAL.match(source, call.end())
        if literal is None or bare[call.start()] != ".":  # the second: the call itself stands in a text
            continue
        written = call["prefix"] + literal[0]
        answer = environment.compile(f'"".matches({written})').eval(data={}).value()
        if not isinstance(answer, bool):
            yield Fault(
                call.start("prefix"),
                len(written),
                reason_of(str(answer)),
                "see https://github.com/google/re2/wiki/Syntax",
            )


@lru_cache(maxsize=1)
def _environment() -> tuple[Any, object]:
    """The engine with every field declared, and its type of truth values. Raises `NoEngine`."""
    try:
        cel: Any = import_module("cel_expr_python.cel")  # it has no types, and may not be there
    except ImportError as error:
        raise NoEngine(str(error)) from error
    kinds = {
        TEXT: cel.Type.STRING,
        INT: cel.Type.INT,
        BOOL: cel.Type.BOOL,
        TIME: cel.Type.TIMESTAMP,
        LIST: cel.Type.List(cel.Type.STRING),
        MAP: cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    }
    declared = {f"{ROOT}.{name}": kinds[field.kind] for name, field in FIELDS.items()}
    return cel.NewEnv(variables=declared), cel.Type.BOOL
