"""All campaigns of a project in one pass: every file read, every problem reported, nothing stopped by the first."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.manifests.build import Draft, Surroundings, build
from mesms_gitops.manifests.discover import ManifestFile, campaign_files, named_files
from mesms_gitops.manifests.findings import Findings, sort_key
from mesms_gitops.manifests.merge import merge
from mesms_gitops.manifests.positions import TreePositions
from mesms_gitops.manifests.schema import ManifestKeys
from mesms_gitops.manifests.text_file import read_text_file
from mesms_gitops.manifests.validate import understand
from mesms_gitops.manifests.yaml_tree import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from mesms_gitops.manifests.project import LoadedProject
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Loaded:
    """Every campaign that can be meant, sorted by name, and everything there is to say about all of them.

    A campaign with an error is missing from ``campaigns``, unless all its errors are refusals (policy and limits):
    those campaigns are whole, they are only not allowed. Nothing may be sent while any diagnostic is an error.
    """

    campaigns: tuple[Campaign, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: int


def _never_committed(_: str) -> None:
    return None


def load_campaigns(
    project: LoadedProject,
    *,
    now: datetime,
    known_sent: Container[str] = (),
    last_commit: Callable[[str], datetime | None] = _never_committed,
    only: Sequence[Path] | None = None,
) -> Loaded:
    """Read every manifest of ``project``, or those ``only`` names (files or folders).

    ``now`` must know its zone. ``known_sent`` are the campaigns of which state records a send; ``last_commit`` is asked
    for a file whose time has passed, when git last saw it change (None: never, or there is no git). With ``only``,
    names are compared among the files that were read. Never raises for what stands in a file.
    """
    findings = Findings()
    root = project.project.root
    walked = only is None
    files = campaign_files(root, project.entries, findings) if walked else named_files(root, only or (), findings)
    around = Surroundings(project.project, now, known_sent, last_commit)
    with _without_collector():
        read = [found for file in files if (found := _read(file, project, around, findings)) is not None]
    wrong = _check_names(read, findings)
    campaigns = (found.campaign for found in read if found.campaign is not None and found.name not in wrong)
    return Loaded(
        tuple(sorted(campaigns, key=lambda campaign: campaign.name)),
        (*project.diagnostics, *sorted(findings.items, key=sort_key)),
        len(files),
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Trees hold no cycles, so looking for some while thousands of them are made is time for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Read:
    """What is kept of one file: its tree is gone, so that ten thousand of them fit."""

    name: str
    former: str | None
    positions: TreePositions
    campaign: Campaign | None


def _read(file: ManifestFile, project: LoadedProject, around: Surroundings, findings: Findings) -> _Read | None:
    own = Findings()
    text = read_text_file(file.path, file.name, own)
    tree = parse(text, own) if text is not None else None
    if text is None or tree is None:
        findings.extend(own.items)
        return None
    merged = merge(tree.root, project.defaults)
    understood = understand(merged, ManifestKeys, tree.broken, own)
    draft = Draft(merged, understood, TreePositions(text, project.defaults), around, own)
    campaign = build(draft)
    findings.extend(replace(item, campaign=draft.name) for item in own.items)
    return _Read(draft.name, draft.keys.moved_from, draft.positions, campaign)


def _check_names(read: Sequence[_Read], findings: Findings) -> set[str]:
    """A name is an identity: two campaigns cannot share it, and a former name must be free. The names in doubt."""
    first: dict[str, _Read] = {}
    wrong = set()
    for found in read:
        other = first.setdefault(found.name, found)
        if other is not found:
            wrong.add(found.name)
            _clash(found, other, findings)
    moved: dict[str, _Read] = {}
    for found in read:
        if found.former is None or found.former == found.name:
            continue
        holder = first.get(found.former) or moved.setdefault(found.former, found)
        if holder is not found:
            wrong.add(found.name)
            _not_gone(found, holder, findings)
    return wrong


def _clash(found: _Read, other: _Read, findings: Findings) -> None:
    findings.error(
        "MS128",
        f"the name {found.name} is taken: {_shown(other, 'name')}",
        at=found.positions.span("name"),
        field="name",
        why="the name is what state remembers a campaign by",
        next_step="give one of the two another name",
        campaign=found.name,
    )


def _not_gone(found: _Read, other: _Read, findings: Findings) -> None:
    is_still = other.name == found.former
    findings.error(
        "MS129",
        f"{found.former} {'is still a campaign' if is_still else 'was renamed already'}: "
        + _shown(other, "name" if is_still else "moved_from"),
        at=found.positions.span("moved_from"),
        field="moved_from",
        next_step="delete moved_from, or delete the file of the former campaign",
        campaign=found.name,
    )


def _shown(found: _Read, path: str) -> str:
    at = found.positions.span(path).position
    return f"{at.file}:{at.line}:{at.column}"
