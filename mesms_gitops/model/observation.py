"""The observed side: what ME-SMS says, in this tool's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class RemotePhase(StrEnum):
    """A message's state on ME-SMS. The reference's list filter names the first five; OTHER is any other word."""

    SCHEDULED = "scheduled"
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RemoteMessage:
    """One message on the account. Times are UTC; None where the answer did not say.

    ``delivery`` are counts by delivery state; ``remote_word`` is the state exactly as it was written.
    ``is_partly_gone``: it was shown in one place, and answered 404 in another.
    """

    uuid: str
    phase: RemotePhase
    sender: str | None = None
    content: str | None = None
    recipients: int | None = None
    credits: int | None = None
    scheduled_at: datetime | None = None
    created_at: datetime | None = None
    ref_no: str | None = None
    delivery: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    remote_word: str = ""
    is_partly_gone: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it is to go out, going out, or gone."""
        return self.phase not in (RemotePhase.CANCELLED, RemotePhase.FAILED)


@dataclass(frozen=True, slots=True)
class Unread:
    """What a look gives where the answer about a message cannot be read, or is a refusal: nothing is known of it."""


UNREAD: Final = Unread()
Look: TypeAlias = RemoteMessage | Unread | None
"""One look at a message of ours; None where ME-SMS does not know it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a send that was accepted. Counts are None where the answer did not say."""

    uuid: str
    remote_word: str | None = None
    recipients: int | None = None
    parts: int | None = None
    credits: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer to a cost preview: parts of one message, recipients, credits for all of them."""

    parts: int
    recipients: int
    credits: int


UNREADABLE_ROW: Final = ("", "")
"""Stands for a row that names nobody, or no state: it is counted among the rows, and is no number to anybody."""


@dataclass(frozen=True, slots=True)
class RecipientPage:
    """One page of recipients: ``(msisdn, delivery state)`` rows, and the cursor of the next page if there is one.

    A row that cannot be read is `UNREADABLE_ROW`: whoever must not overlook anybody looks at ``unreadable``.
    """

    rows: tuple[tuple[str, str], ...]
    next_cursor: int | None
    summary: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    total: int | None = None

    @property
    def unreadable(self) -> int:
        """How many rows cannot be read."""
        return self.rows.count(UNREADABLE_ROW)


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of the listing; ``more`` says whether another may follow.

    ``left_out`` is how many rows cannot be read; above 0 only where that was asked for, else they are an error.
    """

    messages: tuple[RemoteMessage, ...]
    more: bool
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class SenderName:
    """A sender on the account, and whether it may be used."""

    name: str
    approved: bool
    remote_word: str = ""
