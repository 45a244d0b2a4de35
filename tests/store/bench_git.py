"""State on a branch: a work tree whose ``origin`` is a bare repository beside it, over the file protocol."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .benches import RUNNER, Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

BRANCH = "mesms-state"
_ENOUGH = 30.0
QUIET = {
    # what tests do with git hangs on nobody's settings
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "somchai",
    "GIT_AUTHOR_EMAIL": "somchai@example.invalid",
    "GIT_COMMITTER_NAME": "somchai",
    "GIT_COMMITTER_EMAIL": "somchai@example.invalid",
}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """One call of git as a person would make it; it must go well."""
    return git_bytes(folder, *arguments, stdin=stdin).decode().strip()


def git_bytes(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """The same, with what it prints as it is."""
    environment = {**os.environ, **QUIET}
    command = ["git", "-C", str(folder), *arguments]
    answer = subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False)
    assert answer.returncode == 0, (arguments, answer.stdout, answer.stderr)
    return answer.stdout


def remote_and_tree(root: Path) -> tuple[Path, Path]:
    """A bare repository, and a work tree with one commit whose ``origin`` it is."""
    remote, tree = root / "remote.git", root / "project"
    git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(root, "init", "--quiet", "--initial-branch=main", str(tree))
    (tree / "mesms.yaml").write_text("version: 1\n", encoding="utf-8")
    git(tree, "add", "mesms.yaml")
    git(tree, "commit", "--quiet", "--message", "a project")
    git(tree, "remote", "add", "origin", str(remote))
    git(tree, "push", "--quiet", "origin", "main")
    return remote, tree


def put(remote: Path, body: bytes, *, branch: str = BRANCH, parent: str | None = None) -> str:
    """A commit with ``body`` as the state, on the branch or on another ``parent``, made behind everybody's back."""
    blob = git(remote, "hash-object", "-w", "--stdin", stdin=body)
    tree = git(remote, "mktree", stdin=f"100644 blob {blob}\tstate.json\n".encode())
    commit = git(remote, "commit-tree", "-p", parent or branch, "-m", "by hand", tree)
    git(remote, "update-ref", f"refs/heads/{branch}", commit)
    return commit


class Killed(subprocess.Popen[str]):
    """A run that is dead only when everything that it started is: its git may be in the middle of a push."""

    place = Path("/")

    def kill(self) -> None:
        super().kill()
        deadline = time.monotonic() + _ENOUGH
        while any(_works_in(self.place, each) for each in Path("/proc").glob("[0-9]*")):
            assert time.monotonic() < deadline, "git goes on after the death of the run"
            time.sleep(0.002)


def _works_in(place: Path, process: Path) -> bool:
    """Whether a process that is no Python stands in ``place`` or below."""
    try:
        name = (process / "comm").read_text()
        return name.startswith("git") and (process / "cwd").resolve(strict=True).is_relative_to(place)
    except OSError:
        return False


class GitBench(Bench):
    """State on a branch of ``remote``, seen from the work tree ``root``."""

    @property
    def remote(self) -> Path:
        """The bare repository."""
        return self.root.parent / "remote.git"

    def body(self) -> bytes:
        return git_bytes(self.remote, "cat-file", "blob", f"{BRANCH}:state.json")

    def spoil(self, body: bytes) -> None:
        put(self.remote, body)

    @contextmanager
    def run(self, verb: str, count: int = 1, me: str = "0") -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, str(RUNNER), self.location, str(self.root), verb, str(count), me]
        with Killed(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            process.place = self.root.parent
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def git_bench(root: Path) -> Bench:
    """A bench with its remote."""
    _, tree = remote_and_tree(root)
    # each commit that loses is a dozen processes: sixteen at the first serial race as hard as at the fiftieth
    return GitBench(tree, f"git:{BRANCH}", environment=QUIET, commits_take=0.8, wins=1)
