"""How GitHub's answers are read: by the schemas of its OpenAPI description, whose names stand in the docstrings.

What is not needed is not looked at; what is needed and missing is an `AnswerUnreadable`, never a guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.model.pull_request import Comment, PullRequest

if TYPE_CHECKING:
    import httpx2

LONGEST_WAIT: Final = 60
_SECONDS: Final = re.compile(r"[0-9]{1,4}")


def asked_to_wait(answer: httpx2.Response) -> float | None:
    """The seconds after which a request that was refused for a limit may be repeated; None for other or longer ones.

    Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api (``retry-after``).
    """
    asked = answer.headers.get("retry-after", "") if answer.status_code in (403, 429) else ""
    return float(asked) if _SECONDS.fullmatch(asked) and int(asked) <= LONGEST_WAIT else None


def pull_request(one: Any) -> PullRequest:
    """A `pull-request` or a `pull-request-simple`."""
    head, base = member(one, "head"), member(one, "base")
    repository = head.get("repo")
    return PullRequest(
        number=figure(one, "number"),
        author=author(one),
        base=text(base, "ref"),
        head=text(head, "sha"),
        head_repository=text(repository, "full_name") if isinstance(repository, dict) else None,
        merged_as=text(one, "merge_commit_sha") if one.get("merged_at") else None,
    )


def comment(one: Any, key: str) -> Comment:
    """An `issue-comment` or an `issue`, which is changed by its ``key``."""
    return Comment(figure(one, key), author(one), str(one.get("body") or ""))


def author(one: Any) -> str:
    """Who wrote it; empty where the account is gone."""
    user = one.get("user") if isinstance(one, dict) else None
    return text(user, "login") if isinstance(user, dict) else ""


def member(one: Any, key: str) -> dict[str, Any]:
    """The object at ``key``."""
    found = one.get(key) if isinstance(one, dict) else None
    if not isinstance(found, dict):
        raise AnswerUnreadable(f"GitHub's answer has no {key}")
    return found


def text(one: Any, key: str) -> str:
    """The text at ``key``."""
    found = one.get(key) if isinstance(one, dict) else None
    if not isinstance(found, str):
        raise AnswerUnreadable(f"GitHub's answer has no {key}")
    return found


def figure(one: Any, key: str) -> int:
    """The whole number at ``key``."""
    found = one.get(key) if isinstance(one, dict) else None
    if type(found) is not int:
        raise AnswerUnreadable(f"GitHub's answer has no {key}")
    return found
