"""The account misbehaves, or the process dies: every number is texted exactly once, or a person is asked."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.sandbox.faults import Fault
from tests.cli.conftest import COMMAND, sends, texted

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

SEND = {"method": "POST", "path": r"/sms/send$"}
BOTH = {"66800000001": 1, "66800000002": 1}


def impatient(project: Project) -> None:
    """A project that waits two seconds for an answer."""
    text = (project.root / "mesms.yaml").read_text(encoding="utf-8")
    project.write("mesms.yaml", text.replace("timeout: 5s", "timeout: 2s"))


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """The command in the background."""
    return subprocess.Popen(
        [COMMAND, *arguments],
        cwd=project.root,
        env={**project.env, **project.extra},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(sandbox: Running, suffix: str, count: int = 1) -> None:
    """Until the sandbox has begun to see ``count`` requests whose path ends so."""
    deadline = time.monotonic() + 20
    while sum(str(entry["path"]).endswith(suffix) for entry in list(sandbox.requests)) < count:
        assert time.monotonic() < deadline, "the request never came"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("lose_answer", **SEND),
        Fault("lose_answer", reset=True, **SEND),
        Fault("status", status=503, when="after", **SEND),
        Fault("status", status=502, when="after", html=True, **SEND),
        Fault("status", status=409, when="after", **SEND),
        Fault("cut_body", **SEND),
        Fault("garbage", when="after", **SEND),
        Fault("hang", when="after", seconds=30, **SEND),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}" if fault.kind == "status" else fault.kind,
)
def test_a_lost_answer_is_found_on_the_account_and_adopted(project: Project, sandbox: Running, fault: Fault) -> None:
    """The message is there, its answer is not: the same apply finds it, and nothing is sent again."""
    impatient(project)
    project.campaign("order")
    sandbox.arm(fault)
    ran = project.apply()
    assert ran.code == 0, ran.err
    assert (texted(sandbox), sends(sandbox)) == (BOTH, 1)
    assert project.status()["order"]["phase"] == "scheduled"
    assert project.apply().code == 0
    assert (texted(sandbox), sends(sandbox)) == (BOTH, 1)


@pytest.mark.parametrize(
    "fault",
    [Fault("drop_before", nth=2, **SEND), Fault("status", nth=2, status=500, when="before", **SEND)],
    ids=["drop_before", "500-before"],
)
def test_a_send_that_may_have_arrived_is_for_a_person(project: Project, sandbox: Running, fault: Fault) -> None:
    """No match is not "not sent": every apply says 3 until a person has settled it; then it is sent once."""
    project.campaign("order")
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}], content="Something else")
    sandbox.arm(fault)
    assert project.apply().code == 3
    assert texted(sandbox) == {"66800000009": 1}, "the other campaign goes on"
    assert project.status()["order"]["phase"] == "unknown"
    assert project.apply().code == 3
    assert {action["campaign"]: action["action"] for action in project.plan()["actions"]} == {
        "order": "blocked",
        "other": "keep",
    }
    evidence = project.run("resolve", "order")
    assert evidence.code == 3
    assert "2 people" in evidence.out
    assert project.run("resolve", "order", "--not-sent").code == 0
    assert project.apply().code == 0
    assert texted(sandbox) == {**BOTH, "66800000009": 1}


def test_a_listing_that_lags_leaves_it_unknown_until_it_shows(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    with sandbox.lock:
        sandbox.world.listing_lag = timedelta(hours=1)
    sandbox.arm(Fault("lose_answer", **SEND))
    assert project.apply().code == 3
    sandbox.advance(timedelta(hours=2))
    plan = project.plan()
    assert [(action["action"], action["reason"]) for action in plan["actions"]] == [("adopt", "recovered")]
    assert project.apply().code == 0
    assert (texted(sandbox), sends(sandbox)) == (BOTH, 1)


def test_not_sent_is_refused_while_a_match_is_listed(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    sandbox.arm(Fault("lose_answer", **SEND))
    process = start(project, "apply", "--auto-approve")
    wait_for(sandbox, "/sms/send")
    process.kill()
    process.communicate()
    ran = project.run("resolve", "order", "--not-sent")
    assert ran.code == 3
    uuid = ran.err.split("--sent ")[1].split()[0]
    assert project.run("resolve", "order", "--sent", uuid).code == 0
    assert project.apply().code == 0
    assert (texted(sandbox), sends(sandbox)) == (BOTH, 1)


def test_a_rate_limit_is_waited_for(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    sandbox.arm(Fault("status", status=429, when="before", retry_after=1, **SEND))
    assert project.apply().code == 0
    assert (texted(sandbox), sends(sandbox)) == (BOTH, 2)


def test_a_refusal_is_not_sent_and_may_be_tried_again(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    sandbox.arm(Fault("status", status=402, when="before", code="INSUFFICIENT_CREDITS", **SEND))
    assert project.apply().code == 1
    assert (texted(sandbox), project.status()["order"]["phase"]) == ({}, "failed")
    assert project.apply().code == 0
    assert texted(sandbox) == BOTH


def test_a_cancel_that_comes_too_late_blocks_the_replacement(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    project.campaign("order", content="A newer text")
    sandbox.arm(Fault("status", method="POST", path="/cancel$", status=409, code="ALREADY_PROCESSING", when="before"))
    assert project.apply().code == 3
    assert texted(sandbox) == BOTH
    assert project.apply().code == 0, "it still said scheduled, so a later apply tries again"
    assert texted(sandbox) == BOTH


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_unclear_cancel_is_decided_by_get(project: Project, sandbox: Running, when: str) -> None:
    project.campaign("order")
    project.apply()
    project.campaign("order", content="A newer text")
    sandbox.arm(Fault("status", method="POST", path="/cancel$", status=502, when=when))  # type: ignore[arg-type]
    assert project.apply().code == 0
    assert texted(sandbox) == BOTH


def test_cancelled_in_the_console_is_never_created_again(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    with sandbox.lock:
        (message,) = sandbox.world.messages.values()
        sandbox.world.call_off(message)
    (action,) = project.plan()["actions"]
    assert (action["action"], action["reason"]) == ("blocked", "cancelled_elsewhere")
    assert project.apply().code == 3
    assert texted(sandbox) == {}


def test_the_same_message_made_by_hand_holds_the_campaign(project: Project, sandbox: Running) -> None:
    """Somebody scheduled it in the console already: it is adopted or the revision is raised, never sent beside it."""
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}], content="Something else")
    assert project.apply().code == 0
    by_hand(project, "order")
    project.campaign("order")
    ran = project.apply()
    assert ran.code == 3
    assert texted(sandbox)["66800000001"] == 1
    uuid = next(entry.uuid for entry in ledger(sandbox) if "order" in entry.content)
    assert project.run("adopt", uuid, "order").code == 0
    assert project.apply().code == 0
    assert texted(sandbox)["66800000001"] == 1


def test_a_lost_state_stops_everything(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    assert project.apply().code == 0
    shutil.rmtree(project.root / ".mesms")
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}], content="Something else")
    ran = project.apply()
    assert ran.code == 3
    assert texted(sandbox) == BOTH
    assert {action["action"] for action in project.plan()["actions"]} == {"blocked"}


def by_hand(project: Project, name: str) -> None:
    """Make the message of campaign ``name`` outside of state, as somebody in the console would."""
    twin = project.root.parent / "by-hand"
    twin.mkdir()
    elsewhere = type(project)(twin, project.env)
    elsewhere.write("mesms.yaml", (project.root / "mesms.yaml").read_text(encoding="utf-8"))
    elsewhere.campaign(name)
    assert elsewhere.apply().code == 0


def ledger(sandbox: Running) -> list[object]:
    """What the account holds."""
    with sandbox.lock:
        return list(sandbox.world.ledger())


@pytest.mark.parametrize("nth", range(1, 8))
def test_killed_at_every_request(project: Project, sandbox: Running, nth: int) -> None:
    """SIGKILL while the nth request of an apply is under way, before and after the server acts; then apply again."""
    for when in ("before", "after"):
        name = f"order-{when}"
        people = [f"080000{nth}{int(when == 'after')}0{digit}" for digit in range(2)]
        project.campaign(name, recipients=[{"numbers": people}])
        sandbox.requests.clear()
        fault = sandbox.arm(Fault("hang", nth=nth, when=when, seconds=5))  # type: ignore[arg-type]
        process = start(project, "apply", "--auto-approve")
        deadline = time.monotonic() + 10
        while process.poll() is None and len(sandbox.requests) < nth and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        process.kill()
        process.communicate()
        with sandbox.lock:
            sandbox.sandbox.faults.disarm()
        assert fault
        time.sleep(0.1)
        assert project.apply().code in (0, 3)
        counts = texted(sandbox)
        asks = project.status().get(name, {}).get("phase") == "unknown"
        for number in people:
            assert counts.get(f"66{number[1:]}", 0) == (0 if asks and f"66{number[1:]}" not in counts else 1)


def test_killed_at_random_instants(project: Project, sandbox: Running) -> None:
    """Ten kills of an apply of twelve campaigns, anywhere: nobody is texted twice, and nobody is forgotten silently."""
    chance = random.Random(7)
    for number in range(12):
        project.campaign(f"c{number:02d}", recipients=[{"numbers": [f"08000010{number:02d}"]}])
    for _ in range(10):
        process = start(project, "apply", "--auto-approve")
        time.sleep(chance.uniform(0.2, 0.9))
        process.kill()
        process.communicate()
        assert max(texted(sandbox).values(), default=0) <= 1
    assert project.apply().code in (0, 3)
    unknown = {name for name, campaign in project.status().items() if campaign["phase"] == "unknown"}
    counts = texted(sandbox)
    for number in range(12):
        assert counts.get(f"668000010{number:02d}"[:11], 0) == 1 or f"c{number:02d}" in unknown


def test_two_applies_at_once_one_works_and_the_other_says_who(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    sandbox.arm(Fault("hang", when="after", seconds=2, **SEND))
    process = start(project, "apply", "--auto-approve")
    wait_for(sandbox, "/sms/send")
    ran = project.apply()
    assert ran.code == 6
    assert str(process.pid) in ran.err
    assert "state unlock" in ran.err
    assert process.wait(30) == 0
    process.communicate()
    assert texted(sandbox) == BOTH


def test_a_dead_holder_of_this_host_is_taken_over(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    sandbox.arm(Fault("hang", method="GET", path="/senders", when="before", seconds=3))
    process = start(project, "apply", "--auto-approve")
    wait_for(sandbox, "/senders")
    process.kill()
    process.communicate()
    assert project.apply().code == 0
    assert texted(sandbox) == BOTH


def test_a_runner_whose_lock_was_broken_stops_at_the_serial(project: Project, sandbox: Running) -> None:
    """Unlock a live holder, apply elsewhere, let the first go on: its next write finds another serial."""
    project.campaign("order")
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}], content="Something else")
    sandbox.arm(Fault("hang", method="GET", path="/senders", when="before", seconds=3))
    process = start(project, "apply", "--auto-approve")
    wait_for(sandbox, "/senders")
    assert project.run("state", "unlock", "--force").code == 0
    assert project.apply().code == 0
    assert process.wait(30) == 5
    process.communicate()
    assert texted(sandbox) == {**BOTH, "66800000009": 1}


def test_ctrl_c_finishes_the_request_in_flight_and_exits_130(project: Project, sandbox: Running) -> None:
    for number in range(3):
        project.campaign(f"c{number}", recipients=[{"numbers": [f"080000020{number}"]}])
    sandbox.arm(Fault("hang", when="before", seconds=1, **SEND))
    process = start(project, "apply", "--auto-approve")
    wait_for(sandbox, "/sms/send")
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(30) == 130
    process.communicate()
    assert len(texted(sandbox)) == 1
    assert [campaign["phase"] for campaign in project.status().values()] == ["scheduled"]
    assert project.apply().code == 0
    assert sorted(texted(sandbox).values()) == [1, 1, 1]


def test_stop_freezes_first_and_cancels_what_can_be(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    ran = project.run("stop", "--all")
    assert ran.code == 0, ran.err
    assert texted(sandbox) == {}
    project.campaign("newer", recipients=[{"numbers": ["0800000009"]}])
    assert project.apply().code == 3
    assert texted(sandbox) == {}
    assert {action["reason"] for action in project.plan()["actions"]} == {"frozen"}
    assert project.run("stop", "--release").code == 0
    assert project.apply().code == 0
    assert texted(sandbox) == {**BOTH, "66800000009": 1}


def test_stop_does_not_wait_for_a_running_apply(project: Project, sandbox: Running) -> None:
    """The running apply reads the freeze before its next send."""
    for number in range(3):
        project.campaign(f"c{number}", recipients=[{"numbers": [f"080000020{number}"]}])
    sandbox.arm(Fault("hang", when="before", seconds=1, **SEND))
    process = start(project, "apply", "--auto-approve")
    wait_for(sandbox, "/sms/send")
    assert project.run("stop", "--all").code == 0
    assert process.wait(30) == 3
    process.communicate()
    assert texted(sandbox) == {}


def test_stop_too_late_is_a_3(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    sandbox.advance(timedelta(days=9, hours=1))
    assert project.run("stop", "order").code == 3
    assert texted(sandbox) == BOTH


def test_a_disk_that_takes_no_more_sends_nothing(project: Project, sandbox: Running) -> None:
    """No intent, no message. The files of this process may not grow beyond 200 bytes: every state is larger."""
    project.campaign("order")
    process = subprocess.run(
        [COMMAND, "apply", "--auto-approve"],
        cwd=project.root,
        env=project.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)),
    )
    assert process.returncode == 1
    assert "next: " in process.stderr
    assert sends(sandbox) == 0
    assert project.apply().code == 0
    assert texted(sandbox) == BOTH


def test_a_folder_that_cannot_be_written_sends_nothing(project: Project, sandbox: Running) -> None:
    """Nobody, root included, makes a file in /proc."""
    project.campaign("order")
    ran = project.apply(MESMS_STATE="/proc/mesms/state.json")
    assert ran.code == 1
    assert "/proc/mesms" in ran.err
    assert "next: " in ran.err
    assert sends(sandbox) == 0


def test_a_state_edited_to_say_cancelled_sends_nothing_again(project: Project, sandbox: Running) -> None:
    """The account still holds the message: what state believes of it does not matter."""
    project.campaign("order")
    project.apply()
    state = project.root / ".mesms/state.json"
    state.write_text(project.state.replace('"phase": "scheduled"', '"phase": "cancelled"'), encoding="utf-8")
    assert project.apply().code == 3
    assert (texted(sandbox), sends(sandbox)) == (BOTH, 1)


def test_a_state_of_another_lineage_is_an_error(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    state = project.root / ".mesms/state.json"
    lineage = project.run("status", "--json").json["lineage"]
    state.write_text(project.state.replace(lineage, "00000000-0000-4000-8000-000000000000"), encoding="utf-8")
    ran = project.apply()
    assert ran.code == 1
    assert "lineage" in ran.err
    assert (texted(sandbox), sends(sandbox)) == (BOTH, 1)


def test_doctor_looks_and_changes_nothing(project: Project, sandbox: Running) -> None:
    ran = project.run("doctor")
    assert ran.code == 0, ran.out
    assert {line[:5].strip() for line in ran.out.splitlines()} <= {"ok", "warn", ""}
    assert project.run("doctor", MESMS_API_KEY="wrong").code == 1
    assert not [entry for entry in sandbox.requests if entry["method"] != "GET"]
