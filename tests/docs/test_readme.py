"""Every command of the README is run as it stands there: on the sandbox, in a shell, with the first campaign."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.sandbox.server import running
from tests.docs.pages import README, code, fences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running

SHELL = [line for fence in fences(README) if fence.language == "sh" for line in fence.body.splitlines()]
ELSEWHERE = {
    "make demo": "tests/docs/test_fresh_clone.py",
    "make test": "tests/docs/test_fresh_clone.py",
    # pipx makes an environment and lets pip install into it; that pip can is shown where make does the same
    "pipx install .": "tests/docs/test_fresh_clone.py",
}
"""Commands that another test runs."""
NOTHING_TO_RESOLVE = "mesms-gitops resolve songkran-2027"
"""Ends with 64 here, where no send is unknown, and says so."""
ASKS = "mesms-gitops apply"
PATIENCE = 60.0


def command_of(line: str) -> str:
    """``line`` without its comment."""
    return re.sub(r"\s+# .*", "", line).strip()


def block(language: str, number: int = 0) -> str:
    """What stands in that block of the language."""
    return [fence.body for fence in fences(README) if fence.language == language][number]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell whose ``mesms-gitops`` is this one, in an empty folder with an empty HOME."""
    with running(now=datetime.now(UTC)) as sandbox:
        yield Shell(tmp_path, sandbox)


class Shell:
    """Runs one line after another; ``cd`` and ``export`` last, as they do for who types them."""

    def __init__(self, folder: Path, sandbox: Running) -> None:
        """``folder`` is where it begins, and HOME."""
        self.folder = self.cwd = folder
        self.key = sandbox.api_key
        self.env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "MESMS_BASE_URL": sandbox.base_url,
        }

    def type(self, line: str) -> None:
        """Run ``line``, which must end with 0; remember where it went and what it exported."""
        exported = re.fullmatch(r"export (\w+)=(.*)", line)
        if exported:
            self.env[exported[1]] = self.key if exported[2] == "..." else exported[2]
            return
        run = self._on_a_terminal if line == ASKS else self._piped
        code, said = run(f"{line}\nended=$?; pwd > '{self.folder}/.where'; exit $ended\n")
        if line == NOTHING_TO_RESOLVE:
            assert code == 64, said
            assert "has no unknown send" in said
            return
        assert code == 0, f"{line}\n{said}"
        self.cwd = Path((self.folder / ".where").read_text().strip())

    def _piped(self, script: str) -> tuple[int, str]:
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return ran.returncode, ran.stdout + ran.stderr

    def _on_a_terminal(self, script: str) -> tuple[int, str]:
        """A person who answers yes when asked."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-c", script], cwd=self.cwd, env=self.env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        said, ends = "", time.monotonic() + PATIENCE
        with suppress(OSError):  # a terminal whose other side is closed cannot be read
            while time.monotonic() < ends:
                if select.select([ours], [], [], 0.2)[0]:
                    said += os.read(ours, 4096).decode(errors="replace")
                if "Enter a value" in said and "\a" not in said:
                    os.write(ours, b"yes\n")
                    said += "\a"
                if process.poll() is not None and not select.select([ours], [], [], 0)[0]:
                    break
        os.close(ours)
        return process.wait(timeout=PATIENCE), said


def write_files(project: Path) -> None:
    """The files of the steps 2 and 3; only a day that has passed meanwhile is changed."""
    (project / "lists").mkdir(exist_ok=True)
    (project / "lists/members.csv").write_text(block("csv"), encoding="utf-8")
    manifest = block("yaml")
    if datetime.now(UTC).year > 2026:
        manifest = manifest.replace("2027-04-10", f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}")
    (project / "campaigns/songkran-2027.yaml").write_text(manifest, encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="the README speaks to a POSIX shell")
def test_every_line_of_every_block_works_in_order(shell: Shell) -> None:
    """Each ends with 0, `apply` on a terminal where a person says yes; page, plan and state are there after it."""
    for line in SHELL:
        command = command_of(line)
        if command in ELSEWHERE:
            continue
        shell.type(command)
        if command.startswith("cd "):
            write_files(shell.cwd)
    assert (shell.cwd / "plan.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert '"digest": "sha256:' in (shell.cwd / "plan.json").read_text(encoding="utf-8")
    assert '"songkran-2027"' in (shell.cwd / ".mesms/state.json").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="the README speaks to a POSIX shell")
def test_every_command_in_a_sentence_works(shell: Shell) -> None:
    """Those between backticks as they stand; the sandbox runs until it is ended, the state moves to a database."""
    spans = {span for span in code(README) if re.match(r'(eval "\$\()?mesms-gitops ', span)}
    shell.type("mesms-gitops init my-campaigns --sender SiamCoffee")
    shell.type("cd my-campaigns && git init --quiet")
    write_files(shell.cwd)
    for span in sorted(spans - {"mesms-gitops sandbox", "mesms-gitops state migrate"}):
        shell.type(span)
    assert {"mesms-gitops sandbox", "mesms-gitops state migrate"} <= spans
    shell.type(
        "mesms-gitops sandbox --port 0 > sandbox.txt & it=$!; "
        "until grep -q MESMS_BASE_URL sandbox.txt; do sleep 0.1; done; kill $it"
    )
    assert "export MESMS_BASE_URL=" in (shell.folder / "my-campaigns/sandbox.txt").read_text(encoding="utf-8")
    shell.type("export MESMS_API_KEY=...")
    shell.type("mesms-gitops apply --auto-approve")
    shell.type("mesms-gitops state migrate sqlite:///.mesms/state.db")
    assert "moved_to" in (shell.folder / "my-campaigns/.mesms/state.json").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    """Fewer than 250 lines."""
    assert len(README.read_text(encoding="utf-8").splitlines()) < 250


def test_what_is_run_elsewhere_is_still_there() -> None:
    """The commands left out here stand in the README, and the test named for each exists and speaks of make."""
    commands = {command_of(line) for line in SHELL}
    assert set(ELSEWHERE) <= commands
    assert all("make" in Path(README.parent / test).read_text(encoding="utf-8") for test in ELSEWHERE.values())
