"""A plan that is said again is the plan that would be made: whatever was touched, it is made anew."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.cli import journey, unchanged
from mesms_gitops.cli.app import run
from mesms_gitops.model.state import Freeze
from mesms_gitops.sandbox.defaults import OWNER
from mesms_gitops.store.file import FileStore

from .conftest import BEGINS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mesms_gitops.sandbox.server import Running

    from .conftest import Project

MOMENT = 0.2
"""Seconds after which a touch counts as long ago; the filesystem of these tests has fine clocks."""


@dataclass
class Desk:
    """The project, and plans made in this process: what each said, and whether it was made anew."""

    project: Project
    sandbox: Running
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    made: int = 0

    def plan(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code = run(["-C", str(self.project.root), "plan", *arguments])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def is_made(self, *arguments: str) -> bool:
        """Whether the next plan is made anew; in any case it says what one without memory says."""
        before = self.made
        said = self.plan(*arguments)
        after = self.made
        with self.patch.context() as fresh:
            fresh.setenv("MESMS_NO_CACHE", "1")
            assert self.plan(*arguments) == said
        return after > before

    def file(self, name: str) -> Path:
        return self.project.root / name


@pytest.fixture
def desk(
    project: Project, sandbox: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """A project of three campaigns that were sent, known from two plans; git knows it."""
    for name in ("PATH", *os.environ):
        if name.startswith(("MESMS_", "XDG_", "CI", "GITHUB_")):
            monkeypatch.delenv(name)
    for name, value in project.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(unchanged, "SETTLED", MOMENT)
    project.write("mesms.yaml", (project.root / "mesms.yaml").read_text().replace("10m", "0s"))
    project.write("templates/t.j2", "Your parcel is here")
    project.campaign("early", schedule="2027-04-01T10:00")
    project.campaign("other", schedule="now", recipients=[{"numbers": ["0800000003"]}])
    project.campaign("third", schedule="now", content=None, template="../templates/t.j2")
    ran = project.apply()
    assert ran.code == 0, ran.err
    sandbox.world.set_now(BEGINS + timedelta(hours=2))
    assert project.run("refresh").code == 0
    git = ("git", "-C", str(project.root), "-c", "user.name=a", "-c", "user.email=a@b.example")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        subprocess.run((*git, *command), check=True)
    made = Desk(project, sandbox, monkeypatch, capsys)
    whole = journey.prepared

    def counted(*arguments: object) -> object:
        made.made += 1
        return whole(*arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(journey, "prepared", counted)
    time.sleep(MOMENT + 0.1)
    assert made.is_made()
    assert not made.is_made(), "it is remembered"
    yield made


def in_place(path: Path, old: bytes, new: bytes) -> None:
    """Other bytes, as many, in the same file, with the times put back as far as anybody can."""
    before = path.stat()
    body = path.read_bytes()
    assert body.count(old) >= 1
    assert len(old) == len(new)
    with path.open("r+b") as file:
        file.write(body.replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def swapped(path: Path, body: bytes) -> None:
    """Another file in its place, with the old one's time."""
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(body)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def _commit(desk: Desk) -> None:
    desk.file("more.txt").write_text("more")
    git = ("git", "-C", str(desk.project.root), "-c", "user.name=a", "-c", "user.email=a@b.example")
    for command in (("add", "."), ("commit", "-qm", "two")):
        subprocess.run((*git, *command), check=True)


