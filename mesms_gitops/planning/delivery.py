"""One look at what became of a send: phase, counts, and what is odd about them. Odd counts stay as they came."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import (
    DELIVERY_STATES,
    SUCCESS,
    DeliveryNote,
    has_left,
    is_failed_in_part,
    is_settled,
    is_window_over,
    reported,
)
from mesms_gitops.model.observation import RemotePhase, Unread
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.situation import follows, refreshed_send

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.observation import Look, RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State

_LASTING = frozenset({DeliveryNote.SHRANK, DeliveryNote.WINDOW_OVER})
"""Said of a history, not of one look: no later look takes it back."""
_FAILED_STILL = (SendPhase.FAILED, RemotePhase.FAILED)


_RECOUNTED = MappingProxyType(
    {
        SendPhase.SENT: frozenset({RemotePhase.PENDING, RemotePhase.OTHER, RemotePhase.FAILED}),
        SendPhase.FAILED: frozenset({RemotePhase.PENDING, RemotePhase.OTHER, RemotePhase.SENT, RemotePhase.FAILED}),
    }
)
"""Recorded -> seen: moves that no record makes, whose counts are news all the same."""


def looked_at(record: SendRecord, message: Look, now: datetime) -> SendRecord:
    """``record`` after a look at its message (None: ME-SMS does not know it) at ``now``.

    ``message.delivery`` are its newest counts, wherever they were read; none there leaves those that are recorded. A
    look that told nothing changes nothing but the note that says so: not even the end of the window settles it.
    """
    if isinstance(message, Unread):
        return _noted(record, *record.notes, DeliveryNote.UNREAD)
    newer = _recounted(record, message) or refreshed_send(record, message)
    notes = {DeliveryNote(note) for note in record.notes} & _LASTING
    if message is not None:
        notes |= set(_of_message(record, message))
    if is_failed_in_part(newer):
        notes.add(DeliveryNote.CONTRADICTED)
    if has_left(record) or has_left(newer):
        notes |= set(_of_counts(record, newer))
        if message is None:
            notes.add(DeliveryNote.PURGED)
    newer = _noted(newer, *notes)
    is_over = is_window_over(newer, now) and not is_settled(newer)
    return _noted(newer, *notes, DeliveryNote.WINDOW_OVER) if is_over else newer


def _recounted(record: SendRecord, message: RemoteMessage | None) -> SendRecord | None:
    """``record`` with the newest counts where its phase is final and not what is seen: it stays what it is.

    That is one that was sent and is said to be on its way again or to have failed, and one that failed, but not for
    everybody.
    """
    if message is None or not message.delivery or message.phase not in _RECOUNTED.get(record.phase, ()):
        return None
    return replace(record, delivery=MappingProxyType(dict(message.delivery)))


def _noted(record: SendRecord, *notes: str) -> SendRecord:
    return replace(record, notes=tuple(sorted(set(notes))))


def looked_at_all(state: State, looks: Mapping[str, Look], now: datetime) -> State:
    """``state`` after looks at messages by uuid. The same state where nothing moved; of uuids it lacks nothing is said.

    A record may have moved since the looks were made (`looked_at` follows the table of transitions): a look that is
    older than what is recorded changes no phase backwards.
    """
    for campaign, record in list(state.sends()):
        if record.uuid is None or record.uuid not in looks:
            continue
        newer = looked_at(record, looks[record.uuid], now)
        if newer != record:
            state = state.with_campaign(state.campaigns[campaign.name].with_send(newer))
    return state


def _of_message(record: SendRecord, message: RemoteMessage) -> Iterator[DeliveryNote]:
    if message.is_partly_gone:
        yield DeliveryNote.PARTLY_GONE
    if message.phase is RemotePhase.OTHER:
        yield DeliveryNote.UNDOCUMENTED_STATUS
    elif follows(record, message) is None and (record.phase, message.phase) != _FAILED_STILL:
        yield DeliveryNote.CONTRADICTED


def _of_counts(before: SendRecord, after: SendRecord) -> Iterator[DeliveryNote]:
    counts = after.delivery
    if counts and after.recipients and sum(counts.values()) != after.recipients:
        yield DeliveryNote.MISCOUNTED
    if any(count and state not in DELIVERY_STATES for state, count in counts.items()):
        yield DeliveryNote.UNDOCUMENTED
    if shrank(before.delivery, counts):
        yield DeliveryNote.SHRANK


def shrank(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    """Whether people got lost: of all, of those with a result, or of those who were reached."""
    return (
        sum(after.values()) < sum(before.values())
        or reported(after) < reported(before)
        or after.get(SUCCESS, 0) < before.get(SUCCESS, 0)
    )
