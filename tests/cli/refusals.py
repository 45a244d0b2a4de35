"""Every way in which an apply is refused or held back, made for real: what trips it, and with which exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2

from .conftest import PROJECT, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.sandbox.server import Running

APPLY = ("apply", "--auto-approve")
SAVED = ("apply", "plan.json")
LONG = "Your order is ready. " * 9
"""189 characters of GSM-7: two parts."""
PEOPLE = 400


@dataclass(frozen=True)
class Refusal:
    """One situation. ``policy`` is what stands in mesms.yaml, ``keys`` what the campaign ``sale`` has beside the usual.

    ``first`` is done before ``command``, with the project written; ``answer`` is typed where a person is asked.
    """

    guard: str
    situation: str
    exit_code: int = 4
    policy: str = ""
    keys: Mapping[str, Any] = field(default_factory=dict)
    first: Callable[[Project, Running], None] | None = None
    command: tuple[str, ...] = APPLY
    answer: str | None = None

    def make(self, project: Project, sandbox: Running) -> None:
        """The project on disk and the account, up to the command."""
        policy = f"policy:\n  {self.policy}\n" if self.policy else ""
        project.write("mesms.yaml", PROJECT + policy)
        members(project)
        project.campaign("sale", **self.keys)
        if self.first is not None:
            self.first(project, sandbox)


def members(project: Project, most: int = PEOPLE, *, new: int = 0) -> None:
    """The list of members; ``new`` of them were never there before."""
    rows = [f"08000{number:05d},guest{number}" for number in range(most)]
    rows += [f"08111{number:05d},guest{number}" for number in range(new)]
    project.write("lists/members.csv", "\n".join(["phone,name", *rows]) + "\n")


LISTED: dict[str, Any] = {"recipients": [{"csv": "../lists/members.csv", "phone": "phone"}]}
NAMED: dict[str, Any] = {
    "recipients": [{"csv": "../lists/members.csv", "phone": "phone", "variables": {"name": "name"}}],
    "content": "Dear {{ name }}, your order is ready",
}


def another(project: Project, _sandbox: Running) -> None:
    """A second campaign to two others."""
    project.campaign("other", recipients=[{"numbers": ["0800000003", "0800000004"]}])


def _account(sandbox: Running, **changes: object) -> None:
    assert httpx2.post(f"{sandbox.control}/account", json=changes).status_code == 200


def poor(project: Project, sandbox: Running) -> None:
    """One credit is left."""
    _account(sandbox, balance=1)


def unapproved(project: Project, sandbox: Running) -> None:
    """ME-SMS has not approved the sender yet."""
    _account(sandbox, senders={"SiamCoffee": "pending"})


def applied(project: Project, _sandbox: Running) -> None:
    """The campaign is scheduled."""
    ran = project.apply()
    assert ran.code == 0, ran.err


def moved_list(project: Project, sandbox: Running) -> None:
    """Scheduled, and then half of the list is gone."""
    applied(project, sandbox)
    members(project, PEOPLE // 2)


def emptied(project: Project, sandbox: Running) -> None:
    """Scheduled, and then the manifest is deleted."""
    applied(project, sandbox)
    (project.root / "campaigns/sale.yaml").unlink()


def stopped(project: Project, _sandbox: Running) -> None:
    """The emergency stop holds."""
    assert project.run("stop", "sale").code == 0


def saved(project: Project, _sandbox: Running) -> None:
    """Somebody approved a plan."""
    ran = project.run("plan", "--out", "plan.json")
    assert ran.code == 0, ran.err


def expired(project: Project, sandbox: Running) -> None:
    """A day ago."""
    saved(project, sandbox)
    sandbox.advance(timedelta(hours=24, seconds=1))


def moved(project: Project, sandbox: Running) -> None:
    """And then the text was edited."""
    saved(project, sandbox)
    project.campaign("sale", content="Another text")


def other_policy(project: Project, sandbox: Running) -> None:
    """The first state comes from mesms.yaml: with one there, the policy is edited after the approval."""
    another(project, sandbox)
    applied(project, sandbox)
    project.campaign("sale", content="Another text")
    saved(project, sandbox)
    project.write("mesms.yaml", PROJECT + "policy:\n  max_parts: 9\n")


def spent(project: Project, sandbox: Running) -> None:
    """And was carried out since."""
    saved(project, sandbox)
    assert project.run("apply", "plan.json").code == 0


def thousand(project: Project, _sandbox: Running) -> None:
    """From a thousand people on, a person types how many."""
    members(project, 1_000)


NOW = {"schedule": "now", "class": "marketing"}
RULE = """\
rules:
    - name: crm-names-an-owner
      require: campaign.owner.endsWith("@siamcoffee.example")
      message: every campaign names an owner at siamcoffee.example"""

REFUSALS: dict[str, Refusal] = {
    "limits-recipients-max": Refusal(
        "`limits.recipients.max`", "the list holds more people than the manifest finds plausible",
        keys={"limits": {"recipients": {"max": 1}}},
    ),
    "limits-recipients-min": Refusal(
        "`limits.recipients.min`", "the list holds fewer",
        keys={"limits": {"recipients": {"min": 8000}}},
    ),
    "limits-credits": Refusal(
        "`limits.credits`", "the campaign costs more than its manifest allows", keys={"limits": {"credits": 1}},
    ),
    "limits-requests": Refusal(
        "`limits.requests`", "a name makes every message another; a hundred are allowed unless more is said",
        keys=NAMED,
    ),
    "limits-parts": Refusal(
        "`limits.parts`", "the text is longer than its manifest allows", keys={"content": LONG, "limits": {"parts": 1}},
    ),
    "max-recipients-campaign": Refusal(
        "`policy.max_recipients.campaign`", "one campaign reaches too many people",
        policy="max_recipients: {campaign: 1}",
    ),
    "max-recipients-apply": Refusal(
        "`policy.max_recipients.apply`", "all campaigns together do",
        policy="max_recipients: {apply: 3}", first=another,
    ),
    "max-credits-campaign": Refusal(
        "`policy.max_credits.campaign`", "one campaign costs too much", policy="max_credits: {campaign: 1}",
    ),
    "max-credits-apply": Refusal(
        "`policy.max_credits.apply`", "all campaigns together do", policy="max_credits: {apply: 3}", first=another,
    ),
    "max-parts": Refusal(
        "`policy.max_parts`", "the text as written is too long", policy="max_parts: 1", keys={"content": LONG},
    ),
    "max-parts-personal": Refusal(
        "`policy.max_parts`, with values of people", "somebody's text is too long",
        policy="max_parts: 1", keys={**NAMED, "content": "{{ name }} " + LONG, "limits": {"requests": 400}},
    ),
    "min-balance-after": Refusal(
        "`policy.min_balance_after`", "too few credits would remain", policy="min_balance_after: 99999",
    ),
    "balance": Refusal("the balance", "it does not cover the plan", first=poor),
    "window-now": Refusal(
        "`policy.windows`, for `schedule: now`", "it is applied at 09:00, and leaves ten minutes later",
        policy='windows: {marketing: "10:00-11:00"}', keys=NOW,
    ),
    "window-default": Refusal(
        "`policy.windows`, as nobody wrote it", "it is applied at 19:55", keys=NOW,
        first=lambda project, sandbox: sandbox.advance(timedelta(hours=10, minutes=55)),
    ),
    "window-fixed": Refusal(
        "`policy.windows`, for a fixed time", "a mistake in the manifest, and found by `validate` already", 1,
        policy='windows: {transactional: "08:00-22:00"}', keys={"schedule": "2027-04-10T23:30"},
    ),
    "holidays": Refusal(
        "`policy.holidays`", "it would leave on Songkran",
        policy="holidays: {marketing: refuse}", keys={"class": "marketing", "schedule": "2027-04-13T10:00"},
    ),
    "senders": Refusal("`policy.senders`", "the sender is not on the list", policy="senders: [SiamTea]"),
    "approved-senders": Refusal("approved senders", "ME-SMS has not approved the sender yet", first=unapproved),
    "links": Refusal(
        "`policy.links`", "the text links to a host that is not on the list",
        policy="links: [siamcoffee.example]", keys={"content": "Look: https://elsewhere.example/x"},
    ),
    "shorteners": Refusal(
        "shortened links", "operators refuse them, whatever the policy says", keys={"content": "Look: bit.ly/x"},
    ),
    "rules": Refusal("`policy.rules`", "a rule of the team's own does not hold", policy=RULE),
    "max-audience-change": Refusal(
        "`policy.max_audience_change`", "half of the list is gone since the campaign was scheduled",
        policy="max_audience_change: 20%", keys=LISTED, first=moved_list,
    ),
    "freeze": Refusal(
        "the emergency stop", "`mesms-gitops stop sale` was said; other campaigns go on", 3, first=stopped,
    ),
    "empty-folder": Refusal("the empty folder", "no manifest is left, and a message is scheduled", first=emptied),
    "plan-expired": Refusal(
        "an expired plan", "it was approved more than 24 hours ago", 5, first=expired, command=SAVED,
    ),
    "plan-moved": Refusal("a moved plan", "the text was edited since", 5, first=moved, command=SAVED),
    "plan-policy": Refusal(
        "a plan under another policy", "mesms.yaml was edited since", 5, first=other_policy, command=SAVED,
    ),
    "plan-spent": Refusal("a spent approval", "it was carried out already", 5, first=spent, command=SAVED),
    "digest": Refusal(
        "another digest", "what would be done is not what was approved", 5,
        command=("apply", "--expect-digest", "sha256:" + "0" * 64),
    ),
    "nobody-here": Refusal(
        "nobody to ask", "there is no terminal and no approval", 64, command=("apply",),
    ),
    "typed-yes": Refusal(
        "the typed number", "from 1,000 people on `yes` is not accepted", 1,
        keys=LISTED, first=thousand, command=("apply",), answer="yes",
    ),
}  # fmt: skip
