"""The few questions this tool asks git. Without git, or outside a repository, every answer is None."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def head_commit(root: Path) -> str | None:
    """The commit the work tree stands on."""
    return _git(root, "rev-parse", "HEAD")


def last_change(root: Path, file: str) -> str | None:
    """The newest commit that changed ``file`` (relative to ``root``), its deletion included."""
    return (_git(root, "log", "-1", "--format=%H", "--", file) or None) if file else None


class Commits:
    """When each file below ``root`` was last committed. One pass over the history answers for a whole folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, dict[str, datetime]] = {}

    def __call__(self, file: str) -> datetime | None:
        """When ``file`` (relative to ``root``) got what it holds; None if that was never committed."""
        top = file.partition("/")[0]
        if top not in self._folders:
            self._folders[top] = self._times(top)
        return self._folders[top].get(file)

    @cached_property
    def stamp(self) -> str:
        """What the answers hang on besides the files' content: as long as it is the same, so are they."""
        asked = ("HEAD", "--is-shallow-repository", "--git-path", "index", "--git-path", "shallow")
        said = (_git(self._root, "rev-parse", *asked) or "").split("\n")
        digest = hashlib.sha256("\n".join(said[:2]).encode())
        for name in said[2:]:
            try:
                digest.update(hashlib.sha256((self._root / name).read_bytes()).digest())
            except OSError:
                digest.update(b"none")
        return digest.hexdigest()

    def _times(self, top: str) -> dict[str, datetime]:
        """The newest commit that made each file what it is in the work tree.

        Not simply the newest that names it: that may stand on a branch whose change a merge left out.
        """
        held = self._held(top)
        changed = _git(self._root, "diff", "--name-only", "--relative", "--no-renames", "-z", "HEAD", "--", top)
        if changed is None:
            return {}
        for name in changed.split("\0"):
            held.pop(name, None)
        times: dict[str, datetime] = {}
        for when, made, name in self._log(top):
            if held.get(name) == made:
                del held[name]
                times[name] = when
        return times

    def _held(self, top: str) -> dict[str, str]:
        """What the last commit holds: file -> object."""
        listed = _git(self._root, "ls-tree", "-r", "-z", "HEAD", "--", top) or ""
        rows = (entry.partition("\t") for entry in listed.split("\0") if entry)
        return {name: described.split(" ")[2] for described, _, name in rows}

    def _log(self, top: str) -> Iterator[tuple[datetime, str, str]]:
        """Every change, the newest first: when, the object it made, the file. A merge only where it made its own."""
        settings = ("-c", "log.showRoot=true", "-c", "log.showSignature=false")
        asked = ("log", "--format=%x01%cI", "--raw", "-c", "--no-abbrev", "--no-renames", "--relative", "-z", "--", top)
        when = None
        fields = iter((_git(self._root, *settings, *asked) or "").split("\0"))
        for part in fields:
            text = part.lstrip("\n")
            if text.startswith("\x01"):
                when = datetime.fromisoformat(text[1:])
            elif text.startswith(":") and when is not None:
                parents = len(text) - len(text.lstrip(":"))
                yield when, text.split(" ")[2 * parents + 1], next(fields, "")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
