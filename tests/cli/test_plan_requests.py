"""What a plan asks of the account, and what it reads: no more than it needs, and several lists at once."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.cli.abreast import Reading, abreast

from .conftest import COMMAND, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running

ALWAYS = 2
"""The balance, which also tells the clock; and the senders."""


def by_hand(project: Project, many: int) -> None:
    """So many messages of the same sender, made outside of state."""
    folder = project.root.parent / "by-hand"
    folder.mkdir()
    elsewhere = Project(folder, project.env)
    elsewhere.write("mesms.yaml", (project.root / "mesms.yaml").read_text(encoding="utf-8"))
    for number in range(many):
        elsewhere.campaign(f"hand-{number}", recipients=[{"numbers": [f"08100{number:05d}"]}])
    assert elsewhere.apply().code == 0


@pytest.mark.parametrize(
    ("by_others", "live", "classes", "how"), [(0, 0, 0, {}), (3, 4, 2, {}), (150, 5, 3, {}), (230, 2, 2, {"now": 1})]
)
def test_a_plan_asks_once_for_a_hundred_listed_once_for_a_live_send_and_once_for_a_class_of_cost(
    project: Project, sandbox: Running, by_others: int, live: int, classes: int, how: dict[str, int]
) -> None:
    if by_others:
        by_hand(project, by_others)
    for number in range(live):
        project.campaign(f"live-{number}", recipients=[{"numbers": [f"08000001{number:02d}"]}])
    if live:
        assert project.apply().code == 0
    for number in range(classes):
        schedule = "now" if how else "2027-04-11T10:00"
        project.campaign(
            f"new-{number}", recipients=[{"numbers": [f"08000002{number:02d}"]}], content="x" * 170 * number + "new",
            schedule=schedule,
        )  # fmt: skip
    sandbox.requests.clear()
    summary = project.plan()["summary"]
    assert (summary["keep"], summary["schedule"] + summary["send"]) == (live, classes)
    pages = math.ceil((by_others + live) / 100) if classes else 0
    assert len(sandbox.requests) <= pages + live + classes + ALWAYS
    assert not [entry for entry in sandbox.requests if str(entry["path"]).endswith("/send")]


def test_what_has_left_costs_no_request_and_no_reading(project: Project, sandbox: Running) -> None:
    """The lists of finished campaigns may be gone, and nobody asks for their messages."""
    lists = project.write("lists/people.csv", "phone\n0800000001\n0800000002\n")
    for number in range(3):
        project.campaign(f"old-{number}", recipients=[{"csv": "../lists/people.csv", "phone": "phone"}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=10))
    project.run("refresh")
    lists.unlink()
    first = project.plan()
    sandbox.requests.clear()
    again = project.plan()
    assert len(sandbox.requests) == 1
    assert first["actions"] == again["actions"]
    assert [action["reason"] for action in again["actions"]] == ["already_sent"] * 3


# --- targets ----------------------------------------------------------------------------------------------------------


def with_a_broken_neighbour(project: Project) -> None:
    """A project that has sent before, an urgent campaign, and two whose lists cannot be read."""
    project.campaign("before", recipients=[{"numbers": ["0800000009"]}])
    project.campaign("moved", recipients=[{"csv": "../lists/moved.csv", "phone": "phone"}])
    project.write("lists/moved.csv", "phone\n0800000008\n")
    assert project.apply().code == 0
    (project.root / "lists/moved.csv").unlink()
    project.campaign("broken", recipients=[{"csv": "../lists/none.csv", "phone": "phone"}])
    project.campaign("urgent")


def test_a_target_is_not_held_up_by_the_lists_of_others(project: Project) -> None:
    with_a_broken_neighbour(project)
    assert project.run("plan").code == 1
    (action,) = project.plan("--target", "urgent")["actions"]
    assert (action["campaign"], action["action"]) == ("urgent", "schedule")
    assert project.run("plan", "--target", "broken").code == 1


def test_apply_of_a_target_leaves_the_others_as_they_are(project: Project, sandbox: Running) -> None:
    with_a_broken_neighbour(project)
    assert project.apply("--target", "urgent").code == 0
    phases = {name: each["phase"] for name, each in project.status().items()}
    assert phases == {"before": "scheduled", "moved": "scheduled", "urgent": "scheduled"}
    with sandbox.lock:
        texted = {number: len(uuids) for number, uuids in sandbox.world.texts_by_number().items() if uuids}
    assert texted == dict.fromkeys(("66800000001", "66800000002", "66800000008", "66800000009"), 1)


def test_a_manifest_that_cannot_be_read_stops_every_target(project: Project) -> None:
    """Whether a name is taken, or moved, can be told only of manifests that were understood."""
    with_a_broken_neighbour(project)
    project.write("campaigns/typo.yaml", "sender: [\n")
    assert project.run("plan", "--target", "urgent").code == 1


def test_a_target_that_another_campaign_already_is_is_blocked(project: Project) -> None:
    """Also where the list of the other cannot be read, and whatever the revision."""
    with_a_broken_neighbour(project)
    file = project.root / "campaigns/moved.yaml"
    twin = json.loads(file.read_text(encoding="utf-8"))
    twin |= {"recipients": [{"numbers": ["0800000008"]}], "revision": 2, "name": None}
    project.write("campaigns/twin.yaml", json.dumps({key: value for key, value in twin.items() if value}))
    (action,) = project.plan("--target", "twin")["actions"]
    assert (action["action"], action["reason"]) == ("blocked", "duplicate_of_another_campaign")


def test_with_a_state_that_may_be_lost_every_list_is_read(project: Project, sandbox: Running) -> None:
    """A message that another campaign would be shows that state was lost: that stops the target too."""
    project.campaign("other", recipients=[{"numbers": ["0800000007"]}])
    assert project.apply().code == 0
    (project.root / ".mesms/state.json").unlink()
    (project.root / ".mesms/state.json.backup").unlink(missing_ok=True)
    project.campaign("urgent")
    (action,) = project.plan("--target", "urgent")["actions"]
    assert (action["action"], action["reason"]) == ("blocked", "state_lost")


# --- side by side -----------------------------------------------------------------------------------------------------


class Slow(BaseHTTPRequestHandler):
    """Lists that wait until they are let go."""

    gate = threading.Event()
    under_way = 0
    most = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        """Answer once the gate is open."""
        with self.lock:
            type(self).under_way += 1
            type(self).most = max(self.most, self.under_way)
        self.gate.wait(20)
        number = "".join(filter(str.isdigit, self.path))
        body = f"phone\n08000003{int(number or 0):02d}\n".encode()
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/csv")
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass
        with self.lock:
            type(self).under_way -= 1

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def slow_lists() -> Iterator[str]:
    """Serve `Slow`; gives its address."""
    Slow.gate.clear()
    Slow.under_way = Slow.most = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        Slow.gate.set()
        server.shutdown()


def wait_for(many: int) -> None:
    """Until so many lists are being read."""
    end = time.monotonic() + 20
    while Slow.most < many:
        assert time.monotonic() < end, f"only {Slow.most} at once"
        time.sleep(0.02)


def test_ctrl_c_ends_while_lists_are_read(project: Project) -> None:
    """Whatever the threads wait for."""
    with slow_lists() as address:
        for number in range(4):
            project.campaign(f"c{number}", recipients=[{"csv": f"{address}/{number}.csv", "phone": "phone"}])
        with subprocess.Popen(
            [COMMAND, "plan"], cwd=project.root, env=project.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            wait_for(2)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=5)
        assert process.returncode == 130
        assert "Traceback" not in said
        assert "Fatal" not in said


def test_lists_are_read_side_by_side_and_told_in_order(project: Project) -> None:
    with slow_lists() as address:
        for number in range(4):
            project.campaign(f"c{number}", recipients=[{"csv": f"{address}/{number}.csv", "phone": "phone"}])
        with subprocess.Popen(
            [COMMAND, "plan", "--json"], cwd=project.root, env=project.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            wait_for(2)
            Slow.gate.set()
            out, said = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert [action["campaign"] for action in json.loads(out)["actions"]] == ["c0", "c1", "c2", "c3"]
        assert Slow.most <= 3


def test_findings_of_several_lists_come_in_the_order_of_the_campaigns(project: Project) -> None:
    """However long each takes."""
    for number in range(6):
        rows = "".join(f"0800{row:06d}\n" for row in range(40_000 if number == 0 else 1))
        project.write(f"lists/{number}.csv", f"phone\n{rows}0212\n")
        project.campaign(f"c{number}", recipients=[{"csv": f"../lists/{number}.csv", "phone": "phone"}])
    ran = project.run("plan")
    assert ran.code == 1
    found = [ran.err.index(f"campaigns/c{number}.yaml") for number in range(6)]
    assert found == sorted(found)


def test_no_more_at_once_than_there_is_room_for() -> None:
    """Readings begin in order; a large one is alone; results come in order."""
    lock, sizes, most = threading.Lock(), [0], [0]

    def read(number: int, size: int) -> int:
        with lock:
            sizes[0] += size
            most[0] = max(most[0], sizes[0])
        time.sleep(0.005 * (7 - number))
        with lock:
            sizes[0] -= size
        return number

    given = [3, 3, 3, 9, 3, 3, 20]
    readings = [Reading(size, lambda number=number, size=size: read(number, size)) for number, size in enumerate(given)]
    assert [result() for result in abreast(readings, at_once=4, room=9)] == list(range(7))
    assert most[0] == 20  # the one that is larger than the room, alone


def test_an_error_is_raised_where_its_result_is_asked_for_and_ends_the_rest() -> None:
    begun = []

    def read(number: int) -> int:
        begun.append(number)
        time.sleep(0.02)
        if number == 1:
            raise ValueError("no")
        return number

    results = abreast([Reading(1, lambda number=number: read(number)) for number in range(50)], at_once=2, room=10)
    assert next(results)() == 0
    with pytest.raises(ValueError, match="no"):
        next(results)()
    results.close()
    time.sleep(0.1)
    assert len(begun) < 10
