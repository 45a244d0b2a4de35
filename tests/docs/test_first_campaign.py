"""The README's "A first real campaign", followed to the letter, on the sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesms_gitops.sandbox.server import running

README = Path(__file__).parents[2] / "README.md"
COMMANDS = Path(sys.executable).parent
SECTION = README.read_text(encoding="utf-8").partition("## A first real campaign")[2].partition("\n## ")[0]
COMING = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
STEPS = re.split(r"^(?=\d\. )", SECTION, flags=re.MULTILINE)


def block(step: int, language: str) -> str:
    """What stands in the fence of that step."""
    found = re.search(rf"^ +```{language}\n(.*?)^ +```$", STEPS[step], re.MULTILINE | re.DOTALL)
    assert found is not None, f"step {step} has no {language}"
    return textwrap.dedent(found[1])


def file_name(step: int) -> str:
    """The file a step tells to write: the first name in it that ends like one."""
    found = re.search(r"`([\w/-]+\.(?:csv|yaml))`", STEPS[step])
    assert found is not None
    return found[1]


@pytest.mark.skipif(os.name == "nt", reason="the README speaks to a POSIX shell")
def test_the_first_four_steps_work_as_they_are_written(tmp_path: Path) -> None:
    with running(now=datetime.now(UTC)) as sandbox:
        env = {
            "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "MESMS_BASE_URL": sandbox.base_url,
        }
        written = [
            f"cat > {file_name(step)} <<'END'\n{block(step, kind)}END" for step, kind in ((2, "csv"), (3, "yaml"))
        ]
        look = block(4, "sh").replace("MESMS_API_KEY=...", f"MESMS_API_KEY={sandbox.api_key}")
        if datetime.now(UTC).year > 2026:  # then the day in the README may have passed, and only that is changed
            written = [text.replace("2027-04-10", COMING) for text in written]
        script = "\n".join(["set -e", block(1, "sh"), "mkdir -p lists", *written, look])
        ran = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "warning[" not in ran.stdout + ran.stderr
    assert "2 manifests valid" in ran.stdout
    assert "songkran-2027" in ran.stdout.partition("2 manifests valid")[2], "the plan speaks of it"
