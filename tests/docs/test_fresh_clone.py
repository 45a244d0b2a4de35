"""The two commands at the top of the README, in a fresh clone with an empty HOME, as a newcomer's machine has it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_demo_and_test_work_in_a_fresh_clone(tmp_path: Path) -> None:
    """`make demo` shows the journey; `make test` sets itself up and runs (its start-up tests, so as not to recurse)."""
    clone, home = tmp_path / "clone", tmp_path / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR") or name.startswith("PIP_")
    }
    # what pip built before is not built again: Spark comes as source, and its wheel takes a minute and 450 MB
    environment.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache/pip"))
    environment |= {"HOME": str(home), "LANG": "C.UTF-8", "PYTEST_ADDOPTS": "tests/cli/test_start_up.py"}

    def make(target: str) -> str:
        ran = subprocess.run(
            ["make", target], cwd=clone, env=environment, capture_output=True, text=True, timeout=400, check=False
        )
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
        return ran.stdout

    shown = make("demo")
    for sentence in ("2 to schedule", "1 to replace", "No changes.", "delivered", "cancelled"):
        assert sentence in shown
    assert " passed" in make("test")
    left = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout
    assert left == "", "the commands leave nothing behind that git would see"
