"""A second try to those whom the first message did not reach: the `delivery:` source, on a sandbox that knows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.sandbox.faults import Fault

from .conftest import Project, sends, texted

if TYPE_CHECKING:
    from collections.abc import Callable

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


# --- what is in doubt, and what was purged ----------------------------------------------------------------------------


def third(project: Project, *, later: bool = False) -> None:
    """A try to those whom `first` did not reach; with ``later`` minus those whom `second` did."""
    less = {"except_reached_by": ["second"]} if later else {}
    source = {"campaign": "first", "status": ["failed", "expired"], **less}
    project.campaign("third", content="Third", schedule="2027-05-20T10:00", recipients=[{"delivery": source}])


def exported(project: Project, name: str, code: int = 0) -> None:
    file = str(project.root.parent / "people.csv")
    ran = project.run("report", name, "--recipients", file, "--force")
    assert ran.code == code, ran.err


def one_page(sandbox: Running) -> None:
    """Of the recipients of every message the first page is listed, and no other."""
    sandbox.arm(Fault("bend_cursor", path="/recipients$", times=None, bend="end"))


def purged(project: Project, sandbox: Running) -> None:
    """ME-SMS forgets all messages there are, and the next look notices."""
    with sandbox.lock:
        sandbox.world.messages.clear()
    assert project.run("refresh").code == 0


def test_a_doubtful_list_is_texted_only_after_that_was_said(project: Project, sandbox: Running) -> None:
    """Fifty of 62 are kept, and ME-SMS breaks off: the plan names the doubt; nobody is taken up who is not listed."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    one_page(sandbox)
    exported(project, "first", 3)
    again(project, "success")
    ran = project.run("plan")
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "MS448" in said
    assert "who got first is in doubt: 50 recipients are listed, and 62 counted" in said
    assert "whoever is texted again may have been reached" in said
    assert actions(project)["again"]["recipients"] == 50
    sandbox.sandbox.faults.disarm()
    ran = project.run("plan", "--json")
    found = {action["campaign"]: action["recipients"] for action in ran.json["actions"]}
    assert (found["again"], "MS448" in ran.out) == (60, False)  # ME-SMS answers, so what is kept is not used


def test_whom_to_leave_out_is_never_taken_from_a_doubtful_list(project: Project, sandbox: Running) -> None:
    """Somebody whom `second` reached may be missing in what is kept of it: the plan stops, and says what to do."""
    first(project)
    project.campaign("second", content="Second", recipients=[{"numbers": [*PEOPLE]}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    exported(project, "first")
    one_page(sandbox)
    exported(project, "second", 3)
    third(project)
    assert actions(project)["third"]["recipients"] == 2
    third(project, later=True)
    ran = project.run("plan")
    assert ran.code == 1
    said = " ".join(ran.err.split())
    assert "MS448" in said
    assert "whom second reached is in doubt: 50 recipients are listed, and 62 counted" in said
    assert "under `exclude`" in said
    assert sends(sandbox) == 2


def test_a_purged_campaign_is_followed_up_by_what_is_kept(project: Project, sandbox: Running) -> None:
    """Its results were final: nobody is asked, and nothing is in doubt, with the network and without."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    exported(project, "first")
    purged(project, sandbox)
    third(project)
    before = len(sandbox.requests)
    for arguments in ((), ("--offline",)):
        ran = project.run("plan", "--json", *arguments)
        assert ran.code == 0, ran.err
        assert {action["campaign"]: action["recipients"] for action in ran.json["actions"]}["third"] == 2
        assert "MS448" not in ran.out
    assert not [entry for entry in list(sandbox.requests)[before:] if str(entry["path"]).endswith("/recipients")]


@pytest.mark.parametrize("is_noticed", [True, False])
def test_of_a_purged_campaign_whoever_was_open_is_in_doubt(
    project: Project, sandbox: Running, is_noticed: bool
) -> None:
    """Kept while one was pending: a warning for those who are taken up, an error where they are to be left out."""
    first(project, PENDING)
    project.campaign("second", content="Second", recipients=[{"numbers": [FAILED, PENDING]}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=9, hours=3))
    fates(project)
    for name in ("first", "second"):
        exported(project, name)
    if is_noticed:
        purged(project, sandbox)
    else:
        with sandbox.lock:
            sandbox.world.messages.clear()
    third(project)
    for arguments in ((), ("--offline",)) if is_noticed else ((),):
        ran = project.run("plan", *arguments)
        assert ran.code == 0, ran.err
        said = " ".join(ran.out.split())
        assert "who got first is in doubt: ME-SMS does not know the message any more (404); " in said
    third(project, later=True)
    ran = project.run("plan")
    assert ran.code == 1
    assert "whom second reached is in doubt: ME-SMS does not know the message any more" in " ".join(ran.err.split())


def test_a_purged_campaign_of_which_nothing_is_kept(project: Project, sandbox: Running) -> None:
    """The plan stops, and does not say to try again: it never gets better."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    purged(project, sandbox)
    third(project)
    ran = project.run("plan")
    assert ran.code == 1
    said = " ".join(ran.err.split())
    assert "no results of it are kept on this machine" in said
    assert "name those people in a list of your own" in said
    assert "try again" not in said


def test_counts_that_shrank_are_said_before_anybody_is_texted_again(project: Project, sandbox: Running) -> None:
    """State remembers that more were reached at an earlier look: a warning, and no list to leave people out by."""
    first(project)
    project.campaign("second", content="Second", recipients=[{"numbers": [*PEOPLE]}])
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=9, hours=3))
    fates(project)
    sandbox.advance(-timedelta(hours=1, minutes=58))
    fates(project)
    sandbox.advance(timedelta(days=15))
    fates(project)
    third(project)
    said = " ".join(project.run("plan").out.split())
    assert "who got first is in doubt: ME-SMS counted more results at an earlier look" in said
    third(project, later=True)
    ran = project.run("plan")
    assert (ran.code, "whom second reached is in doubt" in " ".join(ran.err.split())) == (1, True)


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


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text, "class: transactional\n"),
        (lambda text: text.replace('"transactional"', '"marketing"'), "class: marketing\n"),
        (lambda text: "{", "class: marketing     # or transactional: what first was is not known"),
    ],
)
def test_a_follow_up_is_of_the_class_of_the_campaign_it_follows(
    project: Project, sandbox: Running, change: Callable[[str], str], expected: str
) -> None:
    """As its manifest has it; where that cannot be read, of the class with a window, and it says so."""
    first(project)
    assert project.apply().code == 0
    sandbox.advance(timedelta(days=15))
    fates(project)
    file = project.root / "campaigns/first.yaml"
    file.write_text(change(file.read_text("utf-8")), "utf-8")
    assert project.run("report", "--follow-up", "first").code == 0
    assert f"\n{expected}" in (project.root / "campaigns/first-follow-up.yaml").read_text("utf-8")


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
