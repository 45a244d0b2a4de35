"""What a decision rests on: the three sides brought together, before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import DeclaredState
from mesms_gitops.model.delivery import DeliveryNote
from mesms_gitops.model.holidays import NO_HOLIDAYS, Holidays
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import TRANSITIONS, SendEvent, SendPhase
from mesms_gitops.model.state import CampaignRecord, Freeze

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.observation import RemoteMessage, SenderName
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.planning.desire import Wanted

GONE = "gone"
CANCELLED_ELSEWHERE = "cancelled elsewhere"
CANCEL_REFUSED = "cancel refused"
CANCEL_UNSEEN = "cancelled, by us or elsewhere: our own cancel was never answered"
NO_FREEZE = Freeze()


@dataclass(frozen=True, slots=True)
class Observed:
    """What the account said. ``messages`` maps uuids we asked for to what they are now (None: unknown there).

    ``listing`` holds other messages of the senders concerned; ``confirmed`` the pairs (owner, uuid) whose recipients
    were compared and are the same people.
    """

    messages: Mapping[str, RemoteMessage | None] = field(default_factory=lambda: MappingProxyType({}))
    listing: tuple[RemoteMessage, ...] = ()
    confirmed: frozenset[tuple[str, str]] = frozenset()
    balance: int | None = None
    senders: tuple[SenderName, ...] | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """Desired (``wanted``), recorded (already brought up to date by `refreshed` and `moved`) and observed."""

    now: datetime
    wanted: Mapping[str, Wanted]
    recorded: State
    observed: Observed
    key: HashKey
    freeze: Freeze = NO_FREEZE
    holidays: Holidays = NO_HOLIDAYS


def needs_audience(campaign: Campaign, record: CampaignRecord | None) -> bool:
    """Whether deciding about ``campaign`` takes its recipients: not once everything of it has left."""
    if campaign.state is not DeclaredState.ACTIVE:
        return False
    if record is None or record.revision != campaign.revision:
        return True
    return not record.current or not all(send.is_final for send in record.current)


def refreshed(state: State, messages: Mapping[str, RemoteMessage | None]) -> State:
    """``state`` with what the account says about the sends we asked for. The same state where nothing moved."""
    for campaign, record in list(state.sends()):
        if record.uuid is None or record.uuid not in messages:
            continue
        newer = refreshed_send(record, messages[record.uuid])
        if newer != record:
            state = state.with_campaign(state.campaigns[campaign.name].with_send(newer))
    return state


_EVENTS: Mapping[RemotePhase, SendEvent] = MappingProxyType(
    {
        RemotePhase.SCHEDULED: SendEvent.SEEN_SCHEDULED,
        RemotePhase.PENDING: SendEvent.SEEN_STARTED,
        RemotePhase.OTHER: SendEvent.SEEN_STARTED,  # a word we do not know: not ours to change any more
        RemotePhase.SENT: SendEvent.SEEN_DONE,
        RemotePhase.FAILED: SendEvent.SEEN_FAILED,
        RemotePhase.CANCELLED: SendEvent.SEEN_CANCELLED,
    }
)


def follows(record: SendRecord, message: RemoteMessage) -> SendPhase | None:
    """The phase of ``record`` once ``message`` was seen; None for a move that the table of transitions lacks."""
    return TRANSITIONS.get((record.phase, _EVENTS[message.phase]))


def refreshed_send(record: SendRecord, message: RemoteMessage | None) -> SendRecord:
    """``record`` after one look at its message. A move the table of transitions lacks is ignored."""
    if message is None:
        return replace(record, reason=GONE) if record.phase is SendPhase.SCHEDULED else record
    phase = follows(record, message)
    if phase is None:
        return record
    reason = record.reason if record.reason != GONE else None
    if phase is SendPhase.CANCELLED and record.phase is not SendPhase.CANCELLED:
        reason = CANCELLED_ELSEWHERE if record.cancel is None else CANCEL_UNSEEN
    return replace(
        record,
        phase=phase,
        uuid=message.uuid,
        delivery=MappingProxyType(dict(message.delivery)) if message.delivery else record.delivery,
        credits=record.credits if message.credits is None else message.credits,
        reason=reason,
        notes=tuple(note for note in record.notes if note != DeliveryNote.UNREAD),
    )


def moved(state: State, campaigns: Iterable[Campaign]) -> tuple[State, Mapping[str, str]]:
    """Carry records to the names their manifests have now; the old name stays behind as reserved.

    Returns the new state and ``{new name: old name}``. A move from a name without record, or onto a name that has
    sends of its own or is reserved (save by the very campaign that comes back), is left undone: the planner says what
    to do about it.
    """
    moves: dict[str, str] = {}
    for campaign in campaigns:
        old = campaign.moved_from
        source = state.campaigns.get(old) if old else None
        target = state.campaigns.get(campaign.name)
        if old is None or source is None or source.moved_to:
            continue
        if target and (target.sends or target.moved_to not in (None, old)):
            continue
        state = state.with_campaign(replace(source, name=campaign.name, file=campaign.file, retired=False))
        state = state.with_campaign(CampaignRecord(old, source.file, source.revision, moved_to=campaign.name))
        moves[campaign.name] = old
    return state, moves
