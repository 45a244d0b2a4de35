"""Every endpoint and every documented error, as recorded: matched by method, path, query and body, and played whole."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from vcr.errors import CannotOverwriteExistingCassetteException

from mesms_gitops.sandbox.server import running

from .recorder import CASSETTES, main, record_scenario, replay, replay_live
from .scenarios import KEYS, SCENARIOS, START, TEN, Stage
from .scrub import Scrubber
from .sends import a_send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDPOINTS = {
    "POST /sms/send",
    "POST /sms/preview-cost",
    "POST /sms/{uuid}/cancel",
    "GET /sms",
    "GET /sms/{uuid}",
    "GET /sms/{uuid}/recipients",
    "GET /sms/credit/balance",
    "GET /senders",
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_client_holds_the_recorded_conversation(name: str) -> None:
    replay(CASSETTES / f"{name}.yaml", SCENARIOS[name])


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_sandbox_still_says_what_was_recorded(name: str, tmp_path: Path) -> None:
    """Red after a change of the sandbox: look at the difference, then ``make record``."""
    now = record_scenario(tmp_path, name).read_text("utf-8")
    assert now == (CASSETTES / f"{name}.yaml").read_text("utf-8")


def test_there_is_no_recording_that_nobody_plays() -> None:
    assert {file.stem for file in CASSETTES.glob("*.yaml")} == set(SCENARIOS)


def test_recordings_of_a_real_account_are_played_too() -> None:
    replay_live(CASSETTES / "live")


def interactions(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.yaml")):
        yield from YAML(typ="safe").load(file.read_text("utf-8"))["interactions"]


def endpoint(request: dict[str, Any]) -> str:
    path = request["uri"].partition("/api/v2")[2].partition("?")[0]
    return f"{request['method']} {re.sub('[0-9a-f]{8}-[-0-9a-f]{27}', '{uuid}', path)}"


def test_every_endpoint_and_every_documented_error_is_recorded() -> None:
    seen = Counter((endpoint(one["request"]), one["response"]["status"]["code"]) for one in interactions(CASSETTES))
    assert {where for where, status in seen if status == 200} == ENDPOINTS
    assert {status for where, status in seen if where == "POST /sms/send"} == {
        200,
        400,
        401,
        402,
        403,
        404,
        429,
        500,
        502,
    }
    assert {status for where, status in seen if where == "POST /sms/{uuid}/cancel"} == {200, 400, 403, 404, 409}
    bodies = "".join(one["response"]["body"]["string"] for one in interactions(CASSETTES))
    assert all(code in bodies for code in ("NOT_SCHEDULED", "ALREADY_CANCELLED", "ALREADY_PROCESSING"))


def test_recordings_hold_no_key_no_person_and_no_place() -> None:
    for file in CASSETTES.rglob("*.yaml"):
        text = file.read_text("utf-8")
        assert not [key for key in KEYS.values() if key in text]
        assert "127.0.0.1" not in text
        numbers = re.findall(r"(?<![-0-9a-f])(?:66|0)([0-9]{9})(?![-0-9a-f])", text)
        assert all(number.startswith("80000") for number in numbers)


def test_another_body_is_not_answered_from_a_recording() -> None:
    def changed(stage: Stage) -> None:
        stage.client("send").send(a_send("another text"), TEN)

    with pytest.raises(CannotOverwriteExistingCassetteException):
        replay(CASSETTES / "send_later.yaml", changed)


def test_a_recording_is_played_to_its_end() -> None:
    def half(stage: Stage) -> None:
        stage.client("read").balance()

    with pytest.raises(AssertionError, match="nobody asked for"):
        replay(CASSETTES / "look_at_balance_and_senders.yaml", half)


# --- recording a real account, tried on the sandbox -------------------------------------------------------------------


@pytest.mark.parametrize("send", [False, True])
def test_a_real_account_is_recorded_without_a_trace_of_it(send: bool, tmp_path: Path) -> None:
    with running(now=START, mode="frozen") as sandbox:
        with sandbox.lock:
            body = {"sender": "Shared", "content": "เรียนคุณสมชาย รหัส 4711", "msisdns": ["0899999999", "0812345678"]}
            sandbox.world.request("POST", "/sms/send", body=body, api_key=KEYS["full"])
            sandbox.world.advance(timedelta(days=1))
        before = len(sandbox.world.ledger(everything=True))
        environment = {"MESMS_API_KEY": KEYS["full"], "MESMS_BASE_URL": sandbox.base_url}
        option = ["--allow-send", "0899999998"] if send else []
        main(["--live", "--to", str(tmp_path), *option], environment)
        texted = sandbox.world.ledger()
        made = len(sandbox.world.ledger(everything=True)) - before
    assert (made, len(texted)) == (1 if send else 0, 1)
    live = tmp_path / "live"
    files = {file.stem: file.read_text("utf-8") for file in live.glob("*.yaml")}
    assert set(files) == {"live_reads", "live_errors"} | ({"live_send"} if send else set())
    for text in files.values():
        for trace in (
            "sandbox-key",
            "99999",
            "12345678",
            "4711",
            "Shared",
            "SiamCoffee",
            "0E2A",
            "SMS2026",
            "127.0.0.1",
        ):
            assert trace not in text
    replay_live(live)


def test_a_real_account_needs_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--live"], ["--allow-send", "0800000001"]):
        with pytest.raises(SystemExit):
            main(arguments, {})
    assert "MESMS_API_KEY" in capsys.readouterr().err


def test_scrubbing_twice_is_scrubbing_once() -> None:
    scrubber = Scrubber(thorough=True)
    raw = '{"sender": "Brand", "content": "สวัสดี Ann 5", "msisdn": 66899999999, "error": "no 0899999999 of Brand"}'
    once = scrubber._body(raw.encode())
    assert b"9999" not in once
    assert b"Brand" not in once
    assert b"Ann" not in once
    assert scrubber._body(once) == once
