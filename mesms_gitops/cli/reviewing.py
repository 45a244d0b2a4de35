"""Reviews as GitHub knows them, where this is a repository there and a token is at hand: never needed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import MesmsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mesms_gitops.model.pull_request import Review

MOST_PULLS: Final = 50
"""So many pull requests are asked about, the newest: each takes a request."""


def reviews_of(pulls: Iterable[int]) -> tuple[Mapping[int, Sequence[Review]], tuple[str, ...]]:
    """The reviews of each pull request, and what could not be asked. Nothing without ``GITHUB_TOKEN``."""
    token, repository = os.environ.get("GITHUB_TOKEN"), os.environ.get("GITHUB_REPOSITORY")
    wanted = sorted(set(pulls), reverse=True)
    if not token or not repository or not wanted:
        return {}, ()
    from mesms_gitops.api.github import GitHub

    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    found: dict[int, Sequence[Review]] = {}
    try:
        with GitHub(base, repository, token, sleep=time.sleep) as github:
            for pull in wanted[:MOST_PULLS]:
                found[pull] = github.reviews(pull)
    except MesmsError as error:
        return found, (f"reviews on GitHub are not all here: {error.why or error.what}",)
    if len(wanted) > MOST_PULLS:
        return found, (f"GitHub was asked about the newest {MOST_PULLS} of {len(wanted)} pull requests",)
    return found, ()
