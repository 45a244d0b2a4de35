"""One call of git: bounded in time, without prompts, hooks and the terminal. The only place that starts it."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0
"""Seconds that one call may take. A remote that is slower counts as silent: nobody knows then what it did."""

_NOT_FOUND = 127
_KILLED = -int(signal.SIGKILL)

_WITHOUT = (
    # within a hook these name the repository that runs it, or an index that is being written
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
)
_WITH = (
    "GIT_TERMINAL_PROMPT=0",  # a missing password is an error, not a question
    "SSH_ASKPASS_REQUIRE=never",
    "GIT_OPTIONAL_LOCKS=0",
    "LC_ALL=C",  # what git says is read below
)
_SETTINGS = (
    "core.hooksPath=/dev/null",  # hooks are for people's commits
    "core.fsync=committed",  # what is pushed into the repository itself is durable as well
    "advice.pushUpdateRejected=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=no",
    "fetch.writeCommitGraph=false",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a call ended with. ``is_late``: it was ended here, its time being over."""

    code: int
    out: bytes
    err: str
    is_late: bool = False

    @property
    def is_well(self) -> bool:
        """Whether it did what it was asked to."""
        return self.code == 0

    @property
    def is_missing(self) -> bool:
        """Whether there is no git here."""
        return self.code == _NOT_FOUND

    @property
    def line(self) -> str:
        """What was printed, where that is one line."""
        return self.out.decode("utf-8", "replace").strip()


class Git:
    """git in ``folder``. Put another one in to see what is asked of it."""

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        """Nothing is touched yet."""
        self._folder = folder
        self._patience = patience

    def run(self, *arguments: str, stdin: bytes = b"", settings: tuple[str, ...] = ()) -> Said:
        """One call. Never raises for what git says: the caller knows what it means."""
        command = [*_prefix(), "git", "-C", str(self._folder)]
        for setting in (*_SETTINGS, *settings):
            command += ["-c", setting]
        # a session of its own: Ctrl-C at the terminal does not cut a push in two, and nothing can ask the terminal
        with subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(stdin, self._patience)
            except subprocess.TimeoutExpired:
                _end(process)
                out, err = process.communicate()
                return Said(_KILLED, out, err.decode("utf-8", "replace"), is_late=True)
            except BaseException:
                _end(process)
                raise
        return Said(process.returncode, out, err.decode("utf-8", "replace"))


def _prefix() -> list[str]:
    # env(1) changes single variables and leaves the rest as it is: credentials, proxies and GIT_SSH_COMMAND among it
    dropped = [word for name in _WITHOUT for word in ("-u", name)]
    return ["env", *dropped, *_WITH]


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
