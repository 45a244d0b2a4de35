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

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import At, DeclaredState, Now
from mesms_gitops.model.plan import (
    Action,
    Adopt,
    Cancel,
    CancelStep,
    Forget,
    Keep,
    Reason,
    Replace,
    ScheduleSend,
    SendNow,
)
from mesms_gitops.model.sends import LEFT, CancelReason, SendPhase
from mesms_gitops.planning.adoption import adopted, adoptions_of, confirmed
from mesms_gitops.planning.case import (
    Case,
    as_planned,
    as_recorded,
    blocked,
    cancel_refused,
    changes_of,
    desired_by_fingerprint,
    edits_of,
    facts_of,
    reason_of,
    scheduled_of,
)
from mesms_gitops.planning.diff import diff
from mesms_gitops.planning.matching import NOW_MEMORY, suspects_of_send
from mesms_gitops.planning.situation import (
    CANCEL_REFUSED,
    CANCEL_UNSEEN,
    CANCELLED_ELSEWHERE,
    GONE,
)
from mesms_gitops.planning.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.campaign import When
    from mesms_gitops.model.sends import DesiredSend, SendRecord
    from mesms_gitops.planning.desire import Wanted
    from mesms_gitops.planning.situation import Situation


def decide(situation: Situation, moves: Mapping[str, str]) -> tuple[Action, ...]:
    """One action a campaign, by name; complete except for money. ``moves`` are the renames already carried out."""
    names = sorted({*situation.wanted, *situation.recorded.campaigns})
    actions = [action for name in names if (action := _decide_one(_case(name, situation, moves.get(name)))) is not None]
    return tuple(together(actions, situation))


def _case(name: str, situation: Situation, moved_from: str | None) -> Case:
    """Put a campaign on the table, with every unsettled send that exactly one message explains already adopted."""
    record = situation.recorded.campaigns.get(name)
    adoptions = tuple(adoptions_of(record, situation)) if record else ()
    for adoption in adoptions:
        assert record is not None  # adoptions come from a record
        record = record.with_send(adopted(adoption))
    return Case(name, situation.wanted.get(name), record, situation, adoptions, moved_from)


def _decide_one(case: Case) -> Action | None:
    record, wanted = case.record, case.wanted
    if wanted is not None and wanted.is_unread:
        return None
    if record is not None and any(send.is_unsettled for send in record.sends):
        return blocked(case, Reason.UNKNOWN_SEND)
    if wanted is None:
        return _without_manifest(case)
    if record is not None and record.moved_to:
        return blocked(case, Reason.NAME_RESERVED)
    if record is not None and record.revision > wanted.campaign.revision:
        return blocked(case, Reason.REVISION_LOWERED)
    if wanted.campaign.state is not DeclaredState.ACTIVE:
        return _not_active(case, wanted)
    return _active(case, wanted)


def _without_manifest(case: Case) -> Action | None:
    record = case.record
    assert record is not None  # a name without manifest comes from state
    if record.moved_to:
        return None
    if any(other.campaign.moved_from == case.name for other in case.situation.wanted.values()):
        # a rename that could not be carried out, since the new name is taken: it cancels nothing
        return blocked(case, Reason.NAME_RESERVED)
    scheduled = scheduled_of(record.sends)
    if scheduled:
        return _cancel(case, scheduled, CancelReason.DELETED, Reason.MANIFEST_DELETED)
    if any(send.reason == GONE for send in record.current):
        return blocked(case, Reason.GONE)
    if case.adoptions:
        return _adopt(case)
    if record.retired:
        return None
    return Forget(**facts_of(case, Reason.MANIFEST_DELETED))


def _not_active(case: Case, wanted: Wanted) -> Action:
    is_draft = wanted.campaign.state is DeclaredState.DRAFT
    reason = Reason.DRAFT if is_draft else Reason.DECLARED_CANCELLED
    sends = case.record.sends if case.record else ()
    scheduled = scheduled_of(sends)
    if scheduled:
        return _cancel(case, scheduled, CancelReason.DECLARED, reason)
    if any(send.phase in LEFT for send in (case.record.current if case.record else ())):
        return blocked(case, Reason.TOO_LATE_TO_CANCEL)
    return _settled(case, reason)


