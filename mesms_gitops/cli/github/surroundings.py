"""What a GitHub job says of itself: variables of the runner and the event that started it. Read once, checked here."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_EVENT_BYTES: Final = 16 << 20
DEPENDABOT: Final = "dependabot[bot]"
"""Its runs get no secret and a token that can only read, as those of a fork."""
_QUEUED: Final = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-([0-9]+)-[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One job. ``run`` is the address of its run, ``sha`` the commit that was checked out.

    ``attempt`` counts from 1 how often the run was started; None where the runner does not say.
    """

    repository: str
    api_url: str
    server_url: str
    event_name: str
    event: Mapping[str, Any]
    sha: str
    ref: str
    actor: str
    run: str
    attempt: int | None
    temp: Path
    output: Path | None
    summary: Path | None

    @classmethod
    def of_process(cls) -> Surroundings:
        """Raises `ConfigError` outside of a job."""
        env = os.environ
        missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_EVENT_NAME", "RUNNER_TEMP") if not env.get(name)]
        if missing:
            raise ConfigError(
                "this runs inside a GitHub job only",
                where=f"environment: {', '.join(missing)}",
                next_step="mesms-gitops --help lists the commands for people",
            )
        server = env.get("GITHUB_SERVER_URL", "https://github.com")
        repository, run = env["GITHUB_REPOSITORY"], env.get("GITHUB_RUN_ID", "")
        attempt = env.get("GITHUB_RUN_ATTEMPT", "")
        return cls(
            repository=repository,
            api_url=env.get("GITHUB_API_URL", "https://api.github.com"),
            server_url=server,
            event_name=env["GITHUB_EVENT_NAME"],
            event=_event(env.get("GITHUB_EVENT_PATH")),
            sha=env.get("GITHUB_SHA", ""),
            ref=env.get("GITHUB_REF", ""),
            actor=env.get("GITHUB_ACTOR", ""),
            run=f"{server}/{repository}/actions/runs/{run}" if run.isdecimal() else "",
            attempt=int(attempt) if attempt.isascii() and attempt.isdecimal() else None,
            temp=Path(env["RUNNER_TEMP"]),
            output=_path(env.get("GITHUB_OUTPUT")),
            summary=_path(env.get("GITHUB_STEP_SUMMARY")),
        )

    @property
    def branch(self) -> str:
        """The branch this runs on; empty for anything else."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""

    @property
    def pull_number(self) -> int | None:
        """The pull request that this plan is for: of the event, or the one a merge queue tries."""
        if self.event_name == "merge_group":
            queued = _QUEUED.fullmatch(str(self._part("merge_group").get("head_ref", "")))
            return int(queued[1]) if queued else None
        number = self._part("pull_request").get("number")
        return number if type(number) is int else None

    @property
    def head(self) -> str:
        """The newest commit of the pull request's branch; else the commit that was checked out."""
        sha = _part(self._part("pull_request"), "head").get("sha")
        return sha if isinstance(sha, str) else self.sha

    @property
    def is_fork(self) -> bool:
        """Whether the event is a pull request from another repository."""
        pull = self._part("pull_request")
        return bool(pull) and _part(_part(pull, "head"), "repo").get("full_name") != self.repository

    @property
    def can_write(self) -> bool:
        """Whether this run's token may write at all."""
        return not self.is_fork and self.actor != DEPENDABOT

    def _part(self, key: str) -> Mapping[str, Any]:
        return _part(self.event, key)


def _part(whole: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = whole.get(key)
    return found if isinstance(found, dict) else {}


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _event(path: str | None) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        with Path(path).open("rb") as stream:
            event = json.loads(stream.read(MAX_EVENT_BYTES).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError("the event of this job cannot be read", where=path, why=type(error).__name__) from error
    return event if isinstance(event, dict) else {}
