"""What became of each campaign's audience, and whom it shares with others: this plan's sketches against others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.plan import Replace, ScheduleSend, SendNow
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.sketch import AudienceChange
from mesms_gitops.planning.sketches import compared, overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.plan import Plan
    from mesms_gitops.model.sketch import AudienceSketch, Overlap
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.planning.desire import Wanted

LAST_PLAN: Final = "the last plan"
SCHEDULED: Final = "the scheduled message"
SENT: Final = "the last message"
MOVED_TOO_FAR: Final = "MS553"
MOST_OVERLAPS: Final = 3
LEAST_SHARE: Final = 10
"""In per cent: below it nobody would call two audiences the same."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The audience that an earlier plan showed, at ``at``."""

    sketch: AudienceSketch
    at: datetime


def with_news(wanted: Mapping[str, Wanted], state: State, last: Mapping[str, Remembered]) -> dict[str, Wanted]:
    """``wanted``, each with what became of its audience, and with the audiences that it shares most people with.

    A campaign that has messages is held against what they were made for, any other against what ``last`` remembers.
    """
    sketches = _sketches(wanted, state)
    return {name: _one(each, state.campaigns.get(name), last.get(name), sketches) for name, each in wanted.items()}


def _one(
    wanted: Wanted, record: CampaignRecord | None, last: Remembered | None, others: Mapping[str, AudienceSketch]
) -> Wanted:
    if wanted.sketch is None or not _is_news(wanted, record):
        return wanted
    names = {wanted.campaign.name, wanted.campaign.moved_from}
    rest = {name: sketch for name, sketch in others.items() if name not in names}
    return replace(
        wanted,
        audience_change=_change(wanted.sketch, record, last),
        overlaps=_overlaps(wanted.sketch, rest),
    )


def _is_news(wanted: Wanted, record: CampaignRecord | None) -> bool:
    """Whether anything of it is not on its way yet."""
    live = {send.fingerprint for send in record.sends if send.is_live} if record else set()
    return not {send.fingerprint for send in wanted.sends or ()} <= live


def _change(now: AudienceSketch, record: CampaignRecord | None, last: Remembered | None) -> AudienceChange | None:
    live = [send for send in record.sends if send.is_live] if record else []
    if record is not None and record.sketch is not None and live:
        since = SCHEDULED if any(send.phase is SendPhase.SCHEDULED for send in live) else SENT
        before, at = record.sketch, max(send.intended_at for send in live)
    elif last is not None:
        since, before, at = LAST_PLAN, last.sketch, last.at
    else:
        return None
    estimate = compared(before, now)
    if not estimate.added and not estimate.removed:
        return None
    return AudienceChange(since, at, before.size, now.size, estimate)


def _sketches(wanted: Mapping[str, Wanted], state: State) -> dict[str, AudienceSketch]:
    """Every audience that is known: those of this plan, and those that were texted or are to be."""
    recorded = {
        name: record.sketch
        for name, record in state.campaigns.items()
        if record.sketch is not None and any(send.is_live for send in record.sends)
    }
    planned = {name: each.sketch for name, each in wanted.items() if each.sketch is not None}
    return {**recorded, **planned}


def _overlaps(own: AudienceSketch, others: Mapping[str, AudienceSketch]) -> tuple[Overlap, ...]:
    found = [one for name, sketch in others.items() if (one := overlap(name, sketch, own)) is not None]
    certain = [one for one in found if one.share >= LEAST_SHARE and one.share > 2 * one.error]
    return tuple(sorted(certain, key=lambda one: (-one.share, one.campaign))[:MOST_OVERLAPS])


def remembered(plan: Plan, wanted: Mapping[str, Wanted], former: Mapping[str, Remembered]) -> dict[str, Remembered]:
    """What the next plan is held against: what this one showed.

    An audience that moved further than the policy allows, or that is held back, is not what anybody agreed to: of it,
    and of campaigns that this plan does not speak of, ``former`` is kept.
    """
    refused = {found.campaign for found in plan.refusals if found.code == MOVED_TOO_FAR}
    shown = {action.campaign for action in plan.actions if isinstance(action, SendNow | ScheduleSend | Replace)}
    kept = {name: each for name, each in former.items() if name in wanted}
    return kept | {
        name: Remembered(sketch, plan.created_at)
        for name, sketch in _planned(wanted)
        if name in shown - refused or name not in kept
    }


def _planned(wanted: Mapping[str, Wanted]) -> Iterable[tuple[str, AudienceSketch]]:
    return ((name, each.sketch) for name, each in sorted(wanted.items()) if each.sketch is not None)
