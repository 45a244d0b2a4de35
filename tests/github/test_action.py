"""The action's own steps as a runner takes them, and what goes in and out of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.cli.github.outputs import SUMMARY_BYTES, annotation, write_outputs, write_summary
from mesms_gitops.model.marker import Marker
from mesms_gitops.sandbox.faults import Fault
from tests.cli.conftest import sends, texted
from tests.github.runner import ROOT, Ended, document, git, read_outputs
from tests.github.test_comment import outside_of_code

if TYPE_CHECKING:
    from tests.github.conftest import Shop

DIGEST = "sha256:" + "0d" * 32


def ran(shop: Shop, event: dict[str, Any] | None = None, **given: str) -> Ended:
    """The action alone, in the clone, with these inputs and a key that can send."""
    machine = shop.runner.base / f"alone-{len(list(shop.runner.base.glob('*')))}"
    (machine / "temp").mkdir(parents=True)
    (machine / "home").mkdir()
    (machine / "work").symlink_to(shop.clone)
    shop.runner._install(machine)  # the runner's own preparation, for a step without a workflow
    (machine / "event.json").write_text(json.dumps(event or {}), encoding="utf-8")
    env = shop.runner._environment(machine, "push", "0" * 40, "refs/heads/main", "author")
    env["MESMS_API_KEY"] = shop.sandbox.api_key
    ended = Ended(0, {}, "", "")
    ended.outputs["run"] = shop.runner.action(
        {key.replace("_", "-"): v for key, v in given.items()}, env, machine, ended
    )
    return ended


@pytest.mark.parametrize(
    "given",
    [
        {"command": "destroy"},
        {"command": "plan", "environment": "x --> y"},
        {"command": "plan", "lang": "fr"},
        {"command": "plan", "budget": "lots"},
        {"command": "plan", "working_directory": "nowhere"},
        {"command": "apply", "expect_digest": "sha256:$(id)"},
        {"command": "apply", "approval": "anybody"},
        {"command": "plan", "bot": "a b"},
    ],
)
def test_an_input_that_no_input_may_have_is_a_usage_error(shop: Shop, given: dict[str, str]) -> None:
    """Exit 64 with the input named, the outputs say so, and nothing is asked of anybody."""
    ended = ran(shop, **given)
    assert (ended.code, ended.out["exitcode"], ended.out["failure-reason"]) == (64, "64", "usage"), ended.log
    assert "input `" in ended.log
    assert shop.forge.calls == []
    assert list(shop.sandbox.requests) == []


def test_the_digest_of_a_plan_is_the_approval_of_an_apply(shop: Shop) -> None:
    """Every output of a plan, and an apply with `expect-digest`: another digest sends nothing, this one sends."""
    shop.campaign("order")
    planned = ran(shop, command="plan", comment="never").out
    path, report = Path(planned.pop("plan-path")), Path(planned.pop("report-path"))
    digest = planned.pop("plan-digest")
    assert float(planned.pop("credits-after")) > 0
    assert planned == {
        "changes": "true",
        "to-send": "1",
        "to-cancel": "0",
        "unchanged": "0",
        "blocked": "0",
        "cost": "2",
        "exitcode": "0",
        "failure-reason": "",
        "comment-id": "",
    }
    assert json.loads(path.read_text(encoding="utf-8"))["digest"] == digest
    assert json.loads(report.read_text(encoding="utf-8"))["plan"]["digest"] == digest
    refused = ran(shop, command="apply", expect_digest=DIGEST, token="")
    assert (refused.code, refused.out["failure-reason"]) == (5, "plan-changed")
    assert sends(shop.sandbox) == 0
    assert ran(shop, command="apply", expect_digest=digest, token="").code == 0
    assert texted(shop.sandbox) == {"66800000001": 1, "66800000002": 1}


def test_a_saved_plan_is_the_approval_too(shop: Shop) -> None:
    """`plan-file` of a plan is what `plan-file` of an apply carries out."""
    shop.campaign("order")
    planned = ran(shop, command="plan", plan_file="saved.json", comment="never")
    assert planned.code == 0, planned.log
    assert Path(planned.out["plan-path"]) == shop.clone / "saved.json"
    assert ran(shop, command="apply", plan_file="saved.json", token="").code == 0
    assert sends(shop.sandbox) == 1


def test_a_plan_over_the_budget_fails_and_is_not_applied(shop: Shop) -> None:
    """`budget` is held before the first effect: exit 4, in a plan as in an apply; the very cost is within it."""
    shop.campaign("order")
    event = {"pull_request": {"number": 7, "head": {"sha": "ab" * 20, "repo": {"full_name": "shop/campaigns"}}}}
    for command in ("plan", "apply"):
        comment = "always" if command == "plan" else "never"
        ended = ran(shop, event, command=command, budget="1", approval="environment", comment=comment)
        assert (ended.code, ended.out["failure-reason"]) == (4, "policy-denied"), ended.log
        assert "costs 2 credits" in ended.log
    assert "REFUSED" in shop.forge.said(7)[0]
    assert sends(shop.sandbox) == 0
    assert ran(shop, command="apply", budget="2", approval="environment", comment="never").code == 0
    assert sends(shop.sandbox) == 1


def test_without_a_token_and_a_digest_nothing_is_approved(shop: Shop) -> None:
    """What was approved stands in a pull request: whoever cannot look there applies nothing."""
    shop.campaign("order")
    ended = ran(shop, command="apply", token="")
    assert ended.code == 1
    assert "there is no token" in ended.log
    assert sends(shop.sandbox) == 0


def test_what_github_does_not_take_costs_no_message(shop: Shop) -> None:
    """The comment after an apply cannot be written: a warning, and the apply is as good as it was."""
    shop.campaign("order")
    shop.forge.can_write = False
    shop.forge.commits["0" * 40] = set()
    ended = ran(shop, command="apply", approval="environment")
    assert ended.code == 0, ended.log
    assert sends(shop.sandbox) == 1


def test_errors_of_manifests_are_annotations_and_stand_in_the_comment(shop: Shop) -> None:
    """A manifest with a mistake: its line is annotated, the comment says it, approves nothing, and the step fails."""
    shop.write(
        "campaigns/bad.yaml", "name: bad\nsender: SiamCoffee\ncontent: x\nrecipients: [{numbers: [0812345678]}]\n"
    )
    event = {"pull_request": {"number": 7, "head": {"sha": "ab" * 20, "repo": {"full_name": "shop/campaigns"}}}}
    ended = ran(shop, event, command="plan")
    assert ended.code == 1
    assert "::error file=campaigns/bad.yaml,line=4" in ended.log
    (body,) = shop.forge.said(7)
    marker = Marker.of(body)
    assert marker is not None and not marker.can_approve
    assert "campaigns/bad.yaml:4" in body
    assert "0812345678" not in body


def test_a_hostile_manifest_is_shown_in_the_pull_request_and_not_obeyed(shop: Shop) -> None:
    """A text and an owner full of mentions, tags, fences and references, all the way from the file to the comment."""
    hostile = "@everyone #1 GH-1 ``` </details> <img src=x> ![x](y) [a](b) **b** ::error::x"
    shop.campaign("order")
    file = shop.clone / "campaigns/order.yaml"
    text = file.read_text(encoding="utf-8").replace('"Your order order is ready"', json.dumps(hostile))
    file.write_text(text + f"owner: {json.dumps(hostile)}\n", encoding="utf-8")
    event = {"pull_request": {"number": 7, "head": {"sha": "ab" * 20, "repo": {"full_name": "shop/campaigns"}}}}
    ended = ran(shop, event, command="plan")
    assert ended.code == 0, ended.log
    (body,) = shop.forge.said(7)
    assert "@everyone" in body, "it is shown"
    read = outside_of_code(body)
    for forbidden in ("@everyone", "GH-1", "<img", "![", "](b)", "**b**"):
        assert forbidden not in read
    assert read.count("<details") == read.count("</details>")
    assert not [line for line in ended.log.split("\n") if line.startswith("::error::")]


def test_a_comment_is_made_when_and_as_it_is_asked_for(shop: Shop) -> None:
    """`on-change`: nothing without changes, then a comment, which is brought up to date when they are gone; in Thai."""
    event = {"pull_request": {"number": 7, "head": {"sha": "ab" * 20, "repo": {"full_name": "shop/campaigns"}}}}
    assert ran(shop, event, command="plan", comment="on-change", lang="th").code == 0
    assert shop.forge.said(7) == []
    shop.campaign("order")
    assert ran(shop, event, command="plan", comment="on-change", lang="th").out["comment-id"]
    (body,) = shop.forge.said(7)
    assert "ใช้ 2 เครดิต ถึงผู้รับ 2 คน" in body
    (shop.clone / "campaigns/order.yaml").unlink()
    assert ran(shop, event, command="plan", comment="on-change", lang="th").code == 0
    (body,) = shop.forge.said(7)
    assert "ไม่มีการเปลี่ยนแปลง" in body


def test_a_cancelled_job_finishes_the_request_in_flight(shop: Shop) -> None:
    """The runner's SIGINT reaches the apply once, through `exec` and the tool: the send is recorded, exit 130."""
    shop.campaign("one")
    shop.campaign("two")
    shop.sandbox.arm(Fault("hang", method="POST", path="/sms/send", when="after", seconds=1))

    def cancelled(process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while not texted(shop.sandbox) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)

    shop.runner.while_running = cancelled
    ended = ran(shop, command="apply", approval="environment", comment="never")
    shop.runner.while_running = None
    assert (ended.code, ended.out["failure-reason"]) in [(130, "interrupted"), (3, "person-needed")], ended.log
    assert sends(shop.sandbox) == 1
    assert ran(shop, command="apply", approval="environment", comment="never").code == 0
    assert texted(shop.sandbox) == {"66800000001": 2, "66800000002": 2}


