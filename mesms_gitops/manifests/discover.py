"""Which files are campaigns: the folders and globs of ``campaigns:``, walked in an order that never changes."""

# ruff: noqa: PTH112, PTH114, PTH117, PTH118
# Thousands of paths: strings and os.path take a fifth of the time of Path objects.

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mesms_gitops.manifests.findings import Findings, Pointed

_ENDINGS: Final = (".yaml", ".yml")
PROJECT_FILE: Final = "mesms.yaml"


class ManifestFile(NamedTuple):
    """A campaign's file; ``name`` is relative to the project's folder, with ``/`` on every system."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of ``campaigns:`` and where it stands."""

    pattern: str
    span: Pointed | None


def shown(name: str) -> str:
    """A file name fit to be printed: other systems allow bytes that are no text, and line ends."""
    clean = name.encode("utf-8", "backslashreplace").decode("utf-8").replace(os.sep, "/")
    return (
        clean if clean.isprintable() else "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in clean)
    )


def project_file_above(start: Path) -> Path | None:
    """The nearest ``mesms.yaml`` at or above ``start``, no further than the git root or, without one, the root."""
    folder = start.resolve()
    for above in (folder, *folder.parents):
        if (above / PROJECT_FILE).is_file():
            return above / PROJECT_FILE
        if (above / ".git").exists():
            return None
    return None


def campaign_files(root: Path, entries: Sequence[Entry], findings: Findings) -> list[ManifestFile]:
    """Every manifest, sorted by name, each once; a link that leads out of ``root`` is a finding."""
    found: dict[str, ManifestFile] = {}
    walk = _Walk(os.path.realpath(root), findings)
    for entry in entries:
        for path in _paths(root, entry, walk, findings):
            name = walk.name_of(path)
            found.setdefault(name, ManifestFile(path, name))
    found.pop(PROJECT_FILE, None)
    return [found[name] for name in sorted(found)]


def named_files(root: Path, paths: Sequence[Path], findings: Findings) -> list[ManifestFile]:
    """The manifests that ``paths`` name: files, or folders with everything below."""
    found: dict[str, ManifestFile] = {}
    walk = _Walk(os.path.realpath(root), findings)
    for given in paths:
        path = os.path.join(os.path.realpath(given.parent), given.name)
        name = shown(os.path.relpath(path, walk.root))
        if not os.path.lexists(path):
            findings.in_file(
                shown(str(given)), "MS007", f"{shown(str(given))} does not exist", next_step="check the path"
            )
        elif not walk.holds(path):
            findings.in_file(
                shown(str(given)),
                "MS008",
                f"{shown(str(given))} is not in this project",
                next_step="run the command in the project it belongs to, or move the file into this one",
            )
        else:
            for each in walk.below(path) if os.path.isdir(path) else [path]:
                name = walk.name_of(each)
                found.setdefault(name, ManifestFile(each, name))
    found.pop(PROJECT_FILE, None)
    return [found[name] for name in sorted(found)]


def _paths(root: Path, entry: Entry, walk: _Walk, findings: Findings) -> Iterator[str]:
    pattern = entry.pattern
    if os.path.isabs(pattern) or ".." in Path(pattern).parts or "\x00" in pattern:
        findings.error(
            "MS004",
            f"{pattern!r} leads out of the project",
            at=entry.span,
            field="campaigns",
            next_step="write a folder relative to mesms.yaml, such as campaigns/",
        )
        return
    if any(sign in pattern for sign in "*?["):
        yield from _globbed(root, entry, walk, findings)
        return
    start = os.path.join(walk.root, pattern)
    if not os.path.lexists(start):
        _missing(pattern, entry, findings)
    elif not walk.holds(start):
        walk.leads_out(start)
    elif os.path.isdir(start):
        yield from walk.below(start)
    else:
        yield start


def _globbed(root: Path, entry: Entry, walk: _Walk, findings: Findings) -> Iterator[str]:
    fixed = Path(entry.pattern)
    while any(sign in str(fixed) for sign in "*?["):
        fixed = fixed.parent
    if not (root / fixed).is_dir():
        _missing(str(fixed), entry, findings)
        return
    try:
        matches = sorted(map(str, Path(walk.root).glob(entry.pattern)))
    except (ValueError, NotImplementedError, OSError) as reason:
        findings.error(
            "MS004",
            f"{entry.pattern!r} is not a pattern: {reason}",
            at=entry.span,
            next_step="write campaigns/**/*.yaml",
        )
        return
    for path in matches:
        if os.path.islink(path) and not walk.holds(path):
            walk.leads_out(path)
        elif os.path.isdir(path):
            yield from walk.below(path)
        elif path.endswith(_ENDINGS):
            yield path


def _missing(pattern: str, entry: Entry, findings: Findings) -> None:
    folder = pattern.rstrip("/")
    message = f"there is no folder {folder}/ beside mesms.yaml"
    advice = f"make it (mkdir -p {folder}) and put a campaign into it, or name another under `campaigns:`"
    if entry.span is None:
        findings.in_file(PROJECT_FILE, "MS003", message, next_step=advice)
    else:
        findings.error("MS003", message, at=entry.span, field="campaigns", next_step=advice)


class _Walk:
    """Goes down folders; every real folder once, so that a circle of links ends."""

    __slots__ = ("findings", "root", "seen", "start")

    def __init__(self, root: str, findings: Findings) -> None:
        self.root = root
        self.start = root.rstrip(os.sep) + os.sep
        self.findings = findings
        self.seen: set[str] = set()

    def name_of(self, path: str) -> str:
        """What ``path`` is called in diagnostics."""
        rest = path[len(self.start) :]
        is_tidy = path.startswith(self.start) and "//" not in rest and "./" not in rest
        return shown(rest if is_tidy else os.path.relpath(path, self.root))

    def holds(self, path: str) -> bool:
        """Whether ``path``, all links followed, is inside the project."""
        real = os.path.realpath(path)
        return real == self.root or real.startswith(self.start)

    def leads_out(self, path: str) -> None:
        """Say that ``path`` is a link out of the project."""
        name = shown(os.path.relpath(path, self.root))
        self.findings.in_file(
            name,
            "MS008",
            f"{name} is a link that leads out of the project",
            why="what it leads to is not under review here",
            next_step="copy the file into the project",
        )

    def below(self, folder: str) -> Iterator[str]:
        """Every manifest under ``folder``; names that begin with a dot are left alone."""
        real = os.path.realpath(folder)
        if real in self.seen:
            return
        self.seen.add(real)
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as reason:
            name = shown(os.path.relpath(folder, self.root))
            self.findings.in_file(
                name, "MS007", f"{name} cannot be read", why=reason.strerror, next_step="let this user read it"
            )
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_symlink() and not self.holds(entry.path):
                if entry.name.endswith(_ENDINGS) or os.path.isdir(entry.path):
                    self.leads_out(entry.path)
            elif os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir():  # a link to itself: entry raises
                yield from self.below(entry.path)
            elif entry.name.endswith(_ENDINGS):
                yield entry.path
