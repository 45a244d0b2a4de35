"""All campaigns of a project in one pass: every file read, every problem reported, nothing stopped by the first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.manifests.build import Draft, Surroundings, build, numbers_of
from mesms_gitops.manifests.check import Judged
from mesms_gitops.manifests.collector import without_collector
from mesms_gitops.manifests.discover import ManifestFile, campaign_files, named_files
from mesms_gitops.manifests.findings import Findings, sort_key
from mesms_gitops.manifests.finished import gist_of
from mesms_gitops.manifests.merge import dropped_opt_outs, merge
from mesms_gitops.manifests.names import check_names
from mesms_gitops.manifests.positions import TreePositions
from mesms_gitops.manifests.scalars import Misfit, cut, zone
from mesms_gitops.manifests.schema import GroupSourceKeys, ManifestKeys, ScheduleKeys
from mesms_gitops.manifests.shared import said_once
from mesms_gitops.manifests.text_file import decode, digest_of, read_bytes, read_text_file
from mesms_gitops.manifests.validate import understand
from mesms_gitops.manifests.verdicts import Lines, Row, World, entry, is_lasting, place_of
from mesms_gitops.manifests.waivers import with_waivers
from mesms_gitops.manifests.workers import judged_by_all
from mesms_gitops.manifests.yaml_tree import parse
from mesms_gitops.model.campaign import At, DeclaredState, NumbersSource

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from mesms_gitops.manifests.finished import FinishedOnes, Known
    from mesms_gitops.manifests.project import LoadedProject
    from mesms_gitops.manifests.text_file import Span, TextFile
    from mesms_gitops.manifests.verdicts import Gist, Place
    from mesms_gitops.manifests.yaml_tree import MappingNode
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.hashkey import HashKey


@dataclass(frozen=True, slots=True)
class Loaded:
    """Every campaign that can be meant, sorted by name, and everything there is to say about all of them.

    A campaign with an error is missing from ``campaigns``, unless all its errors are refusals (policy and limits):
    those campaigns are whole, they are only not allowed. Nothing may be sent while any diagnostic is an error.
    ``finished`` are those of ``campaigns`` that stand for themselves without text and recipients: see `finished`.
    """

    campaigns: tuple[Campaign, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: int
    finished: frozenset[str] = frozenset()


def _never_committed(_: str) -> None:
    return None


def load_campaigns(
    project: LoadedProject,
    *,
    now: datetime,
    known_sent: Container[str] = (),
    last_commit: Callable[[str], datetime | None] = _never_committed,
    only: Sequence[Path] | None = None,
    finished: FinishedOnes | None = None,
) -> Loaded:
    """Read every manifest of ``project``, or those ``only`` names (files or folders).

    ``now`` must know its zone. ``known_sent`` are the campaigns of which state records a send; ``last_commit`` is asked
    for a file whose time has passed, when git last saw it change (None: never, or there is no git). With ``only``,
    names are compared among the files that were read. What ``finished`` finds is not read in full. Never raises for
    what stands in a file.
    """
    findings = Findings()
    root = project.project.root
    walked = only is None
    files = campaign_files(root, project.entries, findings) if walked else named_files(root, only or (), findings)
    around = Surroundings(project.project, now, known_sent, last_commit)
    with without_collector():
        known = {} if finished is None else _known(files, finished, project, around)
        read = [found for file in files if (found := _read(file, known, project, around, findings)) is not None]
    wrong = check_names(read, findings)
    campaigns = (found.campaign for found in read if found.campaign is not None and found.name not in wrong)
    names = {found.name for found in read} if walked and len(read) == len(files) else None
    told = with_waivers(sorted(findings.items, key=sort_key), project.project, now, names)
    return Loaded(
        tuple(sorted(campaigns, key=lambda campaign: campaign.name)),
        (*project.diagnostics, *said_once(told, project.project.file, len(files) if walked else None)),
        len(files),
        frozenset(one.name for one in known.values()),
    )


def _known(
    files: Sequence[ManifestFile],
    finished: FinishedOnes,
    project: LoadedProject,
    around: Surroundings,
) -> dict[str, Known]:
    world = World(around.now, around.known_sent, around.last_commit)
    return finished(files, world, Judge(project, world, _no_numbers, finished.key), judged_by_all)


def _no_numbers(_: Campaign) -> Sequence[Diagnostic]:
    """Numbers are looked at where recipients are."""
    return ()


@dataclass(frozen=True, slots=True)
class _Read:
    """What is kept of one file: its tree is gone, so that ten thousand of them fit."""

    name: str
    former: str | None
    positions: TreePositions
    campaign: Campaign | None

    def span(self, path: str) -> Span:
        """Where ``path`` stands."""
        return self.positions.span(path)


def _read(
    file: ManifestFile,
    known: Mapping[str, Known],
    project: LoadedProject,
    around: Surroundings,
    findings: Findings,
) -> _Read | Known | None:
    if one := known.get(file.name):
        findings.extend(one.found)
        return one
    own = Findings()
    text = read_text_file(file.path, file.name, own)
    draft = None if text is None else _draft(text, project, around, own)
    campaign = None if draft is None else build(draft)
    findings.extend(_named(own, draft))
    return None if draft is None else _Read(draft.name, draft.keys.moved_from, draft.positions, campaign)


def _draft(text: TextFile, project: LoadedProject, around: Surroundings, own: Findings) -> Draft | None:
    tree = parse(text, own)
    if tree is None:
        return None
    merged = merge(tree.root, project.defaults)
    understood = understand(merged, ManifestKeys, tree.broken, own)
    if understood.keys.class_ != "transactional" and not _has_only_groups(understood.keys):
        _check_opt_outs(tree.root, project, own)
    return Draft(merged, understood, TreePositions(text, project.defaults), around, own)


def _has_only_groups(keys: ManifestKeys) -> bool:
    """Whether nobody could be taken out: ME-SMS alone knows the members of a contact group."""
    sources = keys.recipients or []
    return bool(sources) and all(
        isinstance(source, GroupSourceKeys) and source.contact_group is not None for source in sources
    )


def _check_opt_outs(root: MappingNode, project: LoadedProject, own: Findings) -> None:
    if dropped := dropped_opt_outs(root, project.defaults):
        own.warning(
            "MS409",
            f"opt-outs of mesms.yaml do not hold here: {', '.join(map(cut, dropped))}",
            at=root["exclude"],
            field="exclude",
            why="lists are never merged: the manifest's `exclude` takes the place of the one under `defaults`",
            next_step="name them here too, or delete this `exclude`",
        )


def _named(own: Findings, draft: Draft | None) -> list[Diagnostic]:
    """The findings of one file, each with the campaign it is about."""
    return own.items if draft is None else [replace(item, campaign=draft.name) for item in own.items]


# --- verdicts, for `check` --------------------------------------------------------------------------------------------


class Judge:
    """Reads manifests of ``project``; ``numbers`` says what is wrong with numbers written in a campaign.

    With a ``key``, verdicts have a gist.
    """

    def __init__(
        self,
        project: LoadedProject,
        world: World,
        numbers: Callable[[Campaign], Sequence[Diagnostic]],
        key: HashKey | None = None,
    ) -> None:
        self._project = project
        self._world = world
        self._numbers = numbers
        self._key = key
        self._around = Surroundings(project.project, world.now, world.sent, world.last_commit)
        self._root = str(project.project.root)
        self._lines = Lines(self._root)

    def __call__(self, files: Sequence[ManifestFile], /) -> list[Judged]:
        """One verdict for each of ``files``. Never raises for what stands in one."""
        with without_collector():
            return [self._judged(file) for file in files]

    def _judged(self, file: ManifestFile) -> Judged:
        own = Findings()
        body = read_bytes(file.path, file.name, own)
        text = None if body is None else decode(body, file.name, own)
        draft = None if text is None else _draft(text, self._project, self._around, own)
        campaign = None if draft is None else build(draft)
        found = tuple(_named(own, draft))
        numbers = self._of_numbers(draft, campaign)
        row = self._row(file.name, draft, campaign, own, found, numbers)
        if body is None:
            return Judged(row, found, numbers, False, None)
        self._lines.know(file.name, text)
        lasting = is_lasting(row, (*found, *numbers), file.name, self._lines)
        return Judged(
            row._replace(digest=digest_of(body)),
            found,
            numbers,
            lasting,
            None if draft is None else _zone(draft),
            self._gist(draft, campaign),
        )

    def _gist(self, draft: Draft | None, campaign: Campaign | None) -> Gist | None:
        if draft is None or campaign is None or self._key is None:
            return None
        return gist_of(campaign, _place(draft, ""), self._key, self._root)

    def _of_numbers(self, draft: Draft | None, campaign: Campaign | None) -> tuple[Diagnostic, ...]:
        """What is wrong with the numbers; where something else is wrong as well, only with each by itself."""
        if campaign is not None:
            return tuple(self._numbers(campaign))
        listed = None if draft is None else numbers_of(draft)
        if listed is None:
            return ()
        places = {at for source in listed.sources if isinstance(source, NumbersSource) for at in source.positions}
        return tuple(replace(item, field="recipients") for item in self._numbers(listed) if item.position in places)

    def _row(
        self,
        file: str,
        draft: Draft | None,
        campaign: Campaign | None,
        own: Findings,
        found: tuple[Diagnostic, ...],
        numbers: tuple[Diagnostic, ...],
    ) -> Row:
        entries = [entry(item, file) for item in found], [entry(item, file) for item in numbers]
        if draft is None:
            return Row("", "", [], None, [], "any", None, [], *entries)
        former, due = draft.keys.moved_from, _due(draft, campaign)
        phase = self._world.phase(file, due, (draft.name, former))
        rests_on = [[name, digest] for name, digest in own.rests_on]
        places = _place(draft, "name"), _place(draft, "moved_from")
        return Row("", draft.name, places[0], former, places[1], phase, due, rests_on, *entries)


def _place(draft: Draft, key: str) -> Place:
    """Where ``key`` stands, or the first key of the file: as `TreePositions` has it."""
    node = draft.tree.get(key) or next(iter(draft.tree.keys_at.values()), draft.tree)
    return place_of(node.span.position, draft.file)


def _zone(draft: Draft) -> str | None:
    return draft.keys.schedule.timezone if isinstance(draft.keys.schedule, ScheduleKeys) else None


def _due(draft: Draft, campaign: Campaign | None) -> int | None:
    """The second at which the time of ``draft`` passes; None if nothing hangs on that. `schedules` says what does."""
    if campaign is not None and campaign.schedule is not None and draft.state is not DeclaredState.CANCELLED:
        when = campaign.schedule.when
        return int(when.at.timestamp()) if isinstance(when, At) else None
    given = draft.keys.schedule
    written = given.at if isinstance(given, ScheduleKeys) else given
    local = zone(_zone(draft) or draft.around.project.timezone)
    if draft.state is DeclaredState.CANCELLED or written is None or written.is_now or local is None:
        return None
    try:
        return int(written.at(local).timestamp())
    except Misfit:
        return None