EARLY, STATE = "campaigns/early.yaml", ".mesms/state.json"
TOUCHES: dict[str, Callable[[Desk], object]] = {
    "a byte of a manifest": lambda desk: in_place(desk.file(EARLY), b"order", b"0rder"),
    "a manifest in place of it": lambda desk: swapped(
        desk.file(EARLY), desk.file(EARLY).read_bytes().replace(b"Your", b"Our ")
    ),
    "a manifest only touched": lambda desk: desk.file(EARLY).touch(),
    "a manifest more": lambda desk: desk.project.campaign("fourth"),
    "a draft more": lambda desk: desk.project.campaign("fourth", state="draft"),
    "a manifest less": lambda desk: desk.file(EARLY).unlink(),
    "a manifest renamed": lambda desk: desk.file(EARLY).rename(desk.file("campaigns/later.yaml")),
    "a folder that is not to be read": lambda desk: desk.file("campaigns/out.yaml").symlink_to("/etc"),
    "a byte of a template": lambda desk: in_place(desk.file("templates/t.j2"), b"parcel", b"Parcel"),
    "a template less": lambda desk: desk.file("templates/t.j2").unlink(),
    "a byte of the state": lambda desk: in_place(desk.file(STATE), b'"recipients": 2', b'"recipients": 3'),
    "a word in the state": lambda desk: in_place(desk.file(STATE), b'"sent"', b'"none"'),
    "the state less": lambda desk: desk.file(STATE).unlink(),
    "a journal beside it": lambda desk: desk.file(f"{STATE}.journal").write_text("{"),
    "the emergency stop": lambda desk: FileStore(desk.file(STATE)).write_freeze(Freeze(everything=True)),
    "the project file": lambda desk: in_place(desk.file("mesms.yaml"), b"timezone", b"timezone"),
    "a policy": lambda desk: desk.file("mesms.yaml").write_text(
        desk.file("mesms.yaml").read_text() + "policy: {senders: [Other]}\n"
    ),
    "a commit": _commit,
    "another key": lambda desk: desk.patch.setenv("MESMS_HASH_KEY", "another secret, long enough for anybody"),
    "a wrong API key": lambda desk: desk.patch.setenv("MESMS_API_KEY", "wrong"),
    "no API key": lambda desk: desk.patch.delenv("MESMS_API_KEY"),
    "another state": lambda desk: desk.patch.setenv("MESMS_STATE", "other.json"),
    "a narrow terminal": lambda desk: desk.patch.setenv("COLUMNS", "50"),
    "colour": lambda desk: desk.patch.setenv("FORCE_COLOR", "1"),
}
SAME_FILE = "the project file"
"""The one touch that leaves the bytes as they are of what is known by its bytes: nothing has changed."""


@pytest.mark.parametrize("touch", TOUCHES)
def test_whatever_is_touched_the_plan_is_made_anew(desk: Desk, touch: str) -> None:
    """And says what one without memory says, errors included."""
    TOUCHES[touch](desk)
    if touch.endswith("API key"):
        before = desk.made
        assert desk.plan()[0] != 0
        assert desk.made == before
        return
    made = desk.is_made()
    assert made is (touch != SAME_FILE) or desk.plan()[0] != 0


def test_what_the_account_says_is_asked_each_time(desk: Desk) -> None:
    """A balance that moved, or a clock that went back behind the times of the campaigns, makes the plan anew."""
    desk.sandbox.world.accounts[OWNER].balance -= 1
    assert desk.is_made()
    assert not desk.is_made()
    desk.sandbox.world.set_now(BEGINS)
    assert desk.is_made()


def test_what_was_touched_a_moment_ago_is_not_remembered(desk: Desk) -> None:
    """Its stamp could be that of two contents; a moment later it is."""
    desk.patch.setattr(unchanged, "SETTLED", 3.0)
    desk.file(EARLY).touch()
    assert desk.is_made()
    assert desk.is_made()


@pytest.mark.parametrize("arguments", [("--json",), ("--offline",), ("--target", "early"), ("--allow-empty",)])
def test_other_plans_are_made(desk: Desk, arguments: tuple[str, ...]) -> None:
    """Only the plain one is said again."""
    desk.patch.setattr("mesms_gitops.views.plan_json.plan_json", lambda *_: "{}")  # a moment stands in it
    assert desk.is_made(*arguments)


@pytest.mark.parametrize(
    "keys",
    [{"schedule": "2027-04-10T10:00"}, {"state": "draft"}, {"schedule": "now", "content": "It’s here: Café ¥"}],
    ids=["scheduled", "draft", "warned of"],
)
def test_a_plan_that_could_read_otherwise_is_not_remembered(desk: Desk, keys: dict[str, object]) -> None:
    """Something is to come, is no campaign yet, or is worth a warning each day."""
    desk.project.campaign("fourth", **{"recipients": [{"numbers": ["0800000009"]}], **keys})
    assert desk.project.apply().code == 0
    time.sleep(MOMENT + 0.1)
    assert desk.is_made()
    said = desk.plan()[1]
    assert desk.is_made() or "fourth" not in said


def test_an_apply_reads_everything(desk: Desk) -> None:
    """It never asks here."""
    desk.patch.setattr(unchanged.Occasion, "said", lambda _: pytest.fail("asked"))
    desk.patch.setattr(unchanged.Occasion, "of", lambda _: pytest.fail("asked"))
    assert run(["-C", str(desk.project.root), "apply", "--auto-approve"]) == 0
