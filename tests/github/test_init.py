"""``init --github``: workflows at the root of the repository, a state that outlives a runner, nothing overwritten."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from mesms_gitops.cli.workflows import NAMES, workflows
from tests.github.runner import COMMAND, document, git

if TYPE_CHECKING:
    from pathlib import Path


def init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``mesms-gitops init`` in ``folder`` without a terminal."""
    return subprocess.run(
        [COMMAND, "init", *arguments], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_a_new_project_gets_the_workflows_and_a_state_on_a_branch(tmp_path: Path) -> None:
    """All four, as the examples show them; the project validates; what remains to be done on GitHub is said."""
    git(tmp_path, "init", "--quiet")
    ran = init(tmp_path, "--github", "--yes")
    assert ran.returncode == 0, ran.stderr
    for name, text in workflows().items():
        assert (tmp_path / ".github/workflows" / name).read_text(encoding="utf-8") == text
    assert "state: git:mesms-state" in (tmp_path / "mesms.yaml").read_text(encoding="utf-8")
    assert "MESMS_READ_KEY" in ran.stderr
    checked = subprocess.run([COMMAND, "validate"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_project_in_a_subfolder_has_its_workflows_at_the_root(tmp_path: Path) -> None:
    """Where GitHub looks for them; each step that reads the project is told its folder."""
    git(tmp_path, "init", "--quiet")
    assert init(tmp_path, "sms/shop", "--github", "--yes").returncode == 0
    assert not (tmp_path / "sms/shop/.github").exists()
    for name in NAMES:
        (job,) = document(tmp_path / ".github/workflows" / name)["jobs"].values()
        ours = [step["with"] for step in job["steps"] if step["uses"].startswith("mesms-gitops/")]
        assert ours
        for given in ours:
            assert given.get("working-directory") == (None if name == "mesms-comment.yml" else "sms/shop")


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A workflow somebody changed, and a project with its own state: kept, and the state on a branch is recommended."""
    git(tmp_path, "init", "--quiet")
    assert init(tmp_path, "--yes").returncode == 0
    before = (tmp_path / "mesms.yaml").read_bytes()
    assert b"state: .mesms/state.json" in before
    mine = tmp_path / ".github/workflows/mesms-apply.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("name: mine\n", encoding="utf-8")
    ran = init(tmp_path, "--github", "--yes")
    assert ran.returncode == 0
    assert mine.read_text(encoding="utf-8") == "name: mine\n"
    assert (tmp_path / "mesms.yaml").read_bytes() == before
    assert (tmp_path / ".github/workflows/mesms-plan.yml").exists()
    assert "git:mesms-state" in ran.stderr


def test_without_the_flag_nothing_of_github_is_written(tmp_path: Path) -> None:
    """Not everybody is there."""
    assert init(tmp_path, "--yes").returncode == 0
    assert not (tmp_path / ".github").exists()
