"""A second try to those whom the first message did not reach: the `delivery:` source, on a sandbox that knows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mesms_gitops.sandbox.faults import Fault

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
    """The second try reaches the two who failed, once, and a second plan has nothing to do."""
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
    """Whoever opted out meanwhile is left out and counted as excluded."""
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
    """Plan and apply stop with MS446 and its place, and nothing is sent."""
    first(project)
    again(project, "failed")
    for told in (project.run("plan"), project.run("apply", "--auto-approve")):
        assert told.code == 1
        assert "MS446" in told.err
        assert "campaigns/again.yaml" in told.err
    assert sends(sandbox) == 0


def test_offline_it_says_whom_it_would_have_to_ask(project: Project, sandbox: Running) -> None:
    """Without kept results a plan --offline stops and says to plan without it."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    assert project.run("refresh").code == 0
    again(project, "failed")
    ran = project.run("plan", "--offline")
    assert ran.code == 1
    assert "plan without --offline" in ran.err


def test_what_is_still_open_is_said(project: Project, sandbox: Running) -> None:
    """While somebody is pending and may still get a result, the plan warns with MS447."""
    first(project, PENDING)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=10, hours=3))
    assert fates(project)["pending"] == 1
    again(project, "failed")
    ran = project.run("plan")
    assert ran.code == 0, ran.err
    assert "MS447" in ran.out


def test_an_account_that_does_not_answer_is_no_empty_list(project: Project, sandbox: Running) -> None:
    """A refused key stops the plan, and nothing more is sent."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    assert project.run("refresh").code == 0
    again(project, "failed")
    ran = project.run("plan", MESMS_API_KEY="wrong-key")
    assert ran.code == 1
    assert sends(sandbox) == 1


# --- minus those reached since ----------------------------------------------------------------------------------------


def actions(project: Project) -> dict[str, Any]:
    return {action["campaign"]: action for action in project.plan()["actions"]}


def test_whoever_a_later_campaign_reached_is_left_out(project: Project, sandbox: Running) -> None:
    """A second try reached one of two; the third goes to the other one only, with or without kept results."""
    first(project, "0800009002")
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    mixed = [{"numbers": ["0800009002", REACHED[0]]}]
    project.campaign("second", recipients=mixed, schedule="2027-04-20T10:00")
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    source = {"campaign": "first", "status": ["invalid", "success"], "except_reached_by": ["second"]}
    project.campaign("third", content="Third", schedule="2027-05-20T10:00", recipients=[{"delivery": source}])
    everybody = len(REACHED) + 1  # all that were reached and the invalid one, minus the one that `second` reached
    assert actions(project)["third"]["recipients"] == everybody - 1
    file = str(project.root.parent / "people.csv")
    for name in ("first", "second"):
        assert project.run("report", name, "--recipients", file, "--force").code == 0
    before = len(sandbox.requests)
    assert actions(project)["third"]["recipients"] == everybody - 1
    new = [str(entry["path"]) for entry in list(sandbox.requests)[before:]]
    assert not [path for path in new if path.endswith("/recipients")]
    assert project.apply().code == 0
    assert texted(sandbox)["66" + REACHED[0][1:]] == 2  # by first and second, not by third


def test_pages_that_end_early_are_no_list(project: Project, sandbox: Running) -> None:
    """Of sixty who were reached fifty are listed: the plan stops, and once all are listed it goes on."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    again(project, "success")
    sandbox.arm(Fault("bend_cursor", path="/recipients$", bend="end"))
    ran = project.run("plan")
    assert ran.code == 1
    assert "what became of first could not be read" in " ".join(ran.err.split())
    assert actions(project)["again"]["recipients"] == 60


def test_a_campaign_that_state_does_not_know_leaves_nobody_out_in_silence(project: Project, sandbox: Running) -> None:
    """A name in `except_reached_by` that was never applied stops the plan."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    source = {"campaign": "first", "status": ["failed"], "except_reached_by": ["nowhere"]}
    project.campaign("third", content="Third", schedule="2027-05-20T10:00", recipients=[{"delivery": source}])
    ran = project.run("plan")
    assert ran.code == 1
    assert "state knows no campaign nowhere" in ran.err


def test_one_that_is_still_to_come_is_said(project: Project, sandbox: Running) -> None:
    """A campaign in `except_reached_by` that has not left is a warning, and stops nothing."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    again(project, "failed")
    assert project.apply().code == 0
    source = {"campaign": "first", "status": ["failed"], "except_reached_by": ["again"]}
    project.campaign("third", content="Third", schedule="2027-05-20T10:00", recipients=[{"delivery": source}])
    ran = project.run("plan")
    assert ran.code == 0
    assert "whoever it reaches later is not left out here" in " ".join(ran.out.split())


def test_kept_results_serve_offline(project: Project, sandbox: Running) -> None:
    """What was read once and cannot change is not asked about again, and so needs no network."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    assert project.run("report", "first", "--recipients", str(project.root.parent / "people.csv")).code == 0
    again(project, "failed", "expired")
    ran = project.run("plan", "--offline", "--json")
    assert ran.code == 0, ran.err
    found = {action["campaign"]: action["recipients"] for action in ran.json["actions"]}
    assert found["again"] == 2


# --- written by report ------------------------------------------------------------------------------------------------


def test_the_manifest_of_a_follow_up(project: Project, sandbox: Running) -> None:
    """It validates as a draft, texts nobody, is never overwritten; made active it reaches exactly those."""
    first(project)
    assert project.apply().code == 0
    assert project.run("report", "--follow-up", "first").code == 1  # nothing has left
    sandbox.advance(timedelta(days=15))
    fates(project)
    ran = project.run("report", "--follow-up", "first")
    assert ran.code == 0, ran.err
    file = project.root / "campaigns/first-follow-up.yaml"
    text = file.read_text("utf-8")
    assert "state: draft" in text
    assert "status: [failed, expired]" in text
    assert "2 at the last look" in text
    assert "campaigns/first-follow-up.yaml is a draft" in ran.out
    assert project.run("validate").code == 0
    assert project.apply().code == 0
    assert sends(sandbox) == 1
    refused = project.run("report", "--follow-up", "first")
    assert (refused.code, file.read_text("utf-8")) == (1, text)
    active = text.replace("state: draft", "state: active").replace(
        "# schedule: 2027-04-10T10:00", "schedule: 2027-04-20T10:00"
    )
    file.write_text(active, "utf-8")
    assert project.apply().code == 0
    assert {number for number, times in texted(sandbox).items() if times > 1} == {"66800009001", "66800009004"}
    assert project.run("report", "--follow-up", "first").code == 1  # its follow-up is still to come
    sandbox.advance(timedelta(days=15))
    assert project.run("refresh").code == 0
    assert project.run("report", "--follow-up", "first", "--status", "failed").code == 0
    second = (project.root / "campaigns/first-follow-up-2.yaml").read_text("utf-8")
    assert "except_reached_by: [first-follow-up]" in second
    assert project.run("validate").code == 0


def test_there_is_no_follow_up_for_nobody(project: Project, sandbox: Running) -> None:
    """Where nobody is in the named state, no file is written and the reason is said."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    ran = project.run("report", "--follow-up", "first", "--status", "blocked")
    assert ran.code == 1
    assert "nobody in first has the delivery status blocked" in ran.err
    assert not (project.root / "campaigns/first-follow-up.yaml").exists()
