"""What is known of a manifest once it was read, as a row that fits into a file: everything `validate` has to say of it.

A verdict is a function of the manifest's bytes, the files it `rests_on`, the project file, this program, and of one
word about the world, its `Phase`. While all those are the same, so is the verdict. Source lines are never in a row:
they are cut anew from the file they stand in. Imported by every `validate`: nothing heavy may be imported here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from mesms_gitops.manifests.concealed import concealed, concealed_line
from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.text_file import TextFile, read_text_file
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence
    from datetime import datetime

Phase: TypeAlias = Literal["any", "coming", "sent", "kept", "late"]
"""Where a manifest stands in time. ``any``: it names no time that could pass. ``coming``: its time is still to come.
Passed, and ``sent``: state records a send of it; ``kept``: git has it from before that time; ``late``: neither."""

Place: TypeAlias = "list[int | str]"
"""A `Position` as it is written: line, column, end line, end column, and the file if it is another one."""


class Row(NamedTuple):
    """One manifest. ``due`` is when its time passes; ``found`` and ``numbers`` are diagnostics as `entry` has them.

    ``name`` is empty if no campaign can be made out. ``numbers`` is what is wrong with numbers written in the
    manifest; it is said only of campaigns whose name is not in doubt.
    """

    digest: str
    name: str
    name_at: Place
    former: str | None
    former_at: Place
    phase: Phase
    due: int | None
    rests_on: list[list[str]]
    found: list[list[Any]]
    numbers: list[list[Any]]


class Gist(NamedTuple):
    """What a plan must know of a manifest once all of it has left; see `finished`.

    ``at`` is the time it names, None for ``now``; ``schedule`` the same as state shows it; ``head`` the place of its
    first key. ``digests`` are those of a `ManifestRecord`: keyed.
    """

    revision: int
    message_class: str
    sender: str
    at: str | None
    timezone: str
    schedule: str
    head: Place
    digests: dict[str, str]


class World:
    """The moment, what state has sent, and when git last saw a file: all that a phase depends on."""

    __slots__ = ("last_commit", "now", "seconds", "sent")

    def __init__(self, now: datetime, sent: Container[str], last_commit: Callable[[str], datetime | None]) -> None:
        self.now = now
        self.seconds = now.timestamp()
        self.sent = sent
        self.last_commit = last_commit

    def has_sent(self, names: Iterable[str | None]) -> bool:
        """Whether state records a send under one of ``names``."""
        return any(name in self.sent for name in names if name)

    def phase(self, file: str, due: int | None, names: Iterable[str | None]) -> Phase:
        """The phase of ``file``, whose campaign has or had ``names``."""
        if due is None:
            return "any"
        if due > self.seconds:
            return "coming"
        if self.has_sent(names):
            return "sent"
        committed = self.last_commit(file)
        return "kept" if committed is not None and committed.timestamp() < due else "late"


# --- diagnostics ------------------------------------------------------------------------------------------------------


def place_of(position: Position, own: str) -> Place:
    """``position`` as it is written; ``own`` is the file that need not be named."""
    ends: Place = [position.line, position.column, position.end_line, position.end_column]
    return ends if position.file == own else [*ends, position.file]


def position_of(place: Place, own: str) -> Position:
    """The way back."""
    line, column, end_line, end_column, *file = place
    return Position(str(file[0]) if file else own, int(line), int(column), int(end_line), int(end_column))


def entry(item: Diagnostic, own: str) -> list[Any]:
    """``item`` without its source line; whether there is one is the last entry."""
    at = None if item.position is None else place_of(item.position, own)
    said = [item.code, item.severity.value, item.message, item.field, item.next_step, item.why]
    return [*said, item.refusal, item.campaign, at, item.excerpt is not None]


def diagnostic(written: Sequence[Any], own: str, lines: Lines) -> Diagnostic:
    """The way back, with the source line out of ``lines``."""
    code, severity, message, field, next_step, why, refusal, campaign, place, is_shown = written
    at = None if place is None else position_of(place, own)
    excerpt = lines.excerpt(at) if is_shown and at is not None else None
    return Diagnostic(code, Severity(severity), message, at, field, next_step, why, excerpt, refusal, campaign)


class Lines:
    """Source lines, as findings show them, of the project's files."""

    __slots__ = ("_root", "_texts")

    _MOST: Final = 64

    def __init__(self, root: str) -> None:
        self._root = root
        self._texts: dict[str, TextFile | None] = {}

    def know(self, name: str, text: TextFile | None) -> None:
        """Take ``text`` for what stands in ``name``."""
        if len(self._texts) >= self._MOST:
            self._texts.clear()
        self._texts[name] = text

    def excerpt(self, at: Position) -> str | None:
        """The line ``at`` begins in, concealed; None if there is none."""
        line = self.line(at)
        return None if line is None else concealed_line(line)

    def line(self, at: Position) -> str | None:
        """The same as it stands there."""
        if at.file not in self._texts:
            self.know(at.file, read_text_file(f"{self._root}/{at.file}", at.file, Findings()))
        text = self._texts[at.file]
        return text.lines[at.line - 1] if text is not None and at.line <= len(text.lines) else None


class Stretch(NamedTuple):
    """A place with its line, for findings that are made from rows."""

    position: Position
    excerpt: str | None


# --- what may be kept -------------------------------------------------------------------------------------------------

_HANGS_ON_MORE: Final = frozenset({"MS205", "MS311"})
"""What a row does not record: which time zones there are, and that a file is not there."""
_LIKE_A_NUMBER: Final = re.compile(r"[0-9]{9}")


def is_lasting(row: Row, found: Sequence[Diagnostic], own: str, lines: Lines) -> bool:
    """Whether ``row``, whose findings in full are ``found``, tells the same next time, and holds nobody's number."""
    if any(item.code in _HANGS_ON_MORE for item in found) or not is_lasting_all(found, own, lines):
        return False
    return not any(_LIKE_A_NUMBER.search(name) for name in (row.name, row.former) if name)


def is_lasting_all(found: Sequence[Diagnostic], own: str, lines: Lines) -> bool:
    """Whether every finding of ``found`` can be told again from its entry, which hides what must be hidden.

    Not so, for one, where the line shown is not one of the file's: bytes of cp874, read as such.
    """
    entries = [entry(item, own) for item in found]
    if any(diagnostic(written, own, lines) != item for written, item in zip(entries, found, strict=True)):
        return False
    return all(concealed(text) == text for written in entries for text in written[2:5] if isinstance(text, str))
