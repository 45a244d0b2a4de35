"""``plan`` and ``validate`` in a pull request: the plan, what it says there, and whether a merge queue may go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.cli.github import children
from mesms_gitops.cli.github.approving import approved_in
from mesms_gitops.cli.github.commenting import put, strike
from mesms_gitops.cli.github.job import Outcome, has_key, log
from mesms_gitops.cli.github.outputs import SUMMARY_BYTES, annotation
from mesms_gitops.errors import StalePlan
from mesms_gitops.views.comment_markdown import Occasion, plan_comment
from mesms_gitops.views.plan_overview import FindingShown, findings_of, overview_of

if TYPE_CHECKING:
    from mesms_gitops.cli.github.job import Job
    from mesms_gitops.views.plan_overview import Overview

BALANCE_CODES: Final = frozenset({"MS545", "MS546"})
"""The guards about what the account holds (`planning.codes`)."""


@dataclass(frozen=True, slots=True)
class Planned:
    """How `plan` ended. ``plan`` is None where there is none; then ``error`` and ``findings`` say why."""

    exit_code: int
    document: dict[str, Any]
    plan: Overview | None
    error: str
    findings: tuple[FindingShown, ...]
    file: Path

    @property
    def reason(self) -> str:
        """Why it is refused, in one word; empty where the exit code says it all."""
        refusals = self.plan.refusals if self.plan else self.findings if self.exit_code == 4 else ()
        return "insufficient-credits" if any(found.code in BALANCE_CODES for found in refusals) else ""


def validate(job: Job) -> Outcome:
    """The manifests alone: annotations in the log, all findings in the summary of the step."""
    ran = children.run(job.inputs.folder, "validate", "--format", "github")
    print(ran.out, end="", flush=True)
    return Outcome(ran.exit_code, outputs={"report-path": str(job.report({"exit_code": ran.exit_code}))})


def plan(job: Job) -> Outcome:
    """Plan, comment, and in a merge queue refuse what the pull request did not show."""
    _strike(job)
    checked = validate(job)
    # GitHub shows ten annotations of a kind for a step: the errors of manifests have their lines, and come first
    found = planned(job, is_offline=not has_key(), is_annotated=checked.exit_code == 0)
    exit_code, reason, why = found.exit_code, found.reason, ""
    if exit_code == 0 and over_budget(job, found):
        exit_code, why = 4, budget_words(job, found)
        found = _refused(found, why)
    elif exit_code == 0:
        exit_code, why = _parity(job, found)
    if why:
        print(annotation("error", "plan", why))
    comment = _comment(job, found)
    summary = comment_of(job, found, budget=SUMMARY_BYTES - 10_000)
    outputs = plan_outputs(found) | {"comment-id": "" if comment is None else str(comment)}
    outputs["report-path"] = str(write_report(job, found))
    return Outcome(exit_code, reason, outputs, summary)


def planned(job: Job, *, is_offline: bool, is_annotated: bool = True) -> Planned:
    """Run `plan` and read what it printed; ``is_annotated``: why it failed is an annotation of the step."""
    file = Path(job.inputs.plan_file or job.folder / "plan.json")
    if not file.is_absolute():
        file = job.inputs.folder / file
    if is_offline:
        log("no MESMS_API_KEY in this job: planned offline, costs are estimates")
    ran = children.run(job.inputs.folder, "plan", "--json", "--out", str(file), *(["--offline"] if is_offline else []))
    document = ran.document()
    error = document.get("error")
    if isinstance(error, dict):
        words = [str(error[key]) for key in ("what", "where", "why", "next") if error.get(key)]
        if is_annotated:
            print(annotation("error", "plan", "\n".join(words)))
        told = findings_of(document.get("diagnostics", []))
        return Planned(ran.exit_code, document, None, "\n".join(words), told, file)
    if ran.exit_code not in (0, 4):
        return Planned(ran.exit_code, document, None, "", (), file)
    return Planned(ran.exit_code, document, overview_of(document), "", (), file)


def write_report(job: Job, found: Planned) -> Path:
    """What a run that may comment re-renders for a fork, and whoever wants the plan as JSON."""
    is_plan = found.plan is not None
    return job.report(
        {
            "exit_code": found.exit_code,
            "plan": found.document if is_plan else None,
            "error": found.error,
            "diagnostics": [] if is_plan else found.document.get("diagnostics", []),
        }
    )


def occasion_of(job: Job, found: Planned) -> Occasion:
    """What the comment stands for."""
    around = job.surroundings
    made = Occasion(job.inputs.environment, around.head, around.run, is_fork=around.is_fork, exit_code=found.exit_code)
    actions = found.plan.actions if found.plan else ()
    return replace(made, timezone=actions[0].timezone) if actions else made


def comment_of(job: Job, found: Planned, **budget: int) -> str:
    """The comment, or with a larger budget the summary."""
    told = occasion_of(job, found)
    return plan_comment(found.plan, told, findings=found.findings, error=found.error, words=job.words, **budget)


def plan_outputs(found: Planned) -> dict[str, str]:
    """The figures that later steps may want; empty where there is no plan."""
    plan = found.plan
    if plan is None:
        return {"changes": "", "plan-path": "", "plan-digest": ""}
    counts = plan.counts
    return {
        "changes": "true" if plan.has_changes else "false",
        "to-send": str(counts["send"] + counts["schedule"] + counts["replace"]),
        "to-cancel": str(counts["cancel"]),
        "unchanged": str(counts["keep"]),
        "blocked": str(counts["blocked"]),
        "cost": str(plan.credits),
        "credits-after": "" if plan.balance_after is None else str(plan.balance_after),
        "plan-path": str(found.file),
        "plan-digest": plan.digest,
    }


def over_budget(job: Job, found: Planned) -> bool:
    """Whether the plan costs more than the workflow lets one run cost."""
    budget = job.inputs.budget
    return found.plan is not None and budget is not None and found.plan.credits > budget


def budget_words(job: Job, found: Planned) -> str:
    """What it costs, and what it may."""
    assert found.plan is not None
    return (
        f"the plan costs {found.plan.credits:,} credits, and `budget` in the workflow allows {job.inputs.budget:,}: "
        "raise it, or take campaigns out"
    )


def _refused(found: Planned, why: str) -> Planned:
    """The same plan, refused by the workflow as the guards of the policy would refuse it."""
    assert found.plan is not None
    refusal = FindingShown("budget", "error", why, "", "")
    return replace(found, plan=replace(found.plan, refusals=(*found.plan.refusals, refusal)))


def _strike(job: Job) -> None:
    """A plan for an older commit is struck through before anything that may fail or take long."""
    number, github = job.surroundings.pull_number, job.github
    is_told = job.inputs.comment != "never" and job.surroundings.can_write
    if github is None or number is None or not is_told or job.surroundings.event_name == "merge_group":
        return
    strike(github, number, job.surroundings.head, job.inputs.environment, job.inputs.bot, job.words)


def _comment(job: Job, found: Planned) -> int | None:
    """Raises `ApiError`: without its comment nobody can approve the plan."""
    number, github, mode = job.surroundings.pull_number, job.github, job.inputs.comment
    if number is None or mode == "never" or job.surroundings.event_name == "merge_group":
        return None
    if github is None or not job.surroundings.can_write:
        log("this run cannot comment; the workflow that runs after it does, from its artifact")
        return None
    has_news = found.plan is None or found.plan.has_changes or bool(found.plan.blocked or found.plan.refusals)
    quiet = mode == "on-change" and not has_news
    return put(github, number, comment_of(job, found), job.inputs.bot, only_if_there=quiet)


def _parity(job: Job, found: Planned) -> tuple[int, str]:
    """In a merge queue, whether what would be merged is what the pull request showed; 0 and nothing elsewhere."""
    around, inputs = job.surroundings, job.inputs
    if around.event_name != "merge_group" or inputs.approval != "pull-request" or found.plan is None:
        return 0, ""
    if not found.plan.has_changes:
        return 0, ""
    if around.pull_number is None:
        return 5, "the merge queue does not say which pull request this is"
    github = job.wanted_github()
    try:
        approved = approved_in(github, github.pull_request(around.pull_number), inputs.environment, inputs.bot, 0)
    except StalePlan as error:
        return error.exit_code, f"{error.what}\n{error.why or ''}"
    if approved.digest == found.plan.digest:
        return 0, ""
    return 5, (
        f"the plan is no longer the one in #{around.pull_number}\n"
        f"approved: {approved.digest}\nnow: {found.plan.digest}\n"
        "next: bring the branch up to date, and have its new plan approved"
    )
