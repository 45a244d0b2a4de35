"""`refresh` as a user meets it: few requests, written down now and then, watched until everything is settled."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.sandbox.faults import Fault
from mesms_gitops.store.open import open_store

from .conftest import COMMAND, Project
from .screen import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.sandbox.server import Running

AFTER = timedelta(days=15)


def several(project: Project, count: int, **keys: object) -> None:
    for number in range(count):
        project.campaign(f"c-{number:02}", **keys)
    assert project.apply().code == 0


def requests(sandbox: Running, since: int = 0) -> list[str]:
    """What was asked, without what it was about."""
    paths = (str(entry["path"]) for entry in list(sandbox.requests)[since:])
    return ["/sms/{uuid}" + path[41:] if len(path) > 40 else path for path in paths]


def started(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, *arguments],
        cwd=project.root,
        env={**project.env, **project.extra},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_scheduled_ones_cost_one_request_in_all(project: Project, sandbox: Running) -> None:
    """Twelve messages that have not left are found on one page of the listing."""
    several(project, 12)
    before = len(sandbox.requests)
    assert project.run("refresh").code == 0
    assert requests(sandbox, before) == ["/sms"]


def test_done_ones_cost_one_each_and_then_none(project: Project, sandbox: Running) -> None:
    """One page of the listing, their counts, and never again."""
    several(project, 12)
    sandbox.advance(AFTER)
    before = len(sandbox.requests)
    assert project.run("refresh").out.startswith("12 of 12 campaigns moved on")
    assert requests(sandbox, before) == ["/sms", *["/sms/{uuid}"] * 12]
    before = len(sandbox.requests)
    ran = project.run("refresh")
    assert ran.out.startswith("0 of 12 campaigns moved on")
    assert requests(sandbox, before) == []
    assert all(campaign["settled"] for campaign in project.status().values())


def test_ctrl_c_keeps_what_was_read(project: Project, sandbox: Running) -> None:
    """Exit 130; the same command reads the rest, and only that."""
    several(project, 12)
    sandbox.advance(AFTER)
    sandbox.arm(Fault("hang", path="/sms/[0-9a-f-]{36}$", nth=6, seconds=1.0, when="before"))
    before = len(sandbox.requests)
    process = started(project, "refresh")
    until(lambda: len(sandbox.requests) - before >= 7)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert sum(one["phase"] == "sent" for one in project.status().values()) == 6
    before = len(sandbox.requests)
    assert project.run("refresh").code == 0
    assert len(requests(sandbox, before)) == 1 + 6


def test_a_message_that_was_purged_is_kept_and_flagged(project: Project, sandbox: Running) -> None:
    """A 404 is no reason to send again, nor to forget what was seen."""
    several(project, 1)
    sandbox.advance(timedelta(days=9, hours=1, seconds=3))
    assert project.run("refresh").code == 0
    with sandbox.lock:
        sandbox.world.messages.clear()
    ran = project.run("refresh")
    assert ran.code == 0
    assert "does not know the message any more" in " ".join(ran.out.split())
    (send,) = project.status()["c-00"]["sends"]
    assert (send["phase"], [note["code"] for note in send["notes"]]) == ("started", ["purged"])
    assert "purged" in project.state
    assert project.apply().code == 0
    assert not [path for path in requests(sandbox) if path == "/sms/send"][1:]


# --- watching ---------------------------------------------------------------------------------------------------------


def test_watching_ends_when_everything_is_settled(project: Project, sandbox: Running) -> None:
    """A line when something moves, nothing when nothing does; nobody else is locked out meanwhile."""
    several(project, 3)
    process = started(project, "refresh", "--watch", "--interval", "1")
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(3)]
    assert first == [f"c-0{number}: scheduled\n" for number in range(3)]
    assert project.run("refresh").code == 0  # it holds no lock while it waits
    sandbox.advance(AFTER)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines() == [f"c-0{number}: sent; 2 success; settled" for number in range(3)]


def test_watching_outlives_an_answer_that_is_lost(project: Project, sandbox: Running) -> None:
    """A look that fails for good is followed by the next one."""
    several(project, 1)
    process = started(project, "refresh", "--watch", "--interval", "1")
    assert process.stdout is not None
    assert process.stdout.readline() == "c-00: scheduled\n"
    sandbox.arm(Fault("status", path="/sms/[0-9a-f-]{36}$", times=5, status=503))
    before = len(sandbox.requests)
    until(lambda: len(sandbox.requests) - before >= 6, 60)
    sandbox.advance(AFTER)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.splitlines()[-1] == "c-00: sent; 2 success; settled"


def test_watching_outlives_a_lock_that_somebody_holds(project: Project, sandbox: Running) -> None:
    """What could not be written down is read and written later."""
    several(project, 1)
    process = started(project, "refresh", "--watch", "--interval", "1")
    assert process.stdout is not None
    assert process.stdout.readline() == "c-00: scheduled\n"
    store = open_store(".mesms/state.json", project.root, lambda _: None, environment={})
    with store.lock("a test", 0):
        sandbox.advance(AFTER)
        before = len(sandbox.requests)
        until(lambda: len(sandbox.requests) - before >= 2, 30)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.splitlines()[-1] == "c-00: sent; 2 success; settled"


def test_ctrl_c_ends_the_watching(project: Project, sandbox: Running) -> None:
    """Exit 130 while it waits for its next look."""
    several(project, 1)
    process = started(project, "refresh", "--watch")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130


def test_on_a_terminal_it_is_a_table_that_is_drawn_anew(project: Project, sandbox: Running) -> None:
    """Each pass in place of the former one, with what is waited for; the last one stays."""
    several(project, 2)
    with OnTerminal(project, "refresh", "--watch", "--interval", "1") as terminal:
        terminal.until(lambda screen: "2 still open; next look in 1 s" in str(screen))
        sandbox.advance(AFTER)
        assert terminal.ended() == 0
    assert str(terminal.screen).splitlines() == [
        "campaign  phase  recipients  delivered  failed  pending",
        "c-00      sent            2          2       0        0  settled",
        "c-01      sent            2          2       0        0  settled",
        "",
        "everything is settled",
    ]
    assert terminal.screen.scrolled == []


def test_what_is_more_than_the_screen_holds_is_counted(project: Project, sandbox: Running) -> None:
    """On forty columns and nine lines what is waited for is always seen; what stays in the end is whole."""
    several(project, 14)
    with OnTerminal(project, "refresh", "--watch", "--interval", "1", columns=40, lines=9) as terminal:
        terminal.until(lambda screen: "14 still open" in str(screen))
        assert str(terminal.screen).splitlines() == [
            "c-00: scheduled",
            "c-01: scheduled",
            "c-02: scheduled",
            "c-03: scheduled",
            "and 10 more campaigns: 10 scheduled",
            "",
            "14 still open; next look in 1 s; Ctrl-C",
            "ends the watching",
        ]
        assert terminal.screen.scrolled == []  # progress is told in its own place, not above
        asked = len(sandbox.requests)
        until(lambda: len(sandbox.requests) > asked + 1)
        assert terminal.screen.scrolled == []
        sandbox.advance(AFTER)
        assert terminal.ended() == 0
    whole = [*terminal.screen.scrolled, *str(terminal.screen).splitlines()]
    assert whole == [
        *(f"c-{number:02}: sent; 2 success; settled" for number in range(14)),
        "",
        "everything is settled",
    ]


@pytest.mark.parametrize("arguments", [("5",), ("0.1", "--watch"), ("nan", "--watch"), ("inf", "--watch")])
def test_an_interval_that_cannot_be_meant_is_a_usage_error(project: Project, arguments: tuple[str, ...]) -> None:
    """Exit 64 without --watch, for less than a second, and for what is no time: nan would ask without a pause."""
    arguments = ("--interval", *arguments)
    assert project.run("refresh", *arguments).code == 64


def test_where_nothing_is_open_there_is_nothing_to_watch(project: Project, sandbox: Running) -> None:
    """It says so, asks nobody and ends; as JSON it is the status."""
    several(project, 1)
    sandbox.advance(AFTER)
    assert project.run("refresh").code == 0
    before = len(sandbox.requests)
    ran = project.run("refresh", "--watch")
    assert (ran.code, ran.out) == (0, "everything is settled\n")
    assert project.run("refresh", "--watch", "--json").json["campaigns"][0]["settled"]
    assert len(sandbox.requests) == before
