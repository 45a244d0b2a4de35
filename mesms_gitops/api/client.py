"""The account on ME-SMS: one method an endpoint, each with the noun it gives and the errors it may raise."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TypeVar

from mesms_gitops.api import answers
from mesms_gitops.api.address import Address
from mesms_gitops.api.assumptions import CANCEL_REFUSALS, DOCUMENTED_REFUSALS, LIST_LIMIT, RECIPIENTS_LIMIT
from mesms_gitops.api.body import preview_bodies, send_body
from mesms_gitops.api.fields import Lens, check_field_map
from mesms_gitops.api.repeat import repeat_effect, repeat_read
from mesms_gitops.api.secret import Secret
from mesms_gitops.api.transport import Transport
from mesms_gitops.api.verdicts import judge, not_me_sms, unclear
from mesms_gitops.api.waiting import EFFECT, READ, Clock, Pace, Patience, ServerClock, seconds_asked
from mesms_gitops.api.wire import Call, NotJson
from mesms_gitops.errors import AnswerUnreadable, ApiRefusal, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.api.body import Body
    from mesms_gitops.api.wire import Reply
    from mesms_gitops.api.witness import Witness
    from mesms_gitops.model.observation import (
        Accepted,
        MessagePage,
        Quote,
        RecipientPage,
        RemoteMessage,
        SenderName,
    )
    from mesms_gitops.model.sends import DesiredSend

T = TypeVar("T")


class MesmsClient:
    """ME-SMS's HTTP API. A context manager; fits `reconcile.ports.Account`.

    Reads and previews are asked again as `waiting.READ` says, sends and cancels as `waiting.EFFECT` does. Any method
    may raise `NotReached`, `NoAnswer`, `RateLimited` and `ApiRefusal`; those that read also `AnswerUnreadable`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        *,
        requests_per_second: float = 5.0,
        timeout: float = 30.0,
        field_map: Mapping[str, str] | None = None,
        on_wait: Callable[[str], None] | None = None,
        before_repeat: Callable[[], None] | None = None,
        clock: Clock | None = None,
        witness: Witness | None = None,
    ) -> None:
        """``timeout`` is seconds for one answer; ``field_map`` maps ``answer.field`` (or ``field``) to its name there.

        ``on_wait`` hears one line before each wait. ``before_repeat`` is called after a wait, before a send or cancel
        is repeated, and may raise to stop it. ``witness`` sees what answers look like. Raises `ConfigError`.
        """
        self._secret = Secret(api_key)
        self._address = Address.of(base_url)
        self._fields = check_field_map(field_map or {})
        self._clock = clock or Clock()
        self._pace = Pace(requests_per_second, self._clock)
        self._server_clock = ServerClock(self._clock)
        self._transport = Transport(self._address, self._secret, timeout=timeout, clock=self._clock)
        self._on_wait = on_wait
        self._before_repeat = before_repeat
        self._witness = witness
        self._refuses_pair = False

    def __repr__(self) -> str:
        return f"<MesmsClient: {self._address.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    # --- effects ------------------------------------------------------------------------------------------------------

    def send(self, send: DesiredSend, scheduled_at: datetime | None) -> Accepted:
        """``POST /sms/send``, at once where ``scheduled_at`` (aware) is None.

        `NotReached` and `ApiRefusal` (also `RateLimited`) mean that it was not carried out, `NoAnswer` that nobody
        knows. It is repeated only after the first and after a 429, and not once ``scheduled_at`` has passed.
        """
        call = Call("POST", "/sms/send", body=send_body(send, scheduled_at), effect=True, refusals=DOCUMENTED_REFUSALS)
        return self._effect(call, answers.accepted, self._in_time(scheduled_at))

    def cancel(self, uuid: str) -> None:
        """``POST /sms/{uuid}/cancel``. Raises `ApiRefusal` with the cancel code, or `NoAnswer`: ask `message` then."""
        call = Call("POST", f"/sms/{_checked(uuid)}/cancel", effect=True, refusals=CANCEL_REFUSALS)
        self._effect(call, answers.cancelled)

    # --- reads --------------------------------------------------------------------------------------------------------

    def message(self, uuid: str) -> RemoteMessage | None:
        """``GET /sms/{uuid}``; None if ME-SMS says, in JSON, that it does not know it (404)."""
        try:
            found = self._read(_get(f"/sms/{_checked(uuid)}"), answers.message)
        except ApiRefusal as refusal:
            if refusal.status == 404:
                return None
            raise
        if found.uuid.lower() != uuid.lower():
            raise AnswerUnreadable(
                "ME-SMS answered about another message than the one asked for",
                where=f"GET /sms/{uuid} at {self._address.host}",
                next_step="run `mesms-gitops doctor`; a proxy may answer from its cache",
            )
        return found

    def messages(
        self,
        *,
        page: int = 1,
        sender: str | None = None,
        remote_phase: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        leaves_out: bool = False,
    ) -> MessagePage:
        """``GET /sms``: one page of at most 100, newest first; the window is of ``createdAt``, in whole seconds.

        ``leaves_out``: a row that cannot be read is left out and counted; else it is `AnswerUnreadable`.
        """
        query = {
            "page": str(page),
            "limit": str(LIST_LIMIT),
            "sender": sender,
            "status": None if remote_phase is None else str(remote_phase),
            "from": None if created_from is None else _query_time(created_from, math.floor),
            "to": None if created_to is None else _query_time(created_to, math.ceil),
        }
        return self._read(
            _get("/sms", query), lambda body, lens: answers.messages(body, lens, page, leaves_out=leaves_out)
        )

    def few_messages(self, page: int, limit: int) -> MessagePage:
        """``GET /sms`` with small pages, which tell whether paging works where there are few messages; for `doctor`.

        Rows that cannot be read are left out and counted.
        """
        query = {"page": str(page), "limit": str(limit)}
        return self._read(
            _get("/sms", query), lambda body, lens: answers.messages(body, lens, page, limit, leaves_out=True)
        )

    def recipients(
        self, uuid: str, *, after: int = 0, delivery_state: str | None = None, search: str | None = None
    ) -> RecipientPage:
        """``GET /sms/{uuid}/recipients``: one page of at most 50, from cursor ``after`` (0 for the first)."""
        query = {"limit": str(RECIPIENTS_LIMIT), "after": str(after), "status": delivery_state, "search": search}
        call = _get(f"/sms/{_checked(uuid)}/recipients", query)
        return self._read(call, lambda body, lens: answers.recipients(body, lens, after))

    def balance(self) -> int:
        """``GET /sms/credit/balance`` in whole credits, rounded down."""
        return self._read(_get("/sms/credit/balance"), answers.balance)

    def senders(self) -> tuple[SenderName, ...]:
        """``GET /senders``."""
        return self._read(_get("/senders"), answers.senders)

    def preview(self, send: DesiredSend) -> Quote:
        """``POST /sms/preview-cost``: what ``send`` would cost. Needs no scope, charges nothing, sends nothing."""
        *pair, last = preview_bodies(send)
        if pair and not self._refuses_pair:
            try:
                return self._preview(send, pair[0])
            except ApiRefusal as refusal:
                if refusal.status != 400:
                    raise
            quote = self._preview(send, last)
            self._refuses_pair = True  # and took the template alone: the next one is asked about so at once
            return quote
        return self._preview(send, last)

    def server_time(self) -> datetime | None:
        """The server's clock in UTC, from the ``Date`` of the newest answer carried forward; None before any answer."""
        return self._server_clock.now()

    # --- how ----------------------------------------------------------------------------------------------------------

    def _preview(self, send: DesiredSend, asked: Body) -> Quote:
        call = Call("POST", "/sms/preview-cost", body=asked)
        return self._read(call, lambda body, lens: answers.quote(body, lens, send.recipients or None))

    def _read(self, call: Call, read: Callable[[object, Lens], T]) -> T:
        patience = Patience(READ, self._clock, self._on_wait)
        return repeat_read(lambda: self._once(call, read, patience), patience)

    def _effect(
        self, call: Call, read: Callable[[object, Lens], T], in_time: Callable[[float], bool] = lambda _: True
    ) -> T:
        patience = Patience(EFFECT, self._clock, self._on_wait)
        return repeat_effect(
            lambda: self._once(call, read, patience),
            patience,
            self._clock,
            before_repeat=self._before_repeat,
            in_time=in_time,
        )

    def _once(self, call: Call, read: Callable[[object, Lens], T], patience: Patience) -> T:
        """One request, one answer, one value; or what its absence means."""
        self._pace.wait()
        reply = self._transport.exchange(call)
        self._server_clock.hear(reply.date)
        if self._witness is not None:
            self._witness.take(call, reply)
        asked = seconds_asked(reply.retry_after, self._now())
        patience.hear(asked)
        where = call.at(self._address.host)
        judge(reply, call, where, asked, self._secret.clean)
        body = _json(reply, call, where)
        lens = Lens(where, self._fields, self._secret.clean, None if self._witness is None else self._witness.field)
        if not call.effect:
            return read(body, lens)
        try:
            return read(body, lens)
        except AnswerUnreadable as error:
            raise unclear(error.what, call, where, status=reply.status, why=error.why) from error

    def _now(self) -> datetime:
        """The server's time where it is known, else this machine's."""
        return self._server_clock.now() or self._clock.now()

    def _in_time(self, scheduled_at: datetime | None) -> Callable[[float], bool]:
        """Whether ``seconds`` from now is before the send's time: a time that has passed is never "send now"."""
        return lambda seconds: scheduled_at is None or (scheduled_at - self._now()).total_seconds() > seconds


