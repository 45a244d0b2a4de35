"""Every workflow and the action, under the three tools that know what GitHub accepts and what is unsafe."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.cli.workflows import NAMES, workflows
from tests.github.runner import ROOT, document

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent
OWN = sorted(path.name for path in (ROOT / ".github/workflows").glob("*.yml"))


def tool(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the tools, offline."""
    return subprocess.run([BIN / name, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One repository with all of it: our own workflows, those that `init` writes (as a subfolder too), the action."""
    root = tmp_path_factory.mktemp("repository")
    folder = root / ".github/workflows"
    folder.mkdir(parents=True)
    for name in OWN:
        shutil.copy(ROOT / ".github/workflows" / name, folder / name)
    for name, text in workflows().items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, text in workflows("sms/shop").items():
        (folder / f"sub-{name}").write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "action.yml", root / "action.yml")
    return root


def test_the_examples_are_what_init_writes() -> None:
    """``examples/github/`` holds the workflows of ``init --github`` byte for byte, and nothing else."""
    folder = ROOT / "examples/github"
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    for name, text in workflows().items():
        assert (folder / name).read_text(encoding="utf-8") == text


def test_zizmor_finds_nothing(repository: Path) -> None:
    """Nothing of medium or high severity, offline, in any of them."""
    ran = tool("zizmor", "--offline", "--persona=regular", "--format=json", ".", cwd=repository)
    found = [
        (one["ident"], one["determinations"]["severity"])
        for one in json.loads(ran.stdout)
        if one["determinations"]["severity"] in ("Medium", "High") and not one["ignored"]
    ]
    assert found == [], ran.stdout


def test_zizmor_would_find_something(repository: Path, tmp_path: Path) -> None:
    """The same call sees a title that is put into a shell script."""
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    text = workflows()["mesms-plan.yml"]
    bad = text.replace(
        "      - name: Keep the plan\n", "      - run: echo ${{ github.event.pull_request.title }}\n      - name: x\n"
    )
    assert bad != text
    (folder / "bad.yml").write_text(bad, encoding="utf-8")
    ran = tool("zizmor", "--offline", "--persona=regular", "--format=json", ".", cwd=tmp_path)
    assert "template-injection" in ran.stdout


def test_actionlint_finds_nothing(repository: Path) -> None:
    """Types, expressions, shell scripts and names of actions hold together."""
    files = sorted(str(path.relative_to(repository)) for path in (repository / ".github/workflows").glob("*.yml"))
    ran = tool("jactionlint", *files, "action.yml", cwd=repository)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stdout + ran.stderr


def test_the_published_schemas_hold(repository: Path) -> None:
    """SchemaStore's schemas of workflows and actions, as check-jsonschema brings them."""
    files = sorted(str(path) for path in (repository / ".github/workflows").glob("*.yml"))
    for schema, some in (("github-workflows", files), ("github-actions", ["action.yml"])):
        ran = tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *some, cwd=repository)
        assert ran.returncode == 0, ran.stdout + ran.stderr


# ---------------------------------------------------------------- rules of our own


def every_workflow() -> Iterator[tuple[str, Any]]:
    """All of them, read."""
    for name in OWN:
        yield name, document(ROOT / ".github/workflows" / name)
    for name in NAMES:
        yield name, document(ROOT / "examples/github" / name)


def test_every_job_has_least_rights_and_an_end() -> None:
    """No right by default, each job names its own, ends in time, keeps no login of git, and pins what it uses."""
    for name, workflow in every_workflow():
        assert workflow["permissions"] == {}, name
        assert "concurrency" in workflow, name
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"] <= 60, name
            assert job["permissions"], name
            for step in job["steps"]:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + "0" * 40)), step
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False, name


def test_no_expression_stands_in_a_script() -> None:
    """What comes from outside reaches a shell through its environment alone: in workflows and in the action."""
    steps = [step for _, workflow in every_workflow() for job in workflow["jobs"].values() for step in job["steps"]]
    steps += document(ROOT / "action.yml")["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_the_key_that_sends_is_in_one_job_of_one_workflow() -> None:
    """``MESMS_API_KEY`` is read by the apply alone, in the protected environment; a fork's comment has no secret."""
    readers = {name for name in NAMES if "secrets.MESMS_API_KEY" in workflows()[name]}
    assert readers == {"mesms-apply.yml"}
    (job,) = document(ROOT / "examples/github/mesms-apply.yml")["jobs"].values()
    assert job["environment"] == "production"
    assert "secrets." not in workflows()["mesms-comment.yml"]
    assert "checkout" not in workflows()["mesms-comment.yml"]


def test_applies_wait_for_each_other_and_none_is_dropped() -> None:
    """One group, a queue without an end, nothing cancelled under way."""
    concurrency = document(ROOT / "examples/github/mesms-apply.yml")["concurrency"]
    assert concurrency == {"group": "mesms-apply-production", "queue": "max"}
