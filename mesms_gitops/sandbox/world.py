"""The account as a value in time: requests in, answers out, and a ledger of who was texted.

Pure and synchronous. It has no clock of its own: ``now`` moves only by ``advance`` and ``set_now``, and everything
that happens by itself (a schedule that fires, a report that arrives) follows from ``now``. Messages are immutable
values that are replaced, so ``copy`` is a few shallow dictionaries.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from mesms_gitops.sandbox import assumptions
from mesms_gitops.sandbox.endpoints import ENDPOINTS, route
from mesms_gitops.sandbox.message import Message, iso
from mesms_gitops.sandbox.refusals import Answer, Raw, RefusalError
from mesms_gitops.sandbox.reports import reports_with_blocklist
from mesms_gitops.sandbox.shapes import Shape, dress, renamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.sandbox.account import Account, Key
    from mesms_gitops.sandbox.checks import Order
    from mesms_gitops.sandbox.msisdns import Numbers

__all__ = ["START", "Answer", "Credits", "LedgerEntry", "Message", "Raw", "World", "iso"]

START: Final = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
"""Where a world's clock stands unless told: ten o'clock of a Monday in Bangkok."""

_NO_QUERY: Final[Mapping[str, str]] = {}
_SECOND: Final = timedelta(seconds=1)


class LedgerEntry(NamedTuple):
    """A message as the people who receive it would count it; times are aware UTC, ``status`` is as of the ledger."""

    uuid: str
    owner: str
    sender: str
    content: str
    total: int
    credits: int
    status: assumptions.MessageStatus
    created_at: datetime
    scheduled_at: datetime | None
    delivers: bool
    """False for a message that was cancelled or failed: nobody gets it."""
    numbers: Numbers
    """In the order sent, duplicates kept; iterates as 66XXXXXXXXX."""


class Credits(NamedTuple):
    """Where an owner's credits are; their sum changes only when credits are added or removed from outside."""

    balance: int
    held: int
    charged: int


