"""What every step of the action works with, and what it ends with."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mesms_gitops.cli.github.outputs import annotation
from mesms_gitops.errors import ConfigError, MesmsError
from mesms_gitops.views.comment_words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mesms_gitops.api.github import GitHub
    from mesms_gitops.cli.github.inputs import Inputs
    from mesms_gitops.cli.github.surroundings import Surroundings
    from mesms_gitops.views.comment_words import Words

REASONS: Mapping[int, str] = {
    0: "",
    1: "error",
    3: "person-needed",
    4: "policy-denied",
    5: "plan-changed",
    6: "state-locked",
    64: "usage",
    130: "interrupted",
}
"""``failure-reason`` for each exit code, where a step knows no better one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended: its exit code, why in one word, its outputs, and what its summary says."""

    exit_code: int
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def failure_reason(self) -> str:
        """One stable word, empty where nothing failed."""
        return self.reason or REASONS.get(self.exit_code, "error")


@dataclass(frozen=True, slots=True)
class Job:
    """One step of the action. ``github`` is None where there is no token."""

    inputs: Inputs
    surroundings: Surroundings
    github: GitHub | None

    @property
    def words(self) -> Words:
        """The language of comments and summaries."""
        return LANGUAGES[self.inputs.language]

    @property
    def folder(self) -> Path:
        """Where files of this step go: the runner's own folder, emptied after the job."""
        folder = self.surroundings.temp / "mesms-gitops" / self.inputs.environment
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def wanted_github(self) -> GitHub:
        """Raises `ConfigError` without a token."""
        if self.github is None:
            raise ConfigError(
                "there is no token for GitHub",
                where="input `token`",
                why="what was approved stands in the pull request",
                next_step="give the action `token: ${{ github.token }}`, or an `expect-digest`",
            )
        return self.github

    def report(self, parts: Mapping[str, Any]) -> Path:
        """Write what this step found as ``report.json`` for later steps and the artifact."""
        file = self.folder / "report.json"
        head = {"format_version": "1.0", "command": self.inputs.command, "environment": self.inputs.environment}
        file.write_text(json.dumps({**head, **parts}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return file

    def told(self, tell: Callable[[], int | None]) -> int | None:
        """Tell GitHub something that nothing depends on; a failure is a warning: what was sent was sent."""
        try:
            return tell()
        except MesmsError as error:
            print(annotation("warning", "comment", "; ".join(filter(None, (error.what, error.where, error.why)))))
            return None


def pause(seconds: float) -> None:
    """Wait before a read is repeated."""
    time.sleep(seconds)


def has_key() -> bool:
    """Whether this job has a key for ME-SMS."""
    return bool(os.environ.get("MESMS_API_KEY"))


def log(text: str) -> None:
    """Say something in the log of the job."""
    print(text, file=sys.stderr, flush=True)
