"""Reading what became of what was sent. Only sends that can still change are asked about, and only by reads.

A look is a value, and writing it down is somebody else's turn: so whoever watches for hours holds the lock for
the instant of each write alone. What was read is written every now and then, and once more whatever stops the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import AnswerUnreadable, ApiRefusal, Interrupted
from mesms_gitops.model.delivery import can_still_change
from mesms_gitops.model.observation import RemotePhase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.ports import Account, Clock, Progress

FEW: Final = 2
"""So many open sends are asked about one by one: a page of the listing would save nothing."""
WRITE_EVERY: Final = timedelta(seconds=30)
WRITE_AFTER: Final = 200
"""Looks. What was read is written down after so many, or after ``WRITE_EVERY``, whichever comes first."""
CLOCK_SLACK: Final = timedelta(minutes=10)
"""A message is listed from so long before its intent on: the intent has this machine's clock, the listing ME-SMS's."""

Looks = dict[str, "RemoteMessage | None"]


@dataclass(slots=True)
class Refresh:
    """One pass. ``write`` makes looks durable, and may raise what a journal raises."""

    account: Account
    clock: Clock
    progress: Progress
    write: Callable[[Mapping[str, RemoteMessage | None]], None]
    interrupted: Callable[[], bool] = lambda: False
    _fresh: Looks = field(default_factory=dict)
    _unread: list[AnswerUnreadable] = field(default_factory=list)
    _written_at: datetime | None = None

    def run(self, state: State, names: Collection[str] = ()) -> int:
        """Look at every send of ``state`` (of the campaigns ``names``) that can still change; how many there were.

        Raises `Interrupted` after Ctrl-C and `ApiError` where the account cannot be read, both once all that was read
        is written. One message that cannot be read keeps nobody from the others: it is raised after them.
        """
        opened = open_sends(state, names)
        self._unread = []
        self._written_at = self.clock.now()
        try:
            for uuid, message in looks(opened, self.account, self._tell, self._check, self._unread.append):
                self._fresh[uuid] = message
                if len(self._fresh) >= WRITE_AFTER or self.clock.now() - self._written_at >= WRITE_EVERY:
                    self._write_down()
        finally:
            self._write_down()
        if self._unread:
            raise _of_all(self._unread, len(opened))
        return len(opened)

    def _write_down(self) -> None:
        if self._fresh:
            self.write(MappingProxyType(self._fresh))
            self._fresh = {}
        self._written_at = self.clock.now()

    def _tell(self, text: str) -> None:
        self.progress.say(text)

    def _check(self) -> None:
        if self.interrupted():
            raise Interrupted(
                "interrupted; what was read so far is written down", next_step="the same command reads the rest"
            )


def open_sends(state: State, names: Collection[str] = ()) -> list[tuple[str, SendRecord]]:
    """The sends that can still change, each with its campaign's name."""
    return [
        (campaign.name, record)
        for campaign, record in state.sends()
        if can_still_change(record) and (not names or campaign.name in names)
    ]


def looks(
    opened: Sequence[tuple[str, SendRecord]],
    account: Account,
    tell: Callable[[str], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
    unread: Callable[[AnswerUnreadable], None] | None = None,
) -> Iterator[tuple[str, RemoteMessage | None]]:
    """Each open send's message as it is now, with its newest counts; None where ME-SMS knows none. Makes only reads.

    ``check`` is called before each request and may raise. ``unread`` hears of a message whose own answer cannot be
    read, and it is left out; without it that is raised.
    """
    listed = _listed([record for _, record in opened], account, tell, check) if len(opened) > FEW else {}
    for number, (name, record) in enumerate(opened, start=1):
        uuid = record.uuid
        assert uuid is not None  # `can_still_change` lets only sends with one through
        tell(f"reading {name} ({number} of {len(opened)})")
        try:
            seen = _seen(uuid, listed.get(uuid.lower()), account, check)
        except AnswerUnreadable as error:
            if unread is None:
                raise
            unread(error)
        else:
            yield uuid, seen


def _seen(uuid: str, listed: RemoteMessage | None, account: Account, check: Callable[[], None]) -> RemoteMessage | None:
    """One message with its newest counts; ``listed`` is what the listing said of it."""
    message = listed
    if message is None:
        check()
        message = account.message(uuid)
    return message and _with_counts(message, account, check, is_whole=listed is None)


def _of_all(unread: Sequence[AnswerUnreadable], asked: int) -> AnswerUnreadable:
    """The first of ``unread``, with how many messages there are like it."""
    first = unread[0]
    how_many = f"{len(unread)} of {asked} messages could not be read; what the others say is written down"
    why = f"{first.why}; {how_many}" if first.why else how_many
    return AnswerUnreadable(first.what, where=first.where, why=why, next_step=first.next_step)


def _listed(
    records: Sequence[SendRecord], account: Account, tell: Callable[[str], None], check: Callable[[], None]
) -> Mapping[str, RemoteMessage]:
    """Messages of ``records`` from one pass over the listing, by uuid in lower case; possibly not all of them.

    It ends when all were seen, and when it would cost more requests than asking about the rest one by one.
    """
    wanted = {record.uuid.lower() for record in records if record.uuid}
    senders = {record.sender for record in records}
    since = min(record.intended_at for record in records) - CLOCK_SLACK
    found: dict[str, RemoteMessage] = {}
    page_number = 0
    while len(wanted) - len(found) > page_number:
        page_number += 1
        tell(f"listing messages, page {page_number}")
        check()
        page = account.messages(
            page=page_number, sender=next(iter(senders)) if len(senders) == 1 else None, created_from=since
        )
        found |= {uuid: message for message in page.messages if (uuid := message.uuid.lower()) in wanted}
        if not page.more:
            break
    return found


def _with_counts(
    message: RemoteMessage, account: Account, check: Callable[[], None], *, is_whole: bool
) -> RemoteMessage:
    """``message`` with the newest counts of its recipients, where it has left and does not carry them.

    Once it is done they stand in the message itself (``drSummary``), which the listing leaves out. ``is_whole``: it
    does not come from the listing.
    """
    if message.delivery or message.phase in (RemotePhase.SCHEDULED, RemotePhase.CANCELLED, RemotePhase.FAILED):
        return message
    if message.phase is RemotePhase.SENT and not is_whole:
        check()
        whole = account.message(message.uuid)
        if whole is not None and whole.delivery:
            return whole
    check()
    try:
        counts = account.recipients(message.uuid).summary
    except ApiRefusal as refusal:
        if refusal.status != 404:
            raise
        return message  # its people were purged before it was: what is recorded of them stays
    return replace(message, delivery=MappingProxyType(dict(sorted(counts.items()))))
