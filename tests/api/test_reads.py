"""A read is asked again while that may help, for about a minute; then its error says what to look at."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.api import repeat
from mesms_gitops.api.waiting import READ
from mesms_gitops.errors import AnswerUnreadable, ApiError, ApiRefusal, NoAnswer, NotReached, RateLimited, UsageError
from mesms_gitops.model.observation import Quote, RemotePhase

from .conftest import NOON
from .loopback import answer, close, hang, page, raw, reset
from .sends import UUID, a_send, a_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.api.client import MesmsClient

    from .conftest import StillClock
    from .loopback import Line, Loopback

    Serve = Callable[..., Loopback]
    Connect = Callable[..., MesmsClient]

BALANCE = answer(200, {"balance": 40000})
TRIES = 5

PASSING = {
    "closed without a word": close,
    "reset without a word": reset,
    "silence": hang,
    "half a body": raw(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"balance": '),
    "no HTTP": raw(b"\x00\x01\x02 hello\r\n\r\n"),
    "no JSON": answer(200, b"\x00\xff"),
    "408": answer(408, {"error": "Request timeout"}),
    "429": answer(429, {"error": "Rate limit exceeded"}),
    "500": answer(500, {"error": "Internal error"}),
    "a page under 502": page(502),
    "503": answer(503, {"error": "Busy"}, retry_after="2"),
}


@pytest.mark.parametrize("play", PASSING.values(), ids=PASSING.keys())
def test_a_passing_trouble_is_asked_past(play: Callable[[Line], bool], serve: Serve, connect: Connect) -> None:
    server = serve(*[play] * (TRIES - 1), BALANCE)
    said: list[str] = []
    client = connect(server, timeout=0.1 if play is hang else 5.0, on_wait=said.append)
    assert client.balance() == 40000
    assert len(server.heard) == TRIES
    assert len(said) == TRIES - 1


@pytest.mark.parametrize("play", PASSING.values(), ids=PASSING.keys())
def test_a_lasting_trouble_is_an_error_in_the_end(play: Callable[[Line], bool], serve: Serve, connect: Connect) -> None:
    server = serve(play)
    with pytest.raises((NoAnswer, RateLimited)) as caught:
        connect(server, timeout=0.1 if play is hang else 5.0).balance()
    assert len(server.heard) == TRIES
    assert caught.value.where == f"GET /sms/credit/balance at 127.0.0.1:{server.port}"
    assert caught.value.next_step
    assert "nobody can tell" not in (caught.value.why or "")


def test_a_server_that_is_down_is_named(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotReached) as caught:
        connect(f"http://127.0.0.1:{port}").balance()
    assert caught.value.what == f"nothing answers at 127.0.0.1:{port}"
    assert caught.value.why is not None
    assert caught.value.why == "Connection refused"
    assert "api.base_url" in (caught.value.next_step or "")


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 405])
def test_a_page_instead_of_json_is_not_asked_for_twice(status: int, serve: Serve, connect: Connect) -> None:
    server = serve(page(status))
    with pytest.raises(ApiError) as caught:
        connect(server).message(UUID)
    assert len(server.heard) == 1
    assert "api.base_url" in (caught.value.next_step or "")
    if status != 301:
        assert caught.value.what == f"a web page came back instead of an answer of ME-SMS (HTTP {status})"


def test_a_redirect_is_named_and_not_followed(serve: Serve, connect: Connect) -> None:
    elsewhere = serve(BALANCE)
    server = serve(answer(302, {}, location=f"http://thief:pw@127.0.0.1:{elsewhere.port}/sms"))
    with pytest.raises(NoAnswer) as caught:
        connect(server).balance()
    assert caught.value.what == "the answer was a redirect to 127.0.0.1 (HTTP 302)"
    assert elsewhere.heard == []


@pytest.mark.parametrize(
    ("location", "named"),
    [("/elsewhere", "the same host"), ("http://[broken", "an unreadable address"), (None, "nowhere")],
)
def test_any_location_of_a_redirect_can_be_told(
    location: str | None, named: str, serve: Serve, connect: Connect
) -> None:
    headers = {} if location is None else {"location": location}
    with pytest.raises(NoAnswer, match=f"redirect to {named} "):
        connect(serve(answer(308, {}, **headers))).balance()


@pytest.mark.parametrize(
    ("status", "step"), [(401, "MESMS_API_KEY"), (402, "credits"), (403, "scope"), (404, "mend"), (418, "mend")]
)
def test_a_refused_read_says_what_to_do(status: int, step: str, serve: Serve, connect: Connect) -> None:
    server = serve(answer(status, {"error": "No\x1b[31m!\nnext: pay"}))
    with pytest.raises(ApiRefusal) as caught:
        connect(server).balance()
    assert caught.value.what == "ME-SMS refused: No [31m! next: pay"
    assert step in (caught.value.next_step or "")
    assert len(server.heard) == 1


def test_an_error_may_be_an_object(serve: Serve, connect: Connect) -> None:
    error = {"message": "No such sender", "code": "bad_sender"}
    with pytest.raises(ApiRefusal) as caught:
        connect(serve(answer(400, {"error": error}))).senders()
    assert (caught.value.what, caught.value.code) == ("ME-SMS refused: No such sender", "BAD_SENDER")


def test_retry_after_is_honoured_by_reads(serve: Serve, connect: Connect) -> None:
    busy = answer(503, {"error": "Busy"}, retry_after="9")
    limited = answer(429, {"error": "Slow"}, retry_after="60")
    said: list[str] = []
    assert connect(serve(busy, limited, BALANCE), on_wait=said.append).balance() == 40000
    assert [line.rpartition("again in ")[2] for line in said] == ["9.0 s", "60.0 s"]


def test_a_read_that_would_wait_too_long_ends_at_once(serve: Serve, connect: Connect) -> None:
    server = serve(answer(429, {"error": "Slow"}, retry_after="3600"))
    with pytest.raises(RateLimited) as caught:
        connect(server).balance()
    assert (caught.value.retry_after, len(server.heard)) == (3600.0, 1)


def test_a_read_ends_after_about_a_minute(serve: Serve, connect: Connect, still: StillClock) -> None:
    def slow(line: Line) -> bool:
        still.passed += 30
        return answer(500, {"error": "x"})(line)

    server = serve(slow)
    with pytest.raises(NoAnswer):
        connect(server).balance()
    assert len(server.heard) == 3
    assert READ.whole_time == 65


def test_a_kept_connection_that_went_stale_is_asked_past(serve: Serve, connect: Connect) -> None:
    server = serve(BALANCE, reset, BALANCE)
    client = connect(server)
    assert [client.balance(), client.balance()] == [40000, 40000]
    assert [one.connection for one in server.heard] == [1, 1, 2]


def test_an_unknown_error_is_not_asked_past(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(BALANCE)
    client = connect(server)
    asked = []

    def broken(*_: object) -> None:
        asked.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(client._transport, "exchange", broken)
    with pytest.raises(ZeroDivisionError):
        client.balance()
    assert asked == [1]


def test_waiting_reads_write_nothing_to_any_log(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    connect(serve(close, BALANCE)).balance()
    assert repeat.stamina.instrumentation.get_on_retry_hooks() == ()
    assert [record for record in caplog.records if record.name == "stamina"] == []


def test_all_requests_keep_the_configured_distance(serve: Serve, connect: Connect, still: StillClock) -> None:
    server = serve(BALANCE, answer(503, {"error": "Busy"}), BALANCE)
    client = connect(server, requests_per_second=2)
    client.balance()
    client.balance()
    assert len(server.heard) == 3
    assert still.waits == [0.5, 0.5]


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_every_request_says_who_asks(serve: Serve, connect: Connect) -> None:
    from mesms_gitops import __version__

    server = serve(BALANCE)
    connect(server).balance()
    headers = server.heard[0].headers
    assert headers["user-agent"] == f"mesms-gitops/{__version__}"
    assert headers["x-api-key"] == "k3y-that-must-never-be-seen"
    assert headers["accept"] == "application/json"


def test_a_base_url_may_end_with_a_slash_and_hold_a_login(serve: Serve, connect: Connect) -> None:
    server = serve(BALANCE)
    connect(f"http://me:p%40ss@127.0.0.1:{server.port}/api/v2/").balance()
    assert server.asked == ["GET /api/v2/sms/credit/balance"]
    assert server.heard[0].headers["authorization"] == "Basic bWU6cEBzcw=="


def test_the_listing_is_asked_for_in_full_pages(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, {"data": [], "page": 2, "limit": 100, "total": 0}))
    since = datetime(2026, 6, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    connect(server).messages(
        page=2,
        sender="Siam Coffee",
        remote_phase=RemotePhase.SCHEDULED,
        created_from=since,
        created_to=since + timedelta(hours=1),
    )
    window = "from=2026-06-01T10%3A00%3A00Z&to=2026-06-01T11%3A00%3A01Z"
    assert server.asked == [f"GET /api/v2/sms?page=2&limit=100&sender=Siam+Coffee&status=scheduled&{window}"]
    with pytest.raises(ValueError, match="offset"):
        connect(server).messages(created_from=since.replace(tzinfo=None))


def test_a_row_that_cannot_be_read_is_an_error_unless_it_is_to_be_left_out(serve: Serve, connect: Connect) -> None:
    """The strict way is the one without a word: what decides about a send must not overlook a message."""
    client = connect(serve(answer(200, {"data": [{"uuid": UUID, "status": "sent"}, {"uuid": "x"}], "total": 2})))
    with pytest.raises(AnswerUnreadable, match="lacks status"):
        client.messages()
    page = client.messages(leaves_out=True)
    assert ([one.uuid for one in page.messages], page.left_out) == ([UUID], 1)


def test_recipients_are_asked_for_by_cursor(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, {"data": [], "hasMore": False}))
    connect(server).recipients(UUID, after=50, delivery_state="failed", search="66800000001")
    connect(server).recipients(UUID)
    assert server.asked == [
        f"GET /api/v2/sms/{UUID}/recipients?limit=50&after=50&status=failed&search=66800000001",
        f"GET /api/v2/sms/{UUID}/recipients?limit=50&after=0",
    ]


@pytest.mark.parametrize("uuid", ["", "..", "a/b", "a b", "a?x=1", "%2e", "x" * 200, "ก"])
def test_what_names_no_message_is_never_asked_for(uuid: str, serve: Serve, connect: Connect) -> None:
    server = serve(BALANCE)
    for ask in (connect(server).message, connect(server).recipients, connect(server).cancel):
        with pytest.raises(UsageError):
            ask(uuid)
    assert server.heard == []


def test_a_message_that_me_sms_does_not_know(serve: Serve, connect: Connect) -> None:
    assert connect(serve(answer(404, {"error": "Not found"}))).message(UUID) is None


def test_a_message_that_is_somebody_elses_is_a_refusal(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiRefusal):
        connect(serve(answer(403, {"error": "Not yours"}))).message(UUID)


def test_an_answer_about_another_message_is_not_believed(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, {"uuid": UUID.replace("1", "2"), "status": "sent"}))
    with pytest.raises(AnswerUnreadable, match="another message"):
        connect(server).message(UUID)


def test_a_field_may_have_a_name_of_its_own(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, {"remaining": 7, "balance": 9}))
    assert connect(server, field_map={"balance": "remaining"}).balance() == 7


# --- previews ---------------------------------------------------------------------------------------------------------

PRICE = answer(200, {"parts": 1, "total": 2, "credits": 2})
NOT_BOTH = answer(400, {"error": "Give either content or templateId"})


def test_a_preview_is_asked_past_trouble(serve: Serve, connect: Connect) -> None:
    server = serve(close, PRICE)
    assert connect(server).preview(a_send()) == Quote(1, 2, 2)
    assert [one.json() for one in server.heard] == [{"content": "hello", "msisdns": ["66800000001", "66800000002"]}] * 2


def test_a_template_is_asked_about_as_the_account_wants_it(serve: Serve, connect: Connect) -> None:
    server = serve(NOT_BOTH, PRICE)
    client = connect(server)
    for _ in range(2):
        assert client.preview(a_send(a_template("Hi Toon"))) == Quote(1, 2, 2)
    asked = [sorted(one.json()) for one in server.heard]
    alone = ["msisdns", "templateId", "variables"]
    assert asked == [["content", *alone], alone, alone]


def test_a_template_that_is_refused_both_ways_is_a_refusal(serve: Serve, connect: Connect) -> None:
    server = serve(NOT_BOTH, answer(400, {"error": "Missing variable"}))
    with pytest.raises(ApiRefusal, match="Missing variable"):
        connect(server).preview(a_send(a_template("Hi Toon")))
    assert len(server.heard) == 2


def test_only_a_bad_request_makes_a_template_be_asked_about_again(serve: Serve, connect: Connect) -> None:
    server = serve(answer(404, {"error": "No such template"}))
    with pytest.raises(ApiRefusal):
        connect(server).preview(a_send(a_template("Hi Toon")))
    assert len(server.heard) == 1


# --- the server's clock -----------------------------------------------------------------------------------------------


def test_the_servers_clock_is_its_newest_date_carried_forward(
    serve: Serve, connect: Connect, still: StillClock
) -> None:
    first = answer(200, {"balance": 1}, date="Sat, 10 Apr 2027 09:00:00 GMT")
    second = answer(404, {"error": "x"}, date="Sat, 10 Apr 2027 09:10:00 GMT")
    client = connect(serve(first, second, BALANCE))
    assert client.server_time() is None
    client.balance()
    still.passed += 5
    assert client.server_time() == NOON + timedelta(hours=4, seconds=5)
    client.message(UUID)
    assert client.server_time() == NOON + timedelta(hours=4, minutes=10)
    client.balance()  # an answer without a Date changes nothing
    assert client.server_time() == NOON + timedelta(hours=4, minutes=10)
