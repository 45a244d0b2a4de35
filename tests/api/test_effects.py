"""A send or cancel is made once. It is made again only where it provably was not carried out."""

from __future__ import annotations

import socket
from array import array
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import ApiRefusal, NoAnswer, NotReached, RateLimited
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.observation import Accepted

from .conftest import NOON
from .loopback import answer, close, hang, page, raw, reset, trickle
from .sends import UUID, a_send

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.api.client import MesmsClient

    from .conftest import StillClock
    from .loopback import Line, Loopback

    Serve = Callable[..., Loopback]
    Connect = Callable[..., MesmsClient]

ACCEPTED = answer(200, {"uuid": UUID, "status": "scheduled", "total": 2, "parts": 1, "credits": 2})
LIMITED = answer(429, {"error": "Rate limit exceeded"})


def limited(retry_after: str) -> Callable[[Line], bool]:
    return answer(429, {"error": "Rate limit exceeded"}, retry_after=retry_after)


UNKNOWN = {
    "closed without a word": close,
    "reset without a word": reset,
    "silence": hang,
    "an answer that trickles": trickle,
    "half a header": raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "half a body": raw(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"uuid": "'),
    "a cut chunked body": raw(b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{"uuid": '),
    "no HTTP": raw(b"\x00\x01\x02 hello\r\n\r\n"),
    "bad gzip": answer(200, b"not gzip", content_encoding="gzip"),
    "an empty body": answer(200, b""),
    "no JSON": answer(200, b"\x00\xff"),
    "NaN": answer(200, b'{"uuid": NaN}'),
    "JSON nested without end": answer(200, b"[" * 100_000),
    "a web page": page(200),
    "no uuid": answer(200, {"status": "queued"}),
    "a uuid that names nothing": answer(200, {"uuid": "../senders"}),
    "success: false": answer(200, {"success": False, "uuid": UUID}),
    "an error under 200": answer(200, {"error": "Insufficient credits", "uuid": UUID}),
    "a list": answer(200, [UUID]),
    "no content": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "a redirect": answer(302, {}, location="https://elsewhere.example/sms/send"),
    "a redirect that keeps the method": answer(307, {}, location="/api/v3/sms/send"),
    "408": answer(408, {"error": "Request timeout"}),
    "409": answer(409, {"error": "Conflict", "code": "CONFLICT"}),
    "500": answer(500, {"error": "Internal error"}),
    "502, a page": page(502),
    "503 that asks to come again": answer(503, {"error": "Busy"}, retry_after="1"),
    "a page under 400": page(400),
    "a page under 403": page(403),
    "nothing under 401": answer(401, b""),
    "JSON of another shape under 403": answer(403, {"message": "Forbidden"}),
    "a list under 400": answer(400, ["error"]),
    "an undocumented 413": answer(413, {"error": "Too large"}),
    "an undocumented 422": answer(422, {"error": "Unprocessable"}),
}


@pytest.mark.parametrize("play", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_send_without_a_usable_answer_is_unknown_and_never_repeated(
    play: Callable[[Line], bool], serve: Serve, connect: Connect, still: StillClock
) -> None:
    server = serve(play, ACCEPTED)
    slow = play in (hang, trickle)
    client = connect(server, **({"timeout": 0.2, "clock": None} if slow else {}))
    with pytest.raises(NoAnswer) as caught:
        client.send(a_send(), None)
    assert server.asked == ["POST /api/v2/sms/send"]
    assert still.waits == []
    error = caught.value
    assert error.where == f"POST /sms/send at 127.0.0.1:{server.port}"
    assert "nobody can tell whether ME-SMS carried it out" in (error.why or "")
    assert "mesms-gitops plan" in (error.next_step or "")


@pytest.mark.parametrize("play", [UNKNOWN["408"], UNKNOWN["500"], UNKNOWN["a page under 403"], UNKNOWN["a redirect"]])
def test_an_unknown_send_tells_the_status_it_got(play: Callable[[Line], bool], serve: Serve, connect: Connect) -> None:
    with pytest.raises(NoAnswer) as caught:
        connect(serve(play)).send(a_send(), None)
    assert caught.value.status in (302, 403, 408, 500)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_a_documented_error_is_a_refusal(status: int, serve: Serve, connect: Connect) -> None:
    server = serve(answer(status, {"error": "Insufficient credits", "code": "insufficient_credits"}))
    with pytest.raises(ApiRefusal) as caught:
        connect(server).send(a_send(), None)
    assert (caught.value.status, caught.value.code) == (status, "INSUFFICIENT_CREDITS")
    assert caught.value.what == "ME-SMS refused: Insufficient credits"
    assert caught.value.next_step
    assert len(server.heard) == 1


def test_each_send_travels_on_a_connection_of_its_own(serve: Serve, connect: Connect) -> None:
    """A kept connection may have been closed by the server just now; then nobody could tell what became of a send."""
    server = serve(ACCEPTED)
    client = connect(server)
    for _ in range(3):
        assert client.send(a_send(), None).uuid == UUID
    server.script = [answer(200, {"balance": 1})]
    assert [client.balance(), client.balance()] == [1, 1]
    server.script = [ACCEPTED]
    client.send(a_send(), None)
    connections = [one.connection for one in server.heard]
    assert connections[:3] == [1, 2, 3]
    assert connections[3] == connections[4] != connections[5]


def test_a_send_that_finds_nobody_is_tried_again_a_few_times(connect: Connect, still: StillClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said: list[str] = []
    client = connect(f"http://127.0.0.1:{port}/api/v2", on_wait=said.append)
    with pytest.raises(NotReached) as caught:
        client.send(a_send(), None)
    assert still.waits == [0.25, 0.5, 1.0]
    assert said[0] == f"nothing answers at 127.0.0.1:{port}; trying again in 0.2 s"
    assert caught.value.next_step is not None
    assert caught.value.next_step.endswith("the request was not sent")


def test_a_send_goes_through_when_the_server_comes_up(serve: Serve, connect: Connect, still: StillClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    started: list[Loopback] = []

    def come_up() -> None:
        server = serve(ACCEPTED)
        started.append(server)
        client._transport._address = type(client._transport._address).of(server.url)

    client = connect(f"http://127.0.0.1:{port}/api/v2", before_repeat=come_up)
    assert client.send(a_send(), None) == Accepted(UUID, "scheduled", 2, 1, 2)
    assert len(started[0].heard) == 1


def test_no_tls_is_no_connection(serve: Serve, connect: Connect) -> None:
    server = serve(raw(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"), blunt=True)
    with pytest.raises(NotReached) as caught:
        connect(f"https://127.0.0.1:{server.port}").send(a_send(), None)
    assert caught.value.what == f"no trusted connection to 127.0.0.1:{server.port}"
    assert server.connections == 4


def test_a_name_that_does_not_resolve_is_no_connection(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotReached) as caught:
        connect("https://mesms.invalid").send(a_send(), None)
    assert caught.value.what == "the name mesms.invalid cannot be resolved"


def test_a_proxy_that_gives_no_tunnel_is_no_connection(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(page(407))
    for name in ("http_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(NotReached) as caught:
        connect("https://mesms.invalid/api/v2").send(a_send(), None)
    assert caught.value.what == "the proxy does not let this through to mesms.invalid"
    assert {one.method for one in proxy.heard} == {"CONNECT"}
    assert all("x-api-key" not in one.headers for one in proxy.heard)


def test_this_machines_loopback_needs_no_proxy(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = serve(page(502)), serve(ACCEPTED)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    connect(server).send(a_send(), None)
    assert proxy.heard == []


def test_429_is_waited_out_as_long_as_asked(serve: Serve, connect: Connect, still: StillClock) -> None:
    server = serve(limited("7"), limited("120"), ACCEPTED)
    said: list[str] = []
    assert connect(server, on_wait=said.append).send(a_send(), None).uuid == UUID
    assert still.waits == [7.0, 120.0]
    assert len(server.heard) == 3
    assert server.heard[0].body == server.heard[2].body
    assert said[0] == "ME-SMS asks for fewer requests (HTTP 429); trying again in 7.0 s"


def test_429_may_name_an_hour_of_the_servers_clock(serve: Serve, connect: Connect, still: StillClock) -> None:
    until = answer(
        429,
        {"error": "Rate limit exceeded"},
        retry_after="Sat, 10 Apr 2027 09:00:30 GMT",
        date="Sat, 10 Apr 2027 09:00:00 GMT",
    )
    connect(serve(until, ACCEPTED)).send(a_send(), None)
    assert still.waits == [30.0]


@pytest.mark.parametrize("play", [LIMITED, limited("0"), limited("soon"), page(429), answer(429, b"")])
def test_429_that_names_no_time_backs_off(
    play: Callable[[Line], bool], serve: Serve, connect: Connect, still: StillClock
) -> None:
    server = serve(play)
    with pytest.raises(RateLimited):
        connect(server).send(a_send(), None)
    assert still.waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0]
    assert len(server.heard) == 8


def test_a_wait_beyond_reason_is_left_to_the_user(serve: Serve, connect: Connect, still: StillClock) -> None:
    server = serve(limited("301"))
    with pytest.raises(RateLimited) as caught:
        connect(server).send(a_send(), None)
    assert (caught.value.retry_after, still.waits, len(server.heard)) == (301.0, [], 1)


def test_all_waits_together_are_bounded(serve: Serve, connect: Connect, still: StillClock) -> None:
    server = serve(limited("290"))
    with pytest.raises(RateLimited):
        connect(server).send(a_send(), None)
    assert still.waits == [290.0, 290.0, 290.0]


def test_a_send_is_not_repeated_into_its_own_past(serve: Serve, connect: Connect, still: StillClock) -> None:
    server = serve(limited("60"))
    with pytest.raises(RateLimited):
        connect(server).send(a_send(), NOON + timedelta(seconds=60))
    assert (still.waits, len(server.heard)) == ([], 1)


def test_nor_after_a_wait_that_took_longer_than_asked(serve: Serve, connect: Connect, still: StillClock) -> None:
    def oversleep(seconds: float) -> None:
        still.passed += seconds + 3600

    still.sleep = oversleep  # type: ignore[method-assign]
    server = serve(limited("5"))
    with pytest.raises(RateLimited):
        connect(server).send(a_send(), NOON + timedelta(seconds=60))
    assert len(server.heard) == 1


def test_somebody_may_stop_a_repeat(serve: Serve, connect: Connect) -> None:
    class Frozen(Exception):
        pass

    def stop() -> None:
        raise Frozen

    server = serve(LIMITED, ACCEPTED)
    with pytest.raises(Frozen):
        connect(server, before_repeat=stop).send(a_send(), None)
    assert len(server.heard) == 1


def test_an_early_refusal_of_a_long_request_is_read(serve: Serve, connect: Connect) -> None:
    """A server may answer without reading the body: that answer counts, if it can still be read."""
    server = serve(answer(401, {"error": "Invalid API key"}, keep=False), eager=True)
    many = Numbers.from_sorted(array("I", range(800_000_000, 800_300_000)))
    with pytest.raises(ApiRefusal) as caught:
        connect(server).send(a_send(numbers=many), None)
    assert caught.value.status == 401


# --- cancel -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{}, {"success": True}, {"uuid": UUID, "status": "cancelled"}])
def test_a_cancel_that_was_accepted(body: object, serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, body))
    connect(server).cancel(UUID)
    assert server.asked == [f"POST /api/v2/sms/{UUID}/cancel"]


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize("code", ["NOT_SCHEDULED", "ALREADY_CANCELLED", "ALREADY_PROCESSING"])
def test_a_cancel_that_came_too_late_says_why(status: int, code: str, serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiRefusal) as caught:
        connect(serve(answer(status, {"error": "Too late", "code": code}))).cancel(UUID)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_code_may_stand_where_the_text_should(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiRefusal) as caught:
        connect(serve(answer(409, {"error": "ALREADY_PROCESSING"}))).cancel(UUID)
    assert caught.value.code == "ALREADY_PROCESSING"


@pytest.mark.parametrize(
    "play",
    [
        close,
        answer(500, {"error": "x"}),
        page(409),
        page(200),
        answer(200, []),
        answer(200, {"success": False}),
        answer(200, {"error": "x"}),
    ],
)
def test_a_cancel_without_a_clear_answer_is_unknown(
    play: Callable[[Line], bool], serve: Serve, connect: Connect
) -> None:
    server = serve(play)
    with pytest.raises(NoAnswer):
        connect(server).cancel(UUID)
    assert len(server.heard) == 1


def test_a_cancel_is_repeated_after_429(serve: Serve, connect: Connect, still: StillClock) -> None:
    server = serve(limited("3"), answer(200, {}))
    connect(server).cancel(UUID)
    assert (still.waits, len(server.heard)) == ([3.0], 2)


def test_ctrl_c_is_not_an_answer(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    client = connect(serve(ACCEPTED))

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client._transport, "_receive", pressed)
    with pytest.raises(KeyboardInterrupt):
        client.send(a_send(), None)
    with pytest.raises(KeyboardInterrupt):
        client.balance()