class World:
    """One ME-SMS: accounts, keys, messages and a clock. Not thread-safe; see ``app`` for the lock."""

    __slots__ = (
        "_due",
        "_now",
        "_sequence",
        "_window",
        "accounts",
        "calls",
        "keys",
        "listing_lag",
        "messages",
        "names",
        "rate_limit",
        "seed",
        "shape",
    )

    def __init__(
        self,
        accounts: Iterable[Account],
        keys: Mapping[str, Key],
        *,
        now: datetime = START,
        seed: int = 0,
        shape: Shape = "plain",
        rate_limit: int | None = assumptions.REQUESTS_PER_SECOND,
    ) -> None:
        self.accounts = {account.owner: account for account in accounts}
        self.keys = keys
        self.messages: dict[str, Message] = {}
        """By uuid, in the order of the requests that made them."""
        self.seed = seed
        """Chooses the uuids: two worlds with different seeds never share one."""
        self.shape: Shape = shape
        self.rate_limit = rate_limit
        """Requests a second of the world's clock before a 429; None for no limit."""
        self.listing_lag = timedelta(0)
        """How long a message made from now on stays out of ``GET /sms``."""
        self.names: Mapping[str, Mapping[str, str]] = {}
        """Other names of fields than any document has; see `shapes.renamed`."""
        self.calls: dict[str, int] = {}
        """Requests that found an endpoint, by name as in ``POST /sms/send``, whatever their answer."""
        self._now = _to_milliseconds(now)
        self._sequence = 0
        self._due: list[tuple[datetime, int, str]] = []
        self._window = (self._now, 0)

    def copy(self) -> World:
        """A world that lives on by itself; numbers and messages are shared, being immutable."""
        twin = World.__new__(World)
        twin.accounts = {owner: account.copy() for owner, account in self.accounts.items()}
        twin.keys = self.keys
        twin.messages = self.messages.copy()
        twin.seed = self.seed
        twin.shape = self.shape
        twin.rate_limit = self.rate_limit
        twin.listing_lag = self.listing_lag
        twin.names = self.names
        twin.calls = self.calls.copy()
        twin._now = self._now
        twin._sequence = self._sequence
        twin._due = self._due.copy()
        twin._window = self._window
        return twin

    # --- requests -----------------------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] = _NO_QUERY,
        body: object = None,
        api_key: str | None = None,
    ) -> Answer:
        """Answer one request. ``path`` starts after ``/api/v2``; ``body`` is a JSON value (msisdns may be Numbers)."""
        try:
            endpoint, uuid = route(method, path)
            self.calls[endpoint] = self.calls.get(endpoint, 0) + 1
            key = self._authenticated(api_key)
            self._throttle()
            kind, answer = ENDPOINTS[endpoint](self, key, uuid, query, body)
        except RefusalError as refusal:
            return refusal.answer
        return Answer(200, dress(kind, renamed(kind, answer, self.names), self.shape))

    def _authenticated(self, api_key: str | None) -> Key:
        key = self.keys.get(api_key) if api_key is not None else None
        if key is None:
            raise RefusalError(401, "UNAUTHORIZED", "Missing or invalid API key")
        return key

    def _throttle(self) -> None:
        """Count this request in the current second and refuse it when the second is full."""
        if self.rate_limit is None:
            return
        since, count = self._window
        if not since <= self._now < since + _SECOND:
            since, count = self._now, 0
        self._window = (since, count + 1)
        if count >= self.rate_limit:
            wait = (("retry-after", "1"),) if assumptions.RETRY_AFTER_SENT else ()
            raise RefusalError(429, "RATE_LIMITED", "Rate limit exceeded", wait)

    # --- what happens to messages -------------------------------------------------------------------------------------

    def accept(self, account: Account, order: Order, price: int) -> Message:
        """Make the message of an order that the balance covers: hold its credits, and start it unless scheduled."""
        self._sequence += 1
        message = Message(
            uuid=assumptions.message_uuid(self.seed, self._sequence),
            sequence=self._sequence,
            ref_no=assumptions.reference_number(self._now, self._sequence),
            owner=account.owner,
            sender=order.sender,
            content=order.content,
            numbers=order.numbers,
            credits=price,
            created_at=self._now,
            listed_at=self._now + self.listing_lag,
            scheduled_at=order.scheduled_at,
            starts_at=order.scheduled_at or self._now,
            phase="scheduled",
        )
        account.balance -= price
        account.held += price
        self.messages[message.uuid] = message
        if order.scheduled_at is None:
            return self._start(message)
        heapq.heappush(self._due, (message.starts_at, message.sequence, message.uuid))
        return message

    def call_off(self, message: Message) -> None:
        """Cancel a message that is still scheduled; its credits return to the balance."""
        self._refund(message)
        self.messages[message.uuid] = message._replace(phase="cancelled")

    def _start(self, message: Message) -> Message:
        """Begin sending: held credits are charged, or given back if the sender was lost meanwhile."""
        account = self.accounts[message.owner]
        if assumptions.SENDER_LOST_FAILS_MESSAGE and not account.approves(message.sender):
            self._refund(message)
            begun = message._replace(phase="failed")
        else:
            account.held -= message.credits
            account.charged += message.credits
            own_reports = reports_with_blocklist(message.numbers, account.blocklist)
            begun = message._replace(phase="started", own_reports=own_reports)
        self.messages[message.uuid] = begun
        return begun

    def _refund(self, message: Message) -> None:
        account = self.accounts[message.owner]
        account.held -= message.credits
        account.balance += message.credits

    # --- time ---------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The world's time: aware, UTC, whole milliseconds."""
        return self._now

    def advance(self, by: timedelta | float) -> None:
        """Move the clock by a timedelta or by seconds; schedules that come due fire in their order."""
        self.set_now(self._now + (by if isinstance(by, timedelta) else timedelta(seconds=by)))

    def set_now(self, now: datetime) -> None:
        """Put the clock at an aware time. Going back undoes nothing: what has started stays started."""
        self._now = now = _to_milliseconds(now)
        while self._due and self._due[0][0] <= now:
            message = self.messages[heapq.heappop(self._due)[2]]
            if message.phase == "scheduled":
                self._start(message)

    # --- what tests look at -------------------------------------------------------------------------------------------

    def ledger(self, *, everything: bool = False) -> tuple[LedgerEntry, ...]:
        """The messages that were or will be delivered, oldest first; ``everything`` adds cancelled and failed ones."""
        messages = self.messages.values()
        return tuple(_entry(message, self._now) for message in messages if everything or message.delivers)

    def texts_by_number(self) -> dict[str, list[str]]:
        """66XXXXXXXXX -> the uuid of every text that number got or will get: one for each time it is listed."""
        texts: dict[str, list[str]] = {}
        for message in self.messages.values():
            if message.delivers:
                for number in message.numbers:
                    texts.setdefault(number, []).append(message.uuid)
        return texts

    def credits(self, owner: str | None = None) -> Credits:
        """Where the credits of an owner are; the first account's if no owner is named."""
        account = self.accounts[owner] if owner is not None else next(iter(self.accounts.values()))
        return Credits(account.balance, account.held, account.charged)


def _entry(message: Message, now: datetime) -> LedgerEntry:
    return LedgerEntry(
        uuid=message.uuid,
        owner=message.owner,
        sender=message.sender,
        content=message.content,
        total=len(message.numbers),
        credits=message.credits,
        status=message.status_at(now),
        created_at=message.created_at,
        scheduled_at=message.scheduled_at,
        delivers=message.delivers,
        numbers=message.numbers,
    )


def _to_milliseconds(moment: datetime) -> datetime:
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
