"""Policy from the file to the account: what mesms.yaml forbids is never sent, and a waiver lets exactly one pass."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import PROJECT, Project, sends

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running

RULES = """\
policy:
  rules:
    - name: crm-names-an-owner
      when: '"team" in campaign.labels && campaign.labels.team == "crm"'
      require: campaign.owner.endsWith("@siamcoffee.example") && campaign.recipients <= 20000
      message: CRM campaigns name an owner at siamcoffee.example
"""
WAIVER = """\
  waivers:
    - rule: {rule}
      campaign: vip
      reason: approved by legal, ticket 1234
      until: {until}
"""


def write(project: Project, policy: str) -> None:
    """The project file with ``policy``."""
    project.write("mesms.yaml", PROJECT + policy)


def codes(found: list[dict[str, Any]]) -> list[str]:
    """The codes of diagnostics."""
    return [item["code"] for item in found]


def test_a_broken_rule_ends_plan_and_apply_with_4_and_nothing_is_sent(project: Project, sandbox: Running) -> None:
    write(project, RULES)
    project.campaign("vip", labels={"team": "crm"})
    project.campaign("other", labels={"team": "shop"})
    assert project.run("validate").code == 0  # nothing is known of recipients yet
    ran = project.run("plan", "--json")
    assert ran.code == 4, ran.err
    (refusal,) = ran.json["refusals"]
    assert (refusal["code"], refusal["campaign"], refusal["file"], refusal["line"], refusal["column"]) == (
        "MS520", "vip", "mesms.yaml", 10, 16,
    )  # fmt: skip
    assert refusal["message"] == "vip: CRM campaigns name an owner at siamcoffee.example"
    assert refusal["why"] == 'campaign.labels is {team: crm}; campaign.owner is ""; campaign.recipients is 2'
    assert "crm-names-an-owner" in project.run("plan").out
    applied = project.apply()
    assert applied.code == 4
    assert "MS520" in applied.err
    assert sends(sandbox) == 0


def test_a_waiver_lets_it_pass_with_a_warning_in_the_plan(project: Project, sandbox: Running) -> None:
    write(project, RULES + WAIVER.format(rule="crm-names-an-owner", until="2027-04-01"))
    project.campaign("vip", labels={"team": "crm"})
    plan = project.plan()
    assert plan["refusals"] == []
    (action,) = plan["actions"]
    (warning,) = action["diagnostics"]
    assert (warning["code"], warning["severity"]) == ("MS520", "warning")
    assert warning["message"].endswith("; waived until 2027-04-01: approved by legal, ticket 1234")
    assert "approved by legal, ticket 1234" in project.run("plan").out
    assert "approved by legal, ticket 1234" in project.run("plan", "--format", "markdown").out
    assert project.apply().code == 0
    assert sends(sandbox) == 1


def test_a_plan_that_was_approved_under_a_waiver_is_refused_once_it_has_ended(
    project: Project, sandbox: Running
) -> None:
    """The clock that counts is the server's; it stands at 2027-04-01 in Bangkok."""
    write(project, RULES + WAIVER.format(rule="crm-names-an-owner", until="2027-04-01"))
    project.campaign("vip", labels={"team": "crm"})
    assert project.run("plan", "--out", "plan.json").code == 0
    sandbox.advance(timedelta(hours=15))  # midnight in Bangkok; the plan itself is good for a day
    assert project.run("apply", "plan.json").code == 4
    assert sends(sandbox) == 0
    ended = project.run("plan", "--json")
    assert ended.code == 4
    assert "MS516" in codes(ended.json["diagnostics"])


def test_a_rule_that_cannot_be_judged_is_refused(project: Project, sandbox: Running) -> None:
    write(project, RULES.replace('"team" in campaign.labels && ', ""))
    project.campaign("vip")
    ran = project.apply()
    assert ran.code == 4
    assert "MS521" in ran.err
    assert 'Key not found in map : "team"' in " ".join(ran.err.split())
    assert "mesms.yaml:9:13" in ran.err
    assert sends(sandbox) == 0


def test_a_rule_that_cannot_be_meant_is_an_error_of_validate(project: Project) -> None:
    write(project, RULES.replace("campaign.owner", "campaign.ownr"))
    ran = project.run("validate", "--json")
    assert ran.code == 1
    (found,) = ran.json["diagnostics"]
    assert (found["code"], found["line"], found["column"], found["end_column"]) == ("MS510", 10, 25, 29)
    assert project.run("plan").code == 1


