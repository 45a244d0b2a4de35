"""Campaigns of which all has left, and whose manifest still says what was sent: known without a full reading.

A plan keeps such a campaign whatever else is so. What it must know of the manifest for that, its `Gist`, is small: it
can be remembered by the file's content, and it fits through a pipe, so that several processes can share the reading.
Whoever cannot be proven finished and unchanged is read in full, as if nothing of this existed; and `apply` never asks
here at all, so that nothing that is sent rests on what is remembered.
"""

from __future__ import annotations

import os
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mesms_gitops.manifests.check import Judged, Recall, is_at_its_name
from mesms_gitops.manifests.concealed import concealed
from mesms_gitops.manifests.verdicts import Gist, Lines, Row, Stretch, position_of
from mesms_gitops.model.campaign import At, Campaign, DeclaredState, LocalTemplate, MessageClass, Now, Schedule
from mesms_gitops.model.sends import LEFT, SendPhase
from mesms_gitops.planning.fingerprint import manifest_digests, schedule_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mesms_gitops.manifests.check import Judge
    from mesms_gitops.manifests.discover import ManifestFile
    from mesms_gitops.manifests.verdicts import World
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.project import Project
    from mesms_gitops.model.state import CampaignRecord, State

_NOTHING = LocalTemplate("")
_OVER = LEFT | {SendPhase.CANCELLED}


def is_over(record: CampaignRecord) -> bool:
    """Whether all of ``record`` is settled for good: its newest revision has left, and nothing else can change.

    Whatever is odd about a send (cancelled by somebody else, gone, refused, failed) is not over: the planner has
    something to say about it, and says it of the manifest as it is read in full.
    """
    current = record.current
    return (
        not record.moved_to
        and bool(current)
        and all(send.phase in LEFT for send in current)
        and all(send.phase in _OVER and send.reason is None for send in record.sends)
    )


class Known(NamedTuple):
    """A finished campaign in place of its manifest. ``campaign`` has neither text nor recipients."""

    file: ManifestFile
    row: Row
    found: tuple[Diagnostic, ...]
    campaign: Campaign
    lines: Lines

    @property
    def name(self) -> str:
        """What state remembers it by."""
        return self.row.name

    @property
    def former(self) -> str | None:
        """Its ``moved_from``."""
        return self.row.former

    def span(self, path: str) -> Stretch:
        """Where ``name`` or ``moved_from`` stands."""
        at = position_of(self.row.name_at if path == "name" else self.row.former_at, self.file.name)
        return Stretch(at, self.lines.excerpt(at))


class FinishedOnes:
    """Finds, among the files of a project, those of finished campaigns that were not edited since.

    ``before`` are the rows and gists of an earlier run, by file; ``remembered`` those of this one, once it was called.
    ``zones`` are the time zones named by manifests that were read now; ``key`` is the one of the state's digests.
    """

    def __init__(self, state: State, project: Project, key: HashKey, before: Mapping[str, tuple[Row, Gist]]) -> None:
        self.key = key
        self._records = {name: record for name, record in state.campaigns.items() if is_over(record)}
        self._files = {record.file for record in self._records.values()}
        self._project = project
        self._before = before
        self.remembered: dict[str, tuple[Row, Gist]] = {}
        self.zones: set[str] = set()
        self.is_changed = False

    def __call__(
        self,
        files: Sequence[ManifestFile],
        world: World,
        judge: Judge,
        by_all: Callable[[Judge, Sequence[ManifestFile]], list[Judged]],
    ) -> dict[str, Known]:
        """The finished ones of ``files``, by file; ``judge`` reads those that nothing is remembered of."""
        if not self._records:
            return {}
        home = os.path.realpath(self._project.root)
        lines = Lines(home)
        rows = {name: row for name, (row, _) in self._before.items()}
        recall = Recall(rows, world, lambda: False, home, lines)
        likely = rows.keys() | self._files
        candidates = [file for file in files if file.name in likely and is_at_its_name(file, home)]
        recalled = [(file, recall(file)) for file in candidates]
        unknown = [file for file, judged in recalled if judged is None]
        judgements = iter(by_all(judge, unknown) if unknown else ())
        made = {}
        for file, before in recalled:
            judged = next(judgements) if before is None else before
            gist = judged.gist if before is None else self._before[file.name][1]
            if gist is None:
                continue
            if judged.is_lasting:
                self.remembered[file.name] = (judged.row, gist)
            if judged.zone:
                self.zones.add(judged.zone)
            record = self._records.get(judged.row.name)
            if record is not None and _is_as_sent(record, gist, judged):
                made[file.name] = Known(file, judged.row, judged.found, self._campaign(file, judged.row, gist), lines)
        self.is_changed = bool(unknown) or self.remembered.keys() != self._before.keys()
        return made

    def _campaign(self, file: ManifestFile, row: Row, gist: Gist) -> Campaign:
        when = Now(self._project.undo_window, gist.timezone)
        return Campaign(
            name=row.name,
            file=file.name,
            state=DeclaredState.ACTIVE,
            message_class=MessageClass(gist.message_class),
            sender=gist.sender,
            body=_NOTHING,
            schedule=Schedule(when if gist.at is None else At(datetime.fromisoformat(gist.at), gist.timezone)),
            revision=gist.revision,
            moved_from=row.former,
            positions=MappingProxyType({"": position_of(gist.head, file.name)}),
        )


def _is_as_sent(record: CampaignRecord, gist: Gist, judged: Judged) -> bool:
    """Whether the manifest says of every field that counts what it said when it was sent, and nothing is wrong in it.

    Digests that are equal are equal texts: what is shown of them was made from those, and is taken from the record.
    """
    manifest = record.manifest
    return (
        manifest is not None
        and record.revision == gist.revision
        and manifest.digests == gist.digests
        and manifest.shown.get("schedule") == gist.schedule
        and not any(item.is_error for item in judged.found)
    )


def gist_of(campaign: Campaign, head: list[int | str], key: HashKey, root: str) -> Gist | None:
    """The gist of ``campaign``, whose first key stands at ``head``; None if it could not be finished."""
    schedule = campaign.schedule
    if campaign.state is not DeclaredState.ACTIVE or schedule is None or concealed(campaign.sender) != campaign.sender:
        return None
    return Gist(
        revision=campaign.revision,
        message_class=campaign.message_class.value,
        sender=campaign.sender,
        at=schedule.when.at.isoformat() if isinstance(schedule.when, At) else None,
        timezone=schedule.when.timezone,
        schedule=schedule_shown(schedule),
        head=head,
        digests=manifest_digests(campaign, key, root),
    )
