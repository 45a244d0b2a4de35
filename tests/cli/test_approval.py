"""Only what was approved runs: a saved plan that no longer holds is refused with exit 5, and says what moved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable  # noqa: TC003 - a table below is annotated with it
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.planning.canonical import sha256_of

from .conftest import PROJECT, Project, sends, texted

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

PEOPLE = 400


def members(project: Project, *left_out: int, more: int = 0) -> None:
    """A list of people, some of whom left and some of whom are new."""
    rows = [f"08000{number:05d}" for number in range(PEOPLE + more) if number not in left_out]
    project.write("lists/members.csv", "phone\n" + "\n".join(rows) + "\n")


def listed(project: Project, **keys: object) -> None:
    """A campaign to that list."""
    project.campaign("sale", recipients=[{"csv": "../lists/members.csv", "phone": "phone"}], **keys)


def saved(project: Project) -> None:
    """A plan that somebody approves."""
    ran = project.run("plan", "--out", "plan.json")
    assert ran.code == 0, ran.err


def sealed(plan: dict[str, Any]) -> str:
    """``plan`` as a file whose seal is right."""
    rest = {name: value for name, value in plan.items() if name != "seal"}
    return json.dumps({**rest, "seal": sha256_of(rest)})


def refusal(project: Project) -> str:
    """What applying it says, from the first line to the last."""
    ran = project.run("apply", "plan.json")
    assert ran.code == 5, ran.err
    assert ran.out == ""
    return ran.err


def edit_text(project: Project) -> None:
    listed(project, content="Another text")


def edit_time(project: Project) -> None:
    listed(project, schedule="2027-04-11T10:00")


def add_campaign(project: Project) -> None:
    listed(project)
    project.campaign("other")


def remove_campaign(project: Project) -> None:
    (project.root / "campaigns/sale.yaml").unlink()
    project.campaign("kept", state="draft")


def change_list(project: Project) -> None:
    members(project, 1, 2, 3, more=10)


def change_policy(project: Project) -> None:
    project.write("mesms.yaml", PROJECT + "policy: {max_credits: {apply: 9999}}\n")


MOVES: dict[str, tuple[Callable[[Project], None], list[str]]] = {
    "the text": (edit_text, ["  sale", "- content: Your order sale is ready", "+ content: Another text"]),
    "the time": (edit_time, ["  sale", "- leaves: 2027-04-10 10:00 +07:00", "+ leaves: 2027-04-11 10:00 +07:00"]),
    "a campaign more": (
        add_campaign,
        ["  other", "- action: nothing", "+ action: schedule at 2027-04-10 10:00 +07:00, 2 people, 2 credits"],
    ),
    "a campaign less": (
        remove_campaign,
        ["  sale", "- action: schedule at 2027-04-10 10:00 +07:00, 400 people, 400 credits", "+ action: nothing"],
    ),
    "the list": (
        change_list,
        [
            "  sale",
            "- audience: 400 people",
            "+ audience: 407 people (+10 / -3)",
            "- credits: 400",
            "+ credits: 407",
        ],
    ),
}


@pytest.mark.parametrize("what", MOVES)
def test_what_moved_is_shown_as_a_diff(project: Project, sandbox: Running, what: str) -> None:
    move, expected = MOVES[what]
    members(project)
    listed(project)
    saved(project)
    move(project)
    text = refusal(project)
    assert "error: the plan is no longer the one that was approved" in text
    told = [line for line in text.split("\n") if line.startswith(("  sale", "  other", "    - ", "    + "))]
    shown = [line.strip() if line.startswith("    ") else line for line in told]
    assert [re.sub(r", ±\d+", "", line) for line in shown] == expected
    assert sends(sandbox) == 0
    assert "08000" not in text


def test_another_policy_is_other_ground(project: Project, sandbox: Running) -> None:
    project.campaign("first")
    assert project.apply().code == 0  # the first state's lineage comes from mesms.yaml, which is edited below
    members(project)
    listed(project)
    saved(project)
    change_policy(project)
    assert "the policy is not the one this plan was held against" in refusal(project)
    project.write("mesms.yaml", PROJECT + "# a comment says nothing\n")
    assert project.run("apply", "plan.json").code == 0
    assert sends(sandbox) == 2


def test_a_dearer_plan_is_refused_and_leeway_lets_it_pass(project: Project, sandbox: Running) -> None:
    """The approved price is lowered in the file, which is what a price that rose since looks like."""
    for leeway, code in (("0%", 5), ("4%", 5), ("6%", 0)):
        project.write("mesms.yaml", f"{PROJECT}policy: {{tolerate: {{credits: {leeway}}}}}\n")
        members(project)
        listed(project)
        saved(project)
        file = project.root / "plan.json"
        plan = json.loads(file.read_text(encoding="utf-8"))
        plan["summary"]["credits"] = plan["promise"]["actions"][0]["credits"] = 380
        file.write_text(sealed(plan), encoding="utf-8")
        ran = project.run("apply", "plan.json")
        assert ran.code == code, (leeway, ran.err)
        if code:
            assert "dearer" in ran.err
            assert "- credits: 380" in ran.err
            assert "+ credits: 400" in ran.err
    assert sends(sandbox) == 1


@pytest.mark.parametrize(("leeway", "code"), [("0%", 5), ("1%", 5), ("10%", 0)])
def test_people_may_come_and_go_within_leeway(project: Project, sandbox: Running, leeway: str, code: int) -> None:
    project.write("mesms.yaml", f"{PROJECT}policy: {{tolerate: {{audience: {leeway}, credits: 10%}}}}\n")
    members(project)
    listed(project)
    saved(project)
    members(project, 1, 2, more=5)
    ran = project.run("apply", "plan.json")
    assert ran.code == code, ran.err
    assert len(texted(sandbox)) == (0 if code else PEOPLE + 3)


def test_leeway_for_people_lets_no_other_text_pass(project: Project, sandbox: Running) -> None:
    project.write("mesms.yaml", f"{PROJECT}policy: {{tolerate: {{audience: 50%, credits: 50%}}}}\n")
    members(project)
    listed(project)
    saved(project)
    members(project, 1)
    listed(project, content="Another text")
    assert "+ content: Another text" in refusal(project)
    assert sends(sandbox) == 0


def test_an_approval_is_good_once(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    saved(project)
    assert project.run("apply", "plan.json").code == 0
    assert "the approved plan was carried out already" in refusal(project)
    assert project.apply().code == 0, "nothing left is no error where nothing was promised"
    assert sends(sandbox) == 1


def test_an_edited_plan_file_is_none(project: Project, sandbox: Running) -> None:
    """Its actions are held against its digest too, for the seal can be made anew by anybody."""
    project.campaign("order")
    saved(project)
    file = project.root / "plan.json"
    plan = json.loads(file.read_text(encoding="utf-8"))
    plan["promise"]["actions"][0]["sends"] = ["00" * 20]
    file.write_text(sealed(plan), encoding="utf-8")
    assert "the saved plan was edited" in refusal(project)
    assert project.run("show", "plan.json").code == 5
    assert sends(sandbox) == 0


EDITS: dict[str, Callable[[dict[str, Any]], None]] = {
    "what a reviewer reads": lambda plan: plan["rendered"].update(text="Plan: no credits, nobody is texted.\n"),
    "a figure": lambda plan: plan["actions"][0].update(recipients=1),
    "its last hour": lambda plan: plan.update(expires_at="2037-01-01T00:00:00Z"),
    "its price": lambda plan: plan["promise"]["actions"][0].update(credits=9_999),
    "its commit": lambda plan: plan.update(commit="0" * 40),
    "its serial": lambda plan: plan["state"].update(serial=0),
    "the seal": lambda plan: plan.pop("seal"),
    "one thing more": lambda plan: plan.update(note="looks good"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_nothing_in_a_saved_plan_can_be_edited(
    project: Project, sandbox: Running, edit: Callable[[dict[str, Any]], None]
) -> None:
    """Also what the digest does not cover: it is neither shown nor carried out."""
    project.campaign("order")
    assert project.apply("--target", "order").code == 0
    project.campaign("other")
    saved(project)
    file = project.root / "plan.json"
    plan = json.loads(file.read_text(encoding="utf-8"))
    edit(plan)
    file.write_text(json.dumps(plan), encoding="utf-8")
    assert "the saved plan was edited" in refusal(project)
    assert project.run("show", "plan.json").code == 5
    assert sends(sandbox) == 1


def test_a_saved_plan_may_be_laid_out_anew(project: Project) -> None:
    """Its seal is over its values, not over its bytes."""
    project.campaign("order", content="สวัสดี ’ Your order")
    saved(project)
    file = project.root / "plan.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")), sort_keys=True), encoding="utf-8")
    assert project.run("apply", "plan.json").code == 0


def test_a_plan_of_a_later_format_is_not_read_as_ours(project: Project) -> None:
    project.campaign("order")
    saved(project)
    file = project.root / "plan.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"format_version": "1.0"', '"format_version": "2.0"'))
    ran = project.run("apply", "plan.json")
    assert ran.code == 64
    assert "another version of mesms-gitops saved this plan" in ran.err


def test_an_older_state_put_back_is_stale(project: Project, sandbox: Running) -> None:
    """A plan from after a send is not carried out on a state from before it."""
    project.campaign("order")
    assert project.apply().code == 0
    before = project.state
    project.campaign("second")
    assert project.apply().code == 0
    project.campaign("third")
    saved(project)
    project.write(".mesms/state.json", before)
    assert "the state is older than the saved plan" in refusal(project)
    assert sends(sandbox) == 2


def test_a_stop_since_the_approval_is_said(project: Project, sandbox: Running) -> None:
    """Whoever applies an approved plan learns why its campaign does not leave."""
    project.campaign("order")
    saved(project)
    assert project.run("stop", "order").code == 0
    assert "    + action: blocked: stopped by the emergency stop" in refusal(project)
    assert sends(sandbox) == 0


def test_what_moved_is_json_too(project: Project) -> None:
    members(project)
    listed(project)
    saved(project)
    edit_text(project)
    ran = project.run("apply", "plan.json", "--json")
    assert ran.code == 5
    assert ran.json["error"]["moved"][0] == {
        "campaign": "sale",
        "field": "content",
        "before": "Your order sale is ready",
        "after": "Another text",
    }
