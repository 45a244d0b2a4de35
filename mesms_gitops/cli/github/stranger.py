"""The comment on a fork's pull request, made from what its own run left behind: anybody's text, read and never run.

The run that calls this was started by GitHub after the fork's run had ended (``workflow_run``). It has a token that can
comment and no code of the fork. Which pull request it is, GitHub says, not the artifact; figures and texts are the
fork's, are checked for their shape and size, rendered anew, and can approve nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.cli.github.commenting import put
from mesms_gitops.cli.github.job import Outcome
from mesms_gitops.errors import UsageError
from mesms_gitops.views.comment_markdown import Occasion, plan_comment
from mesms_gitops.views.plan_overview import findings_of, overview_of

if TYPE_CHECKING:
    from mesms_gitops.cli.github.job import Job
    from mesms_gitops.model.pull_request import PullRequest

MAX_REPORT_BYTES: Final = 8 << 20
_OWNER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


def comment_for_stranger(job: Job) -> Outcome:
    """Comment what `plan-file` says on the fork's open pull request; nothing where its branch has moved on."""
    file = Path(job.inputs.plan_file)
    pull = _pull(job)
    if pull is None:
        return Outcome(0, outputs={"comment-id": ""}, summary="No open pull request has this commit at its head.\n")
    body = _body(job, _report(file), pull)
    number = put(job.wanted_github(), pull.number, body, job.inputs.bot)
    return Outcome(0, outputs={"comment-id": str(number)}, summary=body)


def _pull(job: Job) -> PullRequest | None:
    """The open pull request whose newest commit that run was about, by GitHub's own word."""
    run = job.surroundings.event.get("workflow_run")
    if not isinstance(run, dict) or run.get("event") != "pull_request":
        return None
    source, branch, sha = (run.get(key) for key in ("head_repository", "head_branch", "head_sha"))
    if not (isinstance(source, dict) and isinstance(branch, str) and isinstance(sha, str)):
        return None
    repository = str(source.get("full_name") or "")
    owner = repository.partition("/")[0]
    if repository == job.surroundings.repository or not _OWNER.fullmatch(owner):
        return None  # of the repository itself, its own run has commented already
    found = job.wanted_github().open_pull_requests_from(owner, branch)
    return next((pull for pull in found if pull.head == sha and pull.head_repository == repository), None)


def _report(file: Path) -> dict[str, Any]:
    """Raises `UsageError` for anything that is no report."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_REPORT_BYTES:
            raise _no_report(file, "it is not a file of a fitting size")
        with file.open("rb") as stream:
            report = json.loads(stream.read(MAX_REPORT_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _no_report(file, type(error).__name__) from None
    if not isinstance(report, dict):
        raise _no_report(file, "it holds no object")
    return report


def _no_report(file: Path, why: str) -> UsageError:
    return UsageError(
        "the artifact of the fork's run cannot be shown",
        where=str(file),
        why=why[:200],
        next_step="nothing was commented; look at that run's own summary",
    )


def _body(job: Job, report: dict[str, Any], pull: PullRequest) -> str:
    exit_code, told = report.get("exit_code"), report.get("error")
    try:
        plan = None if report.get("plan") is None else overview_of(report["plan"])
        findings = findings_of(report.get("diagnostics") or [])
    except (ValueError, RecursionError) as error:
        raise _no_report(job.folder, f"it holds no plan: {error}") from None
    occasion = Occasion(
        environment=job.inputs.environment,
        head=pull.head,
        run=job.surroundings.run,
        is_fork=True,
        exit_code=exit_code if type(exit_code) is int and 0 <= exit_code < 256 else 1,
    )
    error_words = told[:2_000] if isinstance(told, str) else ""
    return plan_comment(plan, occasion, findings=findings, error=error_words, words=job.words)
