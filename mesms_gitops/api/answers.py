"""Bodies of successful answers -> nouns of `model.observation`. Pure: any JSON gives a value or `AnswerUnreadable`.

Names and shapes are those of the project's contract, section 9: the expected name first, then the accepted others,
inside or outside an envelope. What decides something (a uuid, a state, a price) must be there; the rest may be absent,
but what is there must be of its kind: a garbled time is an error, never "no time".
"""

from __future__ import annotations

import re
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.api.assumptions import APPROVED, LIST_LIMIT, PHASES, RECIPIENTS_LIMIT
from mesms_gitops.api.fields import Rounding, error_text, to_whole
from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.model.observation import (
    UNREADABLE_ROW,
    Accepted,
    MessagePage,
    Quote,
    RecipientPage,
    RemoteMessage,
    RemotePhase,
    SenderName,
)
from mesms_gitops.planning.fingerprint import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.api.fields import Frame, Lens

_UUID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_NATIONAL: Final = re.compile(r"\+?(?:66|0)([0-9]{9})")
_OVERALL: Final = "total"


def is_uuid(text: str) -> bool:
    """Whether ``text`` can name a message in a path: letters, digits, ``-`` and ``_``."""
    return _UUID.fullmatch(text) is not None


def accepted(body: object, lens: Lens) -> Accepted:
    """A send's answer. Only the uuid is needed: a count that cannot be read is None, for the message is on its way."""
    _refuse_error(body, lens)
    frame = lens.frame(body, "send.uuid")
    word = lens.find(frame, "send.status")
    return Accepted(
        uuid=_uuid(frame, "send.uuid", lens),
        remote_word=word if isinstance(word, str) else None,
        recipients=to_whole(lens.find(frame, "send.total")),
        parts=to_whole(lens.find(frame, "send.parts")),
        credits=to_whole(lens.find(frame, "send.credits"), Rounding.UP),
    )


def cancelled(body: object, lens: Lens) -> None:
    """A cancel's answer: any object that does not speak of an error."""
    if not isinstance(body, dict):
        raise lens.unreadable("the answer of ME-SMS to a cancel is not an object", body)
    lens.refuse_failure(body)
    _refuse_error(body, lens)


def quote(body: object, lens: Lens, recipients: int | None = None) -> Quote:
    """A preview's answer; ``recipients`` stands in where it names no total. A fraction of a credit counts as one."""
    frame = lens.frame(body, "quote.parts", "quote.credits")
    parts = lens.whole(frame, "quote.parts")
    total = lens.whole(frame, "quote.total")
    cost = lens.whole(frame, "quote.credits", Rounding.UP)
    if parts is None:
        raise lens.missing(body, "quote.parts")
    if cost is None:
        raise lens.missing(body, "quote.credits")
    if total is None and recipients is None:
        raise lens.missing(body, "quote.total")
    return Quote(parts=parts, recipients=total if total is not None else recipients or 0, credits=cost)


def message(body: object, lens: Lens) -> RemoteMessage:
    """One message, its times in UTC. A state that no table knows is `RemotePhase.OTHER`, with its word kept."""
    frame = lens.frame(body, "message.uuid")
    word = lens.text(frame, "message.status")
    if not word:
        raise lens.missing(frame, "message.status")
    return RemoteMessage(
        uuid=_uuid(frame, "message.uuid", lens),
        phase=phase(word),
        sender=lens.text(frame, "message.sender"),
        content=lens.text(frame, "message.content"),
        recipients=lens.whole(frame, "message.total"),
        credits=lens.whole(frame, "message.credits", Rounding.UP),
        scheduled_at=lens.instant(frame, "message.scheduledTime"),
        created_at=lens.instant(frame, "message.createdAt"),
        ref_no=_word(lens.find(frame, "message.refNo")),
        delivery=_counts(lens.find(frame, "message.drSummary"), "message.drSummary", frame, lens),
        remote_word=word,
    )


def messages(body: object, lens: Lens, page: int, asked: int = LIST_LIMIT, *, leaves_out: bool = False) -> MessagePage:
    """Page number ``page`` of the listing, of ``asked`` messages at most; ``leaves_out`` those that cannot be read.

    In doubt another may follow: a message overlooked could be sent twice.
    """
    rows, around = lens.rows(body, "list.data")
    found = tuple(_readable(rows, lens) if leaves_out else (message(row, lens) for row in rows))
    limit = _page_size(lens.find_around(around, "list.limit"), asked)
    total = to_whole(lens.find_around(around, "list.total"))
    # without a total, or with one below what was shown (it counts something else), only an empty page is the end
    seen = (page - 1) * limit + len(rows)
    more = bool(rows) and (total != seen or len(rows) >= limit)
    return MessagePage(messages=found, more=more, left_out=len(rows) - len(found))


def _readable(rows: list[object], lens: Lens) -> Iterator[RemoteMessage]:
    for row in rows:
        with suppress(AnswerUnreadable):
            yield message(row, lens)


def recipients(body: object, lens: Lens, after: int) -> RecipientPage:
    """The recipients after cursor ``after``: numbers as 66XXXXXXXXX where they are Thai, states in lower case.

    A row that cannot be read is kept as `UNREADABLE_ROW`. If that is all of the first page, it is an error: then not
    the rows are odd, but the answer is another than expected.
    """
    rows, around = lens.rows(body, "recipients.data")
    found = tuple(_recipient_or_none(row, lens) for row in rows)
    if rows and not after and set(found) == {UNREADABLE_ROW}:
        _recipient(rows[0], lens)
    return RecipientPage(
        rows=found,
        next_cursor=_next_cursor(len(rows), around, after, lens),
        summary=_counts(lens.find_around(around, "recipients.summary"), "recipients.summary", body, lens),
        total=lens.as_whole(lens.find_around(around, "recipients.total"), "recipients.total", body),
    )


