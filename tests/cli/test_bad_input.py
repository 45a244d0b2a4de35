"""Bad input never costs a message: what, where, why and what next on stderr, the right exit code, and no POST."""

from __future__ import annotations

import socket
import socketserver
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND, sends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project, Ran


def explained(ran: Ran, *words: str) -> None:
    """The error has the house's parts and says these words."""
    assert ran.out == ""
    assert ran.err.startswith("error"), ran.err
    assert "next: " in ran.err, ran.err
    for word in words:
        assert word in ran.err, ran.err


def refused_by_both(project: Project, sandbox: Running, code: int, *words: str) -> None:
    """Apply stops with ``code`` before its first effect."""
    ran = project.apply()
    assert ran.code == code, (ran.out, ran.err)
    explained(ran, *words)
    assert sends(sandbox) == 0
    assert not (project.root / ".mesms/state.json").exists()


def test_no_key(project: Project) -> None:
    project.campaign("order")
    ran = project.apply(MESMS_API_KEY="")
    assert ran.code == 1
    explained(ran, "MESMS_API_KEY")
    assert project.run("plan", "--offline", MESMS_API_KEY="").code == 0
    assert project.run("validate", MESMS_API_KEY="").code == 0


def test_wrong_key_is_never_shown(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    for arguments in (("plan",), ("apply", "--auto-approve"), ("-v", "plan")):
        ran = project.run(*arguments, MESMS_API_KEY="wrong-secret-key")
        assert ran.code == 1
        explained(ran, "MESMS_API_KEY")
        assert "wrong-secret-key" not in ran.err + ran.out
    assert sends(sandbox) == 0


def test_no_such_list(project: Project, sandbox: Running) -> None:
    project.campaign("order", recipients=[{"csv": "../lists/members.csv", "phone": "mobile"}])
    refused_by_both(project, sandbox, 1, "members.csv", "campaigns/order.yaml")


def test_no_such_column(project: Project, sandbox: Running) -> None:
    project.write("lists/members.csv", "mobil,name\n0800000001,A\n")
    project.campaign("order", recipients=[{"csv": "../lists/members.csv", "phone": "mobile"}])
    refused_by_both(project, sandbox, 1, "mobile", "mobil", "campaigns/order.yaml")


def test_empty_audience(project: Project, sandbox: Running) -> None:
    project.write("lists/members.csv", "mobile,ok\n0800000001,no\n")
    project.campaign("order", recipients=[{"csv": "../lists/members.csv", "phone": "mobile", "where": {"ok": "yes"}}])
    refused_by_both(project, sandbox, 1, "campaigns/order.yaml")


def test_unreadable_opt_outs_fail_closed(project: Project, sandbox: Running) -> None:
    project.campaign("order", exclude=[{"csv": "../lists/optout.csv", "phone": "phone"}])
    refused_by_both(project, sandbox, 1, "optout.csv")


def test_bad_numbers_beyond_tolerance(project: Project, sandbox: Running) -> None:
    project.write("lists/members.csv", "mobile\n0800000001\n021234567\n")
    project.campaign("order", recipients=[{"csv": "../lists/members.csv", "phone": "mobile"}])
    refused_by_both(project, sandbox, 1, "landline")


def test_content_over_a_thousand_characters(project: Project, sandbox: Running) -> None:
    project.campaign("order", content="a" * 1001)
    refused_by_both(project, sandbox, 1, "1,000")


def test_unapproved_sender(project: Project, sandbox: Running) -> None:
    project.campaign("order", sender="Nobody")
    refused_by_both(project, sandbox, 4, "Nobody", "SiamCoffee")
    assert project.run("plan").code == 4


def test_balance_too_small(project: Project, sandbox: Running) -> None:
    with sandbox.lock:
        next(iter(sandbox.world.accounts.values())).balance = 1
    project.campaign("order")
    refused_by_both(project, sandbox, 4, "balance")


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"recipients": {"max": 1}}, "limits.recipients.max"),
        ({"recipients": {"min": 3}}, "limits.recipients.min"),
        ({"credits": 1}, "limits.credits"),
    ],
)
def test_limits_refuse_with_the_measured_value_and_the_override(
    project: Project, sandbox: Running, limits: object, word: str
) -> None:
    project.campaign("order", limits=limits)
    refused_by_both(project, sandbox, 4, word, "campaigns/order.yaml")


def test_a_past_time_is_never_sent_now(project: Project, sandbox: Running) -> None:
    project.campaign("order", schedule="2027-03-01T10:00")
    refused_by_both(project, sandbox, 1, "campaigns/order.yaml")


def test_an_unquoted_number_says_quote_it(project: Project) -> None:
    project.campaign("order")
    project.write(
        "campaigns/bad.yaml",
        "name: bad\nsender: SiamCoffee\ncontent: x\nschedule: now\nrecipients:\n  - numbers: [0812345678]\n",
    )
    ran = project.run("validate", "--json")
    assert ran.code == 1
    assert [(found["line"], found["column"]) for found in ran.json["diagnostics"] if "quote" in found["next"]] == [
        (6, 15)
    ]


