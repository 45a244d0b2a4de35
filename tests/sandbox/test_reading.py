"""The reading endpoints over HTTP: lists and their filters, one message, recipients, balance, senders, cancel."""

from __future__ import annotations

import httpx2
import pytest

LATER = "2026-06-01T12:00:00+07:00"


@pytest.fixture
def rows(reader):
    """The message list for a query, as [content, …]."""

    def get(**query: str | int) -> list[str]:
        response = reader.get("/sms", params={name.rstrip("_"): value for name, value in query.items()})
        assert response.status_code == 200, response.text
        return [row["content"] for row in response.json()["data"]]

    return get


# --- access -----------------------------------------------------------------------------------------------------------

PATHS = [
    ("POST", "/sms/send"),
    ("POST", "/sms/preview-cost"),
    ("POST", "/sms/1/cancel"),
    ("GET", "/sms"),
    ("GET", "/sms/1"),
    ("GET", "/sms/1/recipients"),
    ("GET", "/sms/credit/balance"),
    ("GET", "/senders"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "wrong"}, {"authorization": "sandbox-key"}])
def test_every_endpoint_wants_a_valid_key(sandbox, method, path, headers):
    response = httpx2.request(method, sandbox.base_url + path, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_wrong_method_is_a_405_that_names_the_right_one(client, method, path):
    for other in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - {method}:
        response = client.request(other, path)
        assert (response.status_code, response.headers["allow"]) == (405, method)
        assert response.json()["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "path", ["", "/", "/sms/", "/smss", "/sms/1/2", "/sms/1/cancel/", "/sms//cancel", "/senders/", "/sms/credit/x"]
)
def test_an_unknown_path_is_a_json_404(client, path):
    response = client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_paths_outside_the_api_are_a_json_404(sandbox):
    response = httpx2.get(f"{sandbox.origin}/elsewhere")
    assert (response.status_code, response.json()) == (404, {"error": "Not Found"})


def test_another_owners_message_is_forbidden_and_unlisted(send, sandbox):
    uuid = send(scheduledTime=LATER).json()["uuid"]
    with httpx2.Client(base_url=sandbox.base_url, headers={"x-api-key": sandbox.other_key}) as other:
        for method, path in (("GET", ""), ("GET", "/recipients"), ("POST", "/cancel")):
            response = other.request(method, f"/sms/{uuid}{path}")
            assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")
        assert other.get("/sms").json()["total"] == 0
        assert other.get("/sms/credit/balance").json() == {"balance": 100_000}
    assert sandbox.world.credits() == (99_999, 1, 0)


def test_an_unknown_message_is_a_404(client):
    for method, path in (("GET", ""), ("GET", "/recipients"), ("POST", "/cancel")):
        response = client.request(method, f"/sms/00000000-0000-4000-a000-000000000000{path}")
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_the_rate_limit_is_a_429_with_the_time_to_wait(client, control, sandbox):
    control.post("/account", json={"rate_limit": 2})
    answers = [client.get("/senders") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].json()["code"] == "RATE_LIMITED"
    sandbox.advance(1)
    assert client.get("/senders").status_code == 200


# --- the message list -------------------------------------------------------------------------------------------------


def test_messages_are_listed_newest_first_and_ties_by_request(send, rows, sandbox):
    for content in ("one", "two"):
        send(content=content)
    sandbox.advance(1)
    send(content="three")
    assert rows() == ["three", "two", "one"]


def test_messages_made_after_the_clock_was_moved_back_are_listed_by_their_time(send, rows, sandbox):
    send(content="first")
    sandbox.advance(-60)
    send(content="earlier")
    sandbox.advance(120)
    assert rows() == ["first", "earlier"]


def test_a_listed_message_has_exactly_the_documented_fields(send, reader):
    sent = send(scheduledTime=LATER, content="ก" * 71, msisdns=["0800000001"] * 3).json()
    assert reader.get("/sms").json() == {
        "data": [
            {
                "uuid": sent["uuid"],
                "refNo": "SMS20260601-000001",
                "sender": "SiamCoffee",
                "content": "ก" * 71,
                "status": "scheduled",
                "total": 3,
                "credits": 6,
                "scheduledTime": "2026-06-01T05:00:00.000Z",
                "createdAt": "2026-06-01T03:00:00.000Z",
            }
        ],
        "page": 1,
        "limit": 20,
        "total": 1,
    }


def test_pages_divide_the_list_without_gap_or_overlap(send, rows, reader):
    for number in range(23):
        send(content=str(number))
    newest_first = [str(number) for number in reversed(range(23))]
    assert rows() == newest_first[:20]
    assert rows(page=2) == newest_first[20:]
    assert [*rows(limit=7), *rows(limit=7, page=2), *rows(limit=7, page=3), *rows(limit=7, page=4)] == newest_first
    assert rows(limit=7, page=5) == []
    assert rows(limit=100) == newest_first
    assert reader.get("/sms", params={"limit": 7, "page": 4}).json()["total"] == 23


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "1.0"},
        {"page": ""},
        {"page": "1" * 30},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "๑"},
        {"status": "delivered"},
        {"status": ""},
        {"from": "yesterday"},
        {"from": "2026-06-01"},
        {"to": "2026-06-01T00:00:00"},
        {"to": "2026-06-01T00:00:00 07:00"},  # a + that was not encoded arrives as a space
    ],
)
def test_a_bad_list_parameter_is_a_400(reader, query):
    response = reader.get("/sms", params=query)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_PARAMETER")


