"""Serving: in a thread for tests, in the foreground for people; only on the loopback unless asked."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from mesms_gitops.sandbox.faults import Fault
from mesms_gitops.sandbox.server import running, serve

SERVE = """
import json, sys
from mesms_gitops.sandbox.server import serve
serve(port=0, on_ready=lambda at: print(json.dumps([at.base_url, at.control, at.world.seed]), flush=True))
print("ended", flush=True)
"""


def test_two_sandboxes_run_side_by_side_and_know_nothing_of_each_other():
    with running() as one, running() as other:
        assert one.base_url != other.base_url
        one.arm(Fault("status", status=500, times=None))
        assert httpx2.get(f"{one.base_url}/senders").status_code == 500
        assert httpx2.get(f"{other.base_url}/senders").status_code == 401


def test_it_listens_on_the_loopback_only():
    with running() as sandbox:
        assert sandbox.base_url.startswith("http://127.0.0.1:")
        assert sandbox.control.startswith("http://127.0.0.1:")


def test_the_port_is_free_again_afterwards():
    with running() as sandbox:
        port = int(sandbox.origin.rsplit(":", 1)[1])
    with running(port=port) as again:
        assert httpx2.get(f"{again.base_url}/senders").status_code == 401


def test_a_taken_port_is_an_error_not_a_silent_wait():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(port=taken.getsockname()[1])


def test_by_default_the_clock_is_the_real_one():
    with running() as sandbox:
        date = httpx2.get(f"{sandbox.base_url}/senders").headers["date"]
        assert abs(parsedate_to_datetime(date) - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_world_one_looks_at_is_up_to_its_clock():
    with running() as sandbox:
        first = sandbox.world.now
        deadline = first + timedelta(minutes=1)
        while sandbox.world.now == first:
            assert datetime.now(UTC) < deadline


def test_it_ends_although_a_client_keeps_its_connection_open():
    with running() as sandbox:
        client = httpx2.Client()
        client.get(f"{sandbox.base_url}/senders")
    client.close()


def test_many_clients_at_once_see_one_account():
    with running() as sandbox:
        body = {"sender": "SiamCoffee", "content": "x", "msisdns": ["0800000001"]}

        def work() -> None:
            with httpx2.Client(base_url=sandbox.base_url, headers={"x-api-key": sandbox.api_key}) as client:
                for _ in range(10):
                    client.post("/sms/send", json=body)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with sandbox.lock:
            assert sandbox.world.credits() == (100_000 - 80, 0, 80)
        assert len(sandbox.requests) == 80


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_served_in_the_foreground_it_says_when_it_is_ready_and_ends_on_a_signal(ending):
    process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        base_url, control, seed = json.loads(process.stdout.readline())
        assert seed != 0  # left to chance: a state file of yesterday must not meet its uuids again
        assert httpx2.get(f"{base_url}/senders").status_code == 401
        assert httpx2.get(f"{control}/clock").json()["mode"] == "real"
        process.send_signal(ending)
        rest, errors = process.communicate(timeout=10)
    assert errors == ""
    assert (rest, process.returncode) == (("ended\n", 0) if ending == signal.SIGINT else ("", -signal.SIGTERM))
