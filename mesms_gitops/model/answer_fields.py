"""What this tool reads of ME-SMS's answers: a name for each value, its kind, and what would be lost without it.

The names are the rows of the project's contract, section 9, as ``answer.field``. A user may say in ``api.fields`` how a
real account calls one of them; ``api`` knows the other names that are accepted by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FieldKind(StrEnum):
    """What a value has to be."""

    COUNTS = "counts"
    LIST = "list"
    MSISDN = "phone number"
    NAME = "text"
    NUMBER = "number"
    TIME = "time"
    TRUTH = "boolean"
    UUID = "uuid"
    WORD = "word"


class Need(StrEnum):
    """What is lost where a field is absent."""

    DECIDES = "decides"
    """The answer cannot be read at all."""
    RECOGNISES = "recognises"
    """A send whose answer was lost cannot be found again among the account's messages."""
    ADDS = "adds"
    """Something is not shown, or is worked out in another way."""


@dataclass(frozen=True, slots=True)
class AnswerField:
    """One value of one kind of answer. ``hints`` are parts of names that other services give it, in small letters."""

    kind: FieldKind
    need: Need
    hints: tuple[str, ...] = ()


_K, _N = FieldKind, Need
_PARTS: Final = AnswerField(_K.NUMBER, _N.DECIDES, ("part", "segment", "pages"))
_TOTAL: Final = AnswerField(_K.NUMBER, _N.ADDS, ("total", "count", "recipient", "quantity"))
_CREDITS: Final = AnswerField(_K.NUMBER, _N.DECIDES, ("credit", "cost", "price", "charge", "amount"))
_UUID: Final = AnswerField(_K.UUID, _N.DECIDES, ("uuid", "messageid", "guid", "id"))
_STATE: Final = AnswerField(_K.WORD, _N.DECIDES, ("status", "state", "delivery"))
_LIST: Final = AnswerField(_K.LIST, _N.DECIDES, ("data", "rows", "list", "records", "content", "entries"))


def _adds(kind: FieldKind, *hints: str) -> AnswerField:
    return AnswerField(kind, _N.ADDS, hints)


def _recognises(kind: FieldKind, *hints: str) -> AnswerField:
    return AnswerField(kind, _N.RECOGNISES, hints)


ANSWER_FIELDS: Final[dict[str, AnswerField]] = {
    "send.uuid": _UUID,
    "send.status": _adds(_K.WORD, "status", "state"),
    "send.parts": _adds(_K.NUMBER, *_PARTS.hints),
    "send.total": _TOTAL,
    "send.credits": _adds(_K.NUMBER, *_CREDITS.hints),
    "quote.parts": _PARTS,
    "quote.total": _TOTAL,
    "quote.credits": _CREDITS,
    "list.data": _LIST,
    "list.limit": _adds(_K.NUMBER, "limit", "size", "perpage"),
    "list.total": _adds(_K.NUMBER, "total", "count"),
    "message.uuid": _UUID,
    "message.refNo": _adds(_K.NAME, "ref"),
    "message.sender": _recognises(_K.NAME, "sender", "from", "name"),
    "message.content": _recognises(_K.NAME, "content", "text", "body", "message"),
    "message.status": _STATE,
    "message.total": _recognises(_K.NUMBER, *_TOTAL.hints),
    "message.credits": _adds(_K.NUMBER, *_CREDITS.hints),
    "message.scheduledTime": _adds(_K.TIME, "schedul", "sendat", "sendtime"),
    "message.createdAt": _recognises(_K.TIME, "creat", "submitted", "date", "time"),
    "message.drSummary": _adds(_K.COUNTS, "summary", "report", "delivery", "counts"),
    "recipients.data": _LIST,
    "recipients.msisdn": AnswerField(
        _K.MSISDN, _N.DECIDES, ("msisdn", "phone", "mobile", "number", "recipient", "destination", "to")
    ),
    "recipients.status": _STATE,
    "recipients.nextCursor": _adds(_K.NUMBER, "cursor", "next", "after"),
    "recipients.hasMore": _adds(_K.TRUTH, "more", "hasnext"),
    "recipients.summary": _adds(_K.COUNTS, "summary", "counts", "totals"),
    "recipients.total": _adds(_K.NUMBER, "total", "count"),
    "balance.balance": AnswerField(
        _K.NUMBER, _N.DECIDES, ("balance", "credit", "remain", "available", "wallet", "amount")
    ),
    "senders.data": _LIST,
    "senders.name": AnswerField(_K.NAME, _N.DECIDES, ("name", "sender", "title")),
    "senders.status": _STATE,
    "counts.status": _adds(_K.WORD, "status", "state"),
    "counts.count": _adds(_K.NUMBER, "count", "total"),
}
"""``answer.field`` -> what it is. `api` refuses to start with another set of names than this one (a test holds it)."""
