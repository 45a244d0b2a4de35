"""Whether the manifests that a state says it was made from are what the project's commits hold.

Each is read as of the commit that the state's own commit names, in a folder that is thrown away, with the code that
reads manifests for a plan. No list is opened: the digests of a manifest cover where its people come from, not who.
"""

from __future__ import annotations

import posixpath
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.campaign_files import outline_of
from mesms_gitops.errors import MesmsError
from mesms_gitops.manifests.discover import PROJECT_FILE
from mesms_gitops.model.chain import Break
from mesms_gitops.planning.fingerprint import manifest_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mesms_gitops.cli.state_chain import Claim
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.store.git_objects import Objects

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Before this moment nothing was planned: read as of then, no manifest is late."""
_FETCH: Final = "git fetch brings it, if it is only not here yet; else look at what rewrote the branch of the project"


@dataclass(slots=True)
class Sources:
    """What became of the claims. ``breaks`` are by the place in the chain of the commit that makes the claim."""

    breaks: list[tuple[int, Break]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class _Everything:
    """A container that holds every name: no manifest of the past is refused for its time."""

    def __contains__(self, _name: object) -> bool:
        return True


def checked_sources(
    claims: Sequence[Claim], objects: Objects, key: HashKey | None, *, is_shallow: bool, only: str | None = None
) -> Sources:
    """Hold each of ``claims`` against the commit it names. Without a ``key`` no digest can be computed."""
    found = Sources()
    by_source: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if only is None or claim.record.name == only:
            by_source[claim.source].append(claim)
    sources = list(by_source)
    prefix = next(iter(objects.lines("rev-parse", "--show-prefix") or [""]), "")
    for source, commit in zip(sources, objects.commits(sources), strict=True):
        some = by_source[source]
        found.counts["sources"] += 1
        if commit is not None:
            found.counts["sources here"] += 1
            if key is not None:
                _check(some, prefix, objects, key, found)
        elif not is_shallow:
            found.breaks.append((some[0].index, _missing(some[0])))
    return found


def _missing(claim: Claim) -> Break:
    return Break(
        "trailer Source",
        f"the commit {claim.source[:40]} that it was made from is not here",
        "the project's branch was rewritten (a force push), the trailer was edited, or that commit was not fetched",
        _FETCH,
        claim.commit,
        claim.serial,
    )


def _check(claims: Sequence[Claim], prefix: str, objects: Objects, key: HashKey, found: Sources) -> None:
    with tempfile.TemporaryDirectory(prefix="mesms-history-") as folder:
        root = Path(folder).resolve() / "repository" / prefix
        names = {claim.record.file for claim in claims}
        bodies = _checked_out(claims[0].source, names, prefix, root, objects)
        campaigns = _campaigns(root, [file for file in names if bodies.get(file) is not None])
        for claim in claims:
            found.counts["manifests"] += 1
            if bodies.get(claim.record.file) is None:
                found.breaks.append((claim.index, _no_file(claim)))
                continue
            campaign = campaigns.get(claim.record.name)
            if campaign is None:
                found.counts["manifests not read"] += 1
                continue
            wrong = list(_differing(claim, campaign, key, str(root)))
            found.breaks += [(claim.index, one) for one in wrong]
            found.counts["manifests recomputed"] += not wrong


def _checked_out(source: str, names: set[str], prefix: str, root: Path, objects: Objects) -> Mapping[str, bytes | None]:
    """Write the project file, the manifests and what they refer to, as of ``source``, below ``root``."""
    manifests = sorted(filter(_is_inside, names))
    bodies = _written({PROJECT_FILE, *manifests}, source, prefix, root, objects)
    outlines = [outline_of(file, body) for file in manifests if (body := bodies.get(file)) is not None]
    refers = {path for outline in outlines for path, _ in outline.refers}
    _written({path for path in refers if _is_inside(prefix + path)}, source, prefix, root, objects)
    return bodies


def _is_inside(path: str) -> bool:
    """Whether a path stays in the repository, and can be asked for on one line."""
    whole = posixpath.normpath(path)
    return not whole.startswith(("/", "..")) and whole.isprintable()


def _written(paths: set[str], source: str, prefix: str, root: Path, objects: Objects) -> Mapping[str, bytes | None]:
    ordered = sorted(paths)
    asked = [f"{source}:{posixpath.normpath(prefix + path)}" for path in ordered]
    found = dict(zip(ordered, objects.bodies(asked), strict=True))
    for path, body in found.items():
        if body is not None:
            file = Path(posixpath.normpath(root.as_posix() + "/" + path))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
    return found


def _campaigns(root: Path, names: Sequence[str]) -> Mapping[str, Campaign]:
    from mesms_gitops.manifests.load import load_campaigns
    from mesms_gitops.manifests.project import load_project_leniently

    try:
        project = load_project_leniently(root / PROJECT_FILE)
    except MesmsError:
        return {}
    only = [root / name for name in sorted(names)]
    loaded = load_campaigns(project, now=_LONG_AGO, known_sent=_Everything(), only=only)
    return {campaign.name: campaign for campaign in loaded.campaigns}


def _no_file(claim: Claim) -> Break:
    return Break(
        f"campaigns.{claim.record.name}.file",
        f"commit {claim.source[:12]} holds no {claim.record.file}",
        "the trailer Source or the record was edited, or the manifest was never committed",
        "look at git show --stat of that commit",
        claim.commit,
        claim.serial,
    )


def _differing(claim: Claim, campaign: Campaign, key: HashKey, root: str) -> Iterator[Break]:
    assert claim.record.manifest is not None  # only such records are claims
    recorded, now = claim.record.manifest.digests, manifest_record(campaign, key, root).digests
    for name in sorted(recorded.keys() & now.keys()):
        if recorded[name] != now[name]:
            yield Break(
                f"campaigns.{claim.record.name}.manifest.digests.{name}",
                f"what was sent is not what {claim.record.file} says in commit {claim.source[:12]}",
                "the trailer Source or the state was edited, or the apply ran on files that were never committed",
                f"compare git show {claim.source[:12]} with what the record shows: "
                f"mesms-gitops state show {claim.record.name}",
                claim.commit,
                claim.serial,
            )
