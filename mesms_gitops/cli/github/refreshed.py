"""``refresh`` on a schedule: move the state on, and tell a merged pull request what became of its people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.cli.github import children
from mesms_gitops.cli.github.commenting import own, put
from mesms_gitops.cli.github.job import Outcome
from mesms_gitops.cli.github.left_behind import release
from mesms_gitops.cli.history import last_change
from mesms_gitops.model.marker import Marker
from mesms_gitops.views.outcome_markdown import DeliveryShown, delivery_comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.cli.github.job import Job

_READ: Final = (0, 3)
"""With 3 some messages could not be read; what became of all others is known all the same."""
REPORTED_FOR: Final = timedelta(days=14)
"""So long after it left, a settled campaign is still looked after: a report that could not be posted comes later."""


def refresh(job: Job) -> Outcome:
    """Delivery of everything that can still change; the report of a campaign once nothing new is to come about it."""
    release(job)
    ran = children.run(job.inputs.folder, "refresh", "--json", "--lock-timeout", str(job.inputs.lock_timeout))
    status = ran.document()
    reported = children.run(job.inputs.folder, "report", "--json").document()
    lines = {str(one["name"]): _line(one) for one in reported.get("campaigns", [])}
    settled = {str(one["name"]) for one in reported.get("campaigns", []) if one["settled"]}
    posted: int | None = None
    if ran.exit_code in _READ and job.github is not None and job.inputs.comment != "never":
        campaigns = [one for one in status.get("campaigns", []) if one["name"] in settled]
        posted = job.told(lambda: _post(job, campaigns, lines))
    summary = delivery_comment(job.inputs.environment, list(lines.values()), words=job.words) if lines else ""
    report = job.report({"exit_code": ran.exit_code, "status": status, "delivery": reported})
    outputs = {"report-path": str(report), "comment-id": "" if posted is None else str(posted)}
    return Outcome(ran.exit_code, "", outputs, summary)


def _line(one: Mapping[str, Any]) -> DeliveryShown:
    at = one.get("scheduled_at")
    return DeliveryShown(
        campaign=str(one["name"]),
        left_at=datetime.fromisoformat(at) if at else None,
        recipients=int(one["recipients"]),
        delivered=int(one["delivered"]),
        failed=int(one["failed"]),
        unknown=int(one["unknown"]),
        credits=one.get("credits"),
    )


def _post(job: Job, settled: Iterable[Mapping[str, Any]], lines: Mapping[str, DeliveryShown]) -> int | None:
    """Post what is due of ``settled``, campaigns of ``status --json``; the id of the last comment. Raises `ApiError`.

    A pull request that takes no comment, as one whose conversation is locked, keeps none from the others.
    """
    posted = [job.told(partial(_report, job, number, names, lines)) for number, names in _due(job, settled).items()]
    return next((comment for comment in reversed(posted) if comment is not None), None)


def _report(job: Job, number: int, names: frozenset[str], lines: Mapping[str, DeliveryShown]) -> int | None:
    """Tell pull request ``number`` of ``names``; None where it knows them already. Raises `ApiError`."""
    assert job.github is not None
    former = own(job.github.comments(number), "report", job.inputs.environment, job.inputs.bot)
    marker = Marker.of(former.body) if former else None
    known = frozenset(marker.campaigns if marker else ())
    if names <= known:
        return None
    shown = [lines[name] for name in sorted(names | known) if name in lines]
    body = delivery_comment(job.inputs.environment, shown, words=job.words)
    return put(job.github, number, body, job.inputs.bot)


def _due(job: Job, settled: Iterable[Mapping[str, Any]]) -> dict[int, frozenset[str]]:
    """Which pull request last changed which of the campaigns that left not long ago. Raises `ApiError`."""
    assert job.github is not None
    by_commit: dict[str, set[str]] = {}
    for campaign in settled:
        if not _left_lately(campaign):
            continue
        commit = last_change(job.inputs.folder, str(campaign.get("file") or ""))
        if commit:
            by_commit.setdefault(commit, set()).add(str(campaign["name"]))
    due: dict[int, frozenset[str]] = {}
    for commit, names in by_commit.items():
        merged = _merged(job.github.pull_requests_of(commit))
        if merged is not None:
            due[merged] = due.get(merged, frozenset()) | names
    return due


def _merged(pulls: Iterable[Any]) -> int | None:
    """The newest merged one: a commit may have come by several."""
    return max((pull.number for pull in pulls if pull.merged_as is not None), default=None)


def _left_lately(campaign: Mapping[str, Any]) -> bool:
    """By the newest of its sends, on this machine's clock; one without an hour left when it was intended."""
    times = [send.get("scheduled_at") or send.get("intended_at") for send in campaign.get("sends", [])]
    newest = max((datetime.fromisoformat(time) for time in times if time), default=None)
    return newest is not None and datetime.now(UTC) - newest < REPORTED_FOR
