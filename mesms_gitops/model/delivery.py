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
NOT_REACHED: Final = frozenset({"failed", "invalid", "blocked", "expired"})
"""Those of whoever certainly did not get it. ``timeout`` is not among them: a report is missing, and no more."""

DELIVERY_WINDOW: Final = timedelta(hours=96)
"""How long after a message left somebody may still get it or be reported. An assumption: the reference speaks of "the
allowed window" and names none. Message centres keep a message for three days at most as a rule; one day is for reports
that come late. Whoever has no result by then never gets one, and is not asked about again."""


class DeliveryNote(StrEnum):
    """What was odd about a look at a send. All is kept as it came all the same, and never causes a send."""

    CONTRADICTED = "contradicted"
    """ME-SMS says that it is where it cannot be any more: to leave after it left, on its way after it was done; or
    that it failed, beside counts of people whom it reached or may reach."""
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


def recipients_of(record: SendRecord) -> int:
    """Whom the message is for; of a contact group, whose size nobody said, as many as ME-SMS counts."""
    return record.recipients or sum(record.delivery.values())


def never_reported(record: SendRecord) -> int:
    """How many people of a message that left have no final result (yet)."""
    return max(0, max(record.recipients, sum(record.delivery.values())) - reported(record.delivery))


def is_failed_in_part(record: SendRecord) -> bool:
    """Whether ME-SMS accepted the message and calls it failed, and still counts people who got it, or may get it."""
    is_failed = record.phase is SendPhase.FAILED and record.uuid is not None
    return is_failed and any(count and state not in NOT_REACHED for state, count in record.delivery.items())


def has_left(record: SendRecord) -> bool:
    """Whether people may have got the message: it started, or its failure did not concern all of them."""
    return record.phase in LEFT or is_failed_in_part(record)


def is_settled(record: SendRecord) -> bool:
    """Whether nothing new is to come about a message that left: everybody has a result, or the window is over.

    Everybody is as many as the message is for. Counts of more people are counts of something else: they say nothing.
    """
    if not has_left(record):
        return record.phase in (SendPhase.CANCELLED, SendPhase.FAILED)
    if DeliveryNote.WINDOW_OVER in record.notes:
        return True
    if record.phase is SendPhase.STARTED or not record.delivery:
        return False
    return not never_reported(record) and sum(record.delivery.values()) == recipients_of(record)


def is_window_over(record: SendRecord, now: datetime) -> bool:
    """Whether it is so long since the message left that no result is to come."""
    return has_left(record) and now >= left_at(record) + DELIVERY_WINDOW


def can_still_change(record: SendRecord) -> bool:
    """Whether the account may say something new about ``record``."""
    has_more_to_come = record.phase is SendPhase.SCHEDULED or has_left(record)
    return record.uuid is not None and has_more_to_come and not is_settled(record)
