"""What `doctor` found: lines with a verdict, and the shapes of the answers it met. No value of an answer is in here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Shape: TypeAlias = "str | Mapping[str, Shape] | tuple[Shape, ...]"
"""A JSON value without its values: the kind of a scalar, the keys of an object, the one shape of a list's rows."""

HIDDEN = "…"


class Verdict(StrEnum):
    """How a look ended. Only a fail makes `doctor` exit 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One look: its stable name, how it ended, what was found, and what to do.

    ``private`` are the parts of both texts that belong to the project alone (a sender, a path, a host): a terminal
    shows them, a bundle for strangers does not.
    """

    check: str
    verdict: Verdict
    found: str
    next_step: str = ""
    private: tuple[str, ...] = ()

    def scrubbed(self) -> CheckLine:
        """The same without what is private."""
        found, next_step = self.found, self.next_step
        for part in sorted(filter(None, self.private), key=len, reverse=True):
            found, next_step = found.replace(part, HIDDEN), next_step.replace(part, HIDDEN)
        return replace(self, found=found, next_step=next_step, private=())


@dataclass(frozen=True, slots=True)
class FieldUse:
    """Under which names a field of an answer was found, and how often; ``absent`` is how often it was looked for in
    vain (or was null)."""

    wanted: str
    expected: str
    names: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    absent: int = 0


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """All answers of one endpoint: how many, their HTTP statuses, and what they looked like.

    ``shape`` is of those that succeeded, ``refusal`` of those that did not; None where there was none in JSON.
    """

    endpoint: str
    answers: int
    http_statuses: tuple[int, ...]
    shape: Shape | None
    refusal: Shape | None = None


@dataclass(frozen=True, slots=True)
class Met:
    """What was met on the wire: the answers, how their fields are called, the names of headers (small letters)."""

    answers: tuple[AnswerShape, ...] = ()
    fields: tuple[FieldUse, ...] = ()
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that `doctor` has to say."""

    lines: tuple[CheckLine, ...]
    met: Met = Met()

    @property
    def verdict(self) -> Verdict:
        """The worst of all lines."""
        found = {line.verdict for line in self.lines}
        return next((one for one in (Verdict.FAIL, Verdict.WARN) if one in found), Verdict.OK)

    def scrubbed(self) -> Examination:
        """The same without what is private."""
        return replace(self, lines=tuple(line.scrubbed() for line in self.lines))
