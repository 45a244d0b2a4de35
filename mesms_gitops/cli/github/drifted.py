"""``drift`` on a schedule: what is not as it is recorded, or waits for a person, in one issue that closes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.cli.github import children
from mesms_gitops.cli.github.commenting import own
from mesms_gitops.cli.github.job import Outcome, has_key, log
from mesms_gitops.cli.github.outputs import SUMMARY_BYTES, annotation
from mesms_gitops.cli.github.planned import comment_of, plan_outputs, planned
from mesms_gitops.model.drift import DriftKind
from mesms_gitops.views.drift import NEXT_STEPS
from mesms_gitops.views.outcome_markdown import TroubleShown, issue_body, issue_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mesms_gitops.api.github import GitHub
    from mesms_gitops.cli.github.job import Job

UNKNOWN_NEXT: Final = "mesms-gitops resolve {name} shows the evidence and settles it"


def drift(job: Job) -> Outcome:
    """Exit 0 with an issue that says it, 3 where there is trouble and nobody could be told."""
    found = planned(job, is_offline=not has_key())
    status = children.run(job.inputs.folder, "status", "--json").document()
    troubles = list(troubles_in(found.document if found.plan else {}, status))
    if found.plan is None:
        troubles.append(TroubleShown("", found.error or "the plan failed", "look at the log of this run"))
    body = issue_body(job.inputs.environment, troubles, run=job.surroundings.run, words=job.words)
    for one in troubles[:9]:  # of the ten that GitHub shows, one is left for a failing comment
        print(annotation("warning", one.campaign or "plan", f"{one.what}\n{one.next_step}".strip()))
    issue = job.told(lambda: _issue(job, body, troubles)) if job.inputs.comment != "never" else None
    outputs = plan_outputs(found) | {
        "comment-id": "" if issue is None else str(issue),
        "report-path": str(job.report({"exit_code": found.exit_code, "plan": found.document, "status": status})),
    }
    summary = f"{body}\n{comment_of(job, found, budget=SUMMARY_BYTES - 100_000)}"
    if found.plan is None:
        return Outcome(found.exit_code or 1, "", outputs, summary)
    return Outcome(3 if troubles and issue is None else 0, "", outputs, summary)


def troubles_in(plan: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[TroubleShown]:
    """What is wrong, by campaign: drift, what is blocked, and sends of which nobody knows whether they were made."""
    told: set[str] = set()
    for action in plan.get("actions", []):
        if action["action"] == "blocked":
            told.add(action["campaign"])
            nexts = [str(one["next"]) for one in action["diagnostics"] if one.get("next")]
            yield TroubleShown(str(action["campaign"]), str(action["message"]), nexts[0] if nexts else "")
    for one in plan.get("drift", []):
        if not (one.get("blocks") and one["campaign"] in told):
            name, uuid = str(one["campaign"]), str(one["uuid"])
            step = NEXT_STEPS[DriftKind(one["kind"])].format(uuid=uuid, campaign=name)
            yield TroubleShown(name, f"{one['message']} ({uuid})", step)
    for campaign in status.get("campaigns", []):
        if campaign["phase"] == "unknown" and campaign["name"] not in told:
            name = str(campaign["name"])
            yield TroubleShown(name, "nobody knows whether ME-SMS has its message", UNKNOWN_NEXT.format(name=name))


def _issue(job: Job, body: str, troubles: Sequence[TroubleShown]) -> int | None:
    """Open, rewrite or close the one issue; its number, None if there is none to have."""
    github: GitHub | None = job.github
    if github is None:
        log("no token: no issue is opened")
        return None
    former = own(github.open_issues(), "issue", job.inputs.environment, job.inputs.bot)
    if former is None:
        return github.add_issue(issue_title(job.inputs.environment, job.words), body) if troubles else None
    if not troubles or former.body.replace("\r\n", "\n").strip() != body.strip():
        github.change_issue(former.id, body, close=not troubles)
    return former.id
