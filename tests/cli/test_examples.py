"""The examples, planned and applied on the sandbox: who is texted, in how many parts and requests, for how much."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import sends, texted

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

EXAMPLES = Path(__file__).parents[2] / "examples"

COLD_BREW = "  MS450  MS554"
PLANNED = f"""\
appointment-reminder-2027-04  schedule 2027-04-17T09:00:00Z  people  3  requests 3  parts 1×3      credits  3
birthday-2027-04              schedule 2027-04-01T02:30:00Z  people  3  requests 3  parts 1×3      credits  3
branch-closed-2027-04         send     -                     people  4  requests 1  parts 1×4      credits  4
cold-brew-week-2027-05        schedule 2027-05-03T02:00:00Z  people 25  requests 1  parts 2×25     credits 50{COLD_BREW}
flash-sale-2027-04            schedule 2027-04-22T04:30:00Z  people  3  requests 1  parts 2×3      credits  6
new-menu-2027-05              schedule 2027-05-07T09:00:00Z  people  5  requests 2  parts 1×2 2×3  credits  8
overdue-notice-2027-04        schedule 2027-04-19T03:00:00Z  people  2  requests 2  parts 2×2      credits  4
pickup-ready                  schedule 2027-04-05T13:30:00Z  people  3  requests 3  parts 1×3      credits  3
points-expiring-2027-04       schedule 2027-04-24T03:00:00Z  people  6  requests 1  parts 2×6      credits 12  MS432
songkran-2027-again           keep     -                     people  0  requests 0  parts          credits  0
songkran-2027-vip             schedule 2027-04-10T03:00:00Z  people  5  requests 3  parts 2×5      credits 10
tourist-offer                 schedule 2027-04-16T05:00:00Z  people  3  requests 1  parts 1×3      credits  3
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """The examples on the sandbox, whose clock stands at 2027-04-01 09:00 in Bangkok."""
    folder = project.root.parent / "examples"
    shutil.copytree(EXAMPLES, folder)
    return type(project)(folder, project.env)


def test_the_examples_plan_as_their_comments_say(shop: Project) -> None:
    """Two warn: the list with the bad number, and the contact group, which nobody can look into, on a day in lieu."""
    plan = shop.plan()
    lines = []
    for action in plan["actions"]:
        parts = " ".join(f"{parts}×{people}" for parts, people in action["parts"].items())
        codes = "".join(f"  {found['code']}" for found in action["diagnostics"])
        lines.append(
            f"{action['campaign']:<28}  {action['action']:<8} {action['scheduled_at'] or '-':<20}"
            f"  people {action['recipients']:>2}  requests {action['requests']}"
            f"  parts {parts:<7}  credits {action['credits']:>2}{codes}\n"
        )
    assert "".join(lines) == PLANNED
    assert {action["credits_source"] for action in plan["actions"] if action["credits"]} == {"preview"}


def test_the_examples_apply_once(shop: Project, sandbox: Running) -> None:
    """Nobody who opted out of offers, or never agreed to them, gets one; the draft sends nothing."""
    assert shop.apply().code == 0
    made = sends(sandbox)
    assert made == 21
    assert shop.apply().code == 0
    assert sends(sandbox) == made
    people = texted(sandbox)
    assert len(people) == 3 + 3 + 4 + 25 + 5 + 5 + 2 + 3 + 6 + 3
    assert not people.keys() & {"66800000004", "66800000005", "66800000033", "66800000038", "66800000039"}
    assert {number for number, times in people.items() if times > 1} == {"66800000001", "66800000003", "66800000007"}
