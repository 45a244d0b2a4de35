"""The world over HTTP: ``/api/v2`` is ME-SMS, ``/_sandbox`` is its control room."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from mesms_gitops.sandbox import wire
from mesms_gitops.sandbox.clock import Clock, Mode
from mesms_gitops.sandbox.control import control_app
from mesms_gitops.sandbox.defaults import default_world
from mesms_gitops.sandbox.faults import Fault, Faults, Outcome, perform
from mesms_gitops.sandbox.refusals import Answer
from mesms_gitops.sandbox.world import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from mesms_gitops.sandbox.world import World

API_PREFIX: Final = "/api/v2"
LOGGED_REQUESTS: Final = 100_000
"""The request log keeps this many, the newest."""
_TOO_LARGE: Final = Answer(
    413, {"error": "The request body is too large", "code": "PAYLOAD_TOO_LARGE"}, (("connection", "close"),)
)


class Sandbox:
    """A served world: the world, its clock, the armed faults, and the log of requests.

    ``lock`` is held while a request acts on the world; hold it to look at the world from another thread.
    """

    def __init__(
        self,
        make_world: Callable[..., World] = default_world,
        *,
        now: datetime | None = None,
        seed: int = 0,
        mode: Mode = "real",
    ) -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self.log: deque[dict[str, object]] = deque(maxlen=LOGGED_REQUESTS)
        self.stopping = asyncio.Event()
        """Set when the server goes down, so that nothing hangs on to it."""
        self._make_world = make_world
        self.clock = Clock(mode)
        self.world = make_world(now or datetime.now(UTC), seed=seed)

    def reset(self, *, now: datetime | None = None, seed: int | None = None, mode: Mode | None = None) -> None:
        """A fresh world (at real time, with the same seed and clock mode, unless told); no faults, an empty log."""
        self.clock.mode = mode or self.clock.mode
        self.world = self._make_world(now or datetime.now(UTC), seed=self.world.seed if seed is None else seed)
        self.faults = Faults()
        self.log.clear()

    def decide(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, counting it."""
        with self.lock:
            return self.faults.decide(method, path)

    def play(
        self, fault: Fault | None, method: str, path: str, query: Mapping[str, str], body: object, key: str | None
    ) -> Outcome:
        """Carry a request out now, under a fault already decided."""
        with self.lock:
            self.clock.tick(self.world)
            return perform(self.world, fault, method, path, query, body, key)

    def note(self, method: str, path: str, query: Mapping[str, str], fault: Fault | None, outcome: Outcome) -> None:
        """Log a request: what the client was told (None: nothing), and whether the server acted. Never the key."""
        told = outcome.answer.status if outcome.answer is not None and outcome.delivery in ("whole", "cut") else None
        self.log.append(
            {
                "at": iso(self.world.now),
                "method": method,
                "path": path,
                "query": dict(query),
                "status": told,
                "fault": None if fault is None else fault.kind,
                "acted": outcome.acted,
            }
        )

    def date(self) -> bytes:
        """The ``Date`` header: the world's clock."""
        return format_datetime(self.world.now, usegmt=True).encode()


def build_app(sandbox: Sandbox) -> ASGIApp:
    """The ASGI application of a sandbox. Faults that cut connections need ``wire.Protocol`` as uvicorn's protocol."""
    control = control_app(sandbox)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and (path == API_PREFIX or path.startswith(f"{API_PREFIX}/")):
            await _Exchange(sandbox, scope, receive, send).run()
        else:
            await control(scope, receive, send)

    return app


class _Exchange:
    """One request to the API and what becomes of it on the wire."""

    def __init__(self, sandbox: Sandbox, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self._sandbox = sandbox
        self._scope, self._receive, self._send = scope, receive, send
        self._method: str = scope["method"]
        self._path: str = scope["path"][len(API_PREFIX) :]
        self._query = dict(parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True))
        self._content_type = headers.get(b"content-type", b"").decode("latin-1")
        key = headers.get(b"x-api-key")
        self._key = None if key is None else key.decode("latin-1")

    async def run(self) -> None:
        try:
            raw = await wire.read_body(self._receive)
        except wire.BodyTooLargeError:
            await self._answer(_TOO_LARGE)
            return
        except wire.ClientGoneError:
            return
        body = wire.parse_body(raw, self._content_type)
        raw.clear()
        fault = self._sandbox.decide(self._method, self._path)
        outcome = self._play(fault, body)
        self._sandbox.note(self._method, self._path, self._query, fault, outcome)
        if fault is None:
            await self._answer(_said(outcome))
        else:
            await self._break(fault, outcome, body)

    def _play(self, fault: Fault | None, body: object) -> Outcome:
        return self._sandbox.play(fault, self._method, self._path, self._query, body, self._key)

    async def _break(self, fault: Fault, outcome: Outcome, body: object) -> None:
        """Let the client see the fault as the network would show it."""
        match outcome.delivery:
            case "whole":
                await self._answer(_said(outcome))
            case "nothing":
                await wire.close(self._scope, self._receive, reset=fault.reset)
            case "cut":
                await self._cut(fault, _said(outcome))
            case "late":
                await self._hang(fault, outcome, body)

    async def _answer(self, answer: Answer) -> None:
        headers, content = self._encode(answer)
        await wire.send_whole(self._send, answer.status, headers, content)

    async def _cut(self, fault: Fault, answer: Answer) -> None:
        headers, content = self._encode(answer)
        if fault.kind == "wrong_length":
            wire.send_short_length(self._scope, answer.status, headers, content)
        else:
            await wire.send_half(self._send, answer.status, headers, content)
        await wire.close(self._scope, self._receive, reset=fault.reset)

    async def _hang(self, fault: Fault, outcome: Outcome, body: object) -> None:
        """Keep silent for the fault's real seconds, then act (if not done) and answer whoever still listens."""
        try:
            await asyncio.wait_for(self._sandbox.stopping.wait(), fault.seconds)
        except TimeoutError:
            late = outcome if outcome.acted else self._play(None, body)
            await self._answer(_said(late))
        else:
            await wire.close(self._scope, self._receive, reset=False)

    def _encode(self, answer: Answer) -> tuple[wire.Headers, bytes]:
        headers, content = wire.encode(answer)
        return [(b"date", self._sandbox.date()), *headers], content


def _said(outcome: Outcome) -> Answer:
    """The answer of an outcome that has one."""
    if outcome.answer is None:
        raise AssertionError("an outcome that is delivered has an answer")
    return outcome.answer