def test_the_list_can_be_filtered_by_status(send, rows, client, control, sandbox):
    control.post("/account", json={"senders": {"Gone": "approved"}})
    cancelled = send(content="cancelled", scheduledTime=LATER).json()["uuid"]
    client.post(f"/sms/{cancelled}/cancel")
    send(content="failed", scheduledTime="2026-06-01T10:00:01+07:00", sender="Gone")
    send(content="sent")
    send(content="scheduled", scheduledTime=LATER)
    control.post("/account", json={"senders": {"Gone": "rejected"}})
    sandbox.advance(60)
    send(content="pending")
    for status in ("sent", "failed", "pending", "scheduled", "cancelled"):
        assert rows(status=status) == [status]


def test_the_list_can_be_filtered_by_sender(send, rows):
    send(content="a")
    send(content="b", sender="MESMSDemo")
    assert rows(sender="MESMSDemo") == ["b"]
    assert rows(sender="SiamCoff") == []


def test_from_and_to_include_their_own_instant(send, rows, sandbox):
    for content in ("a", "b", "c"):
        send(content=content)
        sandbox.advance(60)
    assert rows(from_="2026-06-01T10:01:00+07:00") == ["c", "b"]
    assert rows(to="2026-06-01T03:01:00Z") == ["b", "a"]
    assert rows(from_="2026-06-01T03:01:00Z", to="2026-06-01T03:01:00Z") == ["b"]
    assert rows(from_="2026-06-01T03:02:00.001Z") == []


def test_search_looks_in_content_and_ref_no_whatever_the_case(send, rows):
    send(content="Songkran sale")
    send(content="ลดราคา 20%")
    assert rows(search="SALE") == ["Songkran sale"]
    assert rows(search="ราคา") == ["ลดราคา 20%"]
    assert rows(search="sms20260601-000002") == ["ลดราคา 20%"]
    assert rows(search="-00000") == ["ลดราคา 20%", "Songkran sale"]
    assert rows(search="nothing") == []


def test_filters_work_together_and_total_counts_what_they_leave(send, reader):
    for number in range(5):
        send(content=f"sale {number}")
        send(content=f"news {number}", sender="MESMSDemo")
    answer = reader.get("/sms", params={"search": "sale", "sender": "SiamCoffee", "limit": 2}).json()
    assert [row["content"] for row in answer["data"]] == ["sale 4", "sale 3"]
    assert answer["total"] == 5


# --- one message ------------------------------------------------------------------------------------------------------


def test_the_summary_of_reports_comes_once_the_message_is_sent(send, reader, sandbox):
    uuid = send(msisdns=["0800000001", "0800000002", "0800009001", "0800009003"]).json()["uuid"]
    assert "drSummary" not in reader.get(f"/sms/{uuid}").json()
    sandbox.advance(6)
    assert reader.get(f"/sms/{uuid}").json()["drSummary"] == {"pending": 3, "blocked": 1}
    sandbox.advance(3600)
    assert reader.get(f"/sms/{uuid}").json()["drSummary"] == {"success": 2, "failed": 1, "blocked": 1}


# --- recipients -------------------------------------------------------------------------------------------------------


