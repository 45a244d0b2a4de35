"""``POST /sms/send`` and ``POST /sms/preview-cost`` over HTTP: every field, limit and refusal."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

LATER = "2026-06-01T12:00:00+07:00"  # two hours after the frozen clock


def refused(response: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal, whose body has exactly the documented shape."""
    body = response.json()
    assert response.headers["content-type"].startswith("application/json")
    assert set(body) == {"error", "code"}
    assert body["error"]
    return response.status_code, body["code"]


# --- what is accepted -------------------------------------------------------------------------------------------------


def test_a_send_without_a_schedule_starts_at_once_and_is_charged(send, client, sandbox):
    response = send(msisdns=["0800000001", "66800000002"], content="ก" * 71)
    assert response.status_code == 200
    answer = response.json()
    assert {name: answer[name] for name in ("status", "total", "parts", "credits")} == {
        "status": "pending",
        "total": 2,
        "parts": 2,
        "credits": 4,
    }
    assert client.get("/sms/credit/balance").json() == {"balance": 99_996}
    assert sandbox.world.credits() == (99_996, 0, 4)
    assert sandbox.world.texts_by_number() == {"66800000001": [answer["uuid"]], "66800000002": [answer["uuid"]]}


def test_a_scheduled_send_holds_its_credits_until_it_starts(send, sandbox):
    answer = send(scheduledTime=LATER).json()
    assert answer["status"] == "scheduled"
    assert sandbox.world.credits() == (99_999, 1, 0)
    sandbox.advance(2 * 3600 - 1)
    assert sandbox.world.credits() == (99_999, 1, 0)
    sandbox.advance(1)
    assert sandbox.world.credits() == (99_999, 0, 1)


def test_a_message_goes_from_scheduled_over_pending_to_sent(send, client, sandbox):
    uuid = send(scheduledTime=LATER).json()["uuid"]
    seen = []
    for seconds in (0, 2 * 3600 - 1, 1, 4, 2):
        sandbox.advance(seconds)
        seen.append(client.get(f"/sms/{uuid}").json()["status"])
    assert seen == ["scheduled", "scheduled", "pending", "pending", "sent"]


def test_a_contact_group_stands_for_its_numbers(send, sandbox):
    answer = send(msisdns=None, contactGroupId=1203).json()
    assert answer["total"] == 25
    assert next(iter(sandbox.world.texts_by_number())) == "66800005001"


def test_a_template_is_filled_and_priced_as_filled(send, sandbox):
    answer = send(content=None, templateId=42, variables={"name": "ต้น" * 20, "percent": 20}).json()
    assert answer["parts"] == 2
    assert sandbox.world.ledger()[0].content == f"สวัสดีคุณ {'ต้น' * 20} ลด 20%"


def test_placeholders_in_content_go_out_as_they_stand(send, sandbox):
    send(content="{{name}}", variables={"name": "x"})
    assert sandbox.world.ledger()[0].content == "{{name}}"


def test_a_number_listed_twice_is_charged_and_texted_twice(send, sandbox):
    answer = send(msisdns=["0800000001", "66800000001"]).json()
    assert answer["credits"] == 2
    assert sandbox.world.texts_by_number() == {"66800000001": [answer["uuid"]] * 2}


def test_a_shared_sender_can_be_used(send):
    assert send(sender="Shared").status_code == 200


@pytest.mark.parametrize("zone", ["+07:00", "Z", "-05:30"])
@pytest.mark.parametrize("clock", ["2026-06-02T10:00", "2026-06-02T10:00:00", "2026-06-02T10:00:00.25"])
def test_every_iso_8601_time_with_an_offset_is_a_schedule(send, clock, zone):
    assert send(scheduledTime=clock + zone).json()["status"] == "scheduled"


def test_a_schedule_is_shown_in_utc(send, client):
    uuid = send(scheduledTime="2026-06-01T12:00:00.1259+07:00").json()["uuid"]
    assert client.get(f"/sms/{uuid}").json()["scheduledTime"] == "2026-06-01T05:00:00.125Z"


# --- dry runs ---------------------------------------------------------------------------------------------------------


def test_a_dry_run_costs_nothing_and_sends_nothing(send, sandbox):
    assert send(dryRun=True, content="ก" * 71).json() == {"parts": 2, "total": 1, "credits": 2}
    assert sandbox.world.credits() == (100_000, 0, 0)
    assert sandbox.world.ledger(everything=True) == ()


def test_a_dry_run_is_answered_even_without_the_credits_for_it(send, control):
    control.post("/account", json={"balance": 0})
    assert send(dryRun=True).status_code == 200


def test_a_dry_run_wants_the_scope_and_an_approved_sender(reader, send):
    body = {"sender": "SiamCoffee", "content": "hello", "msisdns": ["0800000001"], "dryRun": True}
    assert refused(reader.post("/sms/send", json=body)) == (403, "FORBIDDEN")
    assert refused(send(dryRun=True, sender="NewBrand")) == (400, "SENDER_NOT_APPROVED")


# --- what is refused --------------------------------------------------------------------------------------------------

BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"sender": None}, "INVALID_PARAMETER"),
    ({"sender": ""}, "INVALID_PARAMETER"),
    ({"sender": 7}, "INVALID_PARAMETER"),
    ({"sender": "TwelveLetter"}, "INVALID_PARAMETER"),
    ({"sender": "NewBrand"}, "SENDER_NOT_APPROVED"),
    ({"sender": "Refused"}, "SENDER_NOT_APPROVED"),
    ({"sender": "Nobody"}, "SENDER_NOT_APPROVED"),
    ({"sender": "OtherShop"}, "SENDER_NOT_APPROVED"),
    ({"sender": "siamcoffee"}, "SENDER_NOT_APPROVED"),
    ({"content": None}, "INVALID_PARAMETER"),
    ({"content": ""}, "INVALID_PARAMETER"),
    ({"content": 5}, "INVALID_PARAMETER"),
    ({"content": "ก" * 1001}, "INVALID_PARAMETER"),
    ({"templateId": 42, "variables": {"name": "a", "percent": 1}}, "INVALID_PARAMETER"),
    ({"content": None, "templateId": "42"}, "INVALID_PARAMETER"),
    ({"content": None, "templateId": True}, "INVALID_PARAMETER"),
    ({"content": None, "templateId": 42}, "MISSING_VARIABLE"),
    ({"content": None, "templateId": 42, "variables": {"name": "a"}}, "MISSING_VARIABLE"),
    ({"content": None, "templateId": 43, "variables": {"name": "a" * 995}}, "INVALID_PARAMETER"),
    ({"content": None, "templateId": 43, "variables": {"name": True}}, "INVALID_PARAMETER"),
    ({"content": None, "templateId": 43, "variables": {"name": ["a"]}}, "INVALID_PARAMETER"),
    ({"variables": []}, "INVALID_PARAMETER"),
    ({"msisdns": None}, "INVALID_PARAMETER"),
    ({"msisdns": []}, "INVALID_PARAMETER"),
    ({"msisdns": "0800000001"}, "INVALID_PARAMETER"),
    ({"contactGroupId": 1203}, "INVALID_PARAMETER"),
    ({"msisdns": None, "contactGroupId": "1203"}, "INVALID_PARAMETER"),
    ({"msisdns": None, "contactGroupId": 1204}, "INVALID_PARAMETER"),
    ({"scheduledTime": 1780300800}, "INVALID_PARAMETER"),
    ({"scheduledTime": ""}, "INVALID_PARAMETER"),
    ({"scheduledTime": "2026-06-02"}, "INVALID_PARAMETER"),
    ({"scheduledTime": "2026-06-02T10:00:00"}, "INVALID_PARAMETER"),
    ({"scheduledTime": "2026-06-02 10:00:00+07:00"}, "INVALID_PARAMETER"),
    ({"scheduledTime": "2026-06-31T10:00:00+07:00"}, "INVALID_PARAMETER"),
    ({"scheduledTime": "2026-06-01T10:00:00+07:00"}, "INVALID_PARAMETER"),
    ({"scheduledTime": "2026-06-01T09:59:59+07:00"}, "INVALID_PARAMETER"),
    ({"scheduledTime": "0001-01-01T00:00:00+23:00"}, "INVALID_PARAMETER"),
    ({"dryRun": "true"}, "INVALID_PARAMETER"),
    ({"dryRun": 1}, "INVALID_PARAMETER"),
    ({"scheduledtime": LATER}, "INVALID_PARAMETER"),
]


@pytest.mark.parametrize(("changes", "code"), BAD_FIELDS, ids=[f"{list(c)}-{i}" for i, (c, _) in enumerate(BAD_FIELDS)])
def test_a_bad_field_is_a_400_and_nothing_is_sent(send, sandbox, changes, code):
    assert refused(send(**changes)) == (400, code)
    assert sandbox.world.ledger(everything=True) == ()
    assert sandbox.world.credits() == (100_000, 0, 0)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "812345678",
        "08000000010",
        "080000001",
        "+66800000001",
        "6680000000",
        "668000000012",
        "080 000 0001",
        "080000000a",
        "๐๘๐๐๐๐๐๐๐๑",
        "0800000001\n",
        800000001,
        None,
        ["0800000001"],
    ],
)
def test_a_number_of_any_other_form_refuses_the_whole_request(send, sandbox, number):
    response = send(msisdns=["0800000001", number])
    assert refused(response) == (400, "INVALID_NUMBER")
    assert "msisdns[1]" in response.json()["error"]
    assert str(number) not in response.json()["error"] or not number
    assert sandbox.world.ledger(everything=True) == ()


@pytest.mark.parametrize("field", ["content", "scheduledTime", "msisdns", "templateId", "variables", "dryRun"])
def test_null_is_a_wrong_type_not_an_absent_field(client, field):
    body = {"sender": "SiamCoffee", "content": "hello", "msisdns": ["0800000001"], field: None}
    assert client.post("/sms/send", json=body).status_code == 400


