"""Faults as a client on the network sees them, and the armed set as a decision."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.sandbox.defaults import API_KEY, default_world
from mesms_gitops.sandbox.faults import KINDS, Fault, Faults, perform
from mesms_gitops.sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = {"sender": "SiamCoffee", "content": "hello", "msisdns": ["0800000001"]}


@pytest.fixture
def arm(control):
    """Arm a fault over HTTP."""

    def post(kind: str, **fields: object) -> None:
        response = control.post("/faults", json={"kind": kind, **fields})
        assert response.status_code == 200, response.text

    return post


def wait_for(condition: Callable[[], bool]) -> None:
    """Real time has to pass here: what is waited for happens on the server's own clock."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def sent(sandbox) -> int:
    return len(sandbox.world.ledger())


# --- on the network ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reset", "seen"), [(False, httpx2.RemoteProtocolError), (True, httpx2.ReadError)])
def test_a_lost_answer_is_a_disconnect_after_the_server_acted(arm, client, sandbox, reset, seen):
    arm("lose_answer", reset=reset)
    with pytest.raises(seen):
        client.post("/sms/send", json=BODY)
    assert sent(sandbox) == 1
    assert client.post("/sms/send", json=BODY).status_code == 200


def test_a_lost_answer_leaves_not_one_byte(arm, sandbox):
    arm("lose_answer")
    host, port = sandbox.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /api/v2/senders HTTP/1.1\r\nhost: x\r\nx-api-key: sandbox-key\r\n\r\n")
        assert connection.recv(1) == b""


