"""The few REST calls to GitHub that the action makes. Every failure is an `ApiError`; the token is never shown.

Paths, parameters and bodies are those of GitHub's published OpenAPI description (api.github.com, version 2022-11-28);
how answers are read is in `github_answers`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

import httpx2

from mesms_gitops import __version__
from mesms_gitops.api.address import Address
from mesms_gitops.api.github_answers import asked_to_wait, author, comment, figure, member, pull_request, text
from mesms_gitops.api.secret import Secret
from mesms_gitops.errors import AnswerUnreadable, ApiError, ConfigError
from mesms_gitops.model.pull_request import Comment, PullRequest, Review

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

API_VERSION: Final = "2022-11-28"
PER_PAGE: Final = 100
MOST_PAGES: Final = 30
"""Three thousand comments: beyond that nobody reads them either."""
MAX_ANSWER_BYTES: Final = 32 << 20
MAX_BODY_CHARACTERS: Final = 65_536
TRIES: Final = 3
TIMEOUT: Final = 20.0
LABEL: Final = "mesms-gitops"
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class GitHub:
    """One repository, with one token. Reads are repeated twice where the network or GitHub fails; writes never.

    Either is repeated after a refusal for a limit, which names the seconds to wait: then nothing was done.
    """

    def __init__(self, base_url: str, repository: str, token: str, *, sleep: Callable[[float], None]) -> None:
        """Raises `ConfigError` for a repository or an address that cannot be one, or a token that cannot be sent."""
        if not _REPOSITORY.fullmatch(repository):
            raise ConfigError("this is no repository on GitHub", where="GITHUB_REPOSITORY")
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError("the token for GitHub is missing or cannot be sent", where="input `token`")
        self._address = Address.of(base_url)
        self._repository = repository
        self._root = f"{self._address.url}/repos/{repository}"
        self._secret = Secret(token)
        self._sleep = sleep
        self._client = httpx2.Client(
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=not self._address.is_loopback,
            headers={
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
                "User-Agent": f"mesms-gitops/{__version__}",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    # ------------------------------------------------------------ pull requests

    def pull_request(self, number: int) -> PullRequest:
        """Pull request ``number``."""
        return pull_request(self._call("GET", f"/pulls/{number}"))

    def pull_requests_of(self, commit: str) -> list[PullRequest]:
        """The pull requests that brought ``commit``; those it is in, if it is not in the default branch."""
        return [pull_request(one) for one in self._pages(f"/commits/{quote(commit, safe='')}/pulls", {})]

    def open_pull_requests_from(self, owner: str, branch: str) -> list[PullRequest]:
        """The open pull requests from ``branch`` of the fork of ``owner``."""
        return [pull_request(one) for one in self._pages("/pulls", {"state": "open", "head": f"{owner}:{branch}"})]

    def reviews(self, number: int) -> list[Review]:
        """Every review of a pull request, the oldest first."""
        return [
            Review(author(one), text(one, "state"), str(one.get("commit_id") or ""))
            for one in self._pages(f"/pulls/{number}/reviews", {})
        ]

    def may_write(self, login: str) -> bool:
        """Whether somebody may push to the repository; not so for an account that it does not know."""
        found = self._call("GET", f"/collaborators/{quote(login, safe='')}/permission", nothing=404)
        return found is not None and text(found, "permission") in ("admin", "write")

    # ------------------------------------------------------------ comments and issues

    def comments(self, number: int) -> list[Comment]:
        """Every comment of an issue or a pull request, the oldest first."""
        return [comment(one, "id") for one in self._pages(f"/issues/{number}/comments", {})]

    def add_comment(self, number: int, body: str) -> int:
        """Write a comment below issue or pull request ``number``; its id."""
        return figure(self._call("POST", f"/issues/{number}/comments", {"body": _bounded(body)}), "id")

    def change_comment(self, comment: int, body: str) -> None:
        """Put ``body`` in the place of what ``comment`` says."""
        self._call("PATCH", f"/issues/comments/{comment}", {"body": _bounded(body)})

    def open_issues(self) -> list[Comment]:
        """The open issues with this tool's label; pull requests are none."""
        found = self._pages("/issues", {"state": "open", "labels": LABEL})
        return [comment(one, "number") for one in found if "pull_request" not in one]

    def add_issue(self, title: str, body: str) -> int:
        """Open an issue with this tool's label; its number."""
        whole = {"title": title, "body": _bounded(body), "labels": [LABEL]}
        return figure(self._call("POST", "/issues", whole), "number")

    def change_issue(self, number: int, body: str, *, close: bool = False) -> None:
        """Rewrite an issue; with ``close``, close it as done."""
        closing = {"state": "closed", "state_reason": "completed"} if close else {}
        self._call("PATCH", f"/issues/{number}", {"body": _bounded(body), **closing})

    # ------------------------------------------------------------ runs

    def is_over(self, run: int, attempt: int) -> bool:
        """Whether this attempt of this run of the repository has ended. Raises `AnswerUnreadable`, `ApiError`.

        `completed` is the one status that is final; an answer about anything else than what was asked for is none.
        """
        path = f"/actions/runs/{run}/attempts/{attempt}"
        found = self._call("GET", path)
        told = figure(found, "id"), figure(found, "run_attempt"), text(member(found, "repository"), "full_name")
        if told != (run, attempt, self._repository):
            raise AnswerUnreadable("GitHub's answer is about another run", where=path)
        return text(found, "status") == "completed"

    # ------------------------------------------------------------ one call

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Every entry of a list. Raises `AnswerUnreadable` for one that does not end: half a list is none."""
        for page in range(1, MOST_PAGES + 1):
            found = self._call("GET", path, query={**query, "per_page": str(PER_PAGE), "page": str(page)})
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise AnswerUnreadable("GitHub's answer is no list", where=path)
            yield from found
            if len(found) < PER_PAGE:
                return
        raise AnswerUnreadable(f"GitHub lists more than {PER_PAGE * MOST_PAGES:,} entries", where=path)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        *,
        nothing: int | None = None,
    ) -> Any:
        """The answer; None where it has the status code ``nothing``."""
        for left in reversed(range(TRIES)):
            wait: float | None = float(TRIES - left) if method == "GET" else None
            try:
                answer = self._exchange(method, path, body, query)
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                if left == 0 or wait is None:
                    raise self._failure(method, path, type(error).__name__) from None  # it may hold the token's header
            else:
                wait = wait if answer.status_code >= 500 else asked_to_wait(answer)
                if left == 0 or wait is None:
                    return self._read(answer, method, path, nothing)
            self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _exchange(
        self, method: str, path: str, body: Mapping[str, object] | None, query: Mapping[str, str] | None
    ) -> httpx2.Response:
        return self._client.request(
            method,
            self._root + path,
            params=dict(query) if query else None,
            json=dict(body) if body is not None else None,
            headers={"Authorization": f"Bearer {self._secret.reveal()}"},
        )

    def _read(self, answer: httpx2.Response, method: str, path: str, nothing: int | None) -> Any:
        if answer.status_code == nothing:
            return None
        if answer.status_code not in (200, 201):
            raise self._failure(method, path, f"it answered {answer.status_code}: {self._said(answer)}")
        if len(answer.content) > MAX_ANSWER_BYTES:
            raise AnswerUnreadable("GitHub's answer is too long", where=f"{method} {path}")
        try:
            return answer.json()
        except (ValueError, RecursionError):
            raise AnswerUnreadable("GitHub's answer is not JSON", where=f"{method} {path}") from None

    def _said(self, answer: httpx2.Response) -> str:
        try:
            told = answer.json()["message"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "no reason"
        return self._secret.clean(str(told))

    def _failure(self, method: str, path: str, why: str) -> ApiError:
        return ApiError(
            "GitHub did not do what it was asked",
            where=f"{method} {path} at {self._address.host}",
            why=why,
            next_step="run it again when the limit is over, in an hour at the latest"
            if "rate limit" in why.lower()
            else "look at the job's `permissions` (docs/github.md) and at githubstatus.com, then run it again",
        )


def _bounded(body: str) -> str:
    if len(body) > MAX_BODY_CHARACTERS:
        raise ValueError("a comment longer than GitHub takes: its view has a budget")
    return body