def test_the_token_reaches_none_of_the_commands(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What children see: no input of the action; the token only as git's header for GitHub's own address."""
    from mesms_gitops.cli.github.children import git_login
    from mesms_gitops.cli.github.inputs import Inputs

    monkeypatch.setenv("MESMS_ACTION_COMMAND", "plan")
    monkeypatch.setenv("MESMS_ACTION_TOKEN", "ghs_secret")
    monkeypatch.setenv("MESMS_ACTION_WORKING_DIRECTORY", str(shop.clone))
    assert Inputs.of_process().token == "ghs_secret"
    assert not [name for name in os.environ if name.startswith("MESMS_ACTION_")]
    assert git_login("http://github.example", "ghs_secret") == {}
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    login = git_login("https://github.example", "ghs_secret")
    assert login["GIT_CONFIG_COUNT"] == "4"
    assert login["GIT_CONFIG_KEY_2"] == login["GIT_CONFIG_KEY_3"] == "http.https://github.example/.extraheader"


def test_git_logs_in_once_where_the_checkout_kept_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git sends the token for this server alone, and in the place of what stands in the clone: GitHub refuses both."""
    from mesms_gitops.cli.github.children import git_login

    seen: list[list[str]] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get_all("Authorization") or [])
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.delenv("GIT_CONFIG_COUNT", raising=False)
    login = git_login("https://github.example", "ghs_secret")
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here, other = (f"http://{name}:{server.server_port}" for name in ("127.0.0.1", "localhost"))
        env = {name: text.replace("https://github.example", here) for name, text in login.items()}
        git(tmp_path, "init", "--quiet")
        git(tmp_path, "config", f"http.{here}/.extraheader", "AUTHORIZATION: basic of-the-checkout")
        for url in (here, other):
            command = ["git", "ls-remote", f"{url}/shop/campaigns"]
            asked = {**os.environ, **env, "GIT_TERMINAL_PROMPT": "0"}
            subprocess.run(command, cwd=tmp_path, env=asked, check=False, capture_output=True)
        server.shutdown()
    token = b64encode(b"x-access-token:ghs_secret").decode()
    assert seen[0] == [f"basic {token}"]
    assert seen[-1] == []