@pytest.mark.parametrize("field", ["contactGroupId", "templateId"])
def test_an_unknown_group_or_template_is_a_404(send, field):
    instead = {"contactGroupId": "msisdns", "templateId": "content"}[field]
    assert refused(send(**{instead: None, field: 99})) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"null", "application/json"),
        (b"\xff\xfe\xfd", "application/json"),
        (b'{"sender": NaN}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"sender=SiamCoffee", "application/x-www-form-urlencoded"),
        (b'{"sender":"SiamCoffee","content":"hi","msisdns":["0800000001"]}', "text/plain"),
    ],
)
def test_a_body_that_is_no_json_object_is_a_400(client, sandbox, raw, content_type):
    for path in ("/sms/send", "/sms/preview-cost"):
        response = client.post(path, content=raw, headers={"content-type": content_type})
        assert refused(response) == (400, "INVALID_JSON")
    assert sandbox.world.ledger(everything=True) == ()


def test_half_a_surrogate_pair_is_refused_in_content_and_in_variables(client):
    for text in (b'"content":"\\ud83d"', b'"templateId":43,"variables":{"name":"\\ud83d"}'):
        raw = b'{"sender":"SiamCoffee","msisdns":["0800000001"],' + text + b"}"
        response = client.post("/sms/send", content=raw, headers={"content-type": "application/json"})
        assert refused(response) == (400, "INVALID_PARAMETER")


def test_a_body_above_the_limit_is_refused_unread(client, monkeypatch):
    monkeypatch.setattr("mesms_gitops.sandbox.assumptions.MAX_BODY_BYTES", 1000)
    response = client.post("/sms/send", json={"content": "x" * 1000})
    assert refused(response) == (413, "PAYLOAD_TOO_LARGE")


def test_more_than_two_million_numbers_are_refused(client, monkeypatch):
    monkeypatch.setattr("mesms_gitops.sandbox.assumptions.MAX_NUMBERS", 3)
    body = {"content": "x", "msisdns": ["0800000001"] * 4}
    assert refused(client.post("/sms/preview-cost", json=body)) == (400, "INVALID_PARAMETER")
    assert client.post("/sms/preview-cost", json={**body, "msisdns": body["msisdns"][:3]}).json()["total"] == 3


def test_a_send_the_balance_does_not_cover_is_a_402(send, control, sandbox):
    control.post("/account", json={"balance": 1})
    assert refused(send(content="ก" * 71)) == (402, "INSUFFICIENT_CREDITS")
    assert refused(send(msisdns=["0800000001"] * 2)) == (402, "INSUFFICIENT_CREDITS")
    assert send().status_code == 200
    assert sandbox.world.credits() == (0, 0, 1)


def test_held_credits_cannot_be_spent_twice(send, control):
    control.post("/account", json={"balance": 1})
    assert send(scheduledTime=LATER).status_code == 200
    assert refused(send()) == (402, "INSUFFICIENT_CREDITS")


def test_a_send_wants_the_send_scope(sandbox):
    body = {"sender": "SiamCoffee", "content": "hello", "msisdns": ["0800000001"]}
    for key, status in ((sandbox.api_key, 200), (sandbox.send_key, 200), (sandbox.read_key, 403)):
        response = httpx2.post(f"{sandbox.base_url}/sms/send", json=body, headers={"x-api-key": key})
        assert response.status_code == status


# --- previews ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"content": "a" * 160, "msisdns": ["0800000001"]}, {"parts": 1, "total": 1, "credits": 1}),
        ({"content": "a" * 161, "msisdns": ["0800000001"] * 3}, {"parts": 2, "total": 3, "credits": 6}),
        ({"content": "ก" * 2000, "contactGroupId": 1203}, {"parts": 30, "total": 25, "credits": 750}),
        (
            {"templateId": 43, "variables": {"name": "ก"}, "msisdns": ["0800000001"]},
            {"parts": 1, "total": 1, "credits": 1},
        ),
    ],
)
def test_a_preview_counts_parts_people_and_credits(reader, sandbox, body, answer):
    response = reader.post("/sms/preview-cost", json=body)
    assert (response.status_code, response.json()) == (200, answer)
    assert sandbox.world.credits() == (100_000, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"content": "ก" * 2001, "msisdns": ["0800000001"]},
        {"content": "x"},
        {"msisdns": ["0800000001"]},
        {"content": "x", "msisdns": ["1234567890"]},
        {"content": "x", "msisdns": ["0800000001"], "sender": "SiamCoffee"},
        {"content": "x", "templateId": 43, "variables": {"name": "a"}, "msisdns": ["0800000001"]},
    ],
)
def test_a_bad_preview_is_a_400(reader, body):
    assert refused(reader.post("/sms/preview-cost", json=body))[0] == 400


def test_a_preview_and_the_send_it_precedes_agree(reader, send):
    for content in ("hello", "ก" * 71, "{" * 81, "😀" * 36, "x" * 159 + "€"):
        preview = reader.post("/sms/preview-cost", json={"content": content, "msisdns": ["0800000001"] * 2}).json()
        sent = send(content=content, msisdns=["0800000001"] * 2).json()
        assert preview == {name: sent[name] for name in ("parts", "total", "credits")}
