"""A second try to those whom the first message did not reach: the `delivery:` source, on a sandbox that knows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .conftest import Project, sends, texted

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

FAILED, EXPIRED, PENDING = "0800009001", "0800009004", "0800009006"
REACHED = [f"08000000{number:02d}" for number in range(60)]
PEOPLE = [FAILED, EXPIRED, *REACHED]


def first(project: Project, *more: str) -> None:
    """A campaign to people of the sandbox's reserved block, some of whom never get anything."""
    project.campaign("first", recipients=[{"numbers": [*PEOPLE, *more]}])


def again(project: Project, *delivery_states: str, **keys: object) -> None:
    """The second try."""
    source = {"delivery": {"campaign": "first", "status": list(delivery_states)}}
    project.campaign("again", content="Once more", schedule="2027-04-20T10:00", recipients=[source], **keys)


def fates(project: Project) -> dict[str, int]:
    """What the report says of the first campaign."""
    assert project.run("refresh").code == 0
    found: dict[str, int] = project.status()["first"]["delivery"]
    return found


def test_those_who_failed_and_nobody_else_are_texted_again(project: Project, sandbox: Running) -> None:
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    found = fates(project)
    assert (found["failed"], found["expired"], found["success"]) == (1, 1, 60)
    again(project, "failed", "expired")
    assert {action["campaign"]: action["recipients"] for action in project.plan()["actions"]}["again"] == 2
    assert project.apply().code == 0
    twice = {number for number, times in texted(sandbox).items() if times > 1}
    assert twice == {"66800009001", "66800009004"}
    assert project.plan()["summary"]["schedule"] == 0


def test_opt_outs_hold_for_a_second_try(project: Project, sandbox: Running) -> None:
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    again(project, "failed", "expired", exclude=[{"numbers": [EXPIRED]}])
    (action,) = [action for action in project.plan()["actions"] if action["campaign"] == "again"]
    assert (action["recipients"], action["audience"]["excluded"]) == (1, 1)


def test_a_status_that_nobody_has_is_said_as_that(project: Project, sandbox: Running) -> None:
    """It is no export that could be made again: the plan says which status, of which campaign, and what to write."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    again(project, "blocked", "invalid")
    told = project.run("plan")
    assert told.code == 1
    assert "MS425" in told.err
    said = " ".join(told.err.split())
    assert "nobody in first has the delivery status blocked or invalid" in said
    assert "there is nobody to text again: write `state: draft`, or name another `status`" in said
    assert "export" not in told.err


def test_before_anything_has_left_there_is_nothing_to_take_up(project: Project, sandbox: Running) -> None:
    first(project)
    again(project, "failed")
    for told in (project.run("plan"), project.run("apply", "--auto-approve")):
        assert told.code == 1
        assert "MS446" in told.err
        assert "campaigns/again.yaml" in told.err
    assert sends(sandbox) == 0


def test_offline_it_says_whom_it_would_have_to_ask(project: Project, sandbox: Running) -> None:
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    assert project.run("refresh").code == 0
    again(project, "failed")
    ran = project.run("plan", "--offline")
    assert ran.code == 1
    assert "plan without --offline" in ran.err


def test_what_is_still_open_is_said(project: Project, sandbox: Running) -> None:
    first(project, PENDING)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    assert fates(project)["pending"] == 1
    again(project, "failed")
    ran = project.run("plan")
    assert ran.code == 0, ran.err
    assert "MS447" in ran.out


def test_an_account_that_does_not_answer_is_no_empty_list(project: Project, sandbox: Running) -> None:
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    assert project.run("refresh").code == 0
    again(project, "failed")
    ran = project.run("plan", MESMS_API_KEY="wrong-key")
    assert ran.code == 1
    assert sends(sandbox) == 1
