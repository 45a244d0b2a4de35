"""``demo``: the whole journey on the sandbox. Every line after a ``$`` is what that command prints."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.sandbox.server import Running

BEGINS = datetime(2027, 4, 1, 2, 0, tzinfo=UTC)
MEMBERS = 1_200
"""0800000001 and so on: numbers nobody has."""


@click.command("demo")
def command() -> int:
    """Show the whole journey on the sandbox, without an account: plan, apply, edit, delete, delivery."""
    with demonstration() as sandbox:
        return _Journey(sandbox).walk()


@contextmanager
def demonstration() -> Iterator[Running]:
    """A sandbox and a project on it, with this process standing in the project's folder."""
    from mesms_gitops.sandbox.server import running

    with tempfile.TemporaryDirectory(prefix="mesms-demo-") as folder:
        _write_project(Path(folder))
        with running(now=BEGINS, mode="frozen") as sandbox, _surroundings(Path(folder), sandbox):
            yield sandbox


class _Journey:
    """The steps, and the worst exit code among them."""

    def __init__(self, sandbox: Running) -> None:
        self._sandbox = sandbox
        self._worst = 0

    def walk(self) -> int:
        songkran = Path("campaigns/songkran-2027-vip.yaml")
        self._tell("Two campaigns are written as files. What would happen?")
        self._run("plan")
        self._tell("Carry it out.")
        self._run("apply", "--auto-approve")
        self._tell("Again: nothing is sent twice.")
        self._run("apply", "--auto-approve")
        self._tell("The offer is edited, and the other campaign's file is deleted.")
        songkran.write_text(
            songkran.read_text(encoding="utf-8").replace("percent: 20", "percent: 25"), encoding="utf-8"
        )
        Path("campaigns/branch-closed.yaml").unlink()
        self._run("plan")
        self._run("apply", "--auto-approve")
        self._tell("Ten days later the messages have left. What became of them?")
        self._sandbox.advance(timedelta(days=10))
        self._run("refresh")
        self._run("report", "songkran-2027-vip")
        self._tell("What state knows, without asking anybody; and one more apply, which finds nothing to do.")
        self._run("status")
        self._run("apply", "--auto-approve")
        return self._worst

    def _tell(self, text: str) -> None:
        click.echo(f"\n# {text}")

    def _run(self, *arguments: str) -> None:
        from mesms_gitops.cli.app import run

        click.echo(f"\n$ mesms-gitops {' '.join(arguments)}")
        self._worst = max(self._worst, run(arguments))


def _write_project(folder: Path) -> None:
    source = resources.files("mesms_gitops.cli") / "templates" / "demo"
    (folder / "campaigns").mkdir()
    (folder / "lists").mkdir()
    for name in ("mesms.yaml", "campaigns/songkran-2027-vip.yaml", "campaigns/branch-closed.yaml"):
        (folder / name).write_text((source / name).read_text(encoding="utf-8"), encoding="utf-8")
    rows = (
        f"080{number:07d},{'Gold' if number % 4 else 'Platinum'},{'no' if number % 50 == 0 else 'yes'}"
        for number in range(1, MEMBERS + 1)
    )
    (folder / "lists/members.csv").write_text("\n".join(("mobile,tier,consent", *rows, "")), encoding="utf-8")
    opted_out = (f"080-000-{number:04d}" for number in range(7, MEMBERS, 100))
    (folder / "lists/optout.csv").write_text("\n".join(("phone", *opted_out, "")), encoding="utf-8")


@contextmanager
def _surroundings(folder: Path, sandbox: Running) -> Iterator[None]:
    """Stand in ``folder``, with an environment that points at the sandbox; leave both as they were found."""
    wanted = {"MESMS_BASE_URL": sandbox.base_url, "MESMS_API_KEY": sandbox.api_key}
    former_folder, former = Path.cwd(), dict(os.environ)
    for name in [name for name in os.environ if name.startswith("MESMS_")]:
        del os.environ[name]
    os.environ |= wanted
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(former_folder)
        os.environ.clear()
        os.environ |= former
