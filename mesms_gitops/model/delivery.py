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
    """What was odd about the counts of a send. They are kept as they came all the same, and never cause a send."""

    MISCOUNTED = "miscounted"
    """The counts do not add up to the recipients."""
    PURGED = "purged"
    """ME-SMS does not know the message any more; the counts are those of the last look."""
    SHRANK = "shrank"
    """Fewer had a result, or were reached, than at an earlier look."""
    UNDOCUMENTED = "undocumented"
    """A state that the reference does not have."""
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


def can_still_change(record: SendRecord) -> bool:
    """Whether the account may say something new about ``record``."""
    has_more_to_come = record.phase is SendPhase.SCHEDULED or record.phase in LEFT
    return record.uuid is not None and has_more_to_come and not is_settled(record)
