"""The inputs of the action, as it hands them over: in variables, so that none of them ever stands in a shell script."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "MESMS_ACTION_"
COMMANDS: Final = ("validate", "plan", "apply", "refresh", "drift", "comment")
COMMENTS: Final = ("always", "on-change", "never")
APPROVALS: Final = ("pull-request", "environment")
LANGUAGES: Final = ("en", "th")
_ENVIRONMENT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_BOT: Final = re.compile(r"[A-Za-z0-9-]{1,64}(\[bot\])?")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the workflow asked for; see ``action.yml``. ``token`` is empty where nothing is to be told."""

    command: str
    folder: Path
    environment: str
    plan_file: str
    expect_digest: str
    approval: str
    reviews: int
    comment: str
    language: str
    budget: int | None
    lock_timeout: int
    bot: str
    token: str

    @classmethod
    def of_process(cls) -> Inputs:
        """Raises `UsageError` for a value that no input may have. The token leaves the environment here."""
        names = [name for name in os.environ if name.startswith(PREFIX)]
        # none of the commands that follow needs any of it, the token least of all
        return _inputs({name.removeprefix(PREFIX): os.environ.pop(name).strip() for name in names})


def _inputs(given: Mapping[str, str]) -> Inputs:
    return Inputs(
        command=_one_of(given, "COMMAND", COMMANDS),
        folder=_folder(given),
        environment=_matching(given, "ENVIRONMENT", _ENVIRONMENT, "production"),
        plan_file=given.get("PLAN_FILE", ""),
        expect_digest=_matching(given, "EXPECT_DIGEST", _DIGEST, ""),
        approval=_one_of(given, "APPROVAL", APPROVALS),
        reviews=_figure(given, "REVIEWS") or 0,
        comment=_one_of(given, "COMMENT", COMMENTS),
        language=_one_of(given, "LANG", LANGUAGES),
        budget=_figure(given, "BUDGET"),
        lock_timeout=_figure(given, "LOCK_TIMEOUT") or 0,
        bot=_matching(given, "BOT", _BOT, "github-actions[bot]"),
        token=given.get("TOKEN", ""),
    )


def _shown(name: str) -> str:
    return f"input `{name.lower().replace('_', '-')}`"


def _one_of(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = given.get(name) or choices[0]
    if text not in choices:
        raise UsageError(
            f"{text[:60]!r} is none of the values of this input",
            where=_shown(name),
            next_step=f"write one of: {', '.join(choices)}",
        )
    return text


def _matching(given: Mapping[str, str], name: str, pattern: re.Pattern[str], default: str) -> str:
    text = given.get(name) or default
    if text and not pattern.fullmatch(text):
        raise UsageError(
            f"{text[:80]!r} cannot be the value of this input",
            where=_shown(name),
            next_step=f"it has the form {pattern.pattern}",
        )
    return text


def _figure(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name, "").replace(",", "").replace("_", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal():
        raise UsageError(
            f"{text[:60]!r} is no whole number", where=_shown(name), next_step="write digits alone, such as 25000"
        )
    return int(text)


def _folder(given: Mapping[str, str]) -> Path:
    folder = Path(given.get("WORKING_DIRECTORY") or ".")
    if not folder.is_dir():
        raise UsageError(
            "there is no such folder",
            where=f"input `working-directory`: {folder}",
            next_step="name the folder that holds mesms.yaml, and check the repository out before this step",
        )
    return folder.resolve()
