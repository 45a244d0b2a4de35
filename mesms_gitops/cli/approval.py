"""What was approved beforehand, held against what would be done now: nothing else ever runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.errors import StalePlan

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.cli.saved_plan import SavedPlan
    from mesms_gitops.model.plan import Plan
    from mesms_gitops.model.project import Policy
    from mesms_gitops.model.promise import Moved, Promise
    from mesms_gitops.model.state import State


@dataclass(frozen=True, slots=True)
class Approval:
    """What was approved: a digest (from a plan file or the command line), everything, or nothing yet."""

    digest: str | None
    everything: bool
    saved: SavedPlan | None = None

    @property
    def is_given(self) -> bool:
        """Whether nobody has to be asked any more."""
        return self.digest is not None or self.everything


def approval_of(plan_file: str | None, expected: str | None, *, auto_approve: bool) -> Approval:
    """What the command line approves. Raises `UsageError` for a file that is no plan, `StalePlan` for another one."""
    if plan_file is None:
        return Approval(expected, auto_approve)
    from mesms_gitops.cli.saved_plan import read_saved_plan

    saved = read_saved_plan(Path(plan_file))
    if expected is not None and expected != saved.promise.digest:
        raise StalePlan(
            "the saved plan is not the one that was approved",
            where=plan_file,
            why=f"its digest is {saved.promise.digest}, expected was {expected}",
            next_step="apply the plan file that belongs to the approval",
        )
    return Approval(saved.promise.digest, auto_approve, saved)


def check(plan: Plan, approval: Approval, state: State, policy: Policy) -> None:
    """Refuse what was not approved, before anything else. Raises `StalePlan`, with what moved where that is known."""
    from mesms_gitops.planning.promise import promise_of
    from mesms_gitops.reconcile.bookkeeping import is_approved

    if approval.digest is None:
        return
    saved = approval.saved
    if saved is not None:
        _check_saved(plan, saved, state)
    _check_unspent(plan, approval.digest, state)
    now = promise_of(plan, policy)
    if not (is_approved(plan, approval.digest, state.approval) or (saved and _is_near(saved, now, policy))):
        raise StalePlan(
            "the plan is no longer the one that was approved",
            moved=_moved(saved, now, plan) if saved else (),
            why=f"approved: {approval.digest}; now: {plan.digest}",
            next_step="look at what moved (mesms-gitops plan), and have it approved again",
        )
    if saved is not None:
        _check_ground(saved, now, policy)


def _check_saved(plan: Plan, saved: SavedPlan, state: State) -> None:
    promise = saved.promise
    if promise.lineage != state.lineage:
        raise StalePlan(
            "the saved plan belongs to another state",
            why=f"its lineage is {promise.lineage}, the state's is {state.lineage}",
            next_step="plan again in this project",
        )
    if promise.serial > state.serial:
        raise StalePlan(
            "the state is older than the saved plan",
            why=f"it was planned from serial {promise.serial}, and the state is at {state.serial}: an older one was put"
            " back, and what was done since stands nowhere in it",
            next_step="bring the newest state back (mesms-gitops state push FILE), or plan again",
        )
    if promise.expires_at <= plan.created_at:
        raise StalePlan(
            "the saved plan has expired",
            why=f"it was good until {_moment(promise.expires_at)}; it is {_moment(plan.created_at)} now",
            next_step="plan again, and have that approved",
        )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _check_unspent(plan: Plan, digest: str, state: State) -> None:
    """An approval is good for one apply, and for those that finish it."""
    former = state.approval
    if former is None or not former.is_finished or former.digest != digest or plan.digest == digest:
        return
    raise StalePlan(
        "the approved plan was carried out already",
        where=f"run {former.run}",
        why="everything in it was done then; nothing was sent now",
        next_step="mesms-gitops status shows what became of it; plan again for anything new",
    )


def _is_near(saved: SavedPlan, now: Promise, policy: Policy) -> bool:
    from mesms_gitops.planning.promise import audience_within
    from mesms_gitops.planning.sketches import compared

    return audience_within(saved.promise, now, policy.leeway, compared)


def _moved(saved: SavedPlan, now: Promise, plan: Plan) -> tuple[Moved, ...]:
    """What moved; where an approved action is blocked now, also why."""
    from mesms_gitops.planning.promise import moved
    from mesms_gitops.planning.sketches import compared

    why = {action.campaign: f"blocked: {action.message}" for action in plan.blocked}
    found = moved(saved.promise, now, compared)
    return tuple(
        replace(one, after=why.get(one.campaign or "")) if one.field == "action" and one.after is None else one
        for one in found
    )


def _check_ground(saved: SavedPlan, now: Promise, policy: Policy) -> None:
    """The same intent may rest on other ground: another price, or a policy that was changed since."""
    from mesms_gitops.planning.promise import cost_within

    if saved.promise.policy != now.policy:
        raise StalePlan(
            "the policy is not the one this plan was held against",
            where="policy in mesms.yaml",
            why="whoever approved the plan saw it pass another policy",
            next_step="plan again, and have that approved",
        )
    if not cost_within(saved.promise, now, policy.leeway):
        raise StalePlan(
            "the plan has become dearer since it was approved",
            moved=[change for change in _costs(saved, now) if change.before != change.after],
            where="policy.tolerate.credits",
            why=f"at most {policy.leeway.credits:.1%} more is tolerated",
            next_step="have the new price approved (plan again), or raise `policy.tolerate.credits`",
        )


def _costs(saved: SavedPlan, now: Promise) -> list[Moved]:
    from mesms_gitops.model.promise import Moved

    before = saved.promise
    pairs = [
        (name, one.credits, now.actions[name].credits)
        for name, one in sorted(before.actions.items())
        if name in now.actions
    ]
    return [Moved(name, "credits", f"{one:,}", f"{other:,}") for name, one, other in pairs]
