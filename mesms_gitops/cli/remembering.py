"""What `plan` remembers of manifests from one run to the next: those of finished campaigns, by their content."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesms_gitops.cli.caches import cache_folder
from mesms_gitops.manifests.finished import FinishedOnes
from mesms_gitops.manifests.verdict_cache import PlanCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.manifests.verdicts import Gist, Row
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.state import State


@dataclass(slots=True)
class Seen:
    """What a plan saw of the finished campaigns and keeps for the next one; empty where there is no place for it.

    ``rows`` are those of their manifests, by file; ``zones`` the time zones that were asked, with the digests of their
    rules.
    """

    rows: Mapping[str, tuple[Row, Gist]] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def finished_ones(place: Workplace, state: State, key: HashKey, seen: Seen | None) -> Iterator[FinishedOnes]:
    """What finds the finished campaigns; once the context ends well, what it saw is remembered, and told ``seen``."""
    cache = _plan_cache(place, key)
    found = FinishedOnes(state, place.loaded.project, key, cache.read() if cache else {})
    yield found
    if cache is None:
        return
    if found.is_changed:
        cache.write(found.remembered, {place.loaded.project.timezone, *found.zones})
    if seen is not None:
        seen.rows, seen.zones = found.remembered, cache.zones


def _plan_cache(place: Workplace, key: HashKey) -> PlanCache | None:
    """What plans remember of manifests. None where no place is for caches, or mesms.yaml changed a moment ago."""
    folder, project = cache_folder(), place.loaded.project
    if folder is None:
        return None
    try:
        text = (project.root / project.file).read_bytes()
    except OSError:
        return None
    return PlanCache(folder, str(project.root), text, key.identity)