def test_reports_evolve_from_pending_to_their_final_word(send, reader, sandbox):
    numbers = ["0800000001", *(f"080000900{digit}" for digit in range(1, 7))]
    uuid = send(msisdns=numbers).json()["uuid"]

    def reports() -> list[str]:
        return [row["status"] for row in reader.get(f"/sms/{uuid}/recipients").json()["data"]]

    assert reports() == ["pending", "pending", "invalid", "blocked", "pending", "pending", "pending"]
    sandbox.advance(160)
    assert reports() == ["success", "pending", "invalid", "blocked", "pending", "pending", "pending"]
    sandbox.advance(140)
    assert reports() == ["success", "failed", "invalid", "blocked", "pending", "pending", "pending"]
    sandbox.advance(24 * 3600)
    assert reports() == ["success", "failed", "invalid", "blocked", "expired", "pending", "pending"]
    sandbox.advance(48 * 3600)
    assert reports() == ["success", "failed", "invalid", "blocked", "expired", "timeout", "pending"]
    sandbox.advance(365 * 24 * 3600)
    assert reports()[-1] == "pending"


def test_ordinary_numbers_get_a_mix_of_reports_that_repeats(send, reader, sandbox):
    numbers = [f"08111{number:05d}" for number in range(0, 100_000, 100)]

    def summary() -> list[dict[str, object]]:
        uuid = send(msisdns=numbers).json()["uuid"]
        sandbox.advance(100 * 3600)
        return reader.get(f"/sms/{uuid}/recipients", params={"after": 0}).json()["summary"]

    first = summary()
    assert {row["status"] for row in first} >= {"success", "failed"}
    assert sum(row["count"] for row in first) == len(numbers)
    assert summary() == first


def test_a_blocklisted_number_reads_blocked_if_listed_when_the_message_starts(send, reader, control, sandbox):
    control.post("/account", json={"blocklist": ["0800000002"]})
    uuid = send(msisdns=["0800000001", "0800000002"], scheduledTime=LATER).json()["uuid"]
    control.post("/account", json={"blocklist": ["0800000001"]})
    sandbox.advance(3 * 3600)
    control.post("/account", json={"blocklist": []})
    data = reader.get(f"/sms/{uuid}/recipients").json()["data"]
    assert [row["status"] for row in data] == ["blocked", "success"]
    assert sandbox.world.credits() == (99_998, 0, 2)


def test_without_a_cursor_recipients_come_in_numbered_pages(send, reader):
    uuid = send(msisdns=[f"08000000{number:02d}" for number in range(60)]).json()["uuid"]
    first = reader.get(f"/sms/{uuid}/recipients").json()
    assert {name: first[name] for name in ("page", "limit", "total")} == {"page": 1, "limit": 50, "total": 60}
    assert set(first) == {"data", "page", "limit", "total", "summary"}
    assert len(first["data"]) == 50
    second = reader.get(f"/sms/{uuid}/recipients", params={"page": 2}).json()
    assert [row["msisdn"] for row in second["data"]] == [f"668000000{number:02d}" for number in range(50, 60)]


@pytest.mark.parametrize("limit", [1, 7, 30, 50])
def test_a_cursor_walks_every_recipient_once(send, reader, limit):
    numbers = [f"08000000{number:02d}" for number in range(60)]
    uuid = send(msisdns=numbers).json()["uuid"]
    cursor, seen = 0, []
    while cursor is not None:
        page = reader.get(f"/sms/{uuid}/recipients", params={"after": cursor, "limit": limit}).json()
        assert set(page) == {"data", "nextCursor", "hasMore", "summary"}
        assert page["hasMore"] is (page["nextCursor"] is not None)
        seen += [row["msisdn"] for row in page["data"]]
        cursor = page["nextCursor"]
    assert seen == [f"66{number[1:]}" for number in numbers]


def test_a_filtered_cursor_walks_every_match_once(send, reader):
    numbers = ["0800009002", "0800000001", "0800009002", "0800000002", "0800009002"]
    uuid = send(msisdns=numbers).json()["uuid"]
    query = {"after": 0, "limit": 1, "status": "invalid"}
    cursors = []
    while query["after"] is not None:
        page = reader.get(f"/sms/{uuid}/recipients", params=query).json()
        assert [row["msisdn"] for row in page["data"]] == ["66800009002"]
        query["after"] = page["nextCursor"]
        cursors.append(page["nextCursor"])
    assert cursors == [1, 3, None]


def test_recipients_can_be_searched_by_part_of_the_stored_number(send, reader):
    uuid = send(msisdns=["0800000012", "0800000123", "0800009002"]).json()["uuid"]

    def found(**query: str) -> list[str]:
        answer = reader.get(f"/sms/{uuid}/recipients", params=query).json()
        assert answer["total"] == len(answer["data"])
        assert sum(row["count"] for row in answer["summary"]) == 3
        return [row["msisdn"] for row in answer["data"]]

    assert found(search="0012") == ["66800000012", "66800000123"]
    assert found(search="66800000123") == ["66800000123"]
    assert found(search="9002", status="invalid") == ["66800009002"]
    assert found(search="9002", status="success") == []
    assert found(search="0800000012") == []
    assert found(search="abc") == []


