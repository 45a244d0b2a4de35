"""Real processes against a real sandbox: the command line as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGINS = datetime(2027, 4, 1, 2, 0, tzinfo=UTC)
COMMAND = str(Path(sys.executable).with_name("mesms-gitops"))

PROJECT = """\
version: 1
campaigns: [campaigns/]
timezone: Asia/Bangkok
undo_window: 10m
api: {requests_per_second: 1000, timeout: 5s}
"""


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)


@dataclass
class Project:
    """A project folder, and the command run in it with an environment of its own."""

    root: Path
    env: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        """Write one file of the project."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def campaign(self, name: str, **keys: object) -> Path:
        """Write a campaign: active, from SiamCoffee, to two numbers, in April, unless told otherwise."""
        standard: dict[str, object] = {
            "name": name,
            "class": "transactional",
            "sender": "SiamCoffee",
            "content": f"Your order {name} is ready",
            "recipients": [{"numbers": ["0800000001", "0800000002"]}],
            "schedule": "2027-04-10T10:00",
        }
        given = {key: value for key, value in {**standard, **keys}.items() if value is not None}
        return self.write(f"campaigns/{name}.yaml", json.dumps(given, ensure_ascii=False, indent=1))

    def run(self, *arguments: str, **env: str) -> Ran:
        """Run ``mesms-gitops`` in the project."""
        ran = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.root,
            env={**self.env, **self.extra, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def plan(self, *arguments: str, **env: str) -> Any:
        """``plan --json``, which must work."""
        ran = self.run("plan", "--json", *arguments, **env)
        assert ran.code == 0, ran.err
        return ran.json

    def apply(self, *arguments: str, **env: str) -> Ran:
        """``apply --auto-approve``."""
        return self.run("apply", "--auto-approve", *arguments, **env)

    def status(self) -> dict[str, Any]:
        """``status --json``, campaigns by name."""
        return {campaign["name"]: campaign for campaign in self.run("status", "--json").json["campaigns"]}

    @property
    def state(self) -> str:
        """The state file's text."""
        return (self.root / ".mesms/state.json").read_text(encoding="utf-8")


@pytest.fixture
def sandbox() -> Iterator[Running]:
    """A sandbox whose clock stands at 2027-04-01 09:00 in Bangkok until it is moved."""
    with running(now=BEGINS, mode="frozen") as served:
        yield served


@pytest.fixture
def project(tmp_path: Path, sandbox: Running) -> Project:
    """An empty project on the sandbox, in an environment without anything else, HOME included."""
    home = tmp_path / "home"
    home.mkdir()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "MESMS_BASE_URL": sandbox.base_url,
        "MESMS_API_KEY": sandbox.api_key,
    }
    made = Project(tmp_path / "project", env)
    made.write("mesms.yaml", PROJECT)
    (made.root / "campaigns").mkdir()
    return made


def sends(sandbox: Running) -> int:
    """How many ``POST /sms/send`` the sandbox has seen."""
    return sum(entry["method"] == "POST" and str(entry["path"]).endswith("/sms/send") for entry in sandbox.requests)


def texted(sandbox: Running) -> dict[str, int]:
    """How often each number is, or will be, texted."""
    with sandbox.lock:
        return {number: len(uuids) for number, uuids in sandbox.world.texts_by_number().items() if uuids}
