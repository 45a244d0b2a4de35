"""What the public reference of ME-SMS leaves open, and what this sandbox does instead: one name each, one place.

Where two readings are possible the sandbox takes the one that is harder on a client, so that a client which works here
does not rest on kindness. Everything else in this room is either stated by the reference or built on a name below.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

# --- names of states --------------------------------------------------------------------------------------------------

MessageStatus = Literal["scheduled", "pending", "sent", "failed", "cancelled"]
MESSAGE_STATUSES: Final = ("sent", "failed", "pending", "scheduled", "cancelled")
REPORT_STATUSES: Final = ("pending", "success", "failed", "invalid", "blocked", "expired", "timeout")

# --- requests ---------------------------------------------------------------------------------------------------------

MAX_SENDER_CHARACTERS: Final = 11
MAX_CONTENT_CHARACTERS: Final = 1_000
"""Of ``POST /sms/send``, after a template is filled. Counted in Unicode code points, not in bytes or UTF-16 units."""
MAX_PREVIEW_CHARACTERS: Final = 2_000
"""Of ``POST /sms/preview-cost``: the reference allows more here than a send accepts."""
MAX_NUMBERS: Final = 2_000_000
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Larger bodies are answered 413. 2,000,000 numbers take 28 MB."""

UNKNOWN_FIELDS_REFUSED: Final = True
"""A body field that the reference does not name is a 400: a misspelt ``scheduledTime`` must not mean "send now"."""
NULL_MEANS_ABSENT: Final = False
"""``null`` for an optional field is a wrong type (400), not the same as leaving it out."""
BOTH_ALTERNATIVES_REFUSED: Final = True
"""``content`` with ``templateId``, or ``msisdns`` with ``contactGroupId``, is a 400: neither silently wins."""
JSON_TYPE_REQUIRED: Final = True
"""A POST that takes a body must say ``Content-Type: application/json``; anything else is unreadable, a 400."""
EMPTY_LIST_REFUSED: Final = True
"""``msisdns: []`` and an empty contact group are a 400, not a message to nobody."""
PREVIEW_ACCEPTS_TEMPLATE_ALONE: Final = True
"""The reference calls ``content`` of a preview required and ``templateId`` "instead of content": one of them it is."""
UNKNOWN_QUERY_IGNORED: Final = True
"""Query parameters that the reference does not name are ignored; a named one with a bad value is a 400."""
TEMPLATE_VALUES: Final = (str, int, float)
"""Types a template variable may have. A placeholder without a value is a 400; a value without a placeholder is not."""
CONTENT_PLACEHOLDERS_FILLED: Final = False
"""``{{name}}`` is filled in saved templates only; in ``content`` it is sent to people as it stands."""

# --- scopes and owners ------------------------------------------------------------------------------------------------

SEND_SCOPES: Final = frozenset({"*", "sms:send"})
"""What ``POST /sms/send`` wants. ``dryRun`` is the same endpoint, so it wants the same."""
CANCEL_NEEDS_SEND_SCOPE: Final = False
"""The reference asks the scope for send alone: any valid key may cancel, and may preview."""
FOREIGN_MESSAGE_STATUS: Final = 403
"""A message of another owner is forbidden, not hidden: reading and cancelling it are a 403."""
UNKNOWN_REFERENCE_STATUS: Final = 404
"""An unknown ``contactGroupId`` or ``templateId`` is a resource that was not found, not a bad parameter."""
UNAPPROVED_SENDER_STATUS: Final = 400
"""An unknown, pending or rejected sender is a bad parameter (code ``SENDER_NOT_APPROVED``), and dryRun says so too."""

# --- numbers and money ------------------------------------------------------------------------------------------------

DUPLICATES_KEPT: Final = True
"""A number that stands twice in one request is charged twice and texted twice: deduplicating is the client's duty."""
STORED_PREFIX: Final = "66"
"""Reports name numbers as 66XXXXXXXXX whatever form was sent; ``search`` looks in that form."""
UNDELIVERABLE_ARE_CHARGED: Final = True
"""Blocked, invalid and failed numbers cost what delivered ones cost; the preview does not know the blocklist."""
DRY_RUN_IGNORES_BALANCE: Final = True
"""An estimate is answered even if the balance could not pay for it."""
BALANCE_EXCLUDES_HELD: Final = True
"""Credits of a scheduled message leave the balance when it is accepted and return when it is cancelled or fails."""

GSM7_SINGLE: Final = 160
GSM7_MULTI: Final = 153
UCS2_SINGLE: Final = 70
UCS2_MULTI: Final = 67
"""Characters in a message of one part, and in each part of a longer one (the rest carries the joining header)."""

# --- time -------------------------------------------------------------------------------------------------------------

MIN_SCHEDULE_AHEAD: Final = timedelta(0)
"""``scheduledTime`` must be later than now by more than this; a past or present time is a 400, never "send now"."""
MAX_SCHEDULE_AHEAD: Final[timedelta | None] = None
"""No horizon is documented, so there is none here."""
ZONELESS_TIME_REFUSED: Final = True
"""A time without ``Z`` or an offset is a 400 in bodies and in ``from``/``to`` alike."""
TIME_PRECISION: Final = timedelta(milliseconds=1)
"""Times are kept and shown to the millisecond, in UTC, as ``2026-06-01T03:00:00.000Z``."""

