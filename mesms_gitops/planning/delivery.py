"""One look at what became of a send: phase, counts, and what is odd about them. Odd counts stay as they came."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import (
    DELIVERY_STATES,
    DELIVERY_WINDOW,
    SUCCESS,
    DeliveryNote,
    is_settled,
    left_at,
    reported,
)
from mesms_gitops.model.sends import LEFT
from mesms_gitops.planning.situation import refreshed_send

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State

_LASTING = frozenset({DeliveryNote.SHRANK, DeliveryNote.WINDOW_OVER})
"""Said of a history, not of one look: no later look takes it back."""


def looked_at(record: SendRecord, message: RemoteMessage | None, now: datetime) -> SendRecord:
    """``record`` after a look at its message (None: ME-SMS does not know it) at ``now``.

    ``message.delivery`` are its newest counts, wherever they were read; none there leaves those that are recorded.
    """
    newer = refreshed_send(record, message)
    notes = {note for note in _notes(newer, message) if newer.phase in LEFT}
    notes |= {DeliveryNote(note) for note in record.notes} & _LASTING
    if newer.phase in LEFT and message is not None and _shrank(record.delivery, newer.delivery):
        notes.add(DeliveryNote.SHRANK)
    newer = replace(newer, notes=tuple(sorted(notes)))
    if newer.phase in LEFT and not is_settled(newer) and now >= left_at(newer) + DELIVERY_WINDOW:
        newer = replace(newer, notes=tuple(sorted({*newer.notes, DeliveryNote.WINDOW_OVER})))
    return newer


def looked_at_all(state: State, looks: Mapping[str, RemoteMessage | None], now: datetime) -> State:
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


def _notes(record: SendRecord, message: RemoteMessage | None) -> Iterator[DeliveryNote]:
    counts = record.delivery
    if message is None:
        yield DeliveryNote.PURGED
    if counts and record.recipients and sum(counts.values()) != record.recipients:
        yield DeliveryNote.MISCOUNTED
    if any(count and state not in DELIVERY_STATES for state, count in counts.items()):
        yield DeliveryNote.UNDOCUMENTED


def _shrank(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    """Whether people got lost: of all, of those with a result, or of those who were reached."""
    return (
        sum(after.values()) < sum(before.values())
        or reported(after) < reported(before)
        or after.get(SUCCESS, 0) < before.get(SUCCESS, 0)
    )