def _active(case: Case, wanted: Wanted) -> Action:
    record = case.record
    same_revision = record is not None and record.revision == wanted.campaign.revision
    current = record.current if record and same_revision else ()
    earlier = tuple(send for send in record.sends if send not in current) if record else ()
    elsewhere = any(send.reason == CANCELLED_ELSEWHERE and not _by_the_stop(case, send) for send in current)
    if elsewhere or (same_revision and _in_doubt(case, wanted)):
        return blocked(case, Reason.CANCELLED_ELSEWHERE)
    if any(send.reason == GONE for send in current):
        return blocked(case, Reason.GONE)
    if wanted.is_forgotten:
        return blocked(case, Reason.ALL_FORGOTTEN)
    if any(send.is_final for send in current):
        return _after_start(case, wanted, current)
    change = diff(desired_by_fingerprint(wanted), {send.fingerprint: send for send in scheduled_of(current)})
    stale = (*change.only_recorded, *scheduled_of(earlier))
    if not change.only_desired and not stale:
        return _settled(case, Reason.UNCHANGED)
    reason = reason_of(case, wanted, current, bool(stale))
    return _make(case, wanted, change.only_desired, stale, reason)


def _in_doubt(case: Case, wanted: Wanted) -> bool:
    """Whether nobody knows who cancelled what is wanted: we had begun to, and then the edit was taken back."""
    by_fingerprint = desired_by_fingerprint(wanted)
    return any(
        send.reason in (CANCEL_UNSEEN, CANCELLED_ELSEWHERE)
        and send.revision == wanted.campaign.revision
        and send.fingerprint in by_fingerprint
        and send.cancel is not None
        and not _by_the_stop(case, send)
        for send in (case.record.sends if case.record else ())
    )


def _by_the_stop(case: Case, send: SendRecord) -> bool:
    """Whether the emergency stop had ME-SMS cancel it, also where its run died before it wrote that into state."""
    return send.uuid in case.situation.freeze.asked


def _after_start(case: Case, wanted: Wanted, current: tuple[SendRecord, ...]) -> Action:
    """Somebody was texted. Sent is final: an edit is blocked; of an unedited campaign, what is missing may follow."""
    if edits_of(case, wanted):
        return blocked(case, Reason.CHANGED_AFTER_START)
    if all(send.is_final for send in current) and wanted.sends is None:
        if any(send.phase is SendPhase.FAILED for send in current):
            return blocked(case, Reason.FAILED_REMOTELY)
        return _settled(case, Reason.ALREADY_SENT)
    by_fingerprint = desired_by_fingerprint(wanted)
    live = {send.fingerprint: send for send in current if send.is_live or send.is_final}
    missing = diff(by_fingerprint, live)
    if not missing.only_desired and not missing.only_recorded:
        return _settled(case, Reason.UNCHANGED)
    if missing.only_recorded:
        # the list moved under a half-sent campaign: its groups are no longer disjoint from those already texted
        return blocked(case, Reason.CHANGED_AFTER_START)
    return _make(case, wanted, missing.only_desired, (), Reason.RESUMED)


