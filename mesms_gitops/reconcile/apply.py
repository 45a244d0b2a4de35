"""Carrying out a plan: first what is only written down, then cancels, then what can be undone, then what cannot.

Before each request an intent is durable, after it the outcome (how they are written: `wave`). Whatever happens in
between, the next run finds an intent without outcome and looks for the message before anything else is done. Nothing
is ever sent on a guess.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError
from mesms_gitops.model.plan import (
    Adopt,
    ApplyOutcome,
    Blocked,
    Cancel,
    Forget,
    Keep,
    Replace,
    StepOutcome,
    StepResult,
    is_change,
)
from mesms_gitops.reconcile.bookkeeping import written_down
from mesms_gitops.reconcile.cancel import CancelResult, cancel_send
from mesms_gitops.reconcile.run import Run, Sending
from mesms_gitops.reconcile.wave import send_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.plan import Action
    from mesms_gitops.reconcile.prepare import Prepared
    from mesms_gitops.reconcile.tools import Journal, Tools

_WORDS = MappingProxyType(
    {
        CancelResult.TOO_LATE: "too late to cancel: it is already going out",
        CancelResult.REFUSED: "ME-SMS refused to cancel it",
        CancelResult.UNCLEAR: "whether it is cancelled could not be confirmed",
    }
)


def apply(prepared: Prepared, journal: Journal, tools: Tools, *, continue_on_error: bool = False) -> ApplyOutcome:
    """Carry out ``prepared.plan``, whose refusals the caller has seen to be none.

    Raises `StateMoved` or `StateError` where the journal cannot be written: then nothing further was done.
    """
    actions = prepared.plan.actions
    run = Run(journal, tools, continue_on_error)
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
    send_all(_sending(actions), run)
    outcome = ApplyOutcome(_in_order(actions, run), interrupted=run.is_over())
    if outcome.exit_code == 0:
        _finish(journal)
    return outcome


def _finish(journal: Journal) -> None:
    """Everything that was approved is done: the approval is spent, and a second apply of it is not one that died."""
    approval = journal.state.approval
    if approval is not None and not approval.is_finished:
        journal.write(replace(journal.state, approval=replace(approval, is_finished=True)))


def _cancelling(actions: Iterable[Action]) -> list[Action]:
    return [action for action in actions if isinstance(action, Cancel | Replace)]


def _sending(actions: Iterable[Action]) -> list[Sending]:
    """What can be undone first, then what cannot; the smallest first, so that a mistake shows while it is small."""
    sending = [action for action in actions if isinstance(action, Sending)]
    return sorted(sending, key=lambda action: (action.reversible_until is None, action.recipients, action.campaign))


def _in_order(actions: Iterable[Action], run: Run) -> tuple[StepOutcome, ...]:
    for action in (*_cancelling(actions), *_sending(actions)):
        if action.campaign not in run.outcomes:
            run.note(action, StepResult.NOT_ATTEMPTED, _left_undone(action, run))
    return tuple(run.outcomes[name] for name in sorted(run.outcomes))


def _left_undone(action: Action, run: Run) -> str:
    """Why an action has no outcome of its own, and how much of it was carried out before."""
    why = run.stopped or "interrupted"
    record = run.journal.newest.campaigns.get(action.campaign)
    wanted = {send.fingerprint for send in action.sends} if isinstance(action, Sending) else set()
    own = (send for send in record.current if send.run == run.tools.run) if record else ()
    made = sum(send.is_live and send.fingerprint in wanted for send in own)
    if not made:
        return f"not attempted: {why}"
    return f"{made:,} of {len(action.sends):,} sends made, the others not attempted: {why}"


def _cancel(action: Action, run: Run) -> None:
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
