"""What has to happen to each campaign so that the account matches the files; or why nothing can, or may.

`decide` looks at one campaign at a time and then at the campaigns together. It is a function of one value, with no
clock and no I/O: the same situation always gives the same actions. When in doubt it answers `Blocked`.

The order of the questions is the safety of the tool:

1. Is any send of it unsettled? Then it is adopted if exactly one message on the account is that send, else blocked.
2. Has anybody been texted by this revision? Then nothing that was edited is sent; only what is missing may follow.
3. Is something scheduled that is no longer wanted? It is cancelled, and only then is anything put in its place.
4. Has its time passed, is it frozen, does the account already hold the same message? Then blocked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Required, TypedDict

from mesms_gitops.model.campaign import At, DeclaredState
from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import (
    Action,
    Adopt,
    Adoption,
    Blocked,
    Cancel,
    CancelStep,
    Change,
    Forget,
    Keep,
    PlannedSend,
    Reason,
    Replace,
    ScheduleSend,
    SendNow,
)
from mesms_gitops.model.sends import LEFT, CancelReason, SendPhase
from mesms_gitops.planning.diff import diff
from mesms_gitops.planning.matching import NOW_MEMORY, Suspect, suspects_of_record, suspects_of_send
from mesms_gitops.planning.situation import (
    CANCEL_REFUSED,
    CANCEL_UNSEEN,
    CANCELLED_ELSEWHERE,
    GONE,
    refreshed_send,
)
from mesms_gitops.planning.wording import NEXT_STEPS, SENTENCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.audience import AudienceCounts
    from mesms_gitops.model.campaign import When
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.sends import DesiredSend, SendRecord
    from mesms_gitops.model.state import CampaignRecord, ManifestRecord
    from mesms_gitops.planning.desire import Wanted
    from mesms_gitops.planning.situation import Situation


@dataclass(frozen=True, slots=True)
class _Case:
    """One campaign on the table: its manifest (if any), its record (if any, adoptions already carried out)."""

    name: str
    wanted: Wanted | None
    record: CampaignRecord | None
    situation: Situation
    adoptions: tuple[Adoption, ...] = ()
    moved_from: str | None = None


def decide(situation: Situation, moves: Mapping[str, str]) -> tuple[Action, ...]:
    """One action a campaign, by name; complete except for money. ``moves`` are the renames already carried out."""
    names = sorted({*situation.wanted, *situation.recorded.campaigns})
    actions = [action for name in names if (action := _decide_one(_case(name, situation, moves.get(name)))) is not None]
    return tuple(_together(actions, situation))


def suspects(situation: Situation, actions: Iterable[Action]) -> Iterator[Suspect]:
    """Every message on the account that could be one of our unsettled or planned sends: whose people to compare."""
    claimed = situation.recorded.claimed
    listing = situation.observed.listing
    for campaign, record in situation.recorded.sends():
        if record.is_unsettled:
            yield from suspects_of_record(campaign.name, record, listing, claimed, situation.key)
    for action in actions:
        for planned in action.sends:
            if planned.desired is not None:
                yield from suspects_of_send(
                    action.campaign, planned.desired, listing, claimed, situation.key, situation.now
                )


def _case(name: str, situation: Situation, moved_from: str | None) -> _Case:
    """Put a campaign on the table, with every unsettled send that exactly one message explains already adopted."""
    record = situation.recorded.campaigns.get(name)
    adoptions = tuple(_adoptions(record, situation)) if record else ()
    for adoption in adoptions:
        assert record is not None  # adoptions come from a record
        record = record.with_send(adopted(adoption))
    return _Case(name, situation.wanted.get(name), record, situation, adoptions, moved_from)


def _adoptions(record: CampaignRecord, situation: Situation) -> Iterator[Adoption]:
    for send in record.sends:
        if send.is_unsettled:
            matches = _matches(record.name, send, situation)
            if len(matches) == 1 and not _is_contested(matches[0], situation):
                yield Adoption(send, matches[0].message)


def _matches(campaign: str, send: SendRecord, situation: Situation) -> list[Suspect]:
    """The messages that ``send`` could be, people compared."""
    listing, claimed = situation.observed.listing, situation.recorded.claimed
    return _confirmed(suspects_of_record(campaign, send, listing, claimed, situation.key), situation)


def _is_contested(match: Suspect, situation: Situation) -> bool:
    """Whether another unsettled send could be the same message: one message is never two sends."""
    return any(
        other.message.uuid == match.message.uuid and other.owner != match.owner
        for campaign, send in situation.recorded.sends()
        if send.is_unsettled
        for other in _matches(campaign.name, send, situation)
    )


def adopted(adoption: Adoption) -> SendRecord:
    """The record of an unsettled send once its message is known."""
    return refreshed_send(replace(adoption.record, uuid=adoption.message.uuid, reason=None), adoption.message)


def _confirmed(found: Iterable[Suspect], situation: Situation) -> list[Suspect]:
    return [suspect for suspect in found if (suspect.owner, suspect.message.uuid) in situation.observed.confirmed]


def _decide_one(case: _Case) -> Action | None:
    record, wanted = case.record, case.wanted
    if record is not None and any(send.is_unsettled for send in record.sends):
        return _blocked(case, Reason.UNKNOWN_SEND)
    if wanted is None:
        return _without_manifest(case)
    if record is not None and record.moved_to:
        return _blocked(case, Reason.NAME_RESERVED)
    if record is not None and record.revision > wanted.campaign.revision:
        return _blocked(case, Reason.REVISION_LOWERED)
    if wanted.campaign.state is not DeclaredState.ACTIVE:
        return _not_active(case, wanted)
    return _active(case, wanted)


def _without_manifest(case: _Case) -> Action | None:
    record = case.record
    assert record is not None  # a name without manifest comes from state
    if record.moved_to:
        return None
    if any(other.campaign.moved_from == case.name for other in case.situation.wanted.values()):
        # a rename that could not be carried out, since the new name is taken: it cancels nothing
        return _blocked(case, Reason.NAME_RESERVED)
    scheduled = _scheduled(record.sends)
    if scheduled:
        return _cancel(case, scheduled, CancelReason.DELETED, Reason.MANIFEST_DELETED)
    if any(send.reason == GONE for send in record.current):
        return _blocked(case, Reason.GONE)
    if case.adoptions:
        return _adopt(case)
    if record.retired:
        return None
    return Forget(**_facts(case, Reason.MANIFEST_DELETED))


def _not_active(case: _Case, wanted: Wanted) -> Action:
    is_draft = wanted.campaign.state is DeclaredState.DRAFT
    reason = Reason.DRAFT if is_draft else Reason.DECLARED_CANCELLED
    sends = case.record.sends if case.record else ()
    scheduled = _scheduled(sends)
    if scheduled:
        return _cancel(case, scheduled, CancelReason.DECLARED, reason)
    if any(send.phase in LEFT for send in (case.record.current if case.record else ())):
        return _blocked(case, Reason.TOO_LATE_TO_CANCEL)
    return _settled(case, reason)


def _active(case: _Case, wanted: Wanted) -> Action:
    record = case.record
    same_revision = record is not None and record.revision == wanted.campaign.revision
    current = record.current if record and same_revision else ()
    earlier = tuple(send for send in record.sends if send not in current) if record else ()
    if any(send.reason == CANCELLED_ELSEWHERE for send in current) or (same_revision and _in_doubt(case, wanted)):
        return _blocked(case, Reason.CANCELLED_ELSEWHERE)
    if any(send.reason == GONE for send in current):
        return _blocked(case, Reason.GONE)
    if any(send.is_final for send in current):
        return _after_start(case, wanted, current)
    change = diff(_wanted_by_fingerprint(wanted), {send.fingerprint: send for send in _scheduled(current)})
    stale = (*change.only_recorded, *_scheduled(earlier))
    if not change.only_desired and not stale:
        return _settled(case, Reason.UNCHANGED)
    reason = _reason(case, wanted, current, bool(stale))
    return _make(case, wanted, change.only_desired, stale, reason)


def _in_doubt(case: _Case, wanted: Wanted) -> bool:
    """Whether nobody knows who cancelled what is wanted: we had begun to, and then the edit was taken back."""
    by_fingerprint = _wanted_by_fingerprint(wanted)
    return any(
        send.reason in (CANCEL_UNSEEN, CANCELLED_ELSEWHERE)
        and send.revision == wanted.campaign.revision
        and send.fingerprint in by_fingerprint
        and send.cancel is not None
        and send.cancel.reason is not CancelReason.STOP
        for send in (case.record.sends if case.record else ())
    )


def _after_start(case: _Case, wanted: Wanted, current: tuple[SendRecord, ...]) -> Action:
    """Somebody was texted. Sent is final: an edit is blocked; of an unedited campaign, what is missing may follow."""
    if _edits(case, wanted):
        return _blocked(case, Reason.CHANGED_AFTER_START)
    if all(send.is_final for send in current) and wanted.sends is None:
        if any(send.phase is SendPhase.FAILED for send in current):
            return _blocked(case, Reason.FAILED_REMOTELY)
        return _settled(case, Reason.ALREADY_SENT)
    by_fingerprint = _wanted_by_fingerprint(wanted)
    live = {send.fingerprint: send for send in current if send.is_live or send.is_final}
    missing = diff(by_fingerprint, live)
    if not missing.only_desired and not missing.only_recorded:
        return _settled(case, Reason.UNCHANGED)
    if missing.only_recorded:
        # the list moved under a half-sent campaign: its groups are no longer disjoint from those already texted
        return _blocked(case, Reason.CHANGED_AFTER_START)
    return _make(case, wanted, missing.only_desired, (), Reason.RESUMED)


def _make(
    case: _Case, wanted: Wanted, to_send: tuple[DesiredSend, ...], stale: tuple[SendRecord, ...], reason: Reason
) -> Action:
    """Send ``to_send``, after ``stale`` is cancelled; unless something forbids it."""
    if not to_send:
        return _cancel(case, stale, CancelReason.REPLACE, reason)
    if forbidden := _forbidden(case, wanted):
        return _blocked(case, forbidden)
    if doubles := _foreign(case, wanted, to_send):
        return replace(
            _blocked(case, Reason.FOREIGN_MESSAGE), doubles=tuple(sorted({double.message.uuid for double in doubles}))
        )
    when = _when(wanted)
    facts = _facts(case, reason)
    facts["sends"] = tuple(_planned(send) for send in to_send)
    facts["cancels"] = tuple(CancelStep(record, CancelReason.REPLACE) for record in stale)
    facts["waits_for"] = tuple(record.uuid for record in stale if record.uuid)
    facts["refund"] = sum(record.credits or 0 for record in stale)
    facts["scheduled_at"] = when.at if isinstance(when, At) else None
    facts["reversible_until"] = _reversible_until(when, case.situation.now)
    facts["changes"] = _changes(case, wanted) if stale else ()
    if stale:
        facts["diagnostics"] += tuple(_cancel_refused(record) for record in stale if record.reason == CANCEL_REFUSED)
        return Replace(**facts)
    return ScheduleSend(**facts) if isinstance(when, At) else SendNow(**facts)


def _forbidden(case: _Case, wanted: Wanted) -> Reason | None:
    when = _when(wanted)
    is_late = when.at <= case.situation.now if isinstance(when, At) else _given_up(case, wanted)
    if is_late:
        return Reason.TIME_PASSED
    if case.situation.freeze.covers(case.name):
        return Reason.FROZEN
    return None


def _when(wanted: Wanted) -> When:
    assert wanted.campaign.schedule is not None  # active campaigns have one: the manifest room saw to that
    return wanted.campaign.schedule.when


def _reversible_until(when: When, now: datetime) -> datetime | None:
    if isinstance(when, At):
        return when.at
    return now + when.undo_window if when.undo_window else None


def _given_up(case: _Case, wanted: Wanted) -> bool:
    """Whether a ``now`` that was tried and did not go out is too old to be meant any more."""
    schedule = wanted.campaign.schedule
    if schedule is None or case.record is None or case.record.revision != wanted.campaign.revision:
        return False
    patience = schedule.give_up_after or NOW_MEMORY
    return any(
        case.situation.now > send.intended_at + patience
        for send in case.record.current
        if not send.is_live and send.fingerprint in _wanted_by_fingerprint(wanted)
    )


def _foreign(case: _Case, wanted: Wanted, to_send: Iterable[DesiredSend]) -> list[Suspect]:
    """Messages on the account that already are what would be sent.

    A revision raised above the one that was held back for some of them says: beside those, once more. Of others
    nothing was decided: they may be a revision that a lost or restored state has forgotten.
    """
    situation = case.situation
    claimed = situation.recorded.claimed | {adoption.message.uuid for adoption in case.adoptions}
    record = case.record
    if record is not None and record.held_at is not None and wanted.campaign.revision > record.held_at:
        claimed |= frozenset(record.held_for)
    return [
        found
        for send in to_send
        for found in _confirmed(
            suspects_of_send(case.name, send, situation.observed.listing, claimed, situation.key, situation.now),
            situation,
        )
    ]


def _cancel(case: _Case, scheduled: tuple[SendRecord, ...], why: CancelReason, reason: Reason) -> Action:
    facts = _facts(case, reason)
    facts["cancels"] = tuple(CancelStep(record, why) for record in scheduled)
    facts["sends"] = tuple(_recorded(record) for record in scheduled)
    facts["refund"] = sum(record.credits or 0 for record in scheduled)
    facts["scheduled_at"] = min((r.scheduled_at for r in scheduled if r.scheduled_at), default=None)
    facts["diagnostics"] += tuple(_cancel_refused(record) for record in scheduled if record.reason == CANCEL_REFUSED)
    return Cancel(**facts)


def _settled(case: _Case, reason: Reason) -> Action:
    """Nothing to do on the account; perhaps something to write down."""
    if case.adoptions:
        return _adopt(case)
    facts = _facts(case, Reason.MOVED if case.moved_from else reason)
    record = case.record
    sends = record.current if record else ()
    facts["sends"] = tuple(_recorded(send) for send in sends if send.is_live)
    facts["scheduled_at"] = min(
        (send.scheduled_at for send in sends if send.is_live and send.scheduled_at), default=None
    )
    return Keep(**facts)


def _adopt(case: _Case) -> Action:
    facts = _facts(case, Reason.RECOVERED)
    facts["sends"] = tuple(_recorded(adopted(adoption)) for adoption in case.adoptions)
    return Adopt(**facts)


def _blocked(case: _Case, reason: Reason) -> Blocked:
    facts = _facts(case, reason)
    record = case.record
    facts["sends"] = tuple(_recorded(send) for send in (record.current if record else ()))
    if case.wanted is not None:
        facts["changes"] = _changes(case, case.wanted)
    facts["diagnostics"] += (_why_blocked(case, reason),)
    return Blocked(**facts)


class _Facts(TypedDict, total=False):
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


def _facts(case: _Case, reason: Reason) -> _Facts:
    """What every action about ``case`` says."""
    facts: _Facts = {
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
        if campaign.schedule is not None:
            facts["timezone"] = campaign.schedule.when.timezone
    return facts


def _planned(send: DesiredSend) -> PlannedSend:
    return PlannedSend(send.fingerprint, send.recipients, send.parts, credits=0, desired=send)


def _recorded(record: SendRecord) -> PlannedSend:
    return PlannedSend(record.fingerprint, record.recipients, record.parts, record.credits or 0, record.uuid)


def _scheduled(sends: Iterable[SendRecord]) -> tuple[SendRecord, ...]:
    """What can still be cancelled; of a message that ME-SMS does not know any more no cancel can be confirmed."""
    return tuple(send for send in sends if send.phase is SendPhase.SCHEDULED and send.reason != GONE)


def _wanted_by_fingerprint(wanted: Wanted) -> dict[str, DesiredSend]:
    return {send.fingerprint: send for send in wanted.sends or ()}


def _changes(case: _Case, wanted: Wanted) -> tuple[Change, ...]:
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


def _edits(case: _Case, wanted: Wanted) -> list[Change]:
    """Those of the changes that somebody made to this manifest: the undo window of a ``now`` is the project's."""
    return [
        change
        for change in _changes(case, wanted)
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


def _reason(case: _Case, wanted: Wanted, current: tuple[SendRecord, ...], replaces: bool) -> Reason:
    """Why something is sent, in the reviewer's words."""
    if case.record is not None and case.record.revision < wanted.campaign.revision:
        return Reason.REVISION_RAISED
    if not replaces:
        if any(send.phase is SendPhase.FAILED for send in current):
            return Reason.RETRY
        return Reason.RESUMED if any(send.is_live for send in current) else Reason.NEW
    reasons = {_CHANGED[change.field] for change in _changes(case, wanted)} or {Reason.AUDIENCE_CHANGED}
    return reasons.pop() if len(reasons) == 1 else Reason.SEVERAL_CHANGED


def _why_blocked(case: _Case, reason: Reason) -> Diagnostic:
    campaign = case.wanted.campaign if case.wanted else None
    file = campaign.file if campaign else (case.record.file if case.record else "")
    return _held_back(case.name, file, campaign.position("") if campaign else None, reason)


def _held_back(name: str, file: str, position: Position | None, reason: Reason) -> Diagnostic:
    return Diagnostic(
        code="MS601",
        severity=Severity.WARNING,
        message=f"{name}: {SENTENCES[reason]}",
        position=position,
        next_step=NEXT_STEPS[reason].format(name=name, file=file),
        campaign=name,
    )


def _cancel_refused(record: SendRecord) -> Diagnostic:
    return Diagnostic(
        code="MS602",
        severity=Severity.WARNING,
        message=f"ME-SMS refused to cancel {record.uuid} before; it still says scheduled, so it is tried again",
    )


def _together(actions: list[Action], situation: Situation) -> Iterator[Action]:
    """What only shows with all campaigns side by side: twins, renames, and a state that was lost."""
    lost = situation.recorded.is_blank and any(action.reason is Reason.FOREIGN_MESSAGE for action in actions)
    taken: dict[str, str] = {}
    for action in actions:
        if not isinstance(action, SendNow | ScheduleSend | Replace):
            yield action
            continue
        if lost:
            yield _turned(action, Reason.STATE_LOST, situation)
            continue
        twin = _twin(action, situation, taken)
        if twin is not None:
            yield _turned(action, twin, situation)
            continue
        taken |= {send.fingerprint: action.campaign for send in action.sends}
        yield replace(action, waits_for=(*action.waits_for, *_renamed_from(action, actions)))


def _twin(action: Action, situation: Situation, taken: Mapping[str, str]) -> Reason | None:
    """Whether another campaign already is this message to these people at this time."""
    if any(send.fingerprint in taken for send in action.sends):
        return Reason.DUPLICATE
    fingerprints = {send.fingerprint for send in action.sends}
    for campaign, record in situation.recorded.sends():
        if campaign.name == action.campaign or record.fingerprint not in fingerprints:
            continue
        if action.revision > record.revision:
            continue  # raised above the one that was sent: once more, on purpose
        if campaign.name not in situation.wanted:
            if record.is_final or record.is_unsettled:
                return Reason.RENAMED
        elif (record.is_live or record.is_unsettled) and _is_same_occasion(record, situation):
            return Reason.DUPLICATE
    return None


def _is_same_occasion(record: SendRecord, situation: Situation) -> bool:
    """A fixed time is one occasion; two ``now`` a day or more apart are two."""
    return record.undo_window is None or situation.now - record.intended_at < NOW_MEMORY


def _renamed_from(action: Action, actions: Iterable[Action]) -> tuple[str, ...]:
    """Messages equal to this action's that other actions cancel: they must be gone before it sends."""
    fingerprints = {send.fingerprint for send in action.sends}
    return tuple(
        step.record.uuid
        for other in actions
        if other is not action
        for step in other.cancels
        if step.record.fingerprint in fingerprints and step.record.uuid
    )


def _turned(action: Action, reason: Reason, situation: Situation) -> Blocked:
    """``action``, not done for ``reason``."""
    position = situation.wanted[action.campaign].campaign.position("")
    return Blocked(
        campaign=action.campaign,
        reason=reason,
        message=SENTENCES[reason],
        file=action.file,
        sender=action.sender,
        revision=action.revision,
        schedule_text=action.schedule_text,
        timezone=action.timezone,
        audience=action.audience,
        manifest=action.manifest,
        adoptions=action.adoptions,
        moved_from=action.moved_from,
        changes=action.changes,
        diagnostics=(*action.diagnostics, _held_back(action.campaign, action.file, position, reason)),
    )