def balance(body: object, lens: Lens) -> int:
    """Whole credits: a fraction of one buys nothing. May be negative."""
    frame = lens.frame(body, "balance.balance")
    whole = to_whole(lens.find(frame, "balance.balance"), Rounding.DOWN)
    if whole is None:
        raise lens.garbled(body, "balance.balance", "a number")
    return whole


def senders(body: object, lens: Lens) -> tuple[SenderName, ...]:
    """The senders of the account; only the word "approved" makes one usable."""
    rows, _ = lens.rows(body, "senders.data")
    return tuple(_sender(row, lens) for row in rows)


def phase(word: str) -> RemotePhase:
    """A message's state from the word it was written with, in any case and with spaces, ``-`` or ``_``."""
    return PHASES.get("_".join(word.lower().replace("-", " ").replace("_", " ").split()), RemotePhase.OTHER)


def _refuse_error(body: object, lens: Lens) -> None:
    """Raise for an ``error`` under a success status: an effect that says both is not known to have happened."""
    if isinstance(body, dict) and body.get("error"):
        said = error_text(body)
        why = f"it said: {lens.clean(said)}" if said else None
        raise lens.unreadable("ME-SMS answered an error under a success status", body, why=why)


def _uuid(frame: Frame, wanted: str, lens: Lens) -> str:
    uuid = lens.find(frame, wanted)
    if not isinstance(uuid, str) or not is_uuid(uuid):
        raise lens.garbled(frame, wanted, "a message's name")
    return uuid


def _word(value: object) -> str | None:
    """A label that decides nothing: a text, or a number as its text."""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _page_size(answered: object, asked: int) -> int:
    """How many messages this page could have held: what was asked for, unless the answer says less."""
    size = to_whole(answered)
    return size if size is not None and 0 < size < asked else asked


def _counts(value: object, wanted: str, body: object, lens: Lens) -> Mapping[str, int]:
    """Counts by state, from an object or a list of them; empty where absent. An overall sum among them is left out."""
    if value is None:
        return MappingProxyType({})
    counts: dict[str, int] = {}
    for word, count in _count_rows(value, wanted, body, lens):
        state = _state(word)
        number = lens.as_whole(count, wanted, body)
        if number is None:
            raise lens.garbled(body, wanted, "counts by state")
        if state != _OVERALL:
            counts[state] = counts.get(state, 0) + number
    return MappingProxyType(counts)


def _count_rows(value: object, wanted: str, body: object, lens: Lens) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return list(value.items())
    rows: list[tuple[str, object]] = []
    listed: list[object] = value if isinstance(value, list) else [value]
    for row in listed:
        if not isinstance(row, dict):
            raise lens.garbled(body, wanted, "counts by state")
        word = lens.find(row, "counts.status")
        if not isinstance(word, str):
            raise lens.garbled(body, wanted, "counts by state")
        rows.append((word, lens.find(row, "counts.count")))
    return rows


def _recipient_or_none(row: object, lens: Lens) -> tuple[str, str]:
    try:
        return _recipient(row, lens)
    except AnswerUnreadable:
        return UNREADABLE_ROW


def _recipient(row: object, lens: Lens) -> tuple[str, str]:
    if not isinstance(row, dict):
        raise lens.garbled(row, "recipients.data", "a list of recipients")
    number = _word(lens.find(row, "recipients.msisdn"))
    state = lens.text(row, "recipients.status")
    if not number or not state:
        raise lens.missing(row, "recipients.status" if number else "recipients.msisdn")
    national = _NATIONAL.fullmatch(number.strip())
    return (f"66{national[1]}" if national else number), _state(state)


def _state(word: str) -> str:
    """A delivery state as it is recorded: in lower case, and without what could be a phone number, for it is stored."""
    state = word.strip().lower()
    return state if state in DELIVERY_STATES else masked(state)


def _next_cursor(shown: int, around: tuple[Frame, ...], after: int, lens: Lens) -> int | None:
    """Where the next page starts, None on the last. Raises `AnswerUnreadable` where following would miss or repeat."""
    more = lens.truth(around, "recipients.hasMore")
    found = lens.find_around(around, "recipients.nextCursor")
    if more is False or (more is None and found is None and shown < RECIPIENTS_LIMIT):
        return None
    body = around[0] if around else []
    cursor = lens.as_whole(found, "recipients.nextCursor", body)
    if cursor is None and more is None and _says_null(around, lens):
        return None
    if cursor is None:
        raise lens.missing(body, "recipients.nextCursor")
    if cursor == after:
        raise lens.unreadable("nextCursor in the answer of ME-SMS points back to the page it is on", body)
    return cursor


def _says_null(around: tuple[Frame, ...], lens: Lens) -> bool:
    """Whether the cursor is there and null: the end, said outright."""
    return any(name in frame for frame in around for name in lens.names("recipients.nextCursor"))


def _sender(row: object, lens: Lens) -> SenderName:
    if not isinstance(row, dict):
        raise lens.garbled(row, "senders.data", "a list of senders")
    name, word = lens.text(row, "senders.name"), lens.text(row, "senders.status")
    if not name or not word:
        raise lens.missing(row, "senders.status" if name else "senders.name")
    return SenderName(name=name, approved=word.strip().lower() == APPROVED, remote_word=word)
