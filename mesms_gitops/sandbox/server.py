"""Serving a sandbox: in the foreground for a person, or in a background thread for a test or a demonstration."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import threading
from typing import TYPE_CHECKING, Final

import uvicorn

from mesms_gitops.sandbox import control, defaults
from mesms_gitops.sandbox.app import API_PREFIX, Sandbox, build_app
from mesms_gitops.sandbox.wire import Protocol

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from mesms_gitops.sandbox.clock import Mode
    from mesms_gitops.sandbox.faults import Fault
    from mesms_gitops.sandbox.world import World

LOOPBACK: Final = "127.0.0.1"


class Running:
    """A sandbox that is being served: where it is, and the world behind it."""

    api_key: Final = defaults.API_KEY
    """Scope ``*``."""
    send_key: Final = defaults.SEND_KEY
    """Scope ``sms:send``."""
    read_key: Final = defaults.READ_KEY
    """No scope."""
    other_key: Final = defaults.OTHER_KEY
    """Scope ``*`` of another owner."""

    def __init__(self, sandbox: Sandbox, host: str, port: int) -> None:
        self.sandbox = sandbox
        shown = f"[{host}]" if ":" in host else host
        self.origin = f"http://{shown}:{port}"
        self.base_url = f"{self.origin}{API_PREFIX}"
        """What a client takes for ``https://me-sms.com/api/v2``."""
        self.control = f"{self.origin}{control.PREFIX}"

    @property
    def world(self) -> World:
        """The present world, brought up to its clock; a reset replaces it. Requests change it: see ``lock``."""
        with self.lock:
            self.sandbox.clock.tick(self.sandbox.world)
            return self.sandbox.world

    @property
    def lock(self) -> threading.RLock:
        """Hold it to look at or change the world while requests may be coming in."""
        return self.sandbox.lock

    @property
    def requests(self) -> deque[dict[str, object]]:
        """The log: dicts with at, method, path, query, status, fault, acted; oldest first."""
        return self.sandbox.log

    def arm(self, fault: Fault) -> int:
        """Arm a fault without a request; the number returned disarms it."""
        with self.lock:
            return self.sandbox.faults.arm(fault)

    def advance(self, by: timedelta | float) -> None:
        """Move the clock by a timedelta or by seconds."""
        with self.lock:
            self.world.advance(by)

    def reset(self, *, now: datetime | None = None, seed: int | None = None, mode: Mode | None = None) -> None:
        """A fresh world, no faults, an empty log."""
        with self.lock:
            self.sandbox.reset(now=now, seed=seed, mode=mode)


class _Server(uvicorn.Server):
    """uvicorn that says when it listens and lets go of hanging requests when it ends."""

    def __init__(self, sandbox: Sandbox, on_start: Callable[[], None]) -> None:
        super().__init__(_config(sandbox))
        self._sandbox = sandbox
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._sandbox.stopping.set()
        await super().shutdown(sockets)


class _BackgroundServer(_Server):
    """The same, ended by ``stop`` from another thread instead of by looking ten times a second."""

    def __init__(self, sandbox: Sandbox, on_start: Callable[[], None]) -> None:
        super().__init__(sandbox, on_start)
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        await self._ended.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def stop(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
                self._loop.call_soon_threadsafe(self._ended.set)


def serve(
    host: str = LOOPBACK,
    port: int = 8025,
    *,
    make_world: Callable[..., World] = defaults.default_world,
    now: datetime | None = None,
    seed: int | None = None,
    mode: Mode = "real",
    on_ready: Callable[[Running], None] | None = None,
) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM; port 0 takes a free one. Raises OSError if it is taken.

    ``on_ready`` is called once requests are answered, with the addresses. ``now`` is where the clock starts (real time
    if None), ``seed`` chooses the uuids (by chance if None: those of yesterday's sandbox must not come back),
    ``make_world(now, seed=seed)`` makes the account.
    """
    sandbox = Sandbox(make_world, now=now, seed=secrets.randbits(63) if seed is None else seed, mode=mode)
    with _listener(host, port) as listener:
        running = Running(sandbox, host, listener.getsockname()[1])
        server = _Server(sandbox, lambda: on_ready(running) if on_ready is not None else None)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after an orderly end
            server.run([listener])


@contextlib.contextmanager
def running(
    *,
    make_world: Callable[..., World] = defaults.default_world,
    now: datetime | None = None,
    seed: int = 0,
    mode: Mode = "real",
    host: str = LOOPBACK,
    port: int = 0,
) -> Iterator[Running]:
    """Serve in a background thread on a free loopback port for as long as the context lasts."""
    sandbox = Sandbox(make_world, now=now, seed=seed, mode=mode)
    listener = _listener(host, port)
    ready = threading.Event()
    server = _BackgroundServer(sandbox, ready.set)
    thread = threading.Thread(target=_run, args=(server, listener, ready), name="sandbox", daemon=True)
    thread.start()
    try:
        ready.wait()
        if not server.started:
            raise RuntimeError("the sandbox did not start")
        yield Running(sandbox, host, listener.getsockname()[1])
    finally:
        server.stop()
        thread.join()
        listener.close()


def _run(server: _BackgroundServer, listener: socket.socket, ready: threading.Event) -> None:
    try:
        server.run([listener])
    finally:
        ready.set()  # whoever waits for a server that could not start is told so


def _listener(host: str, port: int) -> socket.socket:
    """A socket that already accepts: a client that is told the address may connect at once. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(sandbox),
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the Date of an answer is the sandbox's clock
        timeout_keep_alive=75,  # longer than clients keep idle connections: only faults close one under them
        timeout_graceful_shutdown=2,
    )
