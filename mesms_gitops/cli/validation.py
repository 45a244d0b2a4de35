"""What ``validate`` looks at, and what it remembers of it.

What was found out about a file is kept among the user's caches, by the file's content. With everything known, neither
the project file nor any manifest is parsed, and nothing heavy is imported.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesms_gitops.cli.caches import cache_folder
from mesms_gitops.errors import MesmsError
from mesms_gitops.manifests.check import IN_HISTORY, check
from mesms_gitops.manifests.collector import without_collector
from mesms_gitops.manifests.discover import PROJECT_FILE, Entry, project_file_above
from mesms_gitops.manifests.shared import said_once
from mesms_gitops.manifests.text_file import digest_of
from mesms_gitops.manifests.verdict_cache import Memory, VerdictCache, zone_digest
from mesms_gitops.manifests.verdicts import (
    Lines,
    Stretch,
    World,
    diagnostic,
    entry,
    is_lasting_all,
    place_of,
    position_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.cli.history import Commits
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.manifests.check import Checked, Judged
    from mesms_gitops.manifests.discover import ManifestFile
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


class Validation:
    """One run over the project of ``chdir``, or over those of its files that ``only`` names."""

    def __init__(self, chdir: str | None, *, verbose: bool, only: Sequence[Path], is_cached: bool) -> None:
        self._chdir = chdir
        self._verbose = verbose
        self._only = list(only) or None
        self._cache = _cache_of(Path(chdir or ".")) if is_cached else None
        self._memory = self._cache.read() if self._cache else None
        if self._memory is None or self._memory.location != self._location:
            _ = self.place  # says what is wrong with mesms.yaml, and with where the state is

    def run(self) -> tuple[Sequence[Diagnostic], int]:
        """Everything there is to say, and of how many files. Raises `ManifestError`, `ConfigError`."""
        with without_collector():
            rows = self._memory.rows if self._memory else {}
            checked = check(
                self._root,
                self._entries(),
                rows,
                self._world,
                self._judged,
                only=self._only,
                same_history=lambda: self._memory is not None and self._memory.history == self._commits.stamp,
            )
            if self._cache is not None:
                self._remember(self._cache, checked)
        files = checked.files if self._only is None else None
        found = said_once(self._waived(checked), PROJECT_FILE, files)
        return (*self._of_project(), *found, *checked.numbers), checked.files

    @cached_property
    def place(self) -> Workplace:
        """The project, read in full. Raises as `workplace`."""
        from mesms_gitops.cli.wiring import workplace

        return workplace(self._chdir, verbose=self._verbose, leniently=True)

    # --- the project --------------------------------------------------------------------------------------------------

    @cached_property
    def _lines(self) -> Lines:
        return Lines(str(self._root))

    @cached_property
    def _root(self) -> Path:
        return self.place.project.root if self._memory is None else Path(self._memory.project["root"])

    @property
    def _location(self) -> str:
        written = self.place.project.state if self._memory is None else self._memory.project["state"]
        return os.environ.get("MESMS_STATE") or str(written)

    def _entries(self) -> tuple[Entry, ...]:
        if self._memory is None:
            return self.place.loaded.entries
        return tuple(Entry(pattern, self._stretch(place)) for pattern, place in self._memory.project["entries"])

    def _stretch(self, place: list[Any] | None) -> Stretch | None:
        if place is None:
            return None
        at = position_of(place, PROJECT_FILE)
        return Stretch(at, self._lines.line(at))

    def _of_project(self) -> Sequence[Diagnostic]:
        if self._memory is None:
            return self.place.loaded.diagnostics
        return [diagnostic(item, PROJECT_FILE, self._lines) for item in self._memory.project["found"]]

    def _waived(self, checked: Checked) -> Sequence[Diagnostic]:
        """What waivers make of it today, and what is wrong with them."""
        if self._memory is not None and not self._memory.project["waivers"]:
            return checked.found
        from mesms_gitops.manifests.waivers import with_waivers

        return with_waivers(checked.found, self.place.loaded.project, self._world.now, checked.names)

    # --- the world ----------------------------------------------------------------------------------------------------

    @cached_property
    def _commits(self) -> Commits:
        from mesms_gitops.cli.history import Commits

        return Commits(self._root)

    def _last_commit(self, file: str) -> datetime | None:
        return self._commits(file)  # only now: few runs ask

    @cached_property
    def _world(self) -> World:
        return World(now(), self._sent, self._last_commit)

    @cached_property
    def _state(self) -> str | None:
        """What the state is known by; None if it must be asked each time."""
        if ":" in self._location:
            return None
        try:
            return digest_of((self._root / self._location).read_bytes())
        except FileNotFoundError:
            return "none"
        except (OSError, ValueError):
            return None

    @cached_property
    def _sent(self) -> frozenset[str]:
        """The campaigns that state records sends of. A state that cannot be read is `plan`'s to complain about."""
        memory, known_by = self._memory, self._state
        if memory and known_by and (memory.location, memory.state) == (self._location, known_by):
            return memory.sent
        try:
            state = self.place.store.read()
        except MesmsError:
            return frozenset()
        return frozenset(name for name, record in state.campaigns.items() if record.sends) if state else frozenset()

    # --- what must be read --------------------------------------------------------------------------------------------

    def _judged(self, files: Sequence[ManifestFile]) -> list[Judged]:
        from mesms_gitops.manifests.load import Judge
        from mesms_gitops.manifests.workers import judged_by_all

        return judged_by_all(Judge(self.place.loaded, self._world, _inline_numbers), files)

    def _remember(self, cache: VerdictCache, checked: Checked) -> None:
        memory = self._new_memory(checked)
        if memory is not None and (checked.judged or memory != self._memory):
            cache.write(memory)

    def _new_memory(self, checked: Checked) -> Memory | None:
        project = self._project_facts()
        if project is None:
            return None
        old = self._memory
        asked = any(row.phase in IN_HISTORY for row in checked.rows.values())
        history = self._commits.stamp if asked else old.history if old else None
        names = {*checked.zones, *(old.zones if old else ()), project["timezone"]}
        return Memory(
            project=project,
            zones={name: zone_digest(name) for name in sorted(names)},
            location=self._location,
            state=self._state,
            sent=self._sent,
            history=history,
            rows={**self._unvisited(history), **checked.rows},
        )

    def _unvisited(self, history: str | None) -> dict[str, Any]:
        """What is still known of the files that this run was not asked about."""
        old = self._memory
        if old is None or self._only is None:
            return {}
        return {name: row for name, row in old.rows.items() if history == old.history or row.phase not in IN_HISTORY}

    def _project_facts(self) -> dict[str, Any] | None:
        """What must be known of mesms.yaml without reading it; None if that cannot be written down."""
        if self._memory is not None:
            return dict(self._memory.project)
        loaded = self.place.loaded
        if not is_lasting_all(loaded.diagnostics, PROJECT_FILE, self._lines):
            return None
        return {
            "root": str(loaded.project.root),
            "state": loaded.project.state,
            "timezone": loaded.project.timezone,
            "entries": [
                [one.pattern, None if one.span is None else place_of(one.span.position, PROJECT_FILE)]
                for one in loaded.entries
            ],
            "found": [entry(item, PROJECT_FILE) for item in loaded.diagnostics],
            "waivers": bool(loaded.project.policy.waivers),
        }


def _cache_of(start: Path) -> VerdictCache | None:
    """The cache of the project around ``start``, None where there is no project or no place for caches."""
    file = project_file_above(start) if start.is_dir() else None
    folder = cache_folder()
    if file is None or folder is None:
        return None
    try:
        return VerdictCache(folder, str(file.parent), file.read_bytes())
    except OSError:
        return None


def _inline_numbers(campaign: Campaign) -> Sequence[Diagnostic]:
    """What is wrong with numbers written in a manifest: the only recipients that are there without network or lists."""
    from mesms_gitops.audience.inline import inline_findings

    return inline_findings(campaign)
