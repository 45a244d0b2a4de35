"""Drift with real processes: somebody else is on the account, and the plan shows it without holding up what is safe."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import jsonschema

from .conftest import Project, sends

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/plan.schema.json").read_text(encoding="utf-8"))


def scheduled(project: Project, name: str = "order", **keys: object) -> str:
    """An applied campaign; its message."""
    project.campaign(name, **keys)
    ran = project.apply()
    assert ran.code == 0, ran.err
    (send,) = project.status()[name]["sends"]
    return str(send["uuid"])


def by_hand(project: Project, name: str, **keys: object) -> None:
    """The same campaign's message, made outside of state, to other people."""
    folder = project.root.parent / f"by-hand-{name}"
    folder.mkdir()
    elsewhere = Project(folder, project.env)
    elsewhere.write("mesms.yaml", (project.root / "mesms.yaml").read_text(encoding="utf-8"))
    elsewhere.campaign(name, **{"recipients": [{"numbers": ["0811111111"]}], **keys})
    ran = elsewhere.apply()
    assert ran.code == 0, ran.err


def cancelled_by_hand(sandbox: Running, uuid: str) -> None:
    """Somebody presses the button in the console."""
    answer = httpx2.post(f"{sandbox.base_url}/sms/{uuid}/cancel", headers={"x-api-key": sandbox.api_key})
    assert answer.status_code == 200, answer.text


def drift(project: Project, *arguments: str) -> list[dict[str, Any]]:
    """The list of a plan."""
    plan = project.plan(*arguments)
    jsonschema.Draft202012Validator(SCHEMA).validate(plan)
    found: list[dict[str, Any]] = plan["drift"]
    return found


def test_a_message_cancelled_in_the_console_is_shown_and_its_campaign_blocked(
    project: Project, sandbox: Running
) -> None:
    """With the exit code that blocked campaigns have under --strict, and no other without."""
    uuid = scheduled(project)
    cancelled_by_hand(sandbox, uuid)
    (found,) = drift(project)
    assert (found["campaign"], found["kind"], found["uuid"], found["blocks"]) == (
        "order", "cancelled_elsewhere", uuid, True,
    )  # fmt: skip
    assert (found["recorded"]["phase"], found["observed"]["phase"]) == ("scheduled", "cancelled")
    assert "Drift: the account and state do not agree about 1 message." in project.run("plan").out
    assert (project.run("plan").code, project.run("plan", "--strict").code) == (0, 3)


def test_a_second_message_with_our_text_is_found_although_nothing_is_to_be_sent(
    project: Project, sandbox: Running
) -> None:
    """It holds nothing back, so no exit code tells of it, also not under --strict."""
    scheduled(project)
    assert drift(project) == []
    by_hand(project, "order")
    (found,) = drift(project)
    assert (found["campaign"], found["kind"], found["blocks"]) == ("order", "unknown_message", False)
    assert (found["recorded"]["recipients"], found["observed"]["recipients"]) == (2, 1)
    for arguments in ((), ("--strict",), ("--detailed-exitcode",)):
        assert project.run("plan", *arguments).code == 0
    before = sends(sandbox)
    assert project.apply().code == 0
    assert sends(sandbox) == before


def test_drift_is_no_part_of_what_is_approved(project: Project) -> None:
    """The digest stays, and the saved plan runs, although somebody else was at work since."""
    scheduled(project)
    project.campaign("other", recipients=[{"numbers": ["0800000007"]}])
    assert project.run("plan", "--out", "plan.json").code == 0
    digest = project.plan()["digest"]
    by_hand(project, "order")
    assert drift(project) != []
    assert project.plan()["digest"] == digest
    assert project.run("apply", "plan.json").code == 0


def test_a_saved_plan_shows_its_drift_in_every_format(project: Project) -> None:
    """As it was when it was made."""
    scheduled(project)
    by_hand(project, "order")
    assert project.run("plan", "--out", "plan.json").code == 0
    (found,) = project.run("show", "plan.json", "--json").json["drift"]
    for shape in ("text", "markdown", "html"):
        shown = project.run("show", "plan.json", "--format", shape).out
        assert found["uuid"] in shown, shape
        assert "Drift" in shown, shape


def test_what_left_at_its_hour_is_no_drift(project: Project, sandbox: Running) -> None:
    """Nor is what became of it on the way."""
    scheduled(project)
    sandbox.advance(timedelta(days=9, hours=2))
    assert drift(project) == []
    project.run("refresh")
    sandbox.advance(timedelta(days=1))
    assert drift(project) == []


def test_looking_around_takes_one_request_for_a_hundred_messages(project: Project, sandbox: Running) -> None:
    """Two live messages, one class of nothing to price, the balance, and one page."""
    scheduled(project)
    scheduled(project, "second")
    sandbox.requests.clear()
    drift(project)
    asked = [f"{entry['method']} {entry['path']}" for entry in sandbox.requests]
    assert len(asked) == 4, asked
