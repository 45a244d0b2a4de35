"""Every object that git keeps here, read once within a time, searched for a secret and for lists.

The secret never becomes an argument of a process: others on this machine see those. So git hands out its objects, and
they are searched here.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final

from mesms_gitops.cli.doctor.phones import mobiles

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE: Final = 10.0
"""Seconds for one history."""
LIST_FROM: Final = 20
"""So many different mobile numbers in one text are a list of people."""
_LARGEST_TEXT: Final = 4_000_000
_HEAD: Final = re.compile(rb"([0-9a-f]{40,64}) (blob|commit|tree|tag) ([0-9]+)\n")
_CHUNK: Final = 1 << 20


@dataclass(slots=True)
class Searched:
    """Which objects showed what. ``is_whole``: all of them were read in time."""

    with_secret: list[str] = field(default_factory=list)
    with_list: list[str] = field(default_factory=list)
    objects: int = 0
    is_whole: bool = False


def git(folder: Path, *arguments: str, patience: float = PATIENCE) -> bytes | None:
    """What git prints; None where it fails, is not there or takes too long."""
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            timeout=patience,
            stdin=subprocess.DEVNULL,
            env=_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout if ran.returncode == 0 else None


def searched(folder: Path, secret: bytes | None, patience: float = PATIENCE) -> Searched:
    """Search every object of the repository around ``folder``."""
    found = Searched()
    until = time.monotonic() + patience
    command = ["git", "-C", str(folder), "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        )
    except OSError:
        return found
    with process:
        assert process.stdout is not None
        found.is_whole = _read(process.stdout, secret, found, until)
        if not found.is_whole:
            process.kill()
    found.is_whole = found.is_whole and process.returncode == 0
    return found


def _read(stream: IO[bytes], secret: bytes | None, found: Searched, until: float) -> bool:
    while line := stream.readline():
        head = _HEAD.fullmatch(line)
        if head is None:
            return False
        left, body = int(head[3]) + 1, b""
        while left > 0:
            piece = stream.read(min(left, _CHUNK))
            if not piece or time.monotonic() > until:
                return False
            left -= len(piece)
            # what is too large to be kept whole is searched in pieces that overlap
            body = body[-len(secret or b"") :] + piece if len(body) > _LARGEST_TEXT else body + piece
            if secret and secret in body and head[1].decode() not in found.with_secret[-1:]:
                found.with_secret.append(head[1].decode())
        found.objects += 1
        if head[2] == b"blob" and int(head[3]) <= _LARGEST_TEXT and mobiles("", body) >= LIST_FROM:
            found.with_list.append(head[1].decode())
    return True


def _environment() -> dict[str, str]:
    """This process's, without what would have git look at another repository, ask a person or fetch."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
