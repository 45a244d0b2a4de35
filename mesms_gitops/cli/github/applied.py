"""``apply`` after a merge: plan again, hold it against what was approved, carry it out, and say what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesms_gitops.cli.github import children
from mesms_gitops.cli.github.approving import approved_in, merged_pull
from mesms_gitops.cli.github.commenting import put
from mesms_gitops.cli.github.job import Outcome
from mesms_gitops.cli.github.left_behind import release
from mesms_gitops.cli.github.outputs import SUMMARY_BYTES, annotation
from mesms_gitops.cli.github.overtaken import overtaken
from mesms_gitops.cli.github.planned import (
    budget_words,
    comment_of,
    over_budget,
    plan_outputs,
    planned,
)
from mesms_gitops.errors import StalePlan
from mesms_gitops.views.outcome_markdown import StepShown, apply_comment

if TYPE_CHECKING:
    from mesms_gitops.cli.github.job import Job
    from mesms_gitops.cli.github.planned import Planned
    from mesms_gitops.model.pull_request import PullRequest


@dataclass(frozen=True, slots=True)
class _Carried:
    """How the apply ended, before it is told."""

    exit_code: int
    reason: str = ""
    why: str = ""
    steps: tuple[StepShown, ...] = ()
    document: dict[str, Any] | None = None


def apply(job: Job) -> Outcome:
    """Nothing is sent unless the plan is the approved one; running it again finishes what a dead runner began."""
    found = planned(job, is_offline=False)
    pull: PullRequest | None = None
    if found.plan is None or found.exit_code:
        ended = _Carried(found.exit_code or 1, found.reason, found.error or _refusals(found))
    elif over_budget(job, found):
        ended = _Carried(4, "", budget_words(job, found))
    elif why := overtaken(job, found.document):
        ended = _Carried(5, "plan-changed", why)
    else:
        try:
            approval, pull = _approval(job, found)
        except StalePlan as error:
            ended = _Carried(error.exit_code, "not-approved", f"{error.what}: {error.why}")
        else:
            ended = _carried_out(job, approval)
    if ended.why and not found.error:
        print(annotation("error", "apply", ended.why))
    return _told(job, found, ended, pull)


def _refusals(found: Planned) -> str:
    """The guards that do not hold, as one sentence."""
    return "; ".join(one.message for one in found.plan.refusals) if found.plan else ""


def _approval(job: Job, found: Planned) -> tuple[list[str], PullRequest | None]:
    """The arguments that say what is approved, and the pull request it was. Raises `StalePlan`, `ApiError`."""
    inputs, around = job.inputs, job.surroundings
    assert found.plan is not None
    if inputs.plan_file:
        return [str(found.file)], None
    if inputs.expect_digest:
        return ["--expect-digest", inputs.expect_digest], None
    if inputs.approval == "environment" or not found.plan.has_changes:
        # this very plan, which the summary shows, and nothing that may come in between
        return ["--expect-digest", found.plan.digest], None
    github = job.wanted_github()
    pull = merged_pull(github, around.sha, around.branch)
    approved = approved_in(github, pull, inputs.environment, inputs.bot, inputs.reviews)
    return ["--expect-digest", approved.digest], pull


def _carried_out(job: Job, approval: list[str]) -> _Carried:
    release(job)
    wait = str(job.inputs.lock_timeout)
    ran = children.run(job.inputs.folder, "apply", "--json", "--lock-timeout", wait, *approval)
    document = ran.document()
    error = document.get("error")
    if isinstance(error, dict):
        why = ": ".join(str(error[key]) for key in ("what", "why") if error.get(key))
        return _Carried(ran.exit_code, "", why, document=document)
    steps = tuple(_step(step) for step in document.get("steps", []))
    why = (
        ""
        if ran.exit_code == 0
        else "; ".join(f"{one.campaign}: {one.message}" for one in steps if one.result != "done")
    )
    return _Carried(ran.exit_code, "", why, steps, document)


def _step(step: dict[str, Any]) -> StepShown:
    return StepShown(
        campaign=str(step["campaign"]),
        verb=str(step["action"]),
        result=str(step["result"]),
        message=str(step["message"]),
        credits=int(step["credits"]),
        next_step=str(step.get("next") or ""),
    )


def _told(job: Job, found: Planned, ended: _Carried, pull: PullRequest | None) -> Outcome:
    inputs, run = job.inputs, job.surroundings.run
    body = apply_comment(
        inputs.environment, ended.steps, exit_code=ended.exit_code, why=ended.why, run=run, words=job.words
    )
    is_news = bool(ended.steps or ended.exit_code)
    comment = job.told(lambda: _comment(job, body, pull)) if is_news and inputs.comment != "never" else None
    summary = body + "\n" + comment_of(job, found, budget=SUMMARY_BYTES - 2 * len(body.encode()) - 10_000)
    report = job.report({"exit_code": ended.exit_code, "apply": ended.document, "plan": found.document})
    outputs = plan_outputs(found) | {
        "comment-id": "" if comment is None else str(comment),
        "report-path": str(report),
    }
    return Outcome(ended.exit_code, ended.reason, outputs, summary)


def _comment(job: Job, body: str, pull: PullRequest | None) -> int | None:
    github, around = job.github, job.surroundings
    if github is None:
        return None
    if pull is None:
        try:
            pull = merged_pull(github, around.sha, around.branch)
        except StalePlan:
            return None  # pushed without one, or by several: nobody is waiting for news
    return put(github, pull.number, body, job.inputs.bot)
