"""Actions, prices and guards -> the `Plan`: one value, with a digest over what it intends and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import VERBS, Plan, Replace, ScheduleSend, SendNow, Summary, is_change
from mesms_gitops.planning.canonical import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.drift import Drift
    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.state import State
    from mesms_gitops.planning.canonical import Json

PLAN_LIFETIME = timedelta(hours=24)


def summarise(actions: Iterable[Action], balance: int | None) -> Summary:
    """The plan in figures. Kept campaigns cost nothing now, so only what would be sent is summed."""
    actions = tuple(actions)
    sending = [action for action in actions if isinstance(action, SendNow | ScheduleSend | Replace)]
    credits = sum(action.credits for action in sending)
    refund = sum(action.refund for action in actions)
    return Summary(
        counts=tuple((verb, sum(action.verb == verb for action in actions)) for verb in VERBS),
        recipients=sum(action.recipients for action in sending),
        requests=sum(action.requests for action in sending),
        credits=credits,
        refund=refund,
        balance=balance,
        balance_after=None if balance is None else balance - credits + refund,
    )


def assemble(
    actions: tuple[Action, ...],
    *,
    summary: Summary,
    refusals: tuple[Diagnostic, ...],
    diagnostics: tuple[Diagnostic, ...],
    now: datetime,
    state: State,
    commit: str | None,
    offline: bool,
    drift: tuple[Drift, ...] = (),
) -> Plan:
    """Put the plan together. It expires after a day, or when its earliest time has passed."""
    changing = [action for action in actions if is_change(action)]
    steps = tuple((action.campaign, digest) for action in changing for digest in step_digests(action))
    times = [action.scheduled_at for action in changing if action.scheduled_at]
    return Plan(
        created_at=now,
        expires_at=min([now + PLAN_LIFETIME, *(time for time in times if time > now)]),
        digest=sha256_of(sorted(action_digest(action) for action in changing)),
        steps=steps,
        lineage=state.lineage,
        serial=state.serial,
        commit=commit,
        actions=actions,
        summary=summary,
        refusals=refusals,
        diagnostics=diagnostics,
        offline=offline,
        drift=drift,
    )


def action_digest(action: Action) -> str:
    """The digest of what one action intends: fingerprints cover sender, text, audience and time; prices stay out."""
    return intent_digest(
        campaign=action.campaign,
        verb=action.verb,
        revision=action.revision,
        moved_from=action.moved_from,
        sends=(send.fingerprint for send in action.sends if send.desired is not None),
        cancels=(step.record.fingerprint for step in action.cancels),
        adopts=(adoption.record.fingerprint for adoption in action.adoptions),
    )


def intent_digest(
    *,
    campaign: str,
    verb: str,
    revision: int,
    moved_from: str | None,
    sends: Iterable[str],
    cancels: Iterable[str],
    adopts: Iterable[str],
) -> str:
    """See `action_digest`; the last three are fingerprints in any order."""
    intent: dict[str, Json] = {
        "campaign": campaign,
        "action": verb,
        "revision": revision,
        "moved_from": moved_from,
        "sends": sorted(sends),
        "cancels": sorted(cancels),
        "adopts": sorted(adopts),
    }
    return sha256_of(intent)


def step_digests(action: Action) -> tuple[str, ...]:
    """One digest for each thing the action does, so that what a dead runner left of it is known as approved.

    A send that turns out to have been made (an adoption) is the send that was approved.
    """
    made = [send.fingerprint for send in action.sends if send.desired is not None]
    made += [adoption.record.fingerprint for adoption in action.adoptions]
    parts: list[dict[str, Json]] = [{"send": fingerprint} for fingerprint in made]
    parts += [{"cancel": step.record.fingerprint} for step in action.cancels]
    if not parts:
        parts = [{"write down": action.verb, "moved_from": action.moved_from}]
    return tuple(sorted(step_digest(action.campaign, action.revision, part) for part in parts))


def step_digest(campaign: str, revision: int, part: Mapping[str, Json]) -> str:
    """The digest of one thing that is done to a campaign: ``{"send": fingerprint}``, ``{"cancel": fingerprint}``."""
    return sha256_of({"campaign": campaign, "revision": revision, **part})
