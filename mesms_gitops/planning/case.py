"""One campaign on the table, and the words in which an action about it is put."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Required, TypedDict

from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import (
    Adoption,
    Blocked,
    CancelStep,
    Change,
    FanOut,
    PlannedSend,
    Preview,
    Reason,
)
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.situation import (
    GONE,
)
from mesms_gitops.planning.wording import NEXT_STEPS, SENTENCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.audience import AudienceCounts
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.sends import DesiredSend, SendRecord
    from mesms_gitops.model.sketch import AudienceChange, AudienceSketch, Overlap
    from mesms_gitops.model.state import CampaignRecord, ManifestRecord
    from mesms_gitops.planning.desire import Wanted
    from mesms_gitops.planning.situation import Situation


@dataclass(frozen=True, slots=True)
class Case:
    """One campaign on the table: its manifest (if any), its record (if any, adoptions already carried out)."""

    name: str
    wanted: Wanted | None
    record: CampaignRecord | None
    situation: Situation
    adoptions: tuple[Adoption, ...] = ()
    moved_from: str | None = None


class Facts(TypedDict, total=False):
    """The fields of `ActionBase`, while an action is being put together."""

    campaign: Required[str]
    reason: Required[Reason]
    message: Required[str]
    file: str
    sender: str
    revision: int
    scheduled_at: datetime | None
    schedule_text: str
    timezone: str
    sends: tuple[PlannedSend, ...]
    recipients: int
    audience: AudienceCounts | None
    requests: int
    refund: int
    changes: tuple[Change, ...]
    diagnostics: Required[tuple[Diagnostic, ...]]
    manifest: ManifestRecord | None
    reversible_until: datetime | None
    waits_for: tuple[str, ...]
    cancels: tuple[CancelStep, ...]
    adoptions: tuple[Adoption, ...]
    moved_from: str | None
    sketch: AudienceSketch | None
    audience_change: AudienceChange | None
    overlaps: tuple[Overlap, ...]
    previews: tuple[Preview, ...]
    fan_out: tuple[FanOut, ...]


def facts_of(case: Case, reason: Reason) -> Facts:
    """What every action about ``case`` says."""
    facts: Facts = {
        "campaign": case.name,
        "reason": reason,
        "message": SENTENCES[reason],
        "diagnostics": (),
        "adoptions": case.adoptions,
        "moved_from": case.moved_from,
    }
    if case.record is not None:
        facts["file"] = case.record.file
        facts["revision"] = case.record.revision
        facts["sender"] = next((send.sender for send in case.record.sends), "")
    if case.wanted is not None:
        campaign = case.wanted.campaign
        facts["file"] = campaign.file
        facts["sender"] = campaign.sender
        facts["revision"] = campaign.revision
        facts["manifest"] = case.wanted.manifest
        facts["schedule_text"] = case.wanted.manifest.shown.get("schedule", "")
        facts["audience"] = None if case.wanted.sends is None else case.wanted.counts
        facts["diagnostics"] = case.wanted.diagnostics
        facts["sketch"] = case.wanted.sketch
        facts["audience_change"] = case.wanted.audience_change
        facts["overlaps"] = case.wanted.overlaps
        facts["previews"] = case.wanted.previews
        facts["fan_out"] = case.wanted.fan_out
        if campaign.schedule is not None:
            facts["timezone"] = campaign.schedule.when.timezone
    return facts


def as_planned(send: DesiredSend) -> PlannedSend:
    return PlannedSend(send.fingerprint, send.recipients, send.parts, credits=0, desired=send)


def as_recorded(record: SendRecord) -> PlannedSend:
    return PlannedSend(record.fingerprint, record.recipients, record.parts, record.credits or 0, record.uuid)


def scheduled_of(sends: Iterable[SendRecord]) -> tuple[SendRecord, ...]:
    """What can still be cancelled; of a message that ME-SMS does not know any more no cancel can be confirmed."""
    return tuple(send for send in sends if send.phase is SendPhase.SCHEDULED and send.reason != GONE)


def desired_by_fingerprint(wanted: Wanted) -> dict[str, DesiredSend]:
    return {send.fingerprint: send for send in wanted.sends or ()}


def changes_of(case: Case, wanted: Wanted) -> tuple[Change, ...]:
    """The fields of the manifest that differ from those its messages were made from."""
    before = case.record.manifest if case.record else None
    if before is None:
        return ()
    after = wanted.manifest
    return tuple(
        Change(name, before.shown.get(name), after.shown.get(name))
        for name in sorted(after.digests)
        if before.digests.get(name) != after.digests[name]
    )


def edits_of(case: Case, wanted: Wanted) -> list[Change]:
    """Those of the changes that somebody made to this manifest: the undo window of a ``now`` is the project's."""
    return [
        change
        for change in changes_of(case, wanted)
        if not (change.field == "schedule" and change.before == change.after == "now")
    ]


_CHANGED: Mapping[str, Reason] = MappingProxyType(
    {
        "sender": Reason.SENDER_CHANGED,
        "content": Reason.CONTENT_CHANGED,
        "variables": Reason.CONTENT_CHANGED,
        "schedule": Reason.SCHEDULE_CHANGED,
        "recipients": Reason.AUDIENCE_CHANGED,
    }
)


def reason_of(case: Case, wanted: Wanted, current: tuple[SendRecord, ...], replaces: bool) -> Reason:
    """Why something is sent, in the reviewer's words."""
    if case.record is not None and case.record.revision < wanted.campaign.revision:
        return Reason.REVISION_RAISED
    if not replaces:
        if any(send.phase is SendPhase.FAILED for send in current):
            return Reason.RETRY
        return Reason.RESUMED if any(send.is_live for send in current) else Reason.NEW
    reasons = {_CHANGED[change.field] for change in changes_of(case, wanted)} or {Reason.AUDIENCE_CHANGED}
    return reasons.pop() if len(reasons) == 1 else Reason.SEVERAL_CHANGED


def blocked(case: Case, reason: Reason) -> Blocked:
    facts = facts_of(case, reason)
    record = case.record
    facts["sends"] = tuple(as_recorded(send) for send in (record.current if record else ()))
    if case.wanted is not None:
        facts["changes"] = changes_of(case, case.wanted)
    facts["diagnostics"] += (_why_blocked(case, reason),)
    return Blocked(**facts)


def _why_blocked(case: Case, reason: Reason) -> Diagnostic:
    campaign = case.wanted.campaign if case.wanted else None
    file = campaign.file if campaign else (case.record.file if case.record else "")
    return held_back(case.name, file, campaign.position("") if campaign else None, reason)


def held_back(name: str, file: str, position: Position | None, reason: Reason) -> Diagnostic:
    return Diagnostic(
        code="MS601",
        severity=Severity.WARNING,
        message=f"{name}: {SENTENCES[reason]}",
        position=position,
        next_step=NEXT_STEPS[reason].format(name=name, file=file),
        campaign=name,
    )


def cancel_refused(record: SendRecord) -> Diagnostic:
    return Diagnostic(
        code="MS602",
        severity=Severity.WARNING,
        message=f"ME-SMS refused to cancel {record.uuid} before; it still says scheduled, so it is tried again",
    )
