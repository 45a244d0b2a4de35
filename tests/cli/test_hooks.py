"""``.pre-commit-hooks.yaml`` as its users have it: a repository, a commit, and pre-commit or prek in between.

The hook is installed by each tool from a clone of these working files, with what it needs from PyPI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Project

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMMITTER = ["-c", "user.name=A tester", "-c", "user.email=tester@shop.example", "-c", "commit.gpgsign=false"]

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="these files are no git checkout")


def git(folder: Path, *arguments: str, **env: str) -> str:
    """Run git with nobody's configuration."""
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    ran = subprocess.run(
        ["git", *COMMITTER, *arguments],
        cwd=folder,
        env={**os.environ, **quiet, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


@pytest.fixture
def hooks(tmp_path: Path) -> tuple[Path, str]:
    """A repository of the working files as they are now, committed or not, and its one commit."""
    clone = tmp_path / "mesms-gitops"
    for name in git(ROOT, "ls-files", "-co", "--exclude-standard", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    git(clone, "init", "--quiet")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "working files")
    return clone, git(clone, "rev-parse", "HEAD").strip()


@pytest.fixture
def shop(project: Project, hooks: tuple[Path, str]) -> Project:
    """A repository with a project, the hook configured."""
    clone, commit = hooks
    project.write(
        ".pre-commit-config.yaml",
        f"repos:\n  - repo: {clone}\n    rev: {commit}\n    hooks: [{{id: mesms-gitops-validate}}]\n",
    )
    project.campaign("order")
    git(project.root, "init", "--quiet")
    return project


@pytest.fixture
def commit(shop: Project, tmp_path: Path) -> Callable[[str], tuple[int, str]]:
    """Commits everything in the shop; the exit code, and what was said."""
    env = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"), "PREK_HOME": str(tmp_path / "prek")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}

    def committed(message: str) -> tuple[int, str]:
        git(shop.root, "add", "--all")
        ran = subprocess.run(
            ["git", *COMMITTER, "commit", "--message", message],
            cwd=shop.root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return ran.returncode, ran.stdout

    return committed


@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
def test_a_bad_manifest_is_stopped_and_a_good_one_passes(
    tool: str, shop: Project, commit: Callable[[str], tuple[int, str]]
) -> None:
    """The second file is good by itself and clashes with the first: the hook looks at the whole project."""
    subprocess.run([BIN / tool, "install"], cwd=shop.root, check=True, capture_output=True)
    code, said = commit("a good project")
    assert code == 0, said
    assert "SMS campaigns are valid" in said
    shutil.copyfile(shop.root / "campaigns/order.yaml", shop.root / "campaigns/copy.yaml")
    code, said = commit("a copy with the same name")
    assert code == 1, said
    assert "error[MS" in said
    assert "campaigns/copy.yaml" in said
    assert git(shop.root, "rev-list", "--count", "HEAD") == "1\n"
    (shop.root / "campaigns/copy.yaml").unlink()
    shop.write("notes.md", "nothing of ours\n")
    code, said = commit("other files only")
    assert code == 0, said
    assert "no files to check" in said
