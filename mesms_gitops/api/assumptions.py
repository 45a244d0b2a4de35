"""What the reference of ME-SMS leaves open, and how this client reads it: one name each, one place.

The field names come from the contract of this project, section 9: the expected name first, then the others that are
accepted. Everything else here is a choice with its reason beside it.
"""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.observation import RemotePhase

if TYPE_CHECKING:
    from collections.abc import Mapping

# --- names of fields --------------------------------------------------------------------------------------------------

_PARTS: Final = ("parts", "messageParts")
_TOTAL: Final = ("total", "totalRecipients", "recipients")
_CREDITS: Final = ("credits", "cost", "totalCredits", "totalCost")

FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "send.uuid": ("uuid",),
        "send.status": ("status",),
        "send.parts": _PARTS,
        "send.total": _TOTAL,
        "send.credits": _CREDITS,
        "quote.parts": _PARTS,
        "quote.total": _TOTAL,
        "quote.credits": _CREDITS,
        "list.data": ("data", "messages", "items", "results"),
        "list.limit": ("limit",),
        "list.total": ("total",),
        "message.uuid": ("uuid",),
        "message.refNo": ("refNo",),
        "message.sender": ("sender",),
        "message.content": ("content",),
        "message.status": ("status",),
        "message.total": ("total",),
        "message.credits": ("credits",),
        "message.scheduledTime": ("scheduledTime",),
        "message.createdAt": ("createdAt",),
        "message.drSummary": ("drSummary",),
        "recipients.data": ("data", "recipients", "items"),
        "recipients.msisdn": ("msisdn",),
        "recipients.status": ("status",),
        "recipients.nextCursor": ("nextCursor",),
        "recipients.hasMore": ("hasMore",),
        "recipients.summary": ("summary",),
        "recipients.total": ("total",),
        "balance.balance": ("balance", "credit", "credits"),
        "senders.data": ("data", "senders", "items"),
        "senders.name": ("name",),
        "senders.status": ("status",),
        "counts.status": ("status",),
        "counts.count": ("count",),
    }
)
"""``answer.field`` -> the names it may have, the expected one first. Keys of a user's field map are these, or the part
after the dot where it means the same in every answer."""

ENVELOPE: Final = "data"
"""An object under this name may hold the whole answer: ``{"success": true, "data": {…}}``."""
ENVELOPES_DEEP: Final = 3
"""How many of them may lie in each other: ``{"success": true, "data": {"data": […]}}`` is two."""

# --- words ------------------------------------------------------------------------------------------------------------

PHASES: Final[Mapping[str, RemotePhase]] = MappingProxyType(
    {
        "scheduled": RemotePhase.SCHEDULED,
        "pending": RemotePhase.PENDING,
        "queued": RemotePhase.PENDING,
        "processing": RemotePhase.PENDING,
        "in_progress": RemotePhase.PENDING,
        "started": RemotePhase.PENDING,
        "sending": RemotePhase.PENDING,
        "sent": RemotePhase.SENT,
        "complete": RemotePhase.SENT,
        "completed": RemotePhase.SENT,
        "done": RemotePhase.SENT,
        "finished": RemotePhase.SENT,
        "delivered": RemotePhase.SENT,
        "failed": RemotePhase.FAILED,
        "error": RemotePhase.FAILED,
        "rejected": RemotePhase.FAILED,
        "cancelled": RemotePhase.CANCELLED,
        "canceled": RemotePhase.CANCELLED,
    }
)
"""A message's state, lower case with ``_`` between words. The reference's filter names five of them; a word that may
mean "waiting" or "going out" is read as going out (never cancelled on a guess), and any word not here as OTHER."""

APPROVED: Final = "approved"
"""The one word that makes a sender usable (reference, "List senders")."""

# --- time -------------------------------------------------------------------------------------------------------------

ZONELESS: Final = UTC
"""A time without an offset is read as UTC: the reference shows none in an answer."""
SCHEDULE_ZONE: Final = timezone(timedelta(hours=7))
"""``scheduledTime`` is written with the offset of the reference's own example, ``2026-06-01T10:00:00+07:00``."""

# --- requests ---------------------------------------------------------------------------------------------------------

LIST_LIMIT: Final = 100
RECIPIENTS_LIMIT: Final = 50
"""The largest pages the reference allows."""

CONNECT_TIMEOUT: Final = 10.0
"""Seconds to wait for a connection; the answer itself may take ``api.timeout``."""
NUMBERS_PER_SECOND: Final = 50_000
"""A request with many numbers may be answered later than ``api.timeout`` by one second for each so many of them: a
timeout would leave the send unknown."""
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
"""A longer answer is not one of ME-SMS's; it is dropped as unreadable."""

# --- refusals ---------------------------------------------------------------------------------------------------------

DOCUMENTED_REFUSALS: Final = frozenset({400, 401, 402, 403, 404})
"""With a JSON body of the documented shape these mean "not carried out" (contract, section 8.3)."""
CANCEL_REFUSALS: Final = DOCUMENTED_REFUSALS | {409}
"""The reference answers a cancel that comes too late with "HTTP 400 or 409"."""
TOO_MANY_REQUESTS: Final = 429
"""Refused whatever its body is: the limit may be enforced by a gateway with a page of its own."""
REQUEST_TIMEOUT: Final = 408
