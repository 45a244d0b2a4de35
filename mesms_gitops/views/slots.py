"""Plans and states as what stands in a calendar: one slot for each campaign and time at which something leaves, or
would have left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import Adopt, Blocked, Cancel, CreditsSource, Forget, Keep, Replace, ScheduleSend, SendNow
from mesms_gitops.model.sends import LEFT, SendPhase
from mesms_gitops.model.state import CampaignPhase
from mesms_gitops.views import wording
from mesms_gitops.views.layout import counted, figure, in_utc, in_zone
from mesms_gitops.views.report import chosen, standing_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from mesms_gitops.model.plan import Action, Plan
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import Standing


class Kind(StrEnum):
    """What becomes of a slot, the most pressing first; the value is its class of colour."""

    NOW = "now"
    BLOCKED = "blocked"
    REPLACE = "replace"
    NEW = "new"
    ADOPT = "adopt"
    CANCEL = "cancel"
    KEPT = "kept"


SIGNS: Mapping[Kind, str] = {
    Kind.NOW: "+",
    Kind.BLOCKED: "!",
    Kind.REPLACE: "-/+",
    Kind.NEW: "+",
    Kind.ADOPT: ">",
    Kind.CANCEL: "×",
    Kind.KEPT: "=",
}

MEANINGS: Mapping[Kind, str] = {
    Kind.NOW: "leaves now, or cannot be undone",
    Kind.BLOCKED: "blocked, a person is needed",
    Kind.REPLACE: "replaces a scheduled message",
    Kind.NEW: "to schedule",
    Kind.ADOPT: "taken over",
    Kind.CANCEL: "to cancel",
    Kind.KEPT: "already scheduled, stays",
}


HISTORY = frozenset({Kind.KEPT, Kind.ADOPT, Kind.BLOCKED})
"""What of the past only the table tells: old manifests stay, and a calendar begins today."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One campaign at one time.

    ``at`` is on the clocks of the project; ``clock`` is what is read for it (``10:00``, ``now``). ``people`` and
    ``credits`` are what counts towards the day: nothing for what does not leave. ``anchor`` is its row in the table.
    """

    at: datetime
    clock: str
    campaign: str
    kind: Kind
    anchor: str
    audience: str
    price: str
    note: str = ""
    people: int = 0
    credits: int = 0
    leaves: bool = True

    @property
    def day(self) -> date:
        """The day in whose box it stands."""
        return self.at.date()


def slots_of(plan: Plan, timezone: str) -> tuple[Slot, ...]:
    """Everything of ``plan`` that has a time, from the day of the plan on, in the order of the clock."""
    today = in_zone(plan.created_at, timezone).date()
    some = (slot for index, action in enumerate(plan.actions) for slot in _slots(plan, action, f"c{index}", timezone))
    return in_order(slot for slot in some if slot.day >= today or slot.kind not in HISTORY)


def in_order(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """By time and name."""
    return tuple(sorted(slots, key=lambda slot: (slot.at, slot.campaign, slot.kind)))


def _slots(plan: Plan, action: Action, anchor: str, timezone: str) -> Iterator[Slot]:
    yield from _left_behind(action, anchor, timezone)
    at = _time_of(plan, action)
    kind = kind_of(action)
    if at is None or isinstance(action, Cancel | Forget):
        return
    local = in_zone(at, timezone)
    leaves = not isinstance(action, Blocked)
    yield Slot(
        at=local,
        clock="now" if _is_now(action) else f"{local:%H:%M}",
        campaign=action.campaign,
        kind=kind,
        anchor=anchor,
        audience=who(action),
        price=_price(action),
        note=_note(plan, action),
        people=action.recipients if leaves else 0,
        credits=action.credits if leaves else 0,
        leaves=leaves,
    )


def who(action: Action) -> str:
    """``12,480 people``, and the contact groups."""
    words = wording.people(action) if action.recipients or not action.is_free else ""
    return words if wording.groups(action) or not words else f"{words} {'person' if words == '1' else 'people'}"


def _price(action: Action) -> str:
    if action.is_free:
        return counted(action.credits, "credit") if action.credits else ""
    return f"credits: {wording.credits_text(action)}" if wording.is_open(action) else _credits(action)


def _credits(action: Action) -> str:
    about = "about " if action.credits_source is CreditsSource.ESTIMATE else ""
    return f"{about}{counted(action.credits, 'credit')}"


def kind_of(action: Action) -> Kind:
    """Which colour it has."""
    if wording.is_irreversible(action) or isinstance(action, SendNow):
        return Kind.NOW
    match action:
        case ScheduleSend():
            return Kind.NEW
        case Replace():
            return Kind.REPLACE
        case Cancel() | Forget():
            return Kind.CANCEL
        case Blocked():
            return Kind.BLOCKED
        case Adopt():
            return Kind.ADOPT
        case _:
            return Kind.ADOPT if action.moved_from else Kind.KEPT


def _time_of(plan: Plan, action: Action) -> datetime | None:
    """When it leaves; the moment of the plan for what leaves now; for what is blocked, the hour that was asked for."""
    if action.scheduled_at is not None:
        return action.scheduled_at
    if _is_now(action):
        return plan.created_at
    if isinstance(action, Adopt):
        times = (adoption.message.scheduled_at or adoption.record.scheduled_at for adoption in action.adoptions)
        return min((time for time in times if time), default=None)
    return asked_for(action)


def _is_now(action: Action) -> bool:
    return action.scheduled_at is None and isinstance(action, SendNow | ScheduleSend | Replace)


def asked_for(action: Action) -> datetime | None:
    """The hour at which a blocked campaign was to leave, where its manifest names one."""
    if not isinstance(action, Blocked):
        return None
    try:
        return in_utc(datetime.fromisoformat(action.schedule_text))
    except (ValueError, OverflowError):  # `now`, or a state that somebody edited
        return None


def _note(plan: Plan, action: Action) -> str:
    if wording.is_irreversible(action):
        return "CANNOT BE UNDONE"
    if isinstance(action, Keep) and action.scheduled_at and in_utc(action.scheduled_at) < in_utc(plan.created_at):
        return wording.REASONS[action.reason]
    if isinstance(action, Blocked):
        return wording.REASONS[action.reason]
    return ""


def _left_behind(action: Action, anchor: str, timezone: str) -> Iterator[Slot]:
    """The hours from which something is taken away: of what is cancelled all, of what is replaced those that move."""
    by_time: dict[datetime, list[SendRecord]] = {}
    for step in action.cancels:
        if step.record.scheduled_at is not None and step.record.scheduled_at != action.scheduled_at:
            by_time.setdefault(in_utc(step.record.scheduled_at), []).append(step.record)
    if isinstance(action, Cancel) and action.scheduled_at is not None:
        same = [step.record for step in action.cancels if step.record.scheduled_at == action.scheduled_at]
        by_time.setdefault(in_utc(action.scheduled_at), []).extend(same)
    for at in sorted(by_time):
        yield _vacated(action, anchor, in_zone(at, timezone), by_time[at])


def _vacated(action: Action, anchor: str, at: datetime, records: list[SendRecord]) -> Slot:
    people = sum(record.recipients for record in records) or action.recipients
    back = sum(record.credits or 0 for record in records)
    return Slot(
        at=at,
        clock=f"{at:%H:%M}",
        campaign=action.campaign,
        kind=Kind.CANCEL,
        anchor=anchor,
        audience=counted(people, "person", "people"),
        price=f"{figure(back)} credits come back" if back else "",
        note="" if isinstance(action, Cancel) else "sent anew at another time",
        leaves=False,
    )


# ---------------------------------------------------------------- of a state

OVER = frozenset({SendPhase.CANCELLED, SendPhase.FAILED})


def slots_of_state(state: State, names: Collection[str] | None, timezone: str) -> tuple[Slot, ...]:
    """Every campaign of ``state`` at each of its times."""
    standings = [standing_of(record) for record in chosen(state, names)]
    return in_order(slot for index, one in enumerate(standings) for slot in _recorded_slots(one, f"c{index}", timezone))


def _recorded_slots(standing: Standing, anchor: str, timezone: str) -> Iterator[Slot]:
    by_time: dict[datetime, list[SendRecord]] = {}
    for send in standing.sends:
        if not send.is_replaced:
            by_time.setdefault(in_utc(send.scheduled_at or send.intended_at), []).append(send)
    for at in sorted(by_time):
        yield _recorded_slot(standing, anchor, in_zone(at, timezone), by_time[at])


def _recorded_slot(standing: Standing, anchor: str, at: datetime, sends: list[SendRecord]) -> Slot:
    going = [send for send in sends if send.phase not in OVER]
    people = sum(send.recipients for send in going)
    credits = sum(send.credits or 0 for send in going)
    groups = sorted({send.group_id for send in sends if send.group_id is not None})
    words = [counted(people, "person", "people")] if people or not groups else []
    return Slot(
        at=at,
        clock=f"{at:%H:%M}",
        campaign=standing.name,
        kind=_kind_of_sends(sends),
        anchor=anchor,
        audience=" and ".join([*words, *(f"contact group {group}" for group in groups)]),
        price=counted(credits, "credit") if credits else "",
        note=standing.phase.value,
        people=people,
        credits=credits,
        leaves=bool(going),
    )


def _kind_of_sends(sends: list[SendRecord]) -> Kind:
    phases = {send.phase for send in sends}
    if any(send.is_unsettled for send in sends) or SendPhase.FAILED in phases:
        return Kind.BLOCKED
    if phases <= {SendPhase.CANCELLED}:
        return Kind.CANCEL
    return Kind.KEPT if phases <= LEFT else Kind.NEW


RECORDED: Mapping[Kind, str] = {
    Kind.BLOCKED: f"{CampaignPhase.UNKNOWN.value} or {CampaignPhase.FAILED.value}, a person is needed",
    Kind.NEW: CampaignPhase.SCHEDULED.value,
    Kind.CANCEL: CampaignPhase.CANCELLED.value,
    Kind.KEPT: f"{CampaignPhase.STARTED.value} or {CampaignPhase.SENT.value}",
}