# ---------------------------------------------------------------- outputs


@pytest.mark.parametrize("value", ["", "one\ntwo", "a=b", "x<<y\nz\ny", "mesms_0", "\n\n", "ก\nข"])
def test_an_output_is_read_back_as_it_was(tmp_path: Path, value: str) -> None:
    """Several lines, a value that looks like an output of its own: the runner reads one value, and this one."""
    file = tmp_path / "output"
    write_outputs(file, {"plan": value, "next": "x"})
    assert read_outputs(file.read_text(encoding="utf-8")) == {"plan": value, "next": "x"}


def test_nobody_can_know_the_end_of_an_output(tmp_path: Path) -> None:
    """Each output of each run ends with a line of its own, made by chance."""
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        write_outputs(file, {"a": "x", "b": "x"})
    ends = [line for file in files for line in file.read_text(encoding="utf-8").split("\n")[2::3]]
    assert len(set(ends)) == 4
    assert all(len(end) >= 32 for end in ends)


def test_a_summary_never_grows_beyond_what_github_takes(tmp_path: Path) -> None:
    """Three megabytes of Thai in three steps: at most a million bytes, valid UTF-8, and it says that it was cut."""
    file = tmp_path / "summary"
    for _ in range(3):
        write_summary(file, "สวัสดี\n" * 60_000)
    text = file.read_bytes().decode()
    assert len(text.encode()) <= SUMMARY_BYTES
    assert "(truncated" in text


