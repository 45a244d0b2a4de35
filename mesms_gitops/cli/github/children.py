"""The tool's own commands, each as a process of its own: what it prints and how it ends is what a user would get."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import FrameType

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it printed to stdout."""

    exit_code: int
    out: str

    def document(self) -> dict[str, Any]:
        """stdout as a JSON object; empty for anything else."""
        try:
            whole = json.loads(self.out)
        except ValueError:
            return {}
        return whole if isinstance(whole, dict) else {}


def run(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    """Run ``mesms-gitops`` in ``folder``; stderr goes to the log of the job as it comes.

    A cancelled job has its signal handed on, once, so that an apply finishes the request in flight and records it.
    """
    command = [sys.executable, "-m", "mesms_gitops", *arguments]
    # a session of its own: a signal for the whole group must not reach it besides the one that is handed on
    with (
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "MESMS_IN_AUTOMATION": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as child,
        _handed_on(child),
    ):
        out, _ = child.communicate()
    return Ran(child.returncode if child.returncode >= 0 else 128 - child.returncode, out.decode(errors="replace"))


@contextmanager
def _handed_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def hand_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    former = {number: signal.signal(number, hand_on) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def git_login(server_url: str, token: str) -> dict[str, str]:
    """Variables with which git uses ``token`` for this server, and leaves it on no disk.

    The checkout keeps none (``persist-credentials: false``); a state on a branch is fetched and pushed with this. Where
    it did keep one, an empty header first takes that away (git-config(1), ``http.extraHeader``): GitHub refuses two.
    """
    if not token or not server_url.startswith("https://"):
        return {}
    count = os.environ.get("GIT_CONFIG_COUNT", "0")
    index = int(count) if count.isascii() and count.isdecimal() else 0
    login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{server_url.rstrip('/')}/.extraheader"
    return {
        "GIT_CONFIG_COUNT": str(index + 2),
        f"GIT_CONFIG_KEY_{index}": key,
        f"GIT_CONFIG_VALUE_{index}": "",
        f"GIT_CONFIG_KEY_{index + 1}": key,
        f"GIT_CONFIG_VALUE_{index + 1}": f"AUTHORIZATION: basic {login}",
    }