def test_all_errors_of_all_files_in_one_run(project: Project) -> None:
    project.write("campaigns/a.yaml", "name: a\nsendr: SiamCoffee\n")
    project.write("campaigns/b.yaml", "name: B\n")
    ran = project.run("validate", "--json")
    assert {found["file"] for found in ran.json["diagnostics"]} == {"campaigns/a.yaml", "campaigns/b.yaml"}
    assert all(found["code"].startswith("MS") for found in ran.json["diagnostics"])


def test_server_down(project: Project) -> None:
    project.campaign("order")
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as taken:
        port = taken.server_address[1]
    ran = project.apply(MESMS_BASE_URL=f"http://127.0.0.1:{port}/api/v2")
    assert ran.code == 1
    explained(ran, "127.0.0.1")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name the standard library calls
        body = b"<html><body>Welcome to the hotel</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # the same

    def log_message(self, format: str, *args: object) -> None:  # the standard library's signature
        pass


@pytest.fixture
def hotel() -> Iterator[str]:
    """A server that answers everything with a web page, like a network's log-in page."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api/v2"
        server.shutdown()
        thread.join()


def test_server_answering_html(project: Project, hotel: str) -> None:
    project.campaign("order")
    ran = project.apply(MESMS_BASE_URL=hotel)
    assert ran.code == 1
    explained(ran)


def test_no_project(project: Project) -> None:
    (project.root / "mesms.yaml").unlink()
    ran = project.run("plan")
    assert ran.code == 1
    explained(ran, "mesms.yaml", "init")


@pytest.mark.parametrize(
    "arguments",
    [
        ("refresh", "--openmetrics", ""),
        ("doctor", "--offline", "--bundle", ""),
        ("plan", "--offline", "--out", ""),
        ("plan", "--offline", "--rejects", ""),
    ],
)
def test_a_file_without_a_name_is_a_usage_error(project: Project, arguments: tuple[str, ...]) -> None:
    """As a script calls it whose variable is not set: never "done" without the file that was asked for."""
    project.campaign("one")
    ran = project.run(*arguments)
    assert (ran.code, ran.out, f"{arguments[-2]}" in ran.err) == (64, "", True)


@pytest.mark.parametrize("arguments", [("plan", "--nope"), ("nope",), ("plan", "--format", "xml"), ("stop",)])
def test_usage_errors_exit_64(project: Project, arguments: tuple[str, ...]) -> None:
    assert project.run(*arguments).code == 64


def test_an_empty_folder_with_live_campaigns_refuses(project: Project, sandbox: Running) -> None:
    file = project.campaign("order")
    project.apply()
    file.unlink()
    ran = project.apply()
    assert ran.code == 4
    explained(ran, "--allow-empty")
    assert project.apply("--allow-empty").code == 0
    with sandbox.lock:
        assert not any(sandbox.world.texts_by_number().values())


def test_a_newer_state_is_refused_and_left_alone(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    state = project.root / ".mesms/state.json"
    newer = state.read_text(encoding="utf-8").replace('"version": 1', '"version": 99')
    state.write_text(newer, encoding="utf-8")
    project.campaign("other")
    posts = sends(sandbox)
    ran = project.apply()
    assert ran.code == 1
    explained(ran, "newer")
    assert (state.read_text(encoding="utf-8"), sends(sandbox)) == (newer, posts)


def test_a_truncated_state_names_its_backup(project: Project) -> None:
    project.campaign("order")
    project.apply()
    state = project.root / ".mesms/state.json"
    state.write_text(state.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    ran = project.apply()
    assert ran.code == 1
    explained(ran, "backup")


def test_another_hash_key_is_an_error_and_not_a_changed_audience(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    assert project.apply(MESMS_HASH_KEY="one").code == 0
    for env in ({"MESMS_HASH_KEY": "two"}, {}):
        ran = project.run("plan", **env)
        assert ran.code == 1
        explained(ran, "MESMS_HASH_KEY")


@pytest.mark.parametrize(("secret", "verdict"), [("a", "warn"), (" " * 40, "warn"), ("0" * 16, "ok")])
def test_doctor_warns_of_a_hash_key_that_can_be_guessed(secret: str, verdict: str, project: Project) -> None:
    """A key of a few characters, or of blanks, is found out by trial by whoever has the state."""
    ran = project.run("doctor", MESMS_HASH_KEY=secret)
    (line,) = [line for line in ran.out.splitlines() if "MESMS_HASH_KEY" in line]
    assert line.startswith(verdict)
    assert ("guessed" in line) == (verdict == "warn")


def test_a_port_that_is_taken_is_no_fault_of_the_sandbox(project: Project) -> None:
    """What, where, why, and how to get a free one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = project.run("sandbox", "--port", str(taken.getsockname()[1]))
    assert ran.code == 1
    assert "cannot listen" in ran.err
    assert "--port 0" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_output_that_finds_no_room_is_no_fault_of_ours(project: Project) -> None:
    """Exit 1 and a next step, not a request for a bug report."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run(
            [COMMAND, "report", "--format", "html"],
            cwd=project.root,
            env=project.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert "fault of its own" not in ran.stderr
    assert "make room" in ran.stderr