@pytest.mark.parametrize(
    "query", [{"limit": 51}, {"limit": 0}, {"after": -1}, {"after": "x"}, {"status": "sent"}, {"page": 0}]
)
def test_a_bad_recipients_parameter_is_a_400(send, reader, query):
    uuid = send().json()["uuid"]
    response = reader.get(f"/sms/{uuid}/recipients", params=query)
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_PARAMETER")


def test_a_cursor_past_the_end_is_an_empty_last_page(send, reader):
    uuid = send().json()["uuid"]
    page = reader.get(f"/sms/{uuid}/recipients", params={"after": 99}).json()
    assert (page["data"], page["nextCursor"], page["hasMore"]) == ([], None, False)


def test_recipients_of_a_message_that_never_started_are_pending(send, reader, client, sandbox):
    uuid = send(msisdns=["0800009002"], scheduledTime=LATER).json()["uuid"]
    for _ in range(2):
        assert reader.get(f"/sms/{uuid}/recipients").json()["data"] == [{"msisdn": "66800009002", "status": "pending"}]
        client.post(f"/sms/{uuid}/cancel")
        sandbox.advance(5 * 3600)


# --- cancel -----------------------------------------------------------------------------------------------------------


def test_cancelling_a_scheduled_message_refunds_it_and_nobody_is_texted(send, reader, sandbox):
    uuid = send(scheduledTime=LATER).json()["uuid"]
    response = reader.post(f"/sms/{uuid}/cancel")
    assert (response.status_code, response.json()) == (200, {"uuid": uuid, "status": "cancelled", "refunded": 1})
    sandbox.advance(3 * 3600)
    assert reader.get(f"/sms/{uuid}").json()["status"] == "cancelled"
    assert sandbox.world.credits() == (100_000, 0, 0)
    assert sandbox.world.texts_by_number() == {}


def test_what_can_no_longer_be_cancelled_says_why(send, client, sandbox):
    def refusal(uuid: str) -> tuple[int, str]:
        response = client.post(f"/sms/{uuid}/cancel")
        return response.status_code, response.json()["code"]

    at_once = send().json()["uuid"]
    planned = send(scheduledTime="2026-06-01T10:00:01+07:00").json()["uuid"]
    cancelled = send(scheduledTime=LATER).json()["uuid"]
    client.post(f"/sms/{cancelled}/cancel")
    sandbox.advance(1)
    assert refusal(at_once) == (400, "NOT_SCHEDULED")
    assert refusal(planned) == (409, "ALREADY_PROCESSING")
    assert refusal(cancelled) == (409, "ALREADY_CANCELLED")
    sandbox.advance(60)
    assert refusal(planned) == (400, "NOT_SCHEDULED")
    assert sandbox.world.credits() == (99_998, 0, 2)


def test_a_schedule_can_be_cancelled_until_its_very_moment(send, client, sandbox):
    uuid = send(scheduledTime="2026-06-01T10:00:01+07:00").json()["uuid"]
    sandbox.advance(0.999)
    assert client.post(f"/sms/{uuid}/cancel").status_code == 200


def test_a_message_whose_sender_was_lost_fails_and_is_refunded(send, reader, control, sandbox):
    uuid = send(scheduledTime=LATER).json()["uuid"]
    control.post("/account", json={"senders": {"SiamCoffee": "rejected"}})
    sandbox.advance(3 * 3600)
    assert reader.get(f"/sms/{uuid}").json()["status"] == "failed"
    assert reader.get(f"/sms/{uuid}/recipients").json()["summary"] == [{"status": "failed", "count": 1}]
    assert sandbox.world.credits() == (100_000, 0, 0)
    assert sandbox.world.texts_by_number() == {}


# --- account ----------------------------------------------------------------------------------------------------------


def test_senders_are_listed_with_their_standing(reader):
    assert reader.get("/senders").json() == {
        "data": [
            {"name": "SiamCoffee", "status": "approved", "shared": False},
            {"name": "MESMSDemo", "status": "approved", "shared": False},
            {"name": "NewBrand", "status": "pending", "shared": False},
            {"name": "Refused", "status": "rejected", "shared": False},
            {"name": "Shared", "status": "approved", "shared": True},
        ]
    }


def test_every_answer_is_dated_by_the_sandbox_clock(client, sandbox):
    sandbox.advance(3600)
    for path in ("/senders", "/nowhere"):
        assert client.get(path).headers["date"] == "Mon, 01 Jun 2026 04:00:00 GMT"