def _make(
    case: Case, wanted: Wanted, to_send: tuple[DesiredSend, ...], stale: tuple[SendRecord, ...], reason: Reason
) -> Action:
    """Send ``to_send``, after ``stale`` is cancelled; unless something forbids it."""
    if not to_send:
        return _cancel(case, stale, CancelReason.REPLACE, reason)
    if forbidden := _forbidden(case, wanted):
        return blocked(case, forbidden)
    if doubles := _foreign(case, wanted, to_send):
        return replace(blocked(case, Reason.FOREIGN_MESSAGE), doubles=tuple(sorted(doubles)))
    when = _when(wanted)
    facts = facts_of(case, reason)
    facts["sends"] = tuple(as_planned(send) for send in to_send)
    facts["cancels"] = tuple(CancelStep(record, CancelReason.REPLACE) for record in stale)
    facts["waits_for"] = tuple(record.uuid for record in stale if record.uuid)
    facts["refund"] = sum(record.credits or 0 for record in stale)
    facts["scheduled_at"] = when.at if isinstance(when, At) else None
    facts["reversible_until"] = _reversible_until(when, case.situation.now)
    facts["changes"] = changes_of(case, wanted) if stale else ()
    if stale:
        facts["diagnostics"] += tuple(cancel_refused(record) for record in stale if record.reason == CANCEL_REFUSED)
        return Replace(**facts)
    return ScheduleSend(**facts) if isinstance(when, At) else SendNow(**facts)


def _forbidden(case: Case, wanted: Wanted) -> Reason | None:
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


def _given_up(case: Case, wanted: Wanted) -> bool:
    """Whether a ``now`` that was tried and did not go out is too old to be meant any more."""
    schedule = wanted.campaign.schedule
    if schedule is None or case.record is None or case.record.revision != wanted.campaign.revision:
        return False
    patience = schedule.give_up_after or NOW_MEMORY
    return any(
        case.situation.now > send.intended_at + patience
        for send in case.record.current
        if not send.is_live and send.fingerprint in desired_by_fingerprint(wanted)
    )


def _foreign(case: Case, wanted: Wanted, to_send: Iterable[DesiredSend]) -> frozenset[str]:
    """Messages on the account that already are what would be sent, by uuid.

    A revision raised above the one that was held back for some of them says: beside those, once more. Of others
    nothing was decided: they may be a revision that a lost or restored state has forgotten. What held a ``now`` back
    holds it back for good: that the account is not searched further back than a day makes no double a new message.
    """
    situation, record = case.situation, case.record
    claimed = situation.recorded.claimed_live | {adoption.message.uuid for adoption in case.adoptions}
    held: frozenset[str] = frozenset()
    if record is not None and record.held_at is not None:
        if wanted.campaign.revision > record.held_at:
            claimed |= frozenset(record.held_for)
        elif isinstance(_when(wanted), Now):
            over = {message.uuid for message in situation.observed.listing if not message.is_live}
            held = frozenset(record.held_for) - claimed - over
    return held | {
        found.message.uuid
        for send in to_send
        for found in confirmed(
            suspects_of_send(case.name, send, situation.observed.listing, claimed, situation.key, situation.now),
            situation,
        )
    }


def _cancel(case: Case, scheduled: tuple[SendRecord, ...], why: CancelReason, reason: Reason) -> Action:
    facts = facts_of(case, reason)
    facts["cancels"] = tuple(CancelStep(record, why) for record in scheduled)
    facts["sends"] = tuple(as_recorded(record) for record in scheduled)
    facts["refund"] = sum(record.credits or 0 for record in scheduled)
    facts["scheduled_at"] = min((r.scheduled_at for r in scheduled if r.scheduled_at), default=None)
    facts["diagnostics"] += tuple(cancel_refused(record) for record in scheduled if record.reason == CANCEL_REFUSED)
    return Cancel(**facts)


def _settled(case: Case, reason: Reason) -> Action:
    """Nothing to do on the account; perhaps something to write down."""
    if case.adoptions:
        return _adopt(case)
    facts = facts_of(case, Reason.MOVED if case.moved_from else reason)
    record = case.record
    sends = record.current if record else ()
    facts["sends"] = tuple(as_recorded(send) for send in sends if send.is_live)
    facts["scheduled_at"] = min(
        (send.scheduled_at for send in sends if send.is_live and send.scheduled_at), default=None
    )
    return Keep(**facts)


def _adopt(case: Case) -> Action:
    facts = facts_of(case, Reason.RECOVERED)
    facts["sends"] = tuple(as_recorded(adopted(adoption)) for adoption in case.adoptions)
    return Adopt(**facts)
