"""One served sandbox for all tests of this folder, fresh before each; its clock stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from mesms_gitops.sandbox.defaults import API_KEY, READ_KEY, default_world
from mesms_gitops.sandbox.server import Running, running
from mesms_gitops.sandbox.world import START, World

Send = Callable[..., httpx2.Response]


@pytest.fixture(scope="session")
def _served() -> Iterator[Running]:
    with running(now=START, mode="frozen") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_served: Running) -> Running:
    _served.reset(now=START, seed=0, mode="frozen")
    return _served


@pytest.fixture(scope="session")
def _clients(_served: Running) -> Iterator[dict[str, httpx2.Client]]:
    """Made once: a client reads all of the system's certificates, for which a test has no use."""
    with (
        httpx2.Client(base_url=_served.base_url, headers={"x-api-key": API_KEY}, timeout=10) as writing,
        httpx2.Client(base_url=_served.base_url, headers={"x-api-key": READ_KEY}, timeout=10) as reading,
        httpx2.Client(base_url=_served.control, timeout=10) as controlling,
    ):
        yield {"client": writing, "reader": reading, "control": controlling}


@pytest.fixture
def client(sandbox: Running, _clients: dict[str, httpx2.Client]) -> httpx2.Client:
    """A client with the key that may do everything."""
    return _clients["client"]


@pytest.fixture
def reader(sandbox: Running, _clients: dict[str, httpx2.Client]) -> httpx2.Client:
    """A client with a key that has no scope."""
    return _clients["reader"]


@pytest.fixture
def control(sandbox: Running, _clients: dict[str, httpx2.Client]) -> httpx2.Client:
    """A client of the control room."""
    return _clients["control"]


@pytest.fixture
def send(client: httpx2.Client) -> Send:
    """Post a good send, with fields replaced or (None) left out."""

    def post(**changes: Any) -> httpx2.Response:
        body = {"sender": "SiamCoffee", "content": "hello", "msisdns": ["0800000001"], **changes}
        return client.post("/sms/send", json={name: value for name, value in body.items() if value is not None})

    return post


@pytest.fixture
def world() -> World:
    """A world of its own, without a server."""
    return default_world()
