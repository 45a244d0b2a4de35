"""Recorded against observed: cancelled, started, changed or gone elsewhere, and messages of ours that state lacks.

The last kind is the double-send detector: the same sender and the same text as a send of ours, under a uuid that no
send of ours has. Who gets such a message is not compared here: it is shown, and holds nothing back by itself. What
holds a campaign back is decided in `planner`, after people were compared.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import At
from mesms_gitops.model.drift import Drift, DriftKind, Side
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import Blocked, Reason
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.fingerprint import text_digest
from mesms_gitops.planning.matching import CLOCK_SLACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.sends import DesiredSend, SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.planning.situation import Situation

    Texts = Mapping[tuple[str, str], list[tuple[str, Side]]]

PLANNED = "planned"
_TEXTS_NOBODY = frozenset({SendPhase.CANCELLED.value, SendPhase.FAILED.value})
_BLOCKING: dict[DriftKind, frozenset[Reason]] = {
    DriftKind.CANCELLED_ELSEWHERE: frozenset({Reason.CANCELLED_ELSEWHERE}),
    DriftKind.GONE: frozenset({Reason.GONE}),
    DriftKind.STARTED_ELSEWHERE: frozenset({Reason.CHANGED_AFTER_START, Reason.TOO_LATE_TO_CANCEL}),
    DriftKind.UNKNOWN_MESSAGE: frozenset({Reason.STATE_LOST}),
    DriftKind.CHANGED_ELSEWHERE: frozenset(),
}


def drift_of(
    stored: State, situation: Situation, actions: Iterable[Action], around: Iterable[RemoteMessage] = ()
) -> tuple[Drift, ...]:
    """Every difference between ``stored`` (state before this look at the account) and the account, by campaign.

    ``situation`` holds what was asked and listed, ``around`` what was listed beside that. Makes no request.
    """
    actions = tuple(actions)
    blocked = {action.campaign: action for action in actions if isinstance(action, Blocked)}
    listing = {message.uuid: message for message in (*situation.observed.listing, *around) if message.is_live}
    found = (*_of_asked(stored, situation), *_of_listing(stored, situation, actions, listing.values()))
    order = list(DriftKind)
    told = (_with_block(one, blocked.get(one.campaign)) for one in found)
    return tuple(sorted(told, key=lambda one: (one.campaign, order.index(one.kind), one.uuid)))


def _with_block(found: Drift, action: Blocked | None) -> Drift:
    if action is None or not (action.reason in _BLOCKING[found.kind] or found.uuid in action.doubles):
        return found
    return Drift(found.campaign, found.kind, found.uuid, found.recorded, found.observed, found.changed, blocks=True)


# --- what we asked for ------------------------------------------------------------------------------------------------


def _of_asked(stored: State, situation: Situation) -> Iterator[Drift]:
    messages = situation.observed.messages
    for campaign, record in stored.sends():
        if record.uuid is None or record.uuid not in messages:
            continue
        message = messages[record.uuid]
        kind, changed = _difference(record, message, situation)
        if kind is not None:
            seen = None if message is None else _observed(message)
            yield Drift(campaign.name, kind, record.uuid, _recorded(record), seen, changed)


def _difference(
    record: SendRecord, message: RemoteMessage | None, situation: Situation
) -> tuple[DriftKind | None, tuple[str, ...]]:
    if message is None:
        return DriftKind.GONE, ()
    if message.phase is RemotePhase.CANCELLED:
        is_ours = record.cancel is not None or record.uuid in situation.freeze.asked
        return (None if is_ours else DriftKind.CANCELLED_ELSEWHERE), ()
    if not message.is_live:
        return None, ()  # accepted, and failed by ME-SMS: that is what became of it
    if _left_early(record, message, situation.now):
        return DriftKind.STARTED_ELSEWHERE, ()
    changed = tuple(_changed(record, message, situation.key))
    return (DriftKind.CHANGED_ELSEWHERE if changed else None), changed


def _left_early(record: SendRecord, message: RemoteMessage, now: datetime) -> bool:
    """Whether it went out although its time is still to come, our clock and the server's apart."""
    has_left = message.phase in (RemotePhase.PENDING, RemotePhase.SENT)
    return has_left and record.scheduled_at is not None and record.scheduled_at > now + CLOCK_SLACK