DISPATCH_BASE: Final = timedelta(seconds=5)
DISPATCH_PER_NUMBER: Final = timedelta(microseconds=100)
"""A started message is ``pending`` for the base plus this much a number (10,000 numbers a second), then ``sent``."""

SENDER_LOST_FAILS_MESSAGE: Final = True
"""A scheduled message whose sender is no longer approved when its hour comes is ``failed`` as a whole and refunded."""
GROUP_RESOLVED_AT_REQUEST: Final = True
"""A contact group is read when the send is accepted: later changes of the group do not change the message."""
BLOCKLIST_READ_AT_START: Final = True
"""The blocklist that counts is the one at the moment a message starts."""


def dispatch_time(numbers: int) -> timedelta:
    """How long a message to so many numbers stays ``pending`` after it started."""
    return DISPATCH_BASE + DISPATCH_PER_NUMBER * numbers


# --- lists ------------------------------------------------------------------------------------------------------------

LIST_DEFAULT_LIMIT: Final = 20
LIST_MAX_LIMIT: Final = 100
RECIPIENTS_DEFAULT_LIMIT: Final = 50
RECIPIENTS_MAX_LIMIT: Final = 50
LIMIT_ABOVE_MAX_REFUSED: Final = True
"""A ``limit`` above the maximum is a 400, not quietly lowered."""
NEWEST_FIRST_TIES: Final = "later request first"
"""Messages are ordered by createdAt, newest first; of equal instants the later request comes first."""
WINDOW_IS_INCLUSIVE: Final = True
"""``from`` and ``to`` both include their own instant."""
SEARCH_IGNORES_CASE: Final = True
"""``search`` of the message list is a case-insensitive substring of refNo or content."""
SUMMARY_COUNTS_ALL: Final = True
"""``summary`` of the recipients counts the whole message, whatever ``status`` or ``search`` filter the page has."""
SUMMARY_OMITS_ZERO: Final = True
"""Statuses that no recipient has are left out of ``summary`` and ``drSummary``."""
DR_SUMMARY_ONLY_ON_ONE: Final = True
"""``drSummary`` is in ``GET /sms/{uuid}`` once the message is sent; the message list does not carry it."""
CURSOR_IS_ROW_NUMBER: Final = True
"""``nextCursor`` is the number of the last row shown, from 1, over the unfiltered list; null on the last page."""
UNSENT_REPORTS_PENDING: Final = True
"""Recipients of scheduled and cancelled messages read ``pending``; those of a message that failed read ``failed``."""

# --- refusals ---------------------------------------------------------------------------------------------------------

RETRY_AFTER_SENT: Final = True
"""A 429 of the rate limit carries ``Retry-After`` in whole seconds. Faults can answer 429 without it."""
REQUESTS_PER_SECOND: Final[int | None] = None
"""The rate limit is not documented, so by default there is none; ``World.rate_limit`` sets one."""


def cancel_refusal(status: MessageStatus, *, had_schedule: bool) -> tuple[int, str] | None:
    """The HTTP status and code for a cancel of a message that can no longer be cancelled; None if it can.

    The reference names three codes and two statuses and leaves the pairing open.
    """
    match status:
        case "scheduled":
            return None
        case "cancelled":
            return 409, "ALREADY_CANCELLED"
        case "pending" if had_schedule:
            return 409, "ALREADY_PROCESSING"
        case _:
            return 400, "NOT_SCHEDULED"


# --- identifiers ------------------------------------------------------------------------------------------------------


def message_uuid(seed: int, sequence: int) -> str:
    """A version 4 shaped UUID, the same for the same seed and sequence: runs can be repeated."""
    digest = hashlib.blake2b(b"%d/%d" % (seed, sequence), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"


def reference_number(created_at: datetime, sequence: int) -> str:
    """``refNo``: the UTC day and a running number, e.g. ``SMS20260601-000007``."""
    return f"SMS{created_at.astimezone(UTC):%Y%m%d}-{sequence:06d}"


# --- delivery reports -------------------------------------------------------------------------------------------------

RESERVED_FIRST: Final = 800_000_000
RESERVED_COUNT: Final = 10_000
"""0800000000 to 0800009999: numbers for tests. All are delivered unless they end in a magic suffix."""
MAGIC_SUFFIXES: Final = {
    9001: "failed",
    9002: "invalid",
    9003: "blocked",
    9004: "expired",
    9005: "timeout",
    9006: "pending",
}
"""Last four digits that choose the report of a reserved number: 0800009001 fails, 0800009006 stays pending for ever."""
MIX_PER_MILLE: Final = (("success", 955), ("failed", 25), ("expired", 8), ("timeout", 6), ("invalid", 6))
"""How the reports of all other numbers fall, chosen by a hash of the last four digits."""
REPORT_DELAY: Final = {
    "invalid": timedelta(0),
    "blocked": timedelta(0),
    "success": timedelta(seconds=5),
    "failed": timedelta(minutes=5),
    "expired": timedelta(hours=24),
    "timeout": timedelta(hours=72),
}
"""Time from the start of a message to a recipient's report; until then it reads ``pending``."""
SUCCESS_SPREAD: Final = timedelta(seconds=10)
SUCCESS_WAVES: Final = 16
"""Successes arrive in 16 waves, 10 seconds apart, chosen by the same hash."""
