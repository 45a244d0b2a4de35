"""What became of a send's people, in counts: which states there are, when nobody looks any more, what was odd."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.sends import LEFT, SendPhase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mesms_gitops.model.sends import SendRecord

PENDING: Final = "pending"
SUCCESS: Final = "success"
DELIVERY_STATES: Final = (PENDING, SUCCESS, "failed", "invalid", "blocked", "expired", "timeout")
"""As the reference lists them ("Per-recipient delivery status")."""
FINAL_STATES: Final = frozenset(DELIVERY_STATES) - {PENDING}
"""Those that nobody leaves. A word that the reference does not have may mean anything, so it is not among them."""

DELIVERY_WINDOW: Final = timedelta(hours=96)
"""How long after a message left somebody may still get it or be reported. An assumption: the reference speaks of "the
allowed window" and names none. Message centres keep a message for three days at most as a rule; one day is for reports
that come late. Whoever has no result by then never gets one, and is not asked about again."""


class DeliveryNote(StrEnum):
    """What was odd about a look at a send. All is kept as it came all the same, and never causes a send."""

    CONTRADICTED = "contradicted"
    """ME-SMS says that it is where it cannot be any more: to leave after it left, on its way after it was done."""
    MISCOUNTED = "miscounted"
    """The counts do not add up to the recipients."""
    PARTLY_GONE = "partly_gone"
    """ME-SMS shows the message in one place, and does not know it in another."""
    PURGED = "purged"
    """ME-SMS does not know the message any more; the counts are those of the last look."""
    SHRANK = "shrank"
    """Fewer had a result, or were reached, than at an earlier look."""
    UNDOCUMENTED = "undocumented"
    """A state of people that the reference does not have."""
    UNDOCUMENTED_STATUS = "undocumented_status"
    """A state of the message that the reference does not have."""
    UNREAD = "unread"
    """The answer of the last look cannot be read, or was a refusal: everything is as it was recorded before."""
    WINDOW_OVER = "window_over"
    """Some have no result, and the time in which one could come is over."""


def left_at(record: SendRecord) -> datetime:
    """When the message left, or was to leave."""
    return record.scheduled_at or record.intended_at


def reported(delivery: Mapping[str, int]) -> int:
    """How many people have a final result."""
    return sum(count for state, count in delivery.items() if state in FINAL_STATES)


def never_reported(record: SendRecord) -> int:
    """How many people of a message that left have no final result (yet)."""
    return max(0, max(record.recipients, sum(record.delivery.values())) - reported(record.delivery))


def is_settled(record: SendRecord) -> bool:
    """Whether nothing new is to come about a message that left: everybody has a result, or the window is over."""
    if record.phase not in LEFT:
        return record.phase in (SendPhase.CANCELLED, SendPhase.FAILED)
    if DeliveryNote.WINDOW_OVER in record.notes:
        return True
    return record.phase is SendPhase.SENT and bool(record.delivery) and not never_reported(record)


def is_window_over(record: SendRecord, now: datetime) -> bool:
    """Whether it is so long since the message left that no result is to come."""
    return record.phase in LEFT and now >= left_at(record) + DELIVERY_WINDOW


def can_still_change(record: SendRecord) -> bool:
    """Whether the account may say something new about ``record``."""
    has_more_to_come = record.phase is SendPhase.SCHEDULED or record.phase in LEFT
    return record.uuid is not None and has_more_to_come and not is_settled(record)