def _changed(record: SendRecord, message: RemoteMessage, key: HashKey) -> Iterator[str]:
    """What differs of what both sides say. A group has as many people as ME-SMS counts; of a saved template the text
    is put together there.
    """
    if record.recipients and message.recipients not in (None, record.recipients):
        yield "recipients"
    if message.sender not in (None, record.sender):
        yield "sender"
    is_local = record.template_id is None and record.text_digest is not None
    if is_local and message.content is not None and text_digest(key, message.content) != record.text_digest:
        yield "text"
    one, other = record.scheduled_at, message.scheduled_at
    if one is not None and other is not None and abs((one - other).total_seconds()) >= 1:
        yield "time"


# --- what we came across ----------------------------------------------------------------------------------------------


def _of_listing(
    stored: State, situation: Situation, actions: tuple[Action, ...], listing: Iterable[RemoteMessage]
) -> Iterator[Drift]:
    ours = situation.recorded.claimed_live | stored.claimed_live
    ours |= {adoption.message.uuid for action in actions for adoption in action.adoptions}
    ours |= _acknowledged(situation)
    strange = [message for message in listing if message.uuid not in ours]
    if not strange:
        return
    known = {record.uuid: (campaign.name, record) for campaign, record in stored.sends() if record.uuid}
    texts = _texts(stored, situation)
    for message in strange:
        if message.uuid in known:
            name, record = known[message.uuid]
            yield Drift(name, DriftKind.STARTED_ELSEWHERE, message.uuid, _recorded(record), _observed(message))
        elif message.content is not None and message.sender is not None:
            like = texts.get((message.sender, text_digest(situation.key, message.content)), ())
            if like:
                name, side = max(like, key=lambda one: _likeness(one[1], message))
                yield Drift(name, DriftKind.UNKNOWN_MESSAGE, message.uuid, side, _observed(message))


def _acknowledged(situation: Situation) -> frozenset[str]:
    """Messages beside which a raised revision said to send once more: a person has looked at them."""
    acknowledged: set[str] = set()
    for name, record in situation.recorded.campaigns.items():
        wanted = situation.wanted.get(name)
        revision = max(record.revision, wanted.campaign.revision if wanted else 0)
        if record.held_at is not None and revision > record.held_at:
            acknowledged |= set(record.held_for)
    return frozenset(acknowledged)


def _texts(stored: State, situation: Situation) -> Texts:
    """Every text of ours by sender and digest, with the sends that have it."""
    texts: defaultdict[tuple[str, str], list[tuple[str, Side]]] = defaultdict(list)
    for campaign, record in stored.sends():
        if record.text_digest is not None:
            texts[record.sender, record.text_digest].append((campaign.name, _recorded(record)))
    for name, wanted in situation.wanted.items():
        for send in wanted.sends or ():
            if send.text_digest is not None:
                texts[send.sender, send.text_digest].append((name, _planned(send)))
    return texts


def _likeness(side: Side, message: RemoteMessage) -> tuple[bool, bool, bool, bool]:
    """Of several sends with one text, a message is held against the one it is most like: one that texts people before
    one that does not, which would hide that they get two; recorded before planned.
    """
    return (
        side.scheduled_at == message.scheduled_at,
        side.recipients == message.recipients,
        side.phase not in _TEXTS_NOBODY,
        side.phase != PLANNED,
    )


# --- sides ------------------------------------------------------------------------------------------------------------


def _recorded(record: SendRecord) -> Side:
    phase = SendPhase.UNKNOWN if record.is_unsettled else record.phase
    return Side(phase.value, record.sender, record.scheduled_at, record.recipients or None, record.intended_at)


def _planned(send: DesiredSend) -> Side:
    return Side(PLANNED, send.sender, send.when.at if isinstance(send.when, At) else None, send.recipients or None)


def _observed(message: RemoteMessage) -> Side:
    return Side(message.phase.value, message.sender, message.scheduled_at, message.recipients, message.created_at)
