"""The real client of ME-SMS, with its own rules of repetition, on a wire that leads to a world in memory."""

from __future__ import annotations

import json
from copy import copy
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING

from mesms_gitops.api.client import MesmsClient
from mesms_gitops.api.verdicts import unclear
from mesms_gitops.api.waiting import READ, Clock, Pace, Patience, ServerClock
from mesms_gitops.api.wire import Reply
from mesms_gitops.errors import NotReached
from mesms_gitops.sandbox.refusals import Answer, Raw
from tests.store.memory_disk import Died

from .fate import LASTING, Event, Kind
from .machine import LATE, Asked

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from mesms_gitops.api.fields import Lens
    from mesms_gitops.api.wire import Call

    from .machine import Machine

    T = TypeVar("T")

TIMEOUT = 30.0
_REFUSED = {
    Event.LIMITED: Answer(429, {"error": "Rate limit exceeded", "code": "RATE_LIMITED"}, (("retry-after", "1"),)),
    Event.NO_CREDIT: Answer(402, {"error": "Insufficient credits", "code": "INSUFFICIENT_CREDITS"}),
}
_BROKEN = Answer(503, Raw(b"<html>upstream error</html>", "text/html"))
_GARBAGE = Answer(200, Raw(b'\x00\xff{"uuid": "', "application/json"))
_ACTED = {
    Event.CRASH_ACTED,
    Event.CRASH_HIDDEN,
    Event.POWER_HIDDEN,
    Event.LOST,
    Event.LOST_HIDDEN,
    Event.ERROR_ACTED,
    Event.GARBAGE,
    None,
}
_HIDDEN = {Event.CRASH_HIDDEN, Event.POWER_HIDDEN, Event.LOST_HIDDEN}


class Client(MesmsClient):
    """A read that fails has failed for good here: that it is repeated first only makes it rarer."""

    def ask_before_repeating(self, check: Callable[[], None]) -> None:
        """As ``before_repeat`` of the constructor."""
        self._before_repeat = check

    def _read(self, call: Call, read: Callable[[object, Lens], T]) -> T:
        return self._once(call, read, Patience(READ, self._clock))


@cache
def _template() -> Client:
    return Client("http://127.0.0.1:9/api/v2", "key")


def connected(machine: Machine) -> Client:
    """A client as a process starts with it: it has heard no answer yet."""
    clock = Clock(now=machine.now, monotonic=machine.monotonic, sleep=machine.wait, chance=lambda: 0.5)
    client = copy(_template())
    client._clock = clock
    client._pace = Pace(1e9, clock)
    client._server_clock = ServerClock(clock)
    client._transport = Wire(machine)  # type: ignore[assignment]  # the one seam of the client that is not a parameter
    return client


class Wire:
    """`api.transport.Transport` without a network."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def exchange(self, call: Call) -> Reply:
        """One request, and whatever strikes it. Raises `NotReached`, `NoAnswer`, `Died`."""
        machine = self._machine
        process = machine.process
        kind = _kind(call)
        event = machine.cross(f"{call.method} {call.path}", kind)
        if event in LASTING:
            process.lasting[kind] = event = LASTING[event]
        process.requests += 1
        if event is Event.UNREACHED:
            raise NotReached("nothing answers")
        asked = Asked(call.method, call.path, call.query, json.loads(b"".join(call.body)) if call.body else None)
        answer = machine.ask(asked, hidden=event in _HIDDEN) if event in _ACTED else None
        self._die(event)
        if event is Event.LATE:
            machine.late.append((machine.now() + LATE, asked))
        if event in (Event.LOST, Event.LOST_HIDDEN, Event.DROPPED, Event.LATE):
            machine.take_time(TIMEOUT)
            raise unclear("no answer in time", call, "the world")
        machine.take_time()
        if event in (Event.ERROR, Event.ERROR_ACTED):
            answer = _BROKEN
        elif event is Event.GARBAGE:
            answer = _GARBAGE
        elif event is not None:
            answer = _REFUSED[event]
        assert answer is not None
        return _reply(answer, machine)

    def _die(self, event: Event | None) -> None:
        if event in (Event.CRASH_ACTED, Event.CRASH_HIDDEN):
            self._machine.process.is_dead = True
            raise Died
        if event is Event.POWER_HIDDEN:
            self._machine.cut_power()
            raise Died


def _kind(call: Call) -> Kind:
    if not call.effect:
        return Kind.READ
    return Kind.SEND if call.path == "/sms/send" else Kind.CANCEL


def _reply(answer: Answer, machine: Machine) -> Reply:
    body, content_type = answer.body, "application/json"
    if isinstance(body, Raw):
        body, content_type = body
    else:
        body = json.dumps(body).encode()
    headers = dict(answer.headers)
    return Reply(
        answer.status,
        body,
        content_type,
        retry_after=headers.get("retry-after"),
        date=format_datetime(machine.now(), usegmt=True),
    )
