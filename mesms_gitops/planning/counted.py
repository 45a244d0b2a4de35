"""One text and all there is to say about its size: what the command `parts` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.planning.parts import Culprit, Parts, blame, capacity, count, split

if TYPE_CHECKING:
    from mesms_gitops.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Foreign:
    """A character outside GSM 03.38: the ``first`` place it stands at (from 1), and how many ``times``."""

    character: str
    line: int
    column: int
    times: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The text of ``name`` cut into parts. ``recipients`` is None unless somebody said how many there are."""

    name: str
    size: Parts
    pieces: tuple[tuple[str, int], ...]
    foreign: tuple[Foreign, ...]
    recipients: int | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def room(self) -> int:
        """Units that one of its parts holds."""
        return capacity(self.size)

    @property
    def left(self) -> int:
        """Units still free in its last part."""
        return self.room - self.pieces[-1][1]

    @property
    def credits(self) -> int | None:
        """A credit for each part and person: an estimate, ME-SMS's own count is what is billed."""
        return None if self.recipients is None else self.recipients * self.size.parts


def counted(name: str, text: str, recipients: int | None, diagnostics: tuple[Diagnostic, ...]) -> Counted:
    """Count ``text``, which may be a megabyte."""
    return Counted(name, count(text), split(text), _foreign(text), recipients, diagnostics)


def _foreign(text: str) -> tuple[Foreign, ...]:
    """Each different character once, in the order of their first places."""
    culprits = blame(text)
    times: dict[str, int] = {}
    first: dict[str, Culprit] = {}
    for culprit in culprits:
        first.setdefault(culprit.character, culprit)
        times[culprit.character] = times.get(culprit.character, 0) + 1
    made, line, line_start, seen = [], 1, 0, 0
    for culprit in first.values():
        line += text.count("\n", seen, culprit.index)
        line_start = max(line_start, text.rfind("\n", seen, culprit.index) + 1)
        seen = culprit.index
        made.append(Foreign(culprit.character, line, culprit.index - line_start + 1, times[culprit.character]))
    return tuple(made)