def test_a_request_that_was_never_completed_is_never_acted_on(sandbox):
    body = json.dumps(BODY).encode()
    head = f"content-type: application/json\r\ncontent-length: {len(body) + 1}\r\n\r\n"
    host, port = sandbox.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        request = f"POST /api/v2/sms/send HTTP/1.1\r\nhost: x\r\nx-api-key: sandbox-key\r\n{head}"
        connection.sendall(request.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(1000):
            pass
    assert sent(sandbox) == 0


def test_a_dropped_request_is_a_disconnect_and_the_server_did_nothing(arm, client, sandbox):
    arm("drop_before")
    with pytest.raises(httpx2.RemoteProtocolError):
        client.post("/sms/send", json=BODY)
    assert sent(sandbox) == 0


@pytest.mark.parametrize(("when", "acted"), [("before", 0), ("after", 1)])
def test_a_hang_is_a_read_timeout(arm, client, sandbox, when, acted):
    arm("hang", when=when, seconds=30)
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/sms/send", json=BODY, timeout=0.1)
    wait_for(lambda: len(sandbox.requests) == 1)
    assert sent(sandbox) == acted


def test_a_hang_before_acting_acts_late_even_though_nobody_listens(arm, client, sandbox):
    arm("hang", when="before", seconds=0.2)
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/sms/send", json=BODY, timeout=0.05)
    wait_for(lambda: sent(sandbox) == 1)
    assert [row["acted"] for row in sandbox.requests] == [False]  # not when it came: later


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_patient_client_gets_the_answer_of_a_slow_server_that_acts_once(arm, client, sandbox, when):
    arm("hang", when=when, seconds=0.05)
    assert client.post("/sms/send", json=BODY).json()["total"] == 1
    assert sent(sandbox) == 1


def test_a_hanging_request_does_not_keep_the_server_from_stopping(caplog):
    with running() as sandbox:
        sandbox.arm(Fault("hang", seconds=60))
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.get(f"{sandbox.base_url}/senders", timeout=0.05)
    assert "timeout graceful shutdown exceeded" not in caplog.text


@pytest.mark.parametrize(("when", "acted"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_an_error_status_can_come_before_or_after_the_server_acted(arm, client, sandbox, status, when, acted):
    arm("status", status=status, when=when)
    response = client.post("/sms/send", json=BODY)
    assert response.status_code == status
    assert set(response.json()) == {"error", "code"}
    assert "retry-after" not in response.headers
    assert sent(sandbox) == acted


def test_an_error_can_carry_retry_after_a_code_or_a_proxys_page(arm, client):
    arm("status", status=429, retry_after=7, code="SLOW_DOWN")
    response = client.get("/senders")
    assert (response.headers["retry-after"], response.json()["code"]) == ("7", "SLOW_DOWN")
    arm("status", status=502, html=True)
    response = client.get("/senders")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!doctype html>")


def test_a_cut_body_ends_before_its_length(arm, client, sandbox):
    arm("cut_body")
    with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete message body"):
        client.post("/sms/send", json=BODY)
    assert sent(sandbox) == 1


def test_a_wrong_length_leaves_half_a_json_document(arm, client, sandbox):
    arm("wrong_length")
    response = client.post("/sms/send", json=BODY)
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        response.json()
    assert sent(sandbox) == 1
    assert client.get("/senders").status_code == 200


@pytest.mark.parametrize(("when", "acted"), [("before", 0), ("after", 1)])
def test_garbage_is_a_200_that_nobody_can_read(arm, client, sandbox, when, acted):
    arm("garbage", when=when)
    response = client.post("/sms/send", json=BODY)
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|codec"):
        response.json()
    assert sent(sandbox) == acted


def test_a_delayed_listing_hides_the_message_but_not_from_those_who_know_it(arm, client, sandbox):
    arm("delay_listing", method="POST", path="/sms/send$", seconds=30)
    uuid = client.post("/sms/send", json=BODY).json()["uuid"]
    other = client.post("/sms/send", json=BODY).json()["uuid"]
    assert [row["uuid"] for row in client.get("/sms").json()["data"]] == [other]
    assert client.get(f"/sms/{uuid}").status_code == 200
    sandbox.advance(29)
    assert client.get("/sms").json()["total"] == 1
    sandbox.advance(1)
    assert [row["uuid"] for row in client.get("/sms").json()["data"]] == [other, uuid]


def test_a_fault_hits_the_nth_match_so_many_times(arm, client):
    arm("status", status=500, method="GET", path="^/senders$", nth=2, times=2)
    assert client.get("/sms").status_code == 200
    assert [client.get("/senders").status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_fault_without_end_lasts_until_it_is_disarmed(control, client):
    fault = {"kind": "status", "status": 500, "times": None}
    (number,) = control.post("/faults", json=fault).json()["ids"]
    assert {client.get("/senders").status_code for _ in range(5)} == {500}
    assert control.get("/faults").json()["faults"][0]["hit"] == 5
    assert control.delete(f"/faults/{number}").json() == {"faults": []}
    assert client.get("/senders").status_code == 200
    assert control.delete(f"/faults/{number}").status_code == 404


def test_deleting_all_faults_mends_the_network(arm, control, client):
    arm("drop_before", times=None)
    arm("hang", times=None, seconds=60)
    assert control.delete("/faults").json() == {"faults": []}
    assert client.get("/senders").status_code == 200


def test_a_list_of_faults_is_armed_together_or_not_at_all(control):
    good, bad = {"kind": "garbage"}, {"kind": "explode"}
    assert control.post("/faults", json=[good, bad]).status_code == 400
    assert control.get("/faults").json() == {"faults": []}
    assert len(control.post("/faults", json=[good, good]).json()["ids"]) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "explode"},
        {"kind": None},
        {"kind": "hang", "seconds": -1},
        {"kind": "hang", "seconds": "1"},
        {"kind": "hang", "seconds": 1e300},
        {"kind": "hang", "when": "during"},
        {"kind": "status", "status": 200},
        {"kind": "status", "status": True},
        {"kind": "status", "retry_after": "soon"},
        {"kind": "garbage", "nth": 0},
        {"kind": "garbage", "times": 0},
        {"kind": "garbage", "path": "("},
        {"kind": "garbage", "reset": "yes"},
        {"kind": "garbage", "tims": 3},
    ],
)
def test_a_fault_that_makes_no_sense_is_a_400(control, fault):
    response = control.post("/faults", json=fault)
    assert (response.status_code, set(response.json())) == (400, {"error"})
    assert control.get("/faults").json() == {"faults": []}


def test_the_control_room_has_no_faults(arm, control):
    arm("drop_before", times=None)
    assert control.get("/ledger").status_code == 200


# --- as values --------------------------------------------------------------------------------------------------------


def test_deciding_is_pure_counting():
    faults = Faults(Fault("lose_answer", method="POST", path="send"), Fault("garbage", nth=2))
    decided = [faults.decide(*request) for request in [("GET", "/sms"), ("POST", "/sms/send"), ("POST", "/sms/send")]]
    assert [fault and fault.kind for fault in decided] == [None, "lose_answer", "garbage"]


def test_a_copy_of_the_armed_set_counts_apart():
    faults = Faults(Fault("garbage", nth=2))
    faults.decide("GET", "/sms")
    twin = faults.copy()
    assert twin.decide("GET", "/sms") is not None
    assert faults.decide("GET", "/sms") is not None
    assert faults.decide("GET", "/sms") is None


@pytest.mark.parametrize(
    ("fault", "delivery", "acted"),
    [
        (None, "whole", True),
        (Fault("lose_answer"), "nothing", True),
        (Fault("drop_before"), "nothing", False),
        (Fault("hang", when="before"), "late", False),
        (Fault("hang", when="after"), "late", True),
        (Fault("status", when="before"), "whole", False),
        (Fault("status", when="after"), "whole", True),
        (Fault("garbage"), "whole", True),
        (Fault("cut_body"), "cut", True),
        (Fault("wrong_length"), "cut", True),
        (Fault("delay_listing", seconds=30), "whole", True),
    ],
)
def test_an_outcome_says_what_the_client_sees_and_what_the_server_did(world, fault, delivery, acted):
    outcome = perform(world, fault, "POST", "/sms/send", {}, BODY, API_KEY)
    assert (outcome.delivery, outcome.acted) == (delivery, acted)
    assert len(world.ledger()) == acted
    assert (outcome.answer is None) == (not acted and delivery != "whole")
    assert not world.listing_lag


@given(
    st.lists(
        st.builds(
            Fault,
            kind=st.sampled_from(KINDS),
            method=st.sampled_from(["*", "GET", "POST"]),
            path=st.sampled_from(["", "send$", "^/sms$"]),
            nth=st.integers(1, 3),
            times=st.one_of(st.none(), st.integers(1, 3)),
        ),
        max_size=4,
    ),
    st.lists(st.sampled_from([("GET", "/sms"), ("POST", "/sms/send"), ("GET", "/senders")]), max_size=20),
)
def test_a_fault_never_hits_more_often_than_told_nor_what_it_does_not_match(faults, requests):
    armed = Faults(*faults)
    hits = [(armed.decide(method, path), method, path) for method, path in requests]
    assert all(fault is None or fault.matches(method, path) for fault, method, path in hits)
    for row, fault in zip(armed.listing(), faults, strict=True):
        assert row["hit"] <= (len(requests) if fault.times is None else fault.times)
        assert row["seen"] == sum(fault.matches(method, path) for method, path in requests)


def test_a_refused_request_under_a_fault_changes_nothing():
    world = default_world()
    perform(world, Fault("lose_answer"), "POST", "/sms/send", {}, {**BODY, "msisdns": []}, API_KEY)
    assert world.ledger(everything=True) == ()