def _json(reply: Reply, call: Call, where: str) -> object:
    """The JSON of a successful answer. Raises `AnswerUnreadable` or `NoAnswer`."""
    try:
        return reply.json()
    except NotJson as error:
        if reply.is_page:
            raise not_me_sms(reply, call, where) from error
        raise unclear("the answer of ME-SMS is not JSON", call, where) from error


def _get(path: str, query: Mapping[str, str | None] | None = None) -> Call:
    """A read, without the parameters that are None."""
    return Call("GET", path, query={name: value for name, value in (query or {}).items() if value is not None})


def _checked(uuid: str) -> str:
    """``uuid`` if it can stand in a path. Raises `UsageError`."""
    if not answers.is_uuid(uuid):
        raise UsageError(
            "this does not name a message",
            where=repr(uuid[:64]),
            next_step="write the uuid as `mesms-gitops status` or the ME-SMS console shows it",
        )
    return uuid


def _query_time(moment: datetime, to_second: Callable[[float], int]) -> str:
    """A time in UTC in whole seconds, as ``2026-06-01T03:00:00Z``. Raises `ValueError` without an offset."""
    if moment.tzinfo is None:
        raise ValueError("a time of a query needs an offset")
    whole = datetime.fromtimestamp(to_second(moment.timestamp()), UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}Z"
