"""What is not needed is not imported: help, version and completion stay fast."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

HEAVY = (
    "pydantic",
    "httpx",
    "httpx2",
    "jinja2",
    "rich",
    "ruamel",
    "stamina",
    "starlette",
    "uvicorn",
    "json",
    "asyncio",
)

PROBE = """
import sys
from mesms_gitops.cli.app import run
code = run(sys.argv[1:])
print(*sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
raise SystemExit(code)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "--help"], ["apply", "--help"], ["nope"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY), *arguments], capture_output=True, text=True, check=False
    )
    assert ran.stderr.splitlines()[-1] == "", ran.stderr


def test_status_needs_neither_http_nor_templates(tmp_path: object) -> None:
    """Reading a local file should not wait for an HTTP client."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY), "-C", str(tmp_path), "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not {"httpx2", "jinja2", "starlette"} & set(ran.stderr.splitlines()[-1].split()), ran.stderr


@pytest.mark.parametrize("arguments", [["plan"], ["apply", "--auto-approve"]])
def test_numbers_in_a_manifest_need_nothing_that_reads_lists(project: Project, arguments: list[str]) -> None:
    """Polars alone takes as long to load as all the rest of a plan."""
    project.campaign("order")
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=("polars", "narwhals")), *arguments],
        cwd=project.root,
        env=project.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (0, ""), ran.stderr
