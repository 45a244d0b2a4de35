"""What git is asked: one pass over the history says of every file what a question for that file alone would say."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.cli.history import Commits

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *arguments: str, day: int = 1) -> str:
    """Run git on the ``day``-th of a month, as nobody in particular."""
    when = f"2026-03-{day:02d}T10:00:00+07:00"
    names = {f"GIT_{who}_{what}": "nobody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    env = {**os.environ, **names, **settings, "GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
    return subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, encoding="utf-8", env=env
    ).stdout.strip()


def commit(root: Path, day: int, **files: str) -> None:
    """Write ``files`` of campaigns/ and commit them."""
    for name, text in files.items():
        (root / "campaigns" / f"{name}.yaml").write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", f"day {day}", day=day)


@pytest.fixture(params=["", "project"])
def root(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A project with a past: at the top of a repository, or in a folder of one."""
    made = tmp_path / request.param
    (made / "campaigns").mkdir(parents=True)
    git(tmp_path, "init", "-qb", "main")
    commit(made, 1, a="1", b="1", c="1", สงกรานต์="1", deleted="1")
    commit(made, 3, b="2")
    git(made, "checkout", "-qb", "side")
    commit(made, 5, a="side", c="side", d="1")
    git(made, "checkout", "-q", "main")
    commit(made, 6, a="main", e="1")
    git(made, "merge", "-q", "-X", "ours", "--no-edit", "side", day=8)
    git(made, "mv", "campaigns/e.yaml", "campaigns/renamed.yaml")
    (made / "campaigns" / "deleted.yaml").unlink()
    commit(made, 9)
    return made


def names(root: Path) -> list[str]:
    """Every manifest."""
    return sorted(f"campaigns/{path.name}" for path in (root / "campaigns").iterdir())


def test_one_pass_says_what_a_question_for_each_file_says(root):
    commits = Commits(root)
    for name in names(root):
        alone = datetime.fromisoformat(git(root, "log", "-1", "--format=%cI", "--", name))
        assert commits(name) == alone, name
    assert commits("campaigns/deleted.yaml") is None
    assert commits("elsewhere/x.yaml") is None


def test_what_is_not_committed_has_no_time(root):
    (root / "campaigns" / "a.yaml").write_text("edited")
    (root / "campaigns" / "b.yaml").write_text("staged")
    git(root, "add", "campaigns/b.yaml")
    (root / "campaigns" / "new.yaml").write_text("new")
    commits = Commits(root)
    assert [commits(f"campaigns/{name}.yaml") for name in ("a", "b", "new")] == [None] * 3
    assert commits("campaigns/c.yaml") is not None


def test_the_stamp_moves_with_the_history(root):
    first = Commits(root).stamp
    assert Commits(root).stamp == first
    commit(root, 20, c="3")
    assert Commits(root).stamp != first


def test_without_a_repository_there_is_no_answer(tmp_path):
    assert Commits(tmp_path)("campaigns/a.yaml") is None
    assert Commits(tmp_path).stamp == Commits(tmp_path).stamp
