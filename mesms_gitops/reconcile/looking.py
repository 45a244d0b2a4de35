"""Looks at messages of ours, one after the other: what each is now, with its newest counts. Makes only reads.

One message about which nothing can be learnt keeps nobody from the others. What concerns them all ends the looking:
no connection, a key that is refused, too many requests, or several messages in a row without any answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import AnswerUnreadable, ApiError, ApiRefusal, NoAnswer, NotMesms
from mesms_gitops.model.observation import UNREAD, RemotePhase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mesms_gitops.model.observation import Look, RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.reconcile.ports import Account

FEW: Final = 2
"""So many open sends are asked about one by one: a page of the listing would save nothing."""
CLOCK_SLACK: Final = timedelta(minutes=10)
"""A message is listed from so long before its intent on: the intent has this machine's clock, the listing ME-SMS's."""
LOST_IN_A_ROW: Final = 3
"""So many messages in a row without an answer: it is not them, it is ME-SMS or the way there."""
_REFUSED_TO_ALL: Final = frozenset({401, 429})


@dataclass(frozen=True, slots=True)
class Failure:
    """A look at a message of ``campaign`` that told nothing. ``is_lost``: an answer may well come next time."""

    campaign: str
    error: ApiError

    @property
    def is_lost(self) -> bool:
        """Whether it was not ME-SMS that answered, or nobody: that says nothing of the message."""
        return isinstance(self.error, (NoAnswer, NotMesms))


@dataclass(slots=True)
class Looking:
    """``check`` is called before each request and may raise; ``failed`` hears of each look that told nothing."""

    account: Account
    tell: Callable[[str], None]
    check: Callable[[], None]
    failed: Callable[[Failure], None]
    _lost: int = 0

    def looks(self, opened: Sequence[tuple[str, SendRecord]]) -> Iterator[tuple[str, Look]]:
        """Each open send's uuid and its message as it is now. One whose answer was lost is left out.

        Raises `ApiError` for what concerns all of them.
        """
        listed = self._listed([record for _, record in opened]) if len(opened) > FEW else {}
        for number, (name, record) in enumerate(opened, start=1):
            uuid = record.uuid
            assert uuid is not None  # only sends with one are open
            self.tell(f"reading {name} ({number} of {len(opened)})")
            try:
                seen: Look = self._seen(uuid, listed.get(uuid.lower()))
            except ApiError as error:
                failure = Failure(name, error)
                if self._ends(failure):
                    raise
                self.failed(failure)
                if not failure.is_lost:
                    yield uuid, UNREAD
            else:
                self._lost = 0
                yield uuid, seen

    def _ends(self, failure: Failure) -> bool:
        """Whether the next message would fare no better."""
        self._lost = self._lost + 1 if failure.is_lost else 0
        match failure.error:
            case NoAnswer() | NotMesms():
                return self._lost >= LOST_IN_A_ROW
            case ApiRefusal(status=status):
                return status in _REFUSED_TO_ALL
            case AnswerUnreadable():
                return False
            case _:
                return True

    def _seen(self, uuid: str, listed: RemoteMessage | None) -> RemoteMessage | None:
        """One message with its newest counts; ``listed`` is what the listing said of it."""
        if listed is not None:
            return self._with_counts(listed, is_whole=False)
        self.check()
        message = self.account.message(uuid)
        return message and self._with_counts(message, is_whole=True)

    def _listed(self, records: Sequence[SendRecord]) -> Mapping[str, RemoteMessage]:
        """Messages of ``records`` from one pass over the listing, by uuid in lower case; possibly not all of them.

        It ends when all were seen, and when it would cost more requests than asking about the rest one by one; also
        where it cannot be read: they are asked about one by one then.
        """
        wanted = {record.uuid.lower() for record in records if record.uuid}
        senders = {record.sender for record in records}
        since = min(record.intended_at for record in records) - CLOCK_SLACK
        found: dict[str, RemoteMessage] = {}
        page_number = 0
        while len(wanted) - len(found) > page_number:
            page_number += 1
            self.tell(f"listing messages, page {page_number}")
            self.check()
            try:
                page = self.account.messages(
                    page=page_number,
                    sender=next(iter(senders)) if len(senders) == 1 else None,
                    created_from=since,
                    leaves_out=True,
                )
            except ApiError as error:
                if self._ends(Failure("", error)):
                    raise
                break
            found |= {uuid: message for message in page.messages if (uuid := message.uuid.lower()) in wanted}
            if not page.more:
                break
        return found

    def _with_counts(self, message: RemoteMessage, *, is_whole: bool) -> RemoteMessage:
        """``message`` with the newest counts of its recipients, where it has left and does not carry them.

        One that failed may have left all the same: its counts say whether it failed for everybody.

        Once it is done they stand in the message itself (``drSummary``), which the listing leaves out. ``is_whole``:
        it does not come from the listing.
        """
        if message.delivery or message.phase in (RemotePhase.SCHEDULED, RemotePhase.CANCELLED):
            return message
        if message.phase in (RemotePhase.SENT, RemotePhase.FAILED) and not is_whole:
            self.check()
            whole = self.account.message(message.uuid)
            if whole is None:
                message = replace(message, is_partly_gone=True)
            elif whole.delivery:
                return whole
        self.check()
        try:
            counts = self.account.recipients(message.uuid).summary
        except ApiRefusal as refusal:
            if refusal.status != 404:
                raise
            return replace(message, is_partly_gone=True)  # what is recorded of its people stays
        return replace(message, delivery=MappingProxyType(dict(sorted(counts.items()))))
