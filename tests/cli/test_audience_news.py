"""What a plan says of a list that moved: since the last plan, since it was scheduled, and shared with whom."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from .conftest import PROJECT, Project, sends

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running

MEMORY = ".mesms/audience/last-plan.json"
LIMIT = "policy:\n  max_audience_change: 20%\n"


def members(project: Project, first: int, last: int, name: str = "members") -> None:
    """A list of the people ``first`` to ``last``."""
    rows = "".join(f"08{person:08}\n" for person in range(first, last + 1))
    project.write(f"lists/{name}.csv", f"mobile\n{rows}")


def campaign(project: Project, name: str = "sale", of: str = "members", **keys: object) -> None:
    """A campaign to everybody in a list."""
    project.campaign(name, recipients=[{"csv": f"../lists/{of}.csv", "phone": "mobile"}], **keys)


def row(project: Project, label: str, *arguments: str) -> list[str]:
    """The rows called ``label`` of the plan in text."""
    ran = project.run("plan", *arguments)
    assert ran.code == 0, ran.err
    return re.findall(rf"^    {label} +(.*)$", ran.out, flags=re.MULTILINE)


def test_a_plan_says_who_came_and_left_since_the_last_one(project: Project) -> None:
    """The whole plan, before and after the list moved: it differs in the figures, and in one row that says it."""
    members(project, 1, 1000)
    campaign(project)
    first = project.run("plan").out
    assert project.run("plan").out == first  # the same plan, byte for byte
    members(project, 3, 1010)
    moved = project.run("plan").out
    assert "change" not in first
    lines = moved.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("    change"))
    assert lines[at] == "    change      +10 / -2 since the last plan"
    assert lines[at - 2].split() == ["recipients", "1,008", "in", "1", "request"]
    del lines[at]
    figures = str.maketrans("", "", "0123456789,")
    assert [line.translate(figures) for line in lines if not line.startswith(("digest", "        sha256"))] == [
        line.translate(figures) for line in first.splitlines() if not line.startswith(("digest", "        sha256"))
    ]
    assert row(project, "change") == []  # that was said; since then nothing moved


def test_json_has_the_same_figures(project: Project) -> None:
    members(project, 1, 1000)
    campaign(project)
    before = project.plan()["actions"][0]
    assert (before["audience_change"], before["overlaps"]) == (None, [])
    members(project, 3, 1010)
    (action,) = project.plan()["actions"]
    assert action["audience_change"] == {
        "since": "the last plan",
        "at": "2027-04-01T02:00:00Z",
        "before": 1000,
        "now": 1008,
        "added": 10,
        "removed": 2,
        "error": 0,
        "is_floor": False,
    }


def test_a_scheduled_campaign_is_held_against_its_message(project: Project, sandbox: Running) -> None:
    """On any machine: by what state keeps, which holds no number. The next apply keeps the new audience instead."""
    members(project, 1, 1000)
    campaign(project)
    assert project.apply().code == 0
    assert '"sketch": "1000:' in project.state
    assert "800000500" not in project.state
    members(project, 3, 1010)
    (project.root / MEMORY).unlink()
    since = "+10 / -2 since the scheduled message"
    assert row(project, "change") == [since]
    assert row(project, "change") == [since]  # until it is applied
    assert project.apply().code == 0
    assert sends(sandbox) == 2
    assert '"sketch": "1008:' in project.state
    assert project.run("plan").out.startswith("No changes.")


def test_a_plan_names_whom_an_audience_is_shared_with(project: Project) -> None:
    """A campaign of the same plan, and one that was texted before; one that hardly anybody shares is not named."""
    members(project, 1, 1000, "early")
    campaign(project, "songkran-early", "early")
    assert project.apply().code == 0
    members(project, 131, 1130)
    members(project, 1100, 2000, "others")
    campaign(project)
    campaign(project, "stranger", "others")
    (shared,) = row(project, "shared", "--target", "sale")
    found = re.fullmatch(r"(\d+) % with songkran-early \(±(\d)\)", shared)
    assert found is not None, shared
    assert abs(int(found[1]) - 87) <= int(found[2])
    actions = {action["campaign"]: action for action in project.plan()["actions"]}
    assert [one["campaign"] for one in actions["sale"]["overlaps"]] == ["songkran-early"]
    assert actions["songkran-early"]["overlaps"] == []  # nothing of it is to be sent


def test_a_list_that_moved_too_far_is_refused_until_somebody_allows_it(project: Project, sandbox: Running) -> None:
    """Planning again is no way around it; the exact override is."""
    project.write("mesms.yaml", PROJECT + LIMIT)
    members(project, 1, 1000)
    campaign(project)
    assert project.run("plan").code == 0
    members(project, 1, 600)
    for _ in range(2):
        ran = project.run("plan", "--json")
        assert ran.code == 4
        (refusal,) = ran.json["refusals"]
        assert refusal["message"] == (
            "sale: 400 people or more came or left since the last plan, 40 % of 1,000; the limit is 20 %"
        )
        assert (refusal["code"], refusal["file"], refusal["line"]) == ("MS553", "mesms.yaml", 7)
        assert "raise `policy.max_audience_change` in mesms.yaml to 40%" in refusal["next"]
    assert project.apply().code == 4
    assert sends(sandbox) == 0
    project.write("mesms.yaml", PROJECT + LIMIT.replace("20", "40"))
    assert project.apply().code == 0
    assert sends(sandbox) == 1


def test_a_waiver_lets_one_campaign_move(project: Project) -> None:
    waiver = "  waivers:\n    - {rule: MS553, campaign: sale, reason: the new shop's members, until: 2027-04-30}\n"
    project.write("mesms.yaml", PROJECT + LIMIT + waiver)
    members(project, 1, 1000)
    campaign(project)
    assert project.run("plan").code == 0
    members(project, 1, 600)
    (action,) = project.plan()["actions"]
    assert [(found["code"], found["severity"]) for found in action["diagnostics"]] == [("MS553", "warning")]
    assert row(project, "change") == []  # somebody answered for it: now it is what the next is held against


@pytest.mark.parametrize("share", ["20", "120%", "-1%", "some"])
def test_a_share_that_is_none_is_an_error_of_the_project_file(project: Project, share: str) -> None:
    project.write("mesms.yaml", PROJECT + LIMIT.replace("20%", share))
    ran = project.run("validate", "--json")
    assert ran.code == 1
    assert [(found["code"], found["line"]) for found in ran.json["diagnostics"]] == [("MS135", 7)]


def test_the_memory_is_for_this_user_alone_and_git_does_not_see_it(project: Project) -> None:
    """It holds no number either."""
    subprocess.run(["git", "init", "-q", project.root], check=True)
    members(project, 1, 100)
    campaign(project)
    assert project.run("plan").code == 0
    file = project.root / MEMORY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(each.name for each in file.parent.iterdir()) == [".gitignore", "last-plan.json"]
    assert not re.search("8000000|08000000", file.read_text(encoding="utf-8"))
    listed = subprocess.run(
        ["git", "-C", project.root, "status", "--short", "-uall"], capture_output=True, text=True, check=True
    )
    assert ".mesms" not in listed.stdout


@pytest.mark.parametrize(
    "spoilt", ["", "{", "[]", '{"version": 2}', '{"version": 1, "hash_key": "x", "campaigns": {}}']
)
def test_a_memory_that_cannot_be_read_says_nothing(project: Project, spoilt: str) -> None:
    """And it is put right by the plan that found it."""
    members(project, 1, 1000)
    campaign(project)
    assert project.run("plan").code == 0
    project.write(MEMORY, spoilt)
    members(project, 3, 1010)
    assert row(project, "change") == []
    assert json.loads((project.root / MEMORY).read_text(encoding="utf-8"))["version"] == 1


def test_what_was_made_under_another_key_is_not_compared(project: Project) -> None:
    members(project, 1, 1000)
    campaign(project)
    assert project.run("plan").code == 0
    members(project, 3, 1010)
    assert "change" not in project.run("plan", MESMS_HASH_KEY="0" * 32).out


def test_a_folder_that_cannot_be_written_is_no_error(project: Project) -> None:
    """A file where the folder should be stops everybody, root too."""
    members(project, 1, 1000)
    campaign(project)
    project.write(".mesms/audience", "not a folder")
    assert project.run("plan").code == 0
    members(project, 3, 1010)
    assert row(project, "change") == []
    assert (project.root / ".mesms/audience").read_text(encoding="utf-8") == "not a folder"
    assert [each.name for each in (project.root / ".mesms").iterdir()] == ["audience"]
