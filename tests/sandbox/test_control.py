"""The control room: clock, ledger, account, log, reset."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx2
import pytest

from mesms_gitops.sandbox.clock import Clock, span
from mesms_gitops.sandbox.world import START, iso

LATER = "2026-06-01T12:00:00+07:00"


# --- clock ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "now"),
    [
        ({"advance": 90}, "2026-06-01T03:01:30.000Z"),
        ({"advance": 0.5}, "2026-06-01T03:00:00.500Z"),
        ({"advance": "2h"}, "2026-06-01T05:00:00.000Z"),
        ({"advance": "1d2h3m4.5s"}, "2026-06-02T05:03:04.500Z"),
        ({"advance": "-10m"}, "2026-06-01T02:50:00.000Z"),
        ({"advance": "90"}, "2026-06-01T03:01:30.000Z"),
        ({"now": "2027-04-10T10:00:00+07:00"}, "2027-04-10T03:00:00.000Z"),
        ({"now": "2027-04-10T10:00:00+07:00", "advance": 1}, "2027-04-10T03:00:01.000Z"),
        ({}, "2026-06-01T03:00:00.000Z"),
    ],
)
def test_the_clock_moves_as_told(control, change, now):
    assert control.post("/clock", json=change).json() == {"now": now, "mode": "frozen"}
    assert control.get("/clock").json() == {"now": now, "mode": "frozen"}


@pytest.mark.parametrize(
    "change",
    [
        {"advance": "soon"},
        {"advance": ""},
        {"advance": True},
        {"advance": None},
        {"advance": 1e300},
        {"now": "2026-06-01"},
        {"now": "2026-06-01T00:00:00"},
        {"now": 5},
        {"mode": "fast"},
        {"later": 5},
        [],
        "x",
    ],
)
def test_a_clock_change_that_makes_no_sense_is_a_400(control, change):
    assert control.post("/clock", json=change).status_code == 400
    assert control.get("/clock").json()["now"] == iso(START)


def test_moving_the_clock_fires_schedules(send, control, client):
    uuid = send(scheduledTime=LATER).json()["uuid"]
    control.post("/clock", json={"advance": "2h"})
    assert client.get(f"/sms/{uuid}").json()["status"] == "pending"


def test_a_real_clock_runs_by_itself_from_where_it_was_put(control):
    control.post("/clock", json={"mode": "real", "now": "2030-01-01T00:00:00Z"})
    first = datetime.fromisoformat(control.get("/clock").json()["now"])
    second = first
    while second == first:
        second = datetime.fromisoformat(control.get("/clock").json()["now"])
    assert first.year == 2030
    assert timedelta(0) < second - first < timedelta(minutes=1)


def test_a_running_clock_loses_no_time_over_many_ticks(world):
    times = iter(number * 0.0007 for number in range(10_001))
    clock = Clock("real", lambda: next(times))
    for _ in range(10_000):
        clock.tick(world)
    assert world.now == START + timedelta(seconds=7)


def test_a_frozen_clock_does_not_make_up_for_its_rest(world):
    times = iter([0.0, 100.0, 101.0])
    clock = Clock("frozen", lambda: next(times))
    clock.mode = "real"
    clock.tick(world)
    assert world.now == START + timedelta(seconds=1)


@pytest.mark.parametrize("text", ["", "-", "h", "5x", "1h 5m", "๑h", "5m1h"])
def test_a_span_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="not a time span"):
        span(text)


# --- ledger and log ---------------------------------------------------------------------------------------------------


def test_the_ledger_tells_of_every_message_who_gets_it(send, client, control, sandbox):
    uuid = send(scheduledTime=LATER, msisdns=["0800000001", "0800000002"]).json()["uuid"]
    gone = send(scheduledTime=LATER).json()["uuid"]
    client.post(f"/sms/{gone}/cancel")
    ledger = control.get("/ledger").json()
    assert ledger["messages"][0] == {
        "uuid": uuid,
        "owner": "main",
        "sender": "SiamCoffee",
        "content": "hello",
        "recipients": 2,
        "credits": 2,
        "status": "scheduled",
        "delivers": True,
        "createdAt": "2026-06-01T03:00:00.000Z",
        "scheduledTime": "2026-06-01T05:00:00.000Z",
    }
    assert [(row["uuid"], row["status"], row["delivers"]) for row in ledger["messages"][1:]] == [
        (gone, "cancelled", False)
    ]
    assert ledger["requests"] == {"POST /sms/send": 2, "POST /sms/{uuid}/cancel": 1}
    assert ledger["credits"] == {
        "main": {"balance": 99_998, "held": 2, "charged": 0},
        "other": {"balance": 100_000, "held": 0, "charged": 0},
    }
    assert [entry.uuid for entry in sandbox.world.ledger()] == [uuid]


def test_the_ledger_gives_numbers_only_when_asked(send, control):
    send(msisdns=["0800000001", "0800000001"])
    assert "0800000001"[1:] not in control.get("/ledger").text
    assert control.get("/ledger?numbers=1").json()["messages"][0]["numbers"] == ["66800000001"] * 2


def test_the_log_has_every_request_and_no_key(client, control, send, sandbox):
    client.get("/sms", params={"limit": 5})
    control.post("/faults", json={"kind": "status", "status": 503, "when": "before"})
    send()
    client.get("/nowhere")
    log = control.get("/requests")
    assert [
        (row["method"], row["path"], row["status"], row["fault"], row["acted"]) for row in log.json()["requests"]
    ] == [
        ("GET", "/sms", 200, None, True),
        ("POST", "/sms/send", 503, "status", False),
        ("GET", "/nowhere", 404, None, True),
    ]
    assert log.json()["requests"][0]["query"] == {"limit": "5"}
    assert sandbox.api_key not in log.text


def test_an_answer_that_was_lost_has_no_status_in_the_log(client, control):
    control.post("/faults", json={"kind": "lose_answer"})
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get("/senders")
    (row,) = control.get("/requests").json()["requests"]
    assert (row["status"], row["fault"], row["acted"]) == (None, "lose_answer", True)


# --- account ----------------------------------------------------------------------------------------------------------


def test_the_account_changes_in_what_is_named_and_only_in_that(control, client):
    before = control.get("/account").json()
    wanted = {"senders": {"NewBrand": "approved", "Refused": None}, "templates": {"7": "x", "43": None}}
    after = control.post("/account", json=wanted).json()
    assert after["senders"]["NewBrand"] == {"standing": "approved", "shared": False}
    assert "Refused" not in after["senders"]
    assert set(after["templates"]) == {"42", "7"}
    unchanged = set(before) - {"senders", "templates"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


def test_groups_blocklist_and_keys_can_be_changed(control, sandbox, send):
    control.post(
        "/account",
        json={"groups": {"9": ["0800000007"], "1204": None}, "blocklist": ["66800000009"], "keys": {"k": ["sms:send"]}},
    )
    account = control.get("/account").json()
    assert (account["groups"], account["blocklist"]) == ({"1203": 25, "9": 1}, ["66800000009"])
    assert send(msisdns=None, contactGroupId=9).json()["total"] == 1
    body = {"sender": "SiamCoffee", "content": "x", "msisdns": ["0800000001"]}
    assert httpx2.post(f"{sandbox.base_url}/sms/send", json=body, headers={"x-api-key": "k"}).status_code == 200
    control.post("/account", json={"keys": {"k": None}})
    assert httpx2.get(f"{sandbox.base_url}/senders", headers={"x-api-key": "k"}).status_code == 401


def test_the_other_owners_account_is_reached_by_name(control, sandbox):
    assert control.post("/account?owner=other", json={"balance": 5}).json()["balance"] == 5
    assert sandbox.world.credits().balance == 100_000
    assert control.get("/account?owner=nobody").status_code == 400


@pytest.mark.parametrize(
    "wanted",
    [
        {"balance": -1},
        {"balance": "5"},
        {"balance": True},
        {"senders": []},
        {"senders": {"A": "perhaps"}},
        {"templates": {"x": "y"}},
        {"templates": {"7": 7}},
        {"groups": {"7": "0800000001"}},
        {"groups": {"7": ["x"]}},
        {"blocklist": {}},
        {"keys": {"k": "*"}},
        {"shape": "round"},
        {"rate_limit": -1},
        {"listing_lag": "long"},
        {"credit": 5},
    ],
)
def test_a_bad_change_changes_nothing_at_all(control, wanted):
    before = control.get("/account").json()
    response = control.post("/account", json={"balance": 7, **wanted})
    assert (response.status_code, set(response.json())) == (400, {"error"})
    assert control.get("/account").json() == before


def test_the_whole_listing_can_lag(control, send, client, sandbox):
    control.post("/account", json={"listing_lag": 60})
    send()
    assert client.get("/sms").json()["total"] == 0
    sandbox.advance(60)
    assert client.get("/sms").json()["total"] == 1


# --- reset and the rest -----------------------------------------------------------------------------------------------


def test_a_reset_starts_afresh(send, control, sandbox, client):
    first = send().json()["uuid"]
    control.post("/faults", json={"kind": "drop_before"})
    answer = control.post("/reset", json={"now": "2028-01-01T00:00:00Z", "seed": 5})
    assert answer.json() == {"now": "2028-01-01T00:00:00.000Z", "mode": "frozen"}
    assert client.get("/sms").json()["total"] == 0
    assert control.get("/ledger").json()["credits"]["main"]["charged"] == 0
    assert len(control.get("/requests").json()["requests"]) == 1
    assert send().json()["uuid"] != first


def test_the_same_seed_gives_the_same_uuids(send, control):
    first = send().json()["uuid"]
    control.post("/reset", json={"now": "2028-01-01T00:00:00Z"})
    assert send().json()["uuid"] == first


@pytest.mark.parametrize("body", [{"seed": "x"}, {"now": "x"}, {"mode": "x"}, {"what": 1}])
def test_a_reset_that_makes_no_sense_resets_nothing(send, control, body):
    send()
    assert control.post("/reset", json=body).status_code == 400
    assert len(control.get("/ledger").json()["messages"]) == 1


def test_the_control_room_answers_in_json_whatever_is_asked(control):
    assert control.get("").json()["api"] == "/api/v2"
    assert control.get("/nothing").json() == {"error": "Not Found"}
    assert control.put("/clock").status_code == 405
    assert control.post("/clock", content=b"{").status_code == 400
