"""What is wrong, where, and what to write instead: the unit in which every finding travels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: only errors stop anything."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A span of a file. Lines and columns count from 1, columns in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    ``refusal`` marks a limit or policy, which stops plan and apply with exit 4 instead of 1.
    ``excerpt`` is the source line the position points into, for the caret under the offending text.
    """

    code: str
    severity: Severity
    message: str
    position: Position | None = None
    field: str | None = None
    next_step: str | None = None
    why: str | None = None
    excerpt: str | None = None
    refusal: bool = False
    campaign: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether this finding stops the command."""
        return self.severity is Severity.ERROR
