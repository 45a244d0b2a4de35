"""The few questions this tool asks git. Without git, or outside a repository, every answer is None."""

from __future__ import annotations

import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def head_commit(root: Path) -> str | None:
    """The commit the work tree stands on."""
    return _git(root, "rev-parse", "HEAD")


def last_commit_time(root: Path, file: str) -> datetime | None:
    """When ``file`` (relative to ``root``) was last committed; None if it has uncommitted changes or no commit."""
    if _git(root, "status", "--porcelain", "--", file) != "":
        return None
    stamp = _git(root, "log", "-1", "--format=%cI", "--", file)
    return datetime.fromisoformat(stamp) if stamp else None


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
