"""The main job, end to end, with real processes: what the sandbox's ledger holds is what counts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.cli.conftest import sends, texted

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

SCHEMAS = Path(__file__).parents[2] / "schemas"


def conforms(document: Any, kind: str) -> None:
    """``document`` must be what the published schema says."""
    jsonschema.validate(document, json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8")))


def only(plan: Any) -> Any:
    """The one action of a plan."""
    (action,) = plan["actions"]
    return action


def test_from_manifest_to_delivery(project: Project, sandbox: Running) -> None:
    """Plan, apply, fire, refresh, report: each says what the account then holds."""
    project.campaign("order")
    plan = project.plan()
    conforms(plan, "plan")
    action = only(plan)
    assert (action["action"], action["reason"], action["recipients"], action["requests"]) == ("schedule", "new", 2, 1)
    assert (action["credits"], action["credits_source"], action["parts"]) == (2, "preview", {"1": 2})
    assert action["scheduled_at"] == action["reversible_until"] == "2027-04-10T03:00:00Z"
    summary = plan["summary"]
    summary.pop("reasons")
    assert summary | {"balance": 0, "balance_after": 0} == {
        **dict.fromkeys(("send", "replace", "cancel", "adopt", "forget", "keep", "blocked", "refund"), 0),
        "schedule": 1,
        "recipients": 2,
        "requests": 1,
        "credits": 2,
        "balance": 0,
        "balance_after": 0,
    }
    assert plan["summary"]["balance"] - plan["summary"]["balance_after"] == 2
    assert sends(sandbox) == 0

    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000001": 1, "66800000002": 1}
    assert project.status()["order"]["phase"] == "scheduled"

    sandbox.advance(timedelta(days=10))
    assert project.run("refresh").code == 0
    status = project.run("status", "--json").json
    conforms(status, "status")
    (campaign,) = status["campaigns"]
    assert campaign["phase"] == "sent"
    assert sum(campaign["delivery"].values()) == 2
    assert project.run("report", "order").code == 0
    conforms(json.loads(project.state), "state")


def test_a_second_apply_makes_no_post_and_writes_nothing(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    assert project.apply().code == 0
    before, posts = project.state, sends(sandbox)
    assert project.apply().code == 0
    assert (project.state, sends(sandbox)) == (before, posts)
    assert only(project.plan())["action"] == "keep"


def test_an_edit_of_a_scheduled_campaign_cancels_first_and_then_sends(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    project.campaign("order", content="Your order is ready at Siam")
    action = only(project.plan())
    assert (action["action"], action["reason"]) == ("replace", "content_changed")
    assert action["changes"] == [
        {"field": "content", "before": "Your order order is ready", "after": "Your order is ready at Siam"}
    ]
    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000001": 1, "66800000002": 1}
    made = [str(entry["path"]).rpartition("/")[2] for entry in sandbox.requests if entry["method"] == "POST"]
    assert made.index("cancel") < len(made) - 1 - made[::-1].index("send")
    assert only(project.plan())["action"] == "keep"


def test_a_deleted_manifest_cancels_its_scheduled_message(project: Project, sandbox: Running) -> None:
    file = project.campaign("order")
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}])
    project.apply()
    file.unlink()
    assert {action["campaign"]: action["action"] for action in project.plan()["actions"]} == {
        "order": "cancel",
        "other": "keep",
    }
    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000009": 1}
    assert project.status()["order"]["phase"] == "cancelled"
    assert [action["campaign"] for action in project.plan()["actions"]] == ["other"]


def test_sent_is_final(project: Project, sandbox: Running) -> None:
    """Editing what has left sends nothing, says so with exit 3, and ends with the edit."""
    project.campaign("order")
    project.apply()
    sandbox.advance(timedelta(days=10))
    project.campaign("order", content="Another text")
    action = only(project.plan())
    assert (action["action"], action["reason"]) == ("blocked", "changed_after_start")
    ran = project.apply()
    assert ran.code == 3
    assert texted(sandbox) == {"66800000001": 1, "66800000002": 1}
    project.campaign("order")
    assert only(project.plan())["action"] == "keep"
    assert project.apply().code == 0


def test_only_a_raised_revision_sends_again(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.apply()
    sandbox.advance(timedelta(days=10))
    project.campaign("order", revision=2, schedule="2027-04-20T10:00")
    action = only(project.plan())
    assert (action["action"], action["reason"]) == ("schedule", "revision_raised")
    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000001": 2, "66800000002": 2}
    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000001": 2, "66800000002": 2}


def test_a_deleted_manifest_of_a_sent_campaign_reserves_its_name(project: Project, sandbox: Running) -> None:
    file = project.campaign("order")
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}])
    project.apply()
    sandbox.advance(timedelta(days=10))
    file.unlink()
    assert project.apply().code == 0
    assert [action["campaign"] for action in project.plan()["actions"]] == ["other"]
    project.campaign("order", content="Another text", schedule="2027-04-20T10:00")
    assert project.apply().code == 3
    assert texted(sandbox)["66800000001"] == 1


def test_a_rename_with_moved_from_changes_nothing_on_the_account(project: Project, sandbox: Running) -> None:
    project.campaign("order").unlink()
    project.campaign("order")
    project.apply()
    (project.root / "campaigns/order.yaml").unlink()
    project.campaign("ready", content="Your order order is ready", moved_from="order")
    plan = project.plan()
    assert [(action["campaign"], action["action"], action["reason"]) for action in plan["actions"]] == [
        ("ready", "keep", "moved")
    ]
    posts = len([entry for entry in sandbox.requests if entry["method"] == "POST"])
    assert project.apply().code == 0
    assert len([entry for entry in sandbox.requests if entry["method"] == "POST"]) == posts
    assert set(project.status()) >= {"ready"}
    assert project.status()["ready"]["phase"] == "scheduled"


def test_now_leaves_after_the_undo_window_and_can_be_cancelled_until_then(project: Project, sandbox: Running) -> None:
    file = project.campaign("alarm", schedule="now")
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}])
    action = next(action for action in project.plan()["actions"] if action["campaign"] == "alarm")
    assert (action["action"], action["reversible_until"]) == ("send", "2027-04-01T02:10:00Z")
    assert project.apply().code == 0
    assert project.status()["alarm"]["sends"][0]["scheduled_at"] == "2027-04-01T02:10:00Z"
    assert project.apply().code == 0
    assert texted(sandbox)["66800000001"] == 1
    file.unlink()
    assert project.apply().code == 0
    assert "66800000001" not in texted(sandbox)


def test_several_texts_are_several_sends_and_nobody_is_in_two(project: Project, sandbox: Running) -> None:
    project.write(
        "lists/members.csv", "mobile,tier\n0800000001,Gold\n080-000-0002,Silver\n+66800000003,Gold\n0800000001,Silver\n"
    )
    project.campaign(
        "vip",
        content="สวัสดีสมาชิก {{ tier }}",
        recipients=[{"csv": "../lists/members.csv", "phone": "mobile", "variables": {"tier": "tier"}}],
    )
    action = only(project.plan())
    assert (action["requests"], action["recipients"]) == (2, 3)
    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000001": 1, "66800000002": 1, "66800000003": 1}
    assert project.status()["vip"]["recipients"] == 3
    assert "800000001" not in project.state
    assert "Gold" not in project.state


def test_a_saved_template_and_a_contact_group(project: Project, sandbox: Running) -> None:
    project.campaign(
        "group",
        content=None,
        template_id=42,
        variables={"name": "Toon", "percent": "20"},
        recipients=[{"contact_group": 1203}],
    )
    plan = project.plan()
    assert any("contact group" in found["message"] for found in only(plan)["diagnostics"])
    assert only(plan)["recipients"] > 0
    assert project.apply().code == 0
    assert project.apply().code == 0
    assert set(texted(sandbox).values()) == {1}


def test_a_plan_needs_no_right_to_send(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    assert project.plan(MESMS_API_KEY=sandbox.read_key)["summary"]["schedule"] == 1
    assert not [entry for entry in sandbox.requests if str(entry["path"]).endswith("/send")]
    ran = project.apply(MESMS_API_KEY=sandbox.read_key)
    assert ran.code == 1
    assert texted(sandbox) == {}
    assert project.status()["order"]["phase"] == "failed"
    assert project.apply().code == 0
    assert texted(sandbox) == {"66800000001": 1, "66800000002": 1}


def test_a_saved_plan_is_an_approval_until_something_moves(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    planned = project.run("plan", "--out", "plan.json")
    assert planned.code == 0
    assert project.run("show", "plan.json").out == planned.out
    assert json.loads(project.run("show", "plan.json", "--json").out)["digest"] in planned.out
    assert "800000001" not in (project.root / "plan.json").read_text(encoding="utf-8")
    project.campaign("order", content="Another text")
    assert project.run("apply", "plan.json").code == 5
    assert sends(sandbox) == 0
    project.campaign("order")
    assert project.run("apply", "plan.json").code == 0
    assert texted(sandbox) == {"66800000001": 1, "66800000002": 1}


def test_a_saved_plan_of_some_campaigns_applies_just_those(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    project.campaign("other", recipients=[{"numbers": ["0800000009"]}], content="Something else")
    assert project.run("plan", "--target", "other", "--out", "plan.json").code == 0
    assert project.run("apply", "plan.json").code == 0
    assert texted(sandbox) == {"66800000009": 1}


def test_detailed_exit_code(project: Project) -> None:
    project.campaign("order")
    assert project.run("plan", "--detailed-exitcode").code == 2
    project.apply()
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_without_terminal_or_approval_nothing_is_sent(project: Project, sandbox: Running) -> None:
    project.campaign("order")
    assert project.run("apply").code == 64
    assert sends(sandbox) == 0


def test_requests_of_a_no_op_plan_grow_with_live_sends_and_not_with_history(project: Project, sandbox: Running) -> None:
    """Three sent campaigns cost no request; one scheduled costs one, its sender's listing one, beside the balance."""
    for number in range(3):
        project.campaign(f"old-{number}", recipients=[{"numbers": [f"080000001{number}"]}])
    project.apply()
    sandbox.advance(timedelta(days=10))
    project.run("refresh")
    project.campaign("live", schedule="2027-04-20T10:00")
    project.apply()
    sandbox.requests.clear()
    assert project.plan()["summary"]["keep"] == 4
    assert len(sandbox.requests) == 3


@pytest.mark.parametrize("count", [1, 3])
def test_the_same_inputs_have_the_same_fingerprint_in_any_order(project: Project, count: int) -> None:
    rows = [f"08000000{number:02d}" for number in range(count * 5)]
    seen = set()
    for order in (rows, rows[::-1]):
        project.write("lists/members.csv", "\n".join(["mobile", *order, ""]))
        project.campaign("vip", recipients=[{"csv": "../lists/members.csv", "phone": "mobile"}])
        seen.add(only(project.plan())["sends"][0]["fingerprint"])
    assert len(seen) == 1
