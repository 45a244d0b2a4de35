"""Runners that are thrown away: each apply works in a fresh clone, and all that outlives it is what was pushed."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import time
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND, PROJECT, sends, texted
from tests.store.bench_git import BRANCH, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running
    from tests.cli.conftest import Project

CAMPAIGNS = 30
EVERYBODY = {f"668000001{each:02}": 1 for each in range(CAMPAIGNS)}


@pytest.fixture
def remote(project: Project, tmp_path: Path) -> Path:
    """The repository on the server: a project of thirty campaigns that keeps its state on a branch of it."""
    project.write("mesms.yaml", f"{PROJECT}state: git:{BRANCH}\n")
    for each in range(CAMPAIGNS):
        project.campaign(f"c{each:02}", recipients=[{"numbers": [f"08000001{each:02}"]}])
    git(project.root, "init", "--quiet", "--initial-branch=main")
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "--message", "campaigns")
    bare = tmp_path / "remote.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(project.root), str(bare))
    return bare


@pytest.fixture
def runner(project: Project, remote: Path, tmp_path: Path) -> Callable[[], Project]:
    """A shallow clone that nobody has used, as a new job has it."""
    numbers = count()

    def made() -> Project:
        root = tmp_path / f"runner-{next(numbers)}"
        git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{remote}", str(root))
        return replace(project, root=root)

    return made


def test_an_apply_leaves_a_history_that_reads_well(
    runner: Callable[[], Project], remote: Path, sandbox: Running
) -> None:
    """Thirty sends in few pushes, each saying what it is for; the next runner finds nothing left to do."""
    github = {"GITHUB_ACTOR": "somchai", "GITHUB_SHA": "c0ffee"}
    ran = runner().apply(**github)
    assert ran.code == 0, ran.err
    assert texted(sandbox) == EVERYBODY
    subjects = git(remote, "log", "--reverse", "--format=%s", BRANCH).splitlines()
    assert [re.sub(r"[0-9a-f]{12}", "DIGEST", subject) for subject in subjects] == [
        "begin plan DIGEST",
        "schedule c00: 1 recipient, 1 credit",
        "schedule 2 campaigns: 2 recipients, 2 credits; scheduled c00: 1 recipient, 1 credit",
        "schedule 4 campaigns: 4 recipients, 4 credits; scheduled 2 campaigns: 2 recipients, 2 credits",
        "schedule 8 campaigns: 8 recipients, 8 credits; scheduled 4 campaigns: 4 recipients, 4 credits",
        "schedule 15 campaigns: 15 recipients, 15 credits; scheduled 8 campaigns: 8 recipients, 8 credits",
        "scheduled 15 campaigns: 15 recipients, 15 credits",
        "finish plan DIGEST",
    ]
    assert (
        git(remote, "log", "-1", "--format=%(trailers:only,unfold)", f"{BRANCH}~1").splitlines()[0] == "Actor: somchai"
    )
    later = runner()
    assert {action["action"] for action in later.plan()["actions"]} == {"keep"}
    assert later.apply().code == 0
    assert sends(sandbox) == CAMPAIGNS
    assert len(later.status()) == CAMPAIGNS
    assert not (later.root / ".mesms" / "state.json").exists()


def test_nothing_personal_reaches_the_branch(runner: Callable[[], Project], remote: Path) -> None:
    """No object of the remote that the tool made holds a number or the key."""
    project = runner()
    assert project.apply().code == 0
    listed = git(remote, "rev-list", "--objects", "--all", "--not", "main").splitlines()
    shown = "".join(git(remote, "cat-file", "-p", row.split()[0]) for row in listed)
    assert "schedule" in shown
    for secret in ("80000010", project.env["MESMS_API_KEY"]):
        assert secret not in shown


def test_runners_killed_at_any_instant_text_everybody_once(runner: Callable[[], Project], sandbox: Running) -> None:
    """Each dies somewhere in its apply, and the next one, in its own clone, goes on; in the end nobody is missed."""
    chance = random.Random(11)
    for _ in range(7):
        project = runner()
        seen = sends(sandbox)
        with subprocess.Popen(
            [COMMAND, "apply", "--auto-approve"],
            cwd=project.root,
            env=project.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            deadline = time.monotonic() + 2 + chance.random() * 2
            while (
                process.poll() is None and time.monotonic() < deadline and sends(sandbox) < seen + chance.randint(1, 9)
            ):
                time.sleep(0.01)
            time.sleep(chance.random() * 0.2)
            process.kill()
        assert max(texted(sandbox).values(), default=1) == 1
        shutil.rmtree(project.root)
    last = runner()
    ran = last.apply()
    while ran.code == 3:  # killed between intent and request: nobody but a person may say that it was not sent
        unknown = [name for name, found in last.status().items() if found["phase"] == "unknown"]
        assert unknown, ran.err
        for name in unknown:
            assert last.run("resolve", name, "--not-sent").code == 0
        ran = last.apply()
    assert ran.code == 0, ran.err
    assert texted(sandbox) == EVERYBODY


def test_two_runners_at_once(runner: Callable[[], Project], sandbox: Running) -> None:
    """One works and the other stops at the lock, or comes after it and has nothing to do."""
    runs = [
        subprocess.Popen(
            [COMMAND, "apply", "--auto-approve"],
            cwd=project.root,
            env=project.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for project in (runner(), runner())
    ]
    errors = [run.communicate(timeout=100)[1] for run in runs]
    assert sorted(run.returncode for run in runs) in ([0, 0], [0, 6]), errors
    assert texted(sandbox) == EVERYBODY


def test_the_emergency_stop_reaches_another_runner(runner: Callable[[], Project], sandbox: Running) -> None:
    """A stop from one clone holds the apply in the next, and its release lets it go."""
    assert runner().run("stop", "--all").code == 0
    held = runner().apply()
    assert held.code == 3, held.err
    assert sends(sandbox) == 0
    assert runner().run("stop", "--release").code == 0
    assert runner().apply().code == 0
    assert texted(sandbox) == EVERYBODY