def test_without_the_engine_checks_and_plans_stop_and_the_emergency_stop_does_not(
    project: Project, tmp_path: Path, sandbox: Running
) -> None:
    write(project, RULES)
    project.campaign("vip")
    absent = tmp_path / "absent/cel_expr_python"
    absent.mkdir(parents=True)
    (absent / "__init__.py").write_text("raise ImportError('not installed')\n", encoding="utf-8")
    project.extra["PYTHONPATH"] = str(absent.parent)
    for command in ("validate", "plan", "apply"):
        ran = project.run(command, *(["--auto-approve"] if command == "apply" else []))
        assert ran.code == 1, command
        assert "MS511" in ran.out + ran.err
        assert "pip install 'mesms-gitops[policy]'" in ran.out + ran.err
    assert sends(sandbox) == 0
    assert project.run("status").code == 0
    assert project.run("stop", "--all").code == 0


# --- every other key of the policy ------------------------------------------------------------------------------------

LONG = "x" * 200  # two parts
PERSONAL = {
    "content": "{{ where }}",
    "recipients": [{"csv": "../lists/a.csv", "phone": "phone", "variables": {"where": "where"}}],
}
POLICIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "senders": ("senders: [Another]", {}, "MS501"),
    "links": ("links: [siamcoffee.example]", {"content": "Look: https://elsewhere.example/x"}, "MS502"),
    "links in a personal text": ("links: [siamcoffee.example]", PERSONAL, "MS502"),
    "a shortener, whatever is allowed": ("links: [bit.ly]", {"content": "Look: bit.ly/x"}, "MS503"),
    "max_parts": ("max_parts: 1", {"content": LONG}, "MS506"),
    "max_parts of a personal text": ("max_parts: 1", {**PERSONAL, "content": LONG + " {{ where }}"}, "MS550"),
    "max_recipients of a campaign": ("max_recipients: {campaign: 1}", {}, "MS541"),
    "max_recipients of an apply": ("max_recipients: {apply: 3}", {}, "MS542"),
    "max_credits of a campaign": ("max_credits: {campaign: 1}", {}, "MS543"),
    "max_credits of an apply": ("max_credits: {apply: 3}", {}, "MS544"),
    "min_balance_after": ("min_balance_after: 999999999", {}, "MS545"),
    "the hours of marketing, for now": (
        'windows: {marketing: "10:00-11:00"}', {"schedule": "now", "class": "marketing"}, "MS549",
    ),
    "the hours of marketing, whatever zone": (
        'windows: {marketing: "21:00-23:59"}',
        {"schedule": {"at": "now", "timezone": "America/New_York"}, "class": "marketing"},
        "MS549",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "keys", "code"), POLICIES.values(), ids=POLICIES.keys())
def test_what_the_policy_forbids_is_refused_with_4_and_never_sent(
    project: Project, sandbox: Running, policy: str, keys: dict[str, Any], code: str
) -> None:
    project.write("lists/a.csv", "phone,where\n0800000001,https://elsewhere.example\n0800000002,here\n")
    project.campaign("vip", **keys)
    project.campaign("other", recipients=[{"numbers": ["0800000003", "0800000004"]}])
    write(project, f"policy:\n  {policy}\n")
    ran = project.run("plan", "--json")
    assert ran.code == 4, ran.out + ran.err
    assert code in ran.out + ran.err
    applied = project.apply()
    assert applied.code == 4
    assert code in applied.err
    assert sends(sandbox) == 0


WAIVED = [key for key, row in POLICIES.items() if row[2] in ("MS501", "MS502", "MS506", "MS550", "MS541", "MS543")]


@pytest.mark.parametrize("key", WAIVED)
def test_what_may_be_waived_passes_with_a_warning(project: Project, sandbox: Running, key: str) -> None:
    policy, keys, code = POLICIES[key]
    project.write("lists/a.csv", "phone,where\n0800000001,https://elsewhere.example\n0800000002,here\n")
    project.campaign("vip", **keys)
    write(project, f"policy:\n  {policy}\n" + WAIVER.format(rule=code, until="2027-05-01"))
    warned = {item["code"]: item for item in project.plan()["actions"][0]["diagnostics"]}
    assert "waived until 2027-05-01: approved by legal, ticket 1234" in warned[code]["message"]
    assert project.apply().code == 0
    assert sends(sandbox) > 0


def test_a_transactional_message_has_no_hours_unless_the_policy_gives_it_some(
    project: Project, sandbox: Running
) -> None:
    at_night = "2027-04-10T23:30"
    project.campaign("night", schedule=at_night)
    assert project.run("plan").code == 0
    project.campaign("night", schedule=at_night, **{"class": "marketing"})
    assert "MS208" in project.run("plan").err
    project.campaign("night", schedule=at_night)
    write(project, 'policy: {windows: {transactional: "08:00-22:00"}}\n')
    assert "MS208" in project.run("plan").err
    assert sends(sandbox) == 0
