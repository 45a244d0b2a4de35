"""Carrying out a plan: first what is only written down, then cancels, then what can be undone, then what cannot.

Before each request an intent is durable, after it the outcome. Whatever happens in between, the next run finds an
intent without outcome and looks for the message before anything else is done. Nothing is ever sent on a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError, ApiRefusal, NoAnswer, NotReached, StateError
from mesms_gitops.model.campaign import At, Now
from mesms_gitops.model.plan import (
    Adopt,
    ApplyOutcome,
    Blocked,
    Cancel,
    Forget,
    Keep,
    Replace,
    ScheduleSend,
    SendNow,
    StepOutcome,
    StepResult,
    is_change,
)
from mesms_gitops.model.sends import TRANSITIONS, SendEvent, SendPhase, SendRecord, TemplateContent
from mesms_gitops.model.state import CampaignRecord
from mesms_gitops.reconcile.bookkeeping import written_down
from mesms_gitops.reconcile.cancel import CancelResult, cancel_send
from mesms_gitops.reconcile.settle import settle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.observation import Accepted
    from mesms_gitops.model.plan import Action, PlannedSend
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.reconcile.prepare import Prepared
    from mesms_gitops.reconcile.tools import Journal, Tools

Sending = SendNow | ScheduleSend | Replace

ENDS_ALL_SENDS = frozenset({401, 402, 403, 429})
"""After these no other send of this apply would fare better (contract §8.3; 429 after the client's own waits)."""

_WORDS = MappingProxyType(
    {
        CancelResult.TOO_LATE: "too late to cancel: it is already going out",
        CancelResult.REFUSED: "ME-SMS refused to cancel it",
        CancelResult.UNCLEAR: "whether it is cancelled could not be confirmed",
    }
)


@dataclass(slots=True)
class _Run:
    """The one place where an apply keeps its progress. ``stopped`` says why no further send is made."""

    journal: Journal
    tools: Tools
    continue_on_error: bool
    outcomes: dict[str, StepOutcome] = field(default_factory=dict)
    stopped: str | None = None
    interrupted: bool = False

    def note(self, action: Action, result: StepResult, message: str) -> None:
        """Write down what became of ``action``, and say it."""
        record = self.journal.state.campaigns.get(action.campaign)
        sends = record.current if record else ()
        self.outcomes[action.campaign] = StepOutcome(
            campaign=action.campaign,
            verb=action.verb,
            result=result,
            message=message,
            uuids=tuple(send.uuid for send in sends if send.uuid),
            phases=tuple(send.phase for send in sends),
            credits=sum(send.credits or 0 for send in sends if send.is_live) if isinstance(action, Sending) else 0,
            next_step=_next_step(action) if isinstance(action, Blocked) else None,
        )
        self.tools.progress.say(f"{action.campaign}: {message}")

    def is_over(self) -> bool:
        """Whether Ctrl-C was pressed: asked between requests, never within one."""
        self.interrupted = self.interrupted or self.tools.interrupted()
        return self.interrupted


def apply(prepared: Prepared, journal: Journal, tools: Tools, *, continue_on_error: bool = False) -> ApplyOutcome:
    """Carry out ``prepared.plan``, whose refusals the caller has seen to be none.

    Raises `StateMoved` or `StateError` where the journal cannot be written: then nothing further was done.
    """
    actions = prepared.plan.actions
    run = _Run(journal, tools, continue_on_error)
    journal.write(written_down(prepared, tools.run))
    for action in actions:
        if isinstance(action, Blocked):
            run.note(action, StepResult.BLOCKED, action.message)
        elif isinstance(action, Adopt | Forget | Keep) and is_change(action):
            run.note(action, StepResult.DONE, f"written down: {action.message}")
    for action in _cancelling(actions):
        if run.is_over():
            break
        _cancel(action, run)
    for action in _sending(actions):
        if run.is_over():
            break
        if action.campaign not in run.outcomes:
            _send_all(action, run)
    outcome = ApplyOutcome(_in_order(actions, run), interrupted=run.is_over())
    if outcome.exit_code == 0:
        _finish(journal)
    return outcome


def _finish(journal: Journal) -> None:
    """Everything that was approved is done: the approval is spent, and a second apply of it is not one that died."""
    approval = journal.state.approval
    if approval is not None and not approval.is_finished:
        journal.write(replace(journal.state, approval=replace(approval, is_finished=True)))


def _next_step(action: Action) -> str | None:
    """What the plan told a person to do about ``action``."""
    return next((found.next_step for found in reversed(action.diagnostics) if found.next_step), None)


def _cancelling(actions: Iterable[Action]) -> list[Action]:
    return [action for action in actions if isinstance(action, Cancel | Replace)]


def _sending(actions: Iterable[Action]) -> list[Action]:
    """What can be undone first, then what cannot; the smallest first, so that a mistake shows while it is small."""
    sending = [action for action in actions if isinstance(action, Sending)]
    return sorted(sending, key=lambda action: (action.reversible_until is None, action.recipients, action.campaign))


def _in_order(actions: Iterable[Action], run: _Run) -> tuple[StepOutcome, ...]:
    for action in (*_cancelling(actions), *_sending(actions)):
        if action.campaign not in run.outcomes:
            run.note(action, StepResult.NOT_ATTEMPTED, f"not attempted: {run.stopped or 'interrupted'}")
    return tuple(run.outcomes[name] for name in sorted(run.outcomes))


def _cancel(action: Action, run: _Run) -> None:
    for step in action.cancels:
        try:
            result = cancel_send(action.campaign, step, run.journal, run.tools)
        except ApiError as error:
            run.note(action, StepResult.FAILED, f"not cancelled: {error.what}")
            return
        if result is not CancelResult.CANCELLED:
            also = "; the new message is not sent" if isinstance(action, Replace) else ""
            run.note(action, StepResult.BLOCKED, f"{_WORDS[result]}{also}")
            return
    if isinstance(action, Cancel):
        _retire(action, run.journal)
        run.note(action, StepResult.DONE, f"cancelled, {action.refund:,} credits come back")


def _retire(action: Cancel, journal: Journal) -> None:
    """A campaign without manifest has nothing left to do once it is cancelled."""
    if action.manifest is None:
        journal.write_campaign(replace(journal.state.campaigns[action.campaign], retired=True))


def _send_all(action: Action, run: _Run) -> None:
    """Every send of one campaign, smallest first; the first that does not go well ends the campaign."""
    missing = _not_cancelled(action, run.journal)
    if missing:
        run.note(action, StepResult.BLOCKED, "the message it replaces is not confirmed cancelled; not sent")
        return
    for planned in sorted(action.sends, key=lambda send: (send.recipients, send.fingerprint)):
        if run.stopped or run.is_over():
            return
        if not _send_one(action, planned, run):
            return
    run.note(action, StepResult.DONE, _done(action, run.journal))


def _not_cancelled(action: Action, journal: Journal) -> bool:
    cancelled = {record.uuid for _, record in journal.state.sends() if record.phase is SendPhase.CANCELLED}
    return not cancelled.issuperset(action.waits_for)


def _done(action: Action, journal: Journal) -> str:
    sends = journal.state.campaigns[action.campaign].current
    later = [send.scheduled_at for send in sends if send.phase is SendPhase.SCHEDULED and send.scheduled_at]
    people = sum(send.recipients for send in sends)
    if later:
        return f"scheduled for {min(later):%Y-%m-%d %H:%M} UTC, {people:,} recipients"
    return f"sent to {people:,} recipients"


def _send_one(action: Action, planned: PlannedSend, run: _Run) -> bool:
    """One request, with its intent before and its outcome after. Whether the campaign may go on."""
    desired = planned.desired
    assert desired is not None  # sending actions carry what they send
    forbidden = _forbidden(action, desired, run)
    if forbidden:
        run.note(action, StepResult.BLOCKED, forbidden)
        return False
    record = _intend(action, planned, desired, run)
    _keep_numbers(action, desired, record, run)
    # asked again: to make an intent durable may take long, and this is the last moment to hold anything back
    forbidden = _forbidden(action, desired, run)
    if forbidden or run.is_over():
        return _held_back(action, record, forbidden, run)
    run.tools.progress.say(f"{action.campaign}: sending to {planned.recipients:,}")
    try:
        accepted = run.tools.account.send(desired, record.scheduled_at)
    except NotReached as error:
        return _refused(action, record, error, run, ends_all=True)
    except ApiRefusal as error:
        return _refused(action, record, error, run, ends_all=error.status in ENDS_ALL_SENDS)
    except NoAnswer as error:
        return _unknown(action, record, error, run)
    _accepted(action, record, accepted, run)
    return True


def _keep_numbers(action: Action, desired: DesiredSend, record: SendRecord, run: _Run) -> None:
    """Keep whom the request covers. Before it, since evidence that came after could be lost; it never raises."""
    if run.tools.snapshots is not None and desired.numbers is not None:
        run.tools.snapshots.keep(action.campaign, desired.fingerprint, desired.numbers, record.intended_at)


def _forbidden(action: Action, desired: DesiredSend, run: _Run) -> str | None:
    """What may have changed since the plan was made: the emergency stop, and the time."""
    if run.tools.ledger.read_freeze().covers(action.campaign):
        return "stopped by the emergency stop"
    if isinstance(desired.when, At) and desired.when.at <= _moment(run.tools):
        return "its time has passed meanwhile; not sent"
    return None


def _moment(tools: Tools) -> datetime:
    return tools.account.server_time() or tools.clock.now()


def _intend(action: Action, planned: PlannedSend, desired: DesiredSend, run: _Run) -> SendRecord:
    """Make the intent durable. From here on a crash is found, and looked into before anything else."""
    record = _intent(action, planned, desired, _moment(run.tools), run)
    campaign = _campaign(action, record.intended_at, run).with_send(record)
    run.journal.write(run.journal.state.with_campaign(campaign).with_newest_sketches())
    return record


def _intent(action: Action, planned: PlannedSend, desired: DesiredSend, moment: datetime, run: _Run) -> SendRecord:
    return SendRecord(
        fingerprint=desired.fingerprint,
        revision=action.revision,
        phase=SendPhase.INTENDED,
        run=run.tools.run,
        intended_at=moment,
        scheduled_at=_absolute(desired, moment),
        sender=desired.sender,
        recipients=planned.recipients,
        parts=planned.parts,
        credits=planned.credits,
        text_digest=desired.text_digest,
        audience_digest=desired.audience_digest,
        sample=desired.sample,
        group_id=desired.group_id,
        template_id=desired.content.template_id if isinstance(desired.content, TemplateContent) else None,
        undo_window=int(desired.when.undo_window.total_seconds()) if isinstance(desired.when, Now) else None,
    )


def _absolute(desired: DesiredSend, moment: datetime) -> datetime | None:
    """The time that is asked for, to the second; None for at once. ``now`` becomes absolute here, once."""
    if isinstance(desired.when, At):
        return desired.when.at.astimezone(UTC)
    if not desired.when.undo_window:
        return None
    return (moment + desired.when.undo_window).astimezone(UTC).replace(microsecond=0)


def _campaign(action: Action, moment: datetime, run: _Run) -> CampaignRecord:
    """The campaign's record as it will be with these sends; refused ones that are not wanted any more go.

    Those whose turn is still to come are in it from the first intent on: a run that dies between two of them must not
    leave a campaign that looks complete.
    """
    known = run.journal.state.campaigns.get(action.campaign) or CampaignRecord(
        action.campaign, action.file, action.revision
    )
    wanted = {send.fingerprint for send in action.sends}
    kept = tuple(
        send
        for send in known.sends
        if send.phase is not SendPhase.FAILED or send.uuid is not None or send.fingerprint in wanted
    )
    campaign = replace(
        known,
        file=action.file,
        revision=action.revision,
        manifest=action.manifest,
        sends=kept,
        retired=False,
        sketch=action.sketch,
    )
    recorded = {send.fingerprint for send in campaign.current}
    for planned in action.sends:
        if planned.desired is not None and planned.fingerprint not in recorded:
            campaign = campaign.with_send(_not_yet(_intent(action, planned, planned.desired, moment, run)))
    return campaign


def _not_yet(intent: SendRecord) -> SendRecord:
    return replace(intent, phase=SendPhase.FAILED, credits=None, reason="not sent yet: its turn did not come")


def _held_back(action: Action, record: SendRecord, forbidden: str | None, run: _Run) -> bool:
    """The request was not made: what was intended is written down as not sent."""
    phase = TRANSITIONS[record.phase, SendEvent.REFUSED]
    reason = forbidden or "interrupted before it was sent"
    run.journal.write_send(action.campaign, replace(record, phase=phase, credits=None, reason=reason))
    if forbidden:
        run.note(action, StepResult.BLOCKED, forbidden)
    return False


def _accepted(action: Action, record: SendRecord, accepted: Accepted, run: _Run) -> None:
    event = SendEvent.ACCEPTED if record.scheduled_at else SendEvent.ACCEPTED_NOW
    record = replace(
        record,
        phase=TRANSITIONS[record.phase, event],
        uuid=accepted.uuid,
        recipients=record.recipients or accepted.recipients or 0,
        credits=record.credits if accepted.credits is None else accepted.credits,
    )
    try:
        run.journal.write_send(action.campaign, record)
    except StateError as error:
        error.add_note(f"ME-SMS accepted {action.campaign} as {accepted.uuid}; apply again finds it by its intent")
        raise


def _refused(action: Action, record: SendRecord, error: ApiError, run: _Run, *, ends_all: bool) -> bool:
    """Provably not carried out: the send failed, and a later apply may try again."""
    phase = TRANSITIONS[record.phase, SendEvent.REFUSED]
    run.journal.write_send(action.campaign, replace(record, phase=phase, credits=None, reason=error.what))
    run.note(action, StepResult.FAILED, f"not sent: {error.what}")
    if ends_all or not run.continue_on_error:
        run.stopped = error.what
    return False


def _unknown(action: Action, record: SendRecord, error: NoAnswer, run: _Run) -> bool:
    """Nobody knows. Look for the message; if it is not there for certain, the campaign stops and the others go on."""
    phase = TRANSITIONS[record.phase, SendEvent.NO_ANSWER]
    record = replace(record, phase=phase, reason=error.what)
    run.journal.write_send(action.campaign, record)
    run.tools.progress.say(f"{action.campaign}: {error.what}; looking for the message")
    settled = settle(action.campaign, record, run.journal, run.tools)
    if settled.is_unsettled:
        run.note(action, StepResult.UNKNOWN, f"unknown whether it was sent: {error.what}")
        return False
    if not settled.is_live:
        run.note(action, StepResult.BLOCKED, f"it is on the account as {settled.uuid}, and it is {settled.phase}")
        return False
    return True
