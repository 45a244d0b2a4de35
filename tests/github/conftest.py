"""A shop with a repository, a forge, an account and a runner: everything between a branch and a message."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.sandbox.server import Running, running
from tests.cli.conftest import BEGINS
from tests.github.runner import COMMAND, Ended, Runner, git
from tests.github.stand_in import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.github.forge import Forge

PROJECT = """\
version: 1
campaigns: [campaigns/]
timezone: Asia/Bangkok
undo_window: 10m
api: {requests_per_second: 1000, timeout: 5s}
"""
CAMPAIGN = """\
name: NAME
class: transactional
sender: SiamCoffee
content: "Your order NAME is ready"
recipients:
  - csv: ../lists/members.csv
    phone: mobile
schedule: 2027-04-10T10:00
"""


@dataclass
class Shop:
    """People at work: a clone, branches, pull requests, and what GitHub starts when they push or merge."""

    clone: Path
    runner: Runner
    forge: Forge
    sandbox: Running

    # ------------------------------------------------------------ what people do

    def write(self, name: str, text: str) -> None:
        """Write a file of the repository."""
        file = self.clone / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def campaign(self, name: str) -> None:
        """Write a campaign to the members."""
        self.write(f"campaigns/{name}.yaml", CAMPAIGN.replace("NAME", name))

    def commit(self, message: str) -> str:
        """Commit everything on the present branch and push it; the commit."""
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--allow-empty", "--message", message)
        git(self.clone, "push", "--quiet", "origin", "HEAD")
        return git(self.clone, "rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        """Begin a branch from main."""
        git(self.clone, "checkout", "--quiet", "-b", name, "main")

    def person(self, *arguments: str) -> int:
        """A person runs the tool in their clone, with the key that can send; its exit code."""
        env = {**os.environ, **self.runner.variables, "MESMS_API_KEY": self.sandbox.api_key}
        return subprocess.run(
            [COMMAND, *arguments], cwd=self.clone, env=env, check=False, capture_output=True, stdin=subprocess.DEVNULL
        ).returncode

    def merge(self, number: int, branch: str) -> str:
        """Merge it into main with a merge commit, and tell the forge; the commit."""
        git(self.clone, "checkout", "--quiet", "main")
        git(self.clone, "merge", "--quiet", "--no-ff", "--no-edit", branch)
        commit = self.commit("after the merge") if self.is_dirty else git(self.clone, "rev-parse", "HEAD")
        git(self.clone, "push", "--quiet", "origin", "main")
        self.forge.merge(number, commit)
        for one in git(self.clone, "rev-list", "HEAD^1..HEAD^2").split():
            self.forge.commits.setdefault(one, set()).add(number)
        return commit

    @property
    def is_dirty(self) -> bool:
        """Whether something is not committed."""
        return bool(git(self.clone, "status", "--porcelain"))

    # ------------------------------------------------------------ what GitHub does

    def plan(self, number: int, *, key: bool = True, owner: str = "shop", **more: Any) -> Ended:
        """``pull_request`` on its newest commit."""
        pull = self.forge.pulls[number]
        head = pull["head"]["sha"]
        event = {"pull_request": {"number": number, "head": {"sha": head, "repo": {"full_name": f"{owner}/campaigns"}}}}
        return self.runner.job(
            "mesms-plan.yml",
            "pull_request",
            event,
            sha=head,
            ref=f"refs/pull/{number}/merge",
            secrets={"MESMS_READ_KEY": self.sandbox.read_key} if key else {},
            **more,
        )

    def queue(self, number: int, commit: str) -> Ended:
        """``merge_group``: the merge queue tries ``commit`` for a pull request."""
        ref = f"refs/heads/gh-readonly-queue/main/pr-{number}-{'0' * 40}"
        return self.runner.job(
            "mesms-plan.yml",
            "merge_group",
            {"merge_group": {"head_ref": ref, "head_sha": commit}},
            sha=commit,
            ref=ref,
            secrets={"MESMS_READ_KEY": self.sandbox.read_key},
        )

    def apply(self, commit: str, *, digest: str = "", **more: Any) -> Ended:
        """``push`` to main; with ``digest`` the run that somebody starts by hand."""
        return self.runner.job(
            "mesms-apply.yml",
            "workflow_dispatch" if digest else "push",
            {"inputs": {"digest": digest}} if digest else {},
            sha=commit,
            ref="refs/heads/main",
            secrets={"MESMS_API_KEY": self.sandbox.api_key},
            **more,
        )

    def refresh(self, commit: str, **more: Any) -> Ended:
        """The schedule fires."""
        return self.runner.job(
            "mesms-refresh.yml",
            "schedule",
            {"schedule": "17,47 * * * *"},
            sha=commit,
            ref="refs/heads/main",
            secrets={"MESMS_READ_KEY": self.sandbox.read_key},
            **more,
        )

    def comment_for_fork(self, planned: Ended, head: str, owner: str, branch: str) -> Ended:
        """``workflow_run`` after the plan of a fork."""
        run: Mapping[str, Any] = {
            "id": 1,
            "event": "pull_request",
            "head_sha": head,
            "head_branch": branch,
            "head_repository": {"full_name": f"{owner}/campaigns", "owner": {"login": owner}},
        }
        return self.runner.job(
            "mesms-comment.yml",
            "workflow_run",
            {"workflow_run": run},
            sha="0" * 40,
            ref="refs/heads/main",
            artifacts=planned.artifacts,
        )


@pytest.fixture
def forge() -> Iterator[Forge]:
    """The stand-in for GitHub; whatever was wrong with a call fails the test."""
    with serving() as served:
        yield served


@pytest.fixture(params=["file"])
def shop(tmp_path: Path, forge: Forge, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A repository with a project and a list of two, at 09:00 on 1 April 2027 in Bangkok.

    Its state is a file beside all machines; with the parameter ``branch``, a branch of the repository.
    """
    remote, clone = tmp_path / "remote.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(clone))
    git(clone, "remote", "add", "origin", f"file://{remote}")
    with running(now=BEGINS, mode="frozen") as sandbox:
        on_branch = request.param == "branch"
        state = "git:mesms-state" if on_branch else str(tmp_path / "state/state.json")
        variables = {"MESMS_BASE_URL": sandbox.base_url, "MESMS_STATE": state}
        made = Shop(clone, Runner(tmp_path / "machines", remote, forge, variables), forge, sandbox)
        made.write("mesms.yaml", PROJECT)
        made.write("campaigns/.gitkeep", "")
        made.write("lists/members.csv", "mobile\n0800000001\n0800000002\n")
        made.commit("a project")
        yield made
