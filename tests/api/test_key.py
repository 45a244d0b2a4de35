"""Nobody ever sees the API key: not in an error, a chained error, a log, a repr, or the locals of a traceback."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.api.client import MesmsClient
from mesms_gitops.api.secret import Secret
from mesms_gitops.errors import ConfigError, MesmsError

from .loopback import answer, close, page, raw
from .sends import KEY, UUID, a_send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .loopback import Line, Loopback

    Serve = Callable[..., Loopback]
    Connect = Callable[..., MesmsClient]

ECHO = KEY.encode()
LEAKY = {
    "an error that quotes it": answer(401, {"error": f"Invalid key {KEY}", "code": KEY}),
    "a page that quotes it": answer(400, b"<p>" + ECHO, content_type="text/html"),
    "a header that is none": raw(b"HTTP/1.1 200 OK\r\n" + ECHO + b"\r\n\r\n"),
    "a status that is none": raw(b"HTTP/1.1 " + ECHO + b"\r\n\r\n"),
    "a redirect that carries it": answer(302, {}, location=f"https://{KEY}.example/?{KEY}"),
    "a field named so": answer(200, {KEY: {KEY: KEY}}),
    "success: false with it": answer(200, {"success": False, "error": KEY}),
    "500 with it": answer(500, {"error": KEY}),
    "a word": answer(200, f"{KEY}"),
    "closed": close,
    "429": answer(429, {"error": KEY}, retry_after=KEY),
    "a gateway": page(502),
}


def everything(error: BaseException) -> Iterator[str]:
    """All that an error and what it came from could show: texts, reprs, attributes, the request, the traceback."""
    seen: set[int] = set()
    following: list[BaseException | None] = [error]
    while following:
        one = following.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield f"{one} {one!r} {one.args!r} {vars(one)!r}"
        request = vars(one).get("_request")
        if request is not None:
            yield f"{request.headers.raw!r} {request.url}"
        following += [one.__cause__, one.__context__]
    yield "".join(traceback.format_exception(error))


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "httpcore2.http11", "httpcore2.connection", "h11"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.mark.parametrize("play", LEAKY.values(), ids=LEAKY.keys())
def test_no_error_shows_it_even_when_the_server_quotes_it(
    play: Callable[[Line], bool], serve: Serve, connect: Connect
) -> None:
    said: list[str] = []
    client = connect(serve(play), on_wait=said.append)
    for ask in (lambda: client.send(a_send(), None), client.senders, lambda: client.message(UUID)):
        with pytest.raises(MesmsError) as caught:
            ask()
        shown = list(everything(caught.value))
        assert not [text for text in shown if KEY in text]
    assert KEY not in "".join(said)


@pytest.mark.parametrize("play", [close, page(502), raw(b"no HTTP\r\n\r\n"), answer(401, {"error": "Invalid key"})])
def test_no_local_of_a_traceback_shows_it(play: Callable[[Line], bool], serve: Serve, connect: Connect) -> None:
    client = connect(serve(play))
    for ask in (lambda: client.send(a_send(), None), client.senders):
        with pytest.raises(MesmsError) as caught:
            ask()
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert KEY not in "".join(frames.format())


def test_no_log_shows_it(serve: Serve, connect: Connect, logged: pytest.LogCaptureFixture) -> None:
    server = serve(answer(200, {"balance": 1}))
    connect(f"http://me:passw0rd@127.0.0.1:{server.port}").balance()
    assert server.heard[0].headers["x-api-key"] == KEY
    assert len(logged.records) > 5  # httpx2 and httpcore2 did write their debug logs
    shown = [f"{record.getMessage()} {record.args!r}" for record in logged.records]
    assert not [text for text in shown if KEY in text or "passw0rd" in text]


def test_no_log_shows_whom_a_search_was_for(serve: Serve, connect: Connect, logged: pytest.LogCaptureFixture) -> None:
    server = serve(answer(200, {"data": [], "hasMore": False}))
    connect(server).recipients(UUID, search="66800000007")
    assert "search=66800000007" in server.asked[0]
    shown = [record.getMessage() for record in logged.records]
    assert f"GET {server.url}/sms/{UUID}/recipients" in "\n".join(shown)
    assert not [text for text in shown if "66800000007" in text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invalid number 66800000007", "Invalid number 668xxxxxx07"),
        ("0800000007,+66800000008", "080xxxxx07,+668xxxxxx08"),
        ("bad: 080-000-0007", "bad: 080-xxx-xx07"),
        ("+66 80 000 0008.", "+66 8x xxx xx08."),
        ("+66 (0)80 000 0008", "+66 (0)xx xxx xx08"),
        ("0066-80-0000008", "006x-xx-xxxxx08"),
        ("เบอร์๐๘๐๐๐๐๐๐๐๗ผิด", "เบอร์๐๘๐xxxxx๐๗ผิด"),
        ("number=0800000007&x", "number=080xxxxx07&x"),
        ("02 000 0007", "02 0xx xx07"),
        ("800000007 has no zero", "800xxxx07 has no zero"),
        ("08000000070800000008", "080xxxxxxxxxxxxxxx08"),
        ("0" * 60, "000" + "x" * 55 + "00"),
        ("a\nb\x1b[2J\u202ec \ud800", "a b [2J c"),
        ("x" * 300, "x" * 200 + "…"),
        (f"{KEY}{KEY}", "[API key][API key]"),
        ("2026-06-01T10:00:00+07:00 SMS20260601-000001", "2026-06-01T10:00:00+07:00 SMS20260601-000001"),
    ],
)
def test_what_is_shown_of_a_remote_text(text: str, shown: str) -> None:
    assert Secret(KEY).clean(text) == shown


@given(
    st.sampled_from(["0", "66", "+66", "0066", "+66 (0)"]),
    st.from_regex(r"[689][0-9]{8}", fullmatch=True),
    st.lists(st.sampled_from(["", " ", "-", ".", "\u2013", "\u00a0", " - ", "\u200b"]), min_size=9, max_size=9),
    st.sampled_from(["0123456789", "๐๑๒๓๔๕๖๗๘๙"]),
    st.sampled_from(["{}", "no {} on file", "msisdn={},", "เบอร์{}ผิด", "({})"]),
)
def test_no_number_is_shown_whole_however_it_is_written(
    prefix: str, number: str, between: list[str], script: str, around: str
) -> None:
    """Of its nine digits at most two at either end are left."""
    written = prefix + "".join(map("".join, zip(between, number, strict=True)))
    shown = Secret(KEY).clean(around.format(written.translate(str.maketrans("0123456789", script))))
    left = "".join(character for character in shown if character.isdigit() or character == "x")
    assert left[-7:-2] == "xxxxx"


def test_no_repr_shows_it_nor_a_password(connect: Connect) -> None:
    client = connect("http://me:passw0rd@localhost:1/api/v2")
    assert repr(client) == "<MesmsClient: http://localhost:1/api/v2>"
    parts = [client, *vars(client).values(), *vars(client._transport).values()]
    headers = [client._transport._kept.headers.raw, client._transport._fresh.headers.raw]
    shown = " ".join(repr(part) for part in [*parts, *headers])
    assert KEY not in shown
    assert "passw0rd" not in shown


def test_it_is_not_written_to_disk_by_accident() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))
    assert repr(Secret(KEY)) == "[API key]"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (f"{KEY}\n", "line break"),
        (f"{KEY}\r\nx-evil: 1", "line break"),
        (f"กุญแจ{KEY}", "not ASCII"),
        (f" {KEY}", "space or a control"),
        (f"{KEY}\x00", "space or a control"),
    ],
)
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Secret(key)
    error = caught.value
    assert why in (error.why or "")
    assert KEY not in f"{error} {error!r} {error.what} {error.where} {error.why} {error.next_step}"


@pytest.mark.parametrize("key", [None, "", "  ", "\n"])
def test_no_key_says_where_to_get_one(key: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        MesmsClient("https://me-sms.com/api/v2", key)
    assert caught.value.what == "there is no API key"
    assert "API Keys page" in (caught.value.next_step or "")
