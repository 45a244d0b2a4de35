"""What a newcomer does first: init, validate, plan on the sandbox that runs as a command."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND

if TYPE_CHECKING:
    from tests.cli.conftest import Project, Ran

SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.fixture
def newcomer(tmp_path: Path, project: Project) -> Project:
    """An empty folder, on the sandbox."""
    folder = tmp_path / "new"
    folder.mkdir()
    return type(project)(folder, project.env)


def good(ran: Ran) -> Ran:
    """The command said 0."""
    assert ran.code == 0, ran.out + ran.err
    return ran


def test_init_makes_a_project_that_validates_and_plans(newcomer: Project) -> None:
    good(newcomer.run("init"))
    assert "1 manifest valid" in good(newcomer.run("validate")).out
    (action,) = newcomer.plan()["actions"]
    assert (action["action"], action["reason"]) == ("keep", "draft")
    assert good(newcomer.run("init")).out.count("kept") == 5, "a second init touches nothing"


def test_init_in_a_named_folder(newcomer: Project) -> None:
    good(newcomer.run("init", "sub/folder"))
    good(newcomer.run("validate", "-C", "sub/folder"))


def test_lists_of_a_new_project_are_ignored_by_git(newcomer: Project) -> None:
    good(newcomer.run("init"))
    newcomer.write("lists/members.csv", "mobile\n0800000001\n")
    subprocess.run(["git", "init", "--quiet"], cwd=newcomer.root, check=True)
    shown = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=newcomer.root, check=True, capture_output=True, text=True
    ).stdout
    assert "mesms.yaml" in shown
    assert "csv" not in shown


def test_the_sandbox_command_serves_until_it_is_interrupted(newcomer: Project) -> None:
    process = subprocess.Popen(
        [COMMAND, "sandbox", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=newcomer.env
    )
    assert process.stdout is not None
    address = ""
    while not address:
        line = process.stdout.readline()
        assert line or process.poll() is None
        address = line.partition("MESMS_BASE_URL=")[2].strip()
    good(newcomer.run("init"))
    assert newcomer.plan(MESMS_BASE_URL=address, MESMS_API_KEY="sandbox-key")["summary"]["balance"] == 100000
    os.kill(process.pid, signal.SIGINT)
    _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")


@pytest.mark.parametrize("kind", ["campaign", "project", "plan", "state", "status"])
def test_schema_prints_what_the_repository_holds(newcomer: Project, kind: str) -> None:
    assert good(newcomer.run("schema", kind)).out == (SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8")


def test_the_project_file_is_found_upwards_to_the_git_root(project: Project) -> None:
    project.campaign("order")
    inner = type(project)(project.root / "campaigns", project.env)
    good(inner.run("validate"))
    nested = project.root / "other"
    nested.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=nested, check=True)
    assert type(project)(nested, project.env).run("validate").code == 1, "a git root ends the search"
