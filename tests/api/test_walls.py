"""What may leave this room: the Protocol that reconcile knows, nouns, and errors of one tree."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

import mesms_gitops.api
from mesms_gitops.api.client import MesmsClient
from mesms_gitops.errors import ApiError, NoAnswer, NotReached
from mesms_gitops.reconcile.ports import Account, Recipients

from .loopback import close
from .sends import UUID, a_send

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loopback import Loopback

    Serve = Callable[..., Loopback]
    Connect = Callable[..., MesmsClient]

ROOM = Path(mesms_gitops.api.__file__).parent
PROMISED = [
    name
    for port in (Recipients, Account)
    for name, one in vars(port).items()
    if inspect.isfunction(one) and not name.startswith("_")
]
FOREIGN = [
    one
    for one in (getattr(httpx2, name) for name in httpx2.__all__)
    if isinstance(one, type) and issubclass(one, (httpx2.TransportError, httpx2.DecodingError, httpx2.InvalidURL))
]
UNREACHED = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}


@pytest.mark.parametrize("method", PROMISED)
def test_the_client_is_an_account(method: str) -> None:
    """The same parameters, kinds, defaults and types, by name: what mypy would say of ``account: Account = client``."""
    assert inspect.signature(getattr(MesmsClient, method)) == inspect.signature(getattr(Account, method))


def test_the_client_keeps_every_promise() -> None:
    assert len(PROMISED) == 9


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda one: one.__name__)
def test_no_exception_of_httpx2_leaves(
    foreign: type[Exception], serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise foreign("it broke")

    client = connect(serve(close))
    monkeypatch.setattr(client._transport, "_receive", fail)
    for ask in (lambda: client.send(a_send(), None), client.balance, lambda: client.cancel(UUID)):
        with pytest.raises(ApiError) as caught:
            ask()
        assert isinstance(caught.value.__cause__, foreign)
        assert type(caught.value) is (NotReached if foreign.__name__ in UNREACHED else NoAnswer)


@pytest.mark.parametrize("error", [OSError("disk"), UnicodeError("label too long"), ConnectionResetError()])
def test_nor_does_one_of_the_system(
    error: Exception, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    client = connect(serve(close))
    monkeypatch.setattr(client._transport, "_receive", fail)
    with pytest.raises(NoAnswer):
        client.send(a_send(), None)


def test_one_module_for_each_service_knows_httpx2() -> None:
    """One speaks to ME-SMS, the others to GitHub; they share nothing but the library."""
    knowing = {file.name for file in ROOM.glob("*.py") if "httpx2" in imported(file)}
    assert knowing == {"transport.py", "github.py", "github_answers.py"}


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_the_package_alone_loads_nothing() -> None:
    code = "import sys, mesms_gitops.api; print(*sorted({'httpx2', 'stamina', 'ssl', 'json'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
