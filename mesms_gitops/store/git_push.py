"""What a push moves, and what git says became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesms_gitops.store.git_command import Said

_BEHIND = re.compile(r"stale info|fetch first|non-fast-forward|already exists|remote ref does not exist")
_CROWDED = re.compile(
    r"failed to update ref|cannot lock ref|incorrect old value|unable to lock|failed to lock|File exists"
)


@dataclass(frozen=True, slots=True)
class Move:
    """One ref of the remote from ``old`` to ``new``; None where it is not, or is not to be."""

    ref: str
    new: str | None
    old: str | None


class PushEnd(Enum):
    """What became of a push."""

    DONE = "done"
    BEHIND = "another value stands there"
    REFUSED = "the remote does not want it"
    UNCLEAR = "nobody knows"


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a push ended, and git's words where it did not end well."""

    end: PushEnd
    words: str = ""
    is_late: bool = False


DONE = Pushed(PushEnd.DONE)


def end_of(said: Said) -> Pushed:
    """What ``git push --porcelain`` says: a row for each ref, "!" where it was refused (git-push(1), OUTPUT)."""
    out = said.out.decode("utf-8", "replace")
    words = f"{said.err}\n{out}"
    if said.is_well:
        return DONE
    refused = [row.split("\t")[-1] for row in out.splitlines() if row.startswith("!")]
    if any(_BEHIND.search(row) for row in refused) or _BEHIND.search(said.err):
        return Pushed(PushEnd.BEHIND, words)
    certain = [row for row in refused if row.startswith(("[remote rejected]", "[rejected]")) and not _echo(row)]
    if certain and not _CROWDED.search(words):
        return Pushed(PushEnd.REFUSED, "\n".join((said.err, *certain)))
    return Pushed(PushEnd.UNCLEAR, words, said.is_late)


def _echo(row: str) -> bool:
    """Whether a row only says that another one failed."""
    return "atomic" in row
