"""A send: one ``POST /sms/send``. What is desired of it, what is recorded of it, and how its phase may move."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mesms_gitops.model.campaign import When
    from mesms_gitops.model.numbers import Numbers

MAX_NUMBERS_PER_SEND = 2_000_000
"""ME-SMS reference: "Up to 2,000,000 numbers per request"."""


class SendPhase(StrEnum):
    """Where a send stands, as recorded."""

    INTENDED = "intended"
    SCHEDULED = "scheduled"
    STARTED = "started"
    SENT = "sent"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    FAILED = "failed"


class SendEvent(StrEnum):
    """What can happen to a send."""

    ACCEPTED = "accepted for later"
    ACCEPTED_NOW = "accepted for now"
    REFUSED = "refused"
    NO_ANSWER = "no usable answer"
    SEEN_SCHEDULED = "seen scheduled"
    SEEN_STARTED = "seen started"
    SEEN_DONE = "seen done"
    SEEN_FAILED = "seen failed"
    SEEN_CANCELLED = "seen cancelled"
    SETTLED_NOT_SENT = "settled by a person: not sent"


_P, _E = SendPhase, SendEvent
TRANSITIONS: Mapping[tuple[SendPhase, SendEvent], SendPhase] = MappingProxyType(
    {
        (_P.INTENDED, _E.ACCEPTED): _P.SCHEDULED,
        (_P.INTENDED, _E.ACCEPTED_NOW): _P.STARTED,
        (_P.INTENDED, _E.REFUSED): _P.FAILED,
        (_P.INTENDED, _E.NO_ANSWER): _P.UNKNOWN,
        (_P.UNKNOWN, _E.NO_ANSWER): _P.UNKNOWN,
        (_P.UNKNOWN, _E.SETTLED_NOT_SENT): _P.FAILED,
        **{
            (phase, event): to
            for phase in (_P.INTENDED, _P.UNKNOWN)
            for event, to in (
                (_E.SEEN_SCHEDULED, _P.SCHEDULED),
                (_E.SEEN_STARTED, _P.STARTED),
                (_E.SEEN_DONE, _P.SENT),
                (_E.SEEN_FAILED, _P.FAILED),
                (_E.SEEN_CANCELLED, _P.CANCELLED),
            )
        },
        (_P.INTENDED, _E.SETTLED_NOT_SENT): _P.FAILED,
        (_P.SCHEDULED, _E.SEEN_SCHEDULED): _P.SCHEDULED,
        (_P.SCHEDULED, _E.SEEN_STARTED): _P.STARTED,
        (_P.SCHEDULED, _E.SEEN_DONE): _P.SENT,
        (_P.SCHEDULED, _E.SEEN_FAILED): _P.FAILED,
        (_P.SCHEDULED, _E.SEEN_CANCELLED): _P.CANCELLED,
        (_P.STARTED, _E.SEEN_STARTED): _P.STARTED,
        (_P.STARTED, _E.SEEN_DONE): _P.SENT,
        (_P.STARTED, _E.SEEN_FAILED): _P.FAILED,
        (_P.SENT, _E.SEEN_DONE): _P.SENT,
    }
)
"""Every move a send can make. A pair that is not here is ignored by observation and an error anywhere else:
what has started never becomes scheduled or cancelled again, whatever a listing says."""


class CancelReason(StrEnum):
    """Why this tool cancels a send of its own."""

    REPLACE = "replace"
    DELETED = "deleted"
    DECLARED = "declared"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class CancelIntent:
    """Recorded before ``POST /cancel``: a message found cancelled later was cancelled by us, not by somebody else."""

    run: str
    at: datetime
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class SendRecord:
    """One send as state remembers it. Holds what recovery needs to recognise the message without the manifest.

    ``scheduled_at`` is the absolute time in UTC, None for "at once". ``text_digest`` is None where the text is
    rendered by ME-SMS and no local copy exists. ``credits`` is what ME-SMS charged, or holds, as far as it said;
    ``quoted`` what its preview asked when the send was approved, None where nobody asked. ``sample`` are keyed digests
    of the lowest numbers. ``uuid`` is None until ME-SMS has said one; a FAILED send without uuid was never accepted,
    one with uuid failed after that. ``notes`` are the `delivery.DeliveryNote` of its counts, sorted.
    """

    fingerprint: str
    revision: int
    phase: SendPhase
    run: str
    intended_at: datetime
    scheduled_at: datetime | None
    sender: str
    recipients: int
    parts: int
    credits: int | None = None
    uuid: str | None = None
    text_digest: str | None = None
    audience_digest: str | None = None
    sample: tuple[str, ...] = ()
    group_id: int | None = None
    template_id: int | None = None
    undo_window: int | None = None
    delivery: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    cancel: CancelIntent | None = None
    reason: str | None = None
    quoted: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether ME-SMS holds, sends or has sent this message."""
        return self.phase in LIVE

    @property
    def is_unsettled(self) -> bool:
        """Whether nobody knows if ME-SMS has this message: an intent without outcome, or an unknown one."""
        return self.phase in UNSETTLED

    @property
    def is_replaced(self) -> bool:
        """Whether this tool cancelled it to put another message in its place."""
        return (
            self.phase is SendPhase.CANCELLED and self.cancel is not None and self.cancel.reason is CancelReason.REPLACE
        )

    @property
    def is_final(self) -> bool:
        """Whether this message has left, or was accepted and then failed: it can never be sent again by itself."""
        return self.phase in LEFT or (self.phase is SendPhase.FAILED and self.uuid is not None)


LIVE = frozenset({_P.SCHEDULED, _P.STARTED, _P.SENT})
LEFT = frozenset({_P.STARTED, _P.SENT})
UNSETTLED = frozenset({_P.INTENDED, _P.UNKNOWN})


@dataclass(frozen=True, slots=True)
class TextContent:
    """A text rendered here."""

    content: str


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """A saved template with its variables; ``preview`` is the local copy rendered, where there is one."""

    template_id: int
    variables: Mapping[str, str]
    preview: str | None


Content: TypeAlias = TextContent | TemplateContent


@dataclass(frozen=True, slots=True)
class DesiredSend:
    """One request to be, complete: everything ``POST /sms/send`` needs, and the digests it is known by.

    Either ``numbers`` or ``group_id`` is set. ``parts`` is the local count of one message's parts (0: not known).
    """

    fingerprint: str
    sender: str
    content: Content
    when: When
    numbers: Numbers | None
    group_id: int | None
    parts: int
    encoding: str
    text_digest: str | None
    audience_digest: str | None
    sample: tuple[str, ...] = ()

    @property
    def recipients(self) -> int:
        """How many people; 0 for a contact group, whose size only ME-SMS knows."""
        return 0 if self.numbers is None else len(self.numbers)

    @property
    def text(self) -> str | None:
        """The text as it is expected to arrive, None where only ME-SMS knows it."""
        return self.content.content if isinstance(self.content, TextContent) else self.content.preview
