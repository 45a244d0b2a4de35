"""Personal texts in a plan: their number, their cause and their looks; and nobody's name anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .conftest import Project, sends

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

NAMES = [f"Somchai{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(120)]


def personal(project: Project, **keys: object) -> None:
    """A campaign that greets everybody by name; half of them live in another city, which the text does not say."""
    rows = [f"08000{at:05d},{name},City{at % 2}" for at, name in enumerate(NAMES)]
    project.write("lists/members.csv", "\n".join(["phone,first,city", *rows]) + "\n")
    source = {"csv": "../lists/members.csv", "phone": "phone", "variables": {"name": "first", "city": "city"}}
    project.campaign("dear", content="Dear {{ name }}, come in", recipients=[source], **keys)


def test_too_many_requests_are_refused_with_their_cause(project: Project, sandbox: Running) -> None:
    personal(project)
    ran = project.run("plan")
    assert ran.code == 4
    assert "dear: 120 requests (one for each distinct text) are more than the" in ran.out
    assert "name has 120 values; without it there would be 1" in ran.out
    assert sends(sandbox) == 0


def test_a_plan_shows_looks_and_no_names(project: Project, sandbox: Running) -> None:
    personal(project, limits={"requests": 200})
    shown = project.run("plan", "--out", "plan.json")
    assert shown.code == 0, shown.err
    assert "message     Dear •••••••••, come in" in shown.out or "shortest    Dear •••••••••, come in" in shown.out
    assert "requests    120: name has 120 values, without it 1" in shown.out
    plan = project.plan()
    (action,) = plan["actions"]
    assert action["requests"] == 120, "the city, which the text does not say, splits nobody"
    assert action["fan_out"] == [{"variable": "name", "values": 120, "requests_without": 1}]
    assert action["previews"][0] == {
        "text": "Dear •••••••••, come in",
        "is_masked": True,
        "encoding": "GSM-7",
        "units": 23,
        "parts": 1,
        "recipients": 120,
    }
    markdown = project.run("plan", "--format", "markdown").out
    saved = (project.root / "plan.json").read_text(encoding="utf-8")
    for text in (shown.out, markdown, saved, json.dumps(plan)):
        assert "Somchai" not in text
    assert project.run("apply", "plan.json").code == 0
    assert sends(sandbox) == 120
    assert "Somchai" not in project.state


def test_far_too_many_requests_are_refused_at_once(project: Project, sandbox: Running) -> None:
    """Before any of them is put together: with the figures and the cause, and without anybody's name."""
    rows = [f"08{at:08d},Somchai{at},{'gold' if at % 2 else 'none'}" for at in range(3_000)]
    project.write("lists/members.csv", "\n".join(["phone,first,tier", *rows]) + "\n")
    source = {"csv": "../lists/members.csv", "phone": "phone", "variables": {"name": "first", "tier": "tier"}}
    text = "Dear {{ name|upper }}{% if tier == 'gold' %}, gold member{% endif %}"
    project.campaign("dear", content=text, recipients=[source])
    for command in (("plan",), ("apply", "--auto-approve")):
        ran = project.run(*command)
        assert ran.code == 4
        said = " ".join((ran.out + ran.err).split())
        assert "dear: 3,000 requests (one for each distinct text) are more than the limit of 100" in said
        assert "name has 3,000 values; without it there would be 2; 3,000 people" in said
        assert "raise `limits.requests` in campaigns/dear.yaml to 3000" in said
        assert "Somchai" not in said.title()
    assert sends(sandbox) == 0


def test_what_is_wrong_with_some_of_many_texts_is_said_once(project: Project) -> None:
    names = ["Somchai"] * 400 + ["{{ x }}", "{{ y }}", "evil.example.com", "Ann"]
    rows = [f"08000{at:05d},{name}" for at, name in enumerate(names)]
    project.write("lists/members.csv", "\n".join(["phone,first", *rows]) + "\n")
    source = {"csv": "../lists/members.csv", "phone": "phone", "variables": {"name": "first"}}
    project.write("mesms.yaml", (project.root / "mesms.yaml").read_text() + "policy: {links: [siamcoffee.example]}\n")
    project.campaign("dear", content="Dear {{ name }}", recipients=[source])
    ran = project.run("plan")
    assert ran.code == 1
    assert ran.err.count("MS302") == 1
    assert ran.err.count("MS502") == 1
    assert "evil" not in ran.err
