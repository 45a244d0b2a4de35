"""What a plan changes in state without any request: observations, renames, adoptions, names that stay reserved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import Blocked, Forget, Keep, Reason, is_change
from mesms_gitops.model.state import Approval, CampaignRecord
from mesms_gitops.planning.adoption import adopted

if TYPE_CHECKING:
    from mesms_gitops.model.plan import Action, Plan
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.prepare import Prepared


def written_down(prepared: Prepared, run: str) -> State:
    """The state after everything in the plan that needs no request. Equal to the stored one if nothing is new."""
    state = prepared.situation.recorded
    for action in prepared.plan.actions:
        state = _of_action(state, action)
    if any(is_change(action) for action in prepared.plan.actions):
        state = replace(state, approval=_approval(prepared.plan, state.approval, run))
    return state


def is_approved(plan: Plan, expected: str, approval: Approval | None) -> bool:
    """Whether ``plan`` is what was approved as ``expected``: the same, or what a runner that died left of it."""
    return plan.digest == expected or (
        approval is not None and approval.digest == expected and _is_rest(plan, approval)
    )


def _is_rest(plan: Plan, approval: Approval) -> bool:
    return {digest for _, digest in plan.steps} <= set(approval.steps)


def _approval(plan: Plan, former: Approval | None, run: str) -> Approval:
    """The approval under which this apply runs; a run that finishes another's work keeps that one's."""
    if former is not None and _is_rest(plan, former):
        return replace(former, is_finished=False)
    return Approval(plan.digest, run, tuple(digest for _, digest in plan.steps))


def _of_action(state: State, action: Action) -> State:
    record = state.campaigns.get(action.campaign)
    for adoption in action.adoptions:
        assert record is not None  # an adoption is of a recorded send
        record = record.with_send(adopted(adoption))
        state = state.with_campaign(record)
    match action:
        case Forget() if record is not None:
            return state.with_campaign(replace(record, retired=True))
        case Keep() if record is not None and action.manifest is not None and record.sends:
            return state.with_campaign(replace(record, file=action.file, manifest=action.manifest, retired=False))
        case Blocked(reason=Reason.FOREIGN_MESSAGE):
            # remembered so that a revision raised above this one is a decision, and a lost state is not
            held = record or CampaignRecord(action.campaign, action.file, action.revision)
            seen = tuple(sorted({*held.held_for, *action.doubles}))
            return state.with_campaign(replace(held, held_at=action.revision, held_for=seen))
        case _:
            return state
