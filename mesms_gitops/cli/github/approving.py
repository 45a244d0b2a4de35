"""What was approved in a pull request: the digest its plan's comment showed, if everything about it holds.

The comment must be the bot's own, for the newest commit of the branch that was merged, whole, and made with the
account in sight. Whoever can write to the repository can edit any comment: this keeps an apply to what reviewers saw,
and keeps out no maintainer. What keeps everybody out is the protected environment that has the key.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import StalePlan
from mesms_gitops.model.marker import Marker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mesms_gitops.api.github import GitHub
    from mesms_gitops.model.pull_request import Comment, PullRequest, Review

_NEXT: Final = (
    "look at the plan in the summary of this run; if you want it, run the apply workflow by hand with its digest"
)
_PAUSES: Final = (1.0, 2.0, 4.0)
"""Seconds between questions, while GitHub has not yet noted which pull request a commit that was just pushed is of."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A digest, and the pull request that it was approved in."""

    digest: str
    pull: PullRequest


def merged_pull(github: GitHub, commit: str, branch: str, sleep: Callable[[float], None] = time.sleep) -> PullRequest:
    """The one pull request that became ``commit`` on ``branch``. Raises `StalePlan` if there is none or more."""
    brought = github.pull_requests_of(commit)
    for pause in _PAUSES:
        if brought:
            break
        sleep(pause)
        brought = github.pull_requests_of(commit)
    pulls = [pull for pull in brought if pull.merged_as == commit and pull.base == branch]
    if len(pulls) != 1:
        raise _refused(
            f"commit {commit[:12]} on {branch or 'no branch'} did not come from one merged pull request"
            if not pulls
            else f"commit {commit[:12]} came from {len(pulls)} pull requests"
        )
    return pulls[0]


def approved_in(github: GitHub, pull: PullRequest, environment: str, bot: str, reviews: int) -> Approved:
    """What was approved in ``pull``. Raises `StalePlan`, with the reason, unless all of it holds."""
    marker = plan_marker(github.comments(pull.number), environment, bot)
    if marker is None:
        raise _refused(f"pull request #{pull.number} has no plan of {bot} for {environment}")
    if marker.head != pull.head:
        raise _refused(
            f"the plan in #{pull.number} was made for {marker.head[:12] or 'nothing'}, and {pull.head[:12]} was merged"
        )
    if not marker.can_approve:
        raise _refused(f"the plan in #{pull.number} cannot be approved: {_weakness(marker)}")
    if reviews:
        _check_reviews(github, pull, reviews)
    return Approved(marker.digest, pull)


def plan_marker(comments: Iterable[Comment], environment: str, bot: str) -> Marker | None:
    """The marker of the bot's plan; None without one. Raises `StalePlan` if two of them disagree."""
    found = {
        marker
        for comment in comments
        if comment.author == bot and (marker := Marker.of(comment.body)) is not None
        if (marker.kind, marker.environment) == ("plan", environment)
    }
    if len(found) > 1:
        raise _refused(f"there are {len(found)} plans for {environment}, and they disagree")
    return next(iter(found), None)


def _weakness(marker: Marker) -> str:
    if not marker.digest:
        return "it failed"
    if marker.truncated:
        return "not all of it was shown"
    return "it was made without the account" if marker.unchecked else "the branch moved on after it"


def _check_reviews(github: GitHub, pull: PullRequest, wanted: int) -> None:
    """The newest word of each reviewer counts; an approval only of the commit that was merged, and by somebody else.

    A reviewer may push to the repository: anybody who can read it can review.
    """
    newest: dict[str, Review] = {}
    for review in github.reviews(pull.number):
        if review.author and review.verdict in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            newest[review.author] = review
    newest = {author: one for author, one in newest.items() if github.may_write(author)}
    against = sorted(one.author for one in newest.values() if one.verdict == "CHANGES_REQUESTED")
    if against:
        raise _refused(f"changes were requested in #{pull.number} by {', '.join(against)}")
    approvals = [
        one.author
        for one in newest.values()
        if one.verdict == "APPROVED" and one.commit == pull.head and one.author != pull.author
    ]
    if len(approvals) < wanted:
        raise _refused(
            f"#{pull.number} has {len(approvals)} approving reviews of {pull.head[:12]}, wanted are {wanted}"
        )


def _refused(why: str) -> StalePlan:
    return StalePlan("nobody approved this plan; nothing was sent", why=why, next_step=_NEXT)
