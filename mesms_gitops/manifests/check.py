"""Every manifest's verdict, from memory where nothing that it rests on has changed, else judged anew.

What comes out is what `load_campaigns` would say, whatever is remembered. Nothing heavy is imported here: where all is
known, no manifest is parsed at all.
"""

# ruff: noqa: PTH113
# thousands of paths: strings, as in `discover`

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mesms_gitops.manifests.discover import campaign_files, named_files
from mesms_gitops.manifests.findings import Findings, sort_key
from mesms_gitops.manifests.names import check_names
from mesms_gitops.manifests.text_file import decode, digest_of, read_bytes
from mesms_gitops.manifests.verdicts import Gist, Lines, Row, Stretch, World, diagnostic, position_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from mesms_gitops.manifests.discover import Entry, ManifestFile
    from mesms_gitops.model.diagnostic import Diagnostic

IN_HISTORY = ("kept", "late")
"""The phases that git was asked for."""


class Judged(NamedTuple):
    """A manifest that was read now. ``is_lasting``: whether its row may be remembered; ``zone``: the zone it names.

    ``gist`` is for plans, and there only where the judge was asked for it.
    """

    row: Row
    found: tuple[Diagnostic, ...]
    numbers: tuple[Diagnostic, ...]
    is_lasting: bool
    zone: str | None
    gist: Gist | None = None


class Judge(Protocol):
    """Reads manifests in full, in the order given."""

    def __call__(self, files: Sequence[ManifestFile], /) -> list[Judged]:
        """One verdict for each."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings in files and names, in order; those about numbers written in manifests, by campaign; what is left.

    ``names`` are all campaigns there are, None if not every file was read or understood. ``rows`` are what may be
    remembered of the files that were looked at, ``zones`` the time zones that new ones name.
    """

    found: tuple[Diagnostic, ...]
    numbers: tuple[Diagnostic, ...]
    names: frozenset[str] | None
    files: int
    rows: Mapping[str, Row]
    zones: frozenset[str]
    judged: int


def check(
    root: Path,
    entries: Sequence[Entry],
    known: Mapping[str, Row],
    world: World,
    judge: Judge,
    *,
    only: Sequence[Path] | None = None,
    same_history: Callable[[], bool] = lambda: False,
) -> Checked:
    """Look at every manifest, or at those ``only`` names; names are compared with those of all others.

    ``same_history``: whether git's history is the one in which the files of ``known`` were looked up.
    """
    findings = Findings()
    files = campaign_files(root, entries, findings) if only is None else named_files(root, only, findings)
    asked = {file.name for file in files}
    others = [] if not asked or only is None else _others(root, entries, asked)
    home = os.path.realpath(root)
    recall = Recall(known, world, same_history, home, Lines(home))
    told, judged = _all_told(sorted((*files, *others), key=lambda file: file.name), recall, judge)
    in_question = [one for one in told if one.file.name in asked]
    for one in in_question:
        findings.extend(one.judged.found)
    wrong = check_names([one for one in told if one.name], findings, lambda one: one.file.name in asked)
    return Checked(
        tuple(sorted(findings.items, key=sort_key)),
        tuple(_of_numbers(in_question, wrong)),
        frozenset(one.name for one in told) if only is None and all(one.name for one in told) else None,
        len(files),
        {one.file.name: one.judged.row for one in told if one.judged.is_lasting and is_at_its_name(one.file, home)},
        frozenset(one.judged.zone for one in told if one.judged.zone),
        judged,
    )


def _all_told(files: Sequence[ManifestFile], recall: Recall, judge: Judge) -> tuple[list[_Told], int]:
    """The verdict of each of ``files``, and how many had to be read for it."""
    recalled = [recall(file) for file in files]
    unknown = [file for file, known in zip(files, recalled, strict=True) if known is None]
    judgements = iter(judge(unknown) if unknown else ())
    verdicts = [known or next(judgements) for known in recalled]
    return [_Told(file, each, recall.lines) for file, each in zip(files, verdicts, strict=True)], len(unknown)