def test_an_annotation_is_one_command(tmp_path: Path) -> None:
    """A message cannot begin a second command, end the title, or colour the log."""
    line = annotation("error", "a::b,c%0A", "one\n::error::two\r\x1b[31m 100%")
    assert line.startswith("::error title=a  b c 0A::one%0A")
    assert "\n" not in line
    assert "\x1b" not in line
    assert line.endswith("100%25")


# ---------------------------------------------------------------- installing


def test_the_action_installs_its_own_commit(tmp_path: Path) -> None:
    """The first step makes a venv of the checkout that the runner gave it, once; extras are words and nothing else."""
    (step,) = [step for step in document(ROOT / "action.yml")["runs"]["steps"] if "Install" in step["name"]]
    script = tmp_path / "script.sh"
    script.write_text(step["run"], encoding="utf-8")
    said = tmp_path / "said"
    uv = tmp_path / "bin/uv"
    uv.parent.mkdir()
    uv.write_text(f'#!/bin/sh\necho "$@" >> {said}\nmkdir -p {tmp_path}/mesms-gitops-tool\n', encoding="utf-8")
    uv.chmod(0o755)

    def run(extras: str) -> int:
        env = {"PATH": f"{uv.parent}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path), "MESMS_EXTRAS": extras}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(command, env={**env, "GITHUB_ACTION_PATH": "/action"}, check=False).returncode

    assert run("sql];$(id)") == 64
    assert not said.exists()
    assert run("sql,xlsx") == 0
    assert run("") == 0
    assert said.read_text(encoding="utf-8").splitlines() == [
        f"venv --quiet --clear {tmp_path}/mesms-gitops-tool",
        f"pip install --quiet --python {tmp_path}/mesms-gitops-tool/bin/python /action[sql,xlsx]",
    ]


def test_every_input_of_the_action_is_read() -> None:
    """What ``action.yml`` declares, hands over and documents is what the tool knows; outputs likewise."""
    action = document(ROOT / "action.yml")
    run = action["runs"]["steps"][-1]
    handed = {name.removeprefix("MESMS_ACTION_").lower().replace("_", "-") for name in run["env"]}
    assert handed | {"extras"} == set(action["inputs"])
    assert all(one["value"] == f"${{{{ steps.run.outputs.{name} }}}}" for name, one in action["outputs"].items())
    page = (ROOT / "docs/github.md").read_text(encoding="utf-8")
    assert not [name for name in (*action["inputs"], *action["outputs"]) if f"`{name}`" not in page]
