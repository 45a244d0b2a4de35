"""What a newcomer does first: init, validate, plan on the sandbox that runs as a command."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND, texted

if TYPE_CHECKING:
    from mesms_gitops.sandbox.server import Running
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


def test_a_new_project_applies_on_the_sandbox_once_it_is_active(newcomer: Project, sandbox: Running) -> None:
    """By this machine's clock the sample leaves in a week; the sandbox's clock is put to the same day."""
    sandbox.reset(now=datetime.now(UTC))
    good(newcomer.run("init"))
    sample = newcomer.root / "campaigns/hello.yaml"
    sample.write_text(sample.read_text(encoding="utf-8").replace("state: draft", "state: active"), encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=newcomer.root, check=True)
    good(newcomer.apply())
    assert texted(sandbox) == {"66800000001": 1}
    shown = subprocess.run(
        ["git", "status", "--porcelain", "-uall", ".mesms"], cwd=newcomer.root, check=True, capture_output=True
    ).stdout
    assert shown == b"?? .mesms/state.json\n", "side files of the state belong to one machine"


STRANGE = [
    ("A: #1", "America/New_York", "13:00-18:00", "2027"),
    ("null", "UTC", "00:00-24:00", "no"),
    ('1"2\\3', "Asia/Bangkok", "23:00-23:30", "a"),
    ("{{x}}", "Etc/GMT+7", "09:00-20:00", "-".join(["a" * 31] * 2)),
]


@pytest.mark.parametrize(("sender", "timezone", "window", "name"), STRANGE)
def test_whatever_a_manifest_takes_init_writes(
    newcomer: Project, sender: str, timezone: str, window: str, name: str
) -> None:
    options = ["--sender", sender, "--timezone", timezone, "--window", window, "--campaign", name]
    good(newcomer.run("init", *options))
    assert good(newcomer.run("validate")).out == "1 manifest valid\n"
    (action,) = newcomer.plan("--offline")["actions"]
    assert (action["campaign"], action["sender"]) == (name, sender)


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("--sender", "สยามคอฟฟี่", "'ส' (U+0E2A) cannot stand in a sender"),
        ("--sender", "SiamCoffeeShop", "'SiamCoffeeShop' has 14 characters; a sender has at most 11"),
        ("--timezone", "Asia/Bankok", "'Asia/Bankok' is not a known time zone"),
        ("--window", "9-20", "'9-20' is not a window of the day"),
        ("--campaign", "Hello World", "'Hello World' cannot be a campaign's name"),
    ],
)
def test_what_a_manifest_refuses_init_refuses(newcomer: Project, option: str, value: str, what: str) -> None:
    ran = newcomer.run("init", option, value)
    assert ran.code == 64
    assert ran.err.splitlines()[0] == f"error: {what}"
    assert list(newcomer.root.iterdir()) == []


def test_a_project_that_is_there_gets_what_it_lacks(project: Project) -> None:
    """No sample: its sender may be one this project refuses."""
    project.write(".gitignore", "*.csv\n*.parquet\nlists/\n.mesms/*.lock\n.mesms/*.guard\n")
    before = (project.root / "mesms.yaml").read_bytes()
    ran = good(project.run("init", "--sender", "SiamCoffee"))
    assert ran.out.split() == [
        *("kept", "mesms.yaml", "kept", ".gitignore"),
        *("created", "schemas/campaign.schema.json", "created", "schemas/project.schema.json"),
    ]
    assert ran.err == (
        "note: mesms.yaml was there and is as it was: its own sender, time zone and window hold\n\n"
        ".gitignore was there and is as it was. Add these lines to it, or phone numbers may enter git:\n"
        "  .mesms/audience/\n  .mesms/delivery/\n  .mesms/*.backup\n  .mesms/*.tmp\n"
        "  .mesms/*.db\n  .mesms/*.db-journal\n"
    )
    assert (project.root / "mesms.yaml").read_bytes() == before


def test_what_cannot_be_written_whole_is_not_there_at_all(newcomer: Project) -> None:
    """The last two files have nowhere to go: the first three and their folder vanish again."""
    newcomer.write("schemas", "a file where a folder is wanted")
    ran = newcomer.run("init")
    assert ran.code == 1
    assert "nothing was left behind" in ran.err
    assert [path.name for path in newcomer.root.iterdir()] == ["schemas"]


def test_init_in_a_named_folder(newcomer: Project) -> None:
    good(newcomer.run("init", "sub/folder"))
    good(newcomer.run("validate", "-C", "sub/folder"))
    assert good(newcomer.run("init", "-C", "sub", "folder")).out.count("kept") == 5


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