def _others(root: Path, entries: Sequence[Entry], asked: Collection[str]) -> list[ManifestFile]:
    """The manifests of which nothing is said but that they share a name. What hinders reading them is not asked for."""
    return [file for file in campaign_files(root, entries, Findings()) if file.name not in asked]


def is_at_its_name(file: ManifestFile, home: str) -> bool:
    """Whether its name leads to it. Not so where a name had to be made fit to be printed: two files could share it."""
    return file.path == f"{home}/{file.name}"


def _of_numbers(told: Sequence[_Told], wrong: Collection[str]) -> Iterator[Diagnostic]:
    for one in sorted((one for one in told if one.judged.numbers), key=lambda one: one.name):
        if one.name not in wrong:
            yield from one.judged.numbers


class _Told:
    """A file and its verdict, as far as names go."""

    __slots__ = ("file", "judged", "lines", "name")

    def __init__(self, file: ManifestFile, judged: Judged, lines: Lines) -> None:
        self.file = file
        self.judged = judged
        self.lines = lines
        self.name = judged.row.name

    @property
    def former(self) -> str | None:
        """Its ``moved_from``."""
        return self.judged.row.former

    def span(self, path: str) -> Stretch:
        """Where ``name`` or ``moved_from`` stands."""
        row = self.judged.row
        at = position_of(row.name_at if path == "name" else row.former_at, self.file.name)
        return Stretch(at, self.lines.excerpt(at))


# --- what is remembered -----------------------------------------------------------------------------------------------


class Recall:
    """Verdicts out of memory: of files whose bytes, and whatever else a verdict rests on, are the same."""

    __slots__ = ("beside", "home", "known", "lines", "same_history", "world")

    def __init__(
        self, known: Mapping[str, Row], world: World, same_history: Callable[[], bool], home: str, lines: Lines
    ) -> None:
        self.known = known
        self.world = world
        self.same_history = same_history
        self.home = home
        self.lines = lines
        self.beside: dict[str, str | None] = {}

    def __call__(self, file: ManifestFile) -> Judged | None:
        """The verdict of ``file``, None if it must be read."""
        row = self.known.get(file.name)
        body = _glance(file.path) if row is not None else None
        if row is None or body is None or digest_of(body) != row.digest or not self._holds(row, file):
            return None
        if not (row.found or row.numbers):
            return Judged(row, (), (), True, None)
        self.lines.know(file.name, decode(body, file.name, Findings()))
        found, numbers = (
            tuple(diagnostic(item, file.name, self.lines) for item in items) for items in (row.found, row.numbers)
        )
        return Judged(row, found, numbers, True, None)

    def _holds(self, row: Row, file: ManifestFile) -> bool:
        if not is_at_its_name(file, self.home) or any(self._digest(name) != digest for name, digest in row.rests_on):
            return False
        if row.due is None or row.due > self.world.seconds:
            return row.phase == ("any" if row.due is None else "coming")
        names = (row.name, row.former)
        if row.phase in IN_HISTORY and self.same_history() and not self.world.has_sent(names):
            return True
        return row.phase == self.world.phase(file.name, row.due, names)

    def _digest(self, name: str) -> str | None:
        """The digest of a file beside the manifests, None if it must not or cannot be read; each is read once."""
        if name not in self.beside:
            real = os.path.realpath(f"{self.home}/{name}")
            is_inside = real.startswith(self.home.rstrip(os.sep) + os.sep) and os.path.isfile(real)
            body = read_bytes(real, name, Findings()) if is_inside else None
            self.beside[name] = None if body is None else digest_of(body)
        return self.beside[name]


_GLANCE = 1 << 14


def _glance(path: str) -> bytes | None:
    """The bytes of a file by three system calls; None where it takes a closer look: a FIFO, something large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            body = os.read(descriptor, _GLANCE)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None
    return body if 0 < len(body) < _GLANCE else read_bytes(path, path, Findings())
