"""Snapshots of audiences: what goes in comes out, for this user alone, whole or not at all, and not for ever."""

from __future__ import annotations

import os
import random
import resource
import stat
import subprocess
import sys
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import ConfigError, MesmsError, StateError, StateUnreadable
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import SendPhase, SendRecord
from mesms_gitops.model.snapshot import Snapshot, Unopened
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.sealing import Sealing
from mesms_gitops.store.snapshot_form import body_of, head_of, read, read_head
from mesms_gitops.store.snapshots import SnapshotFolder
from tests.measured import soon

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2027, 4, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=90)
SOME = Numbers([800000001, 800000002, 812345678])
PRINT = "ab" * 20
BLANK = State("some-lineage")

subscribers = st.lists(st.integers(600_000_000, 999_999_999), max_size=60).map(Numbers)


def folder(tmp_path: Path, **keys: object) -> SnapshotFolder:
    """A folder that fails its test when it warns."""
    standard: dict[str, object] = {"keep": DAYS, "on_warning": pytest.fail}
    return SnapshotFolder(tmp_path / ".mesms/audience", **{**standard, **keys})  # type: ignore[arg-type]


def file_of(tmp_path: Path, campaign: str = "vip", fingerprint: str = PRINT) -> Path:
    return tmp_path / f".mesms/audience/snapshots/{campaign}/{fingerprint}.numbers"


def everything(root: Path) -> list[Path]:
    return list((root / ".mesms").rglob("*"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- what goes in comes out -------------------------------------------------------------------------------------------


@given(subscribers)
def test_what_goes_in_comes_out(numbers: Numbers) -> None:
    """Any numbers, none of them included, read back as they were."""
    snapshot = Snapshot("vip", PRINT, NOON, NOON + DAYS, len(numbers))
    assert read(head_of(snapshot) + body_of(snapshot, numbers), bytes) == (snapshot, numbers)


def test_two_millions_are_small_and_quick() -> None:
    """Two million numbers take less than 5 MB, and no wait."""
    drawn = random.Random(7).sample(range(600_000_000, 999_999_999), 2_000_000)
    numbers = Numbers.from_sorted(array("I", sorted(drawn)))
    snapshot = Snapshot("vip", PRINT, NOON, NOON + DAYS, len(numbers))
    with soon():
        body = head_of(snapshot) + body_of(snapshot, numbers)
        assert read(body, bytes) == (snapshot, numbers)
    assert len(body) < 5_000_000


@settings(max_examples=400)
@given(st.data())
def test_no_change_goes_unseen(data: st.DataObject) -> None:
    """A file that is cut short, longer, or of which any byte is another one is refused, never read as other people."""
    snapshot = Snapshot("vip", PRINT, NOON, NOON + DAYS, len(SOME))
    body = head_of(snapshot) + body_of(snapshot, SOME)
    at = data.draw(st.integers(0, len(body) - 1))
    kind = data.draw(st.sampled_from(["cut", "longer", "other"]))
    if kind == "cut":
        damaged = body[:at]
    elif kind == "longer":
        damaged = body + data.draw(st.binary(min_size=1, max_size=3))
    else:
        damaged = body[:at] + bytes([body[at] ^ data.draw(st.integers(1, 255))]) + body[at + 1 :]
    with pytest.raises(Surprise):
        read(damaged, bytes)


def test_a_newer_form_is_named() -> None:
    with pytest.raises(Surprise, match="newer mesms-gitops wrote it: form 2"):
        read_head(b'{"snapshot": 2}\n')


# --- on the disk ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_for_this_user_alone(tmp_path: Path, mask: int) -> None:
    """Whatever the umask, and whoever made the folder before: folders 0700, files 0600, and git looks away."""
    (tmp_path / ".mesms/audience").mkdir(parents=True)
    (tmp_path / ".mesms/audience").chmod(0o755)
    former = os.umask(mask)
    try:
        folder(tmp_path).keep("vip", PRINT, SOME, NOON)
    finally:
        os.umask(former)
    audience = tmp_path / ".mesms/audience"
    assert {mode(path) for path in [audience, *audience.rglob("*")] if path.is_dir()} == {0o700}
    assert {mode(path) for path in audience.rglob("*") if path.is_file()} == {0o600}
    assert (audience / ".gitignore").read_text() == "*\n"


def test_git_does_not_see_it(tmp_path: Path) -> None:
    """Not even where the project's own .gitignore says nothing of it, or says the opposite."""
    (tmp_path / ".gitignore").write_text("!.mesms/\n!.mesms/**\n")
    folder(tmp_path).keep("vip", PRINT, SOME, NOON)
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    seen = subprocess.run([*git, "status", "--porcelain", "-uall"], check=True, capture_output=True, text=True).stdout
    assert seen == "?? .gitignore\n"


def test_kept_and_read_again(tmp_path: Path) -> None:
    made = folder(tmp_path)
    made.keep("vip", PRINT, SOME, NOON)
    (found,) = made.all()
    assert found == Snapshot("vip", PRINT, NOON, NOON + DAYS, 3)
    assert made.numbers_of(found) == SOME
    assert [path.name for path in file_of(tmp_path).parent.iterdir()] == [f"{PRINT}.numbers"]


def test_keep_zero_keeps_nothing(tmp_path: Path) -> None:
    folder(tmp_path, keep=timedelta(0)).keep("vip", PRINT, SOME, NOON)
    assert not (tmp_path / ".mesms").exists()


def test_damage_names_the_file(tmp_path: Path) -> None:
    """What is wrong with a file is said with its name, both where its first line is hurt and where its numbers are."""
    made = folder(tmp_path)
    made.keep("vip", PRINT, SOME, NOON)
    (found,) = made.all()
    assert isinstance(found, Snapshot)
    file = file_of(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(StateUnreadable) as caught:
        made.numbers_of(found)
    assert (caught.value.where, caught.value.why) == (
        str(file),
        "its digest is not that of what it holds: it is damaged, cut short, or was edited",
    )
    file.write_bytes(whole[:10])
    (hurt,) = made.all()
    assert isinstance(hurt, Unopened)
    assert (hurt.where, hurt.why) == (str(file), "it has no first line: it is cut short, or no snapshot")
    file.write_bytes(whole)
    file.rename(file.with_name(f"{'cd' * 20}.numbers"))
    (moved,) = made.all()
    assert isinstance(moved, Unopened)
    assert moved.why == "it has another send's name"


def test_what_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    """A file where the folder should be: the warning says which campaign, nothing is raised and nothing is left."""
    (tmp_path / ".mesms").mkdir()
    (tmp_path / ".mesms/audience").write_text("")
    said: list[str] = []
    folder(tmp_path, on_warning=said.append).keep("vip", PRINT, SOME, NOON)
    assert said == ["whom vip covers is not kept: cannot write the snapshot of an audience (Not a directory)"]
    assert [path.name for path in everything(tmp_path)] == ["audience"]


def test_even_a_fault_of_ours_is_a_warning(tmp_path: Path) -> None:
    """Between an intent and its request nothing may be raised, whatever it is."""
    said: list[str] = []
    folder(tmp_path, on_warning=said.append).keep("vip", PRINT, "no numbers", NOON)  # type: ignore[arg-type]
    assert said == ["whom vip covers is not kept: TypeError"]


def test_a_full_disk_leaves_the_old_one(tmp_path: Path) -> None:
    """A file that may not grow: the snapshot that stood still stands, nothing half-written beside it, and a warning."""
    made = folder(tmp_path)
    made.keep("vip", PRINT, SOME, NOON)
    many = Numbers(random.Random(1).sample(range(600_000_000, 999_999_999), 50_000))
    said: list[str] = []
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        folder(tmp_path, on_warning=said.append).keep("vip", PRINT, many, NOON)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert said == ["whom vip covers is not kept: cannot write the snapshot of an audience (File too large)"]
    (found,) = made.all()
    assert isinstance(found, Snapshot)
    assert made.numbers_of(found) == SOME
    assert len(list(file_of(tmp_path).parent.iterdir())) == 1


_KILLED = """
import sys, os, signal
from datetime import datetime, timedelta, UTC
from pathlib import Path
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.store.disk import Disk
from mesms_gitops.store.snapshots import SnapshotFolder

class Dying(Disk):
    left = int(sys.argv[2])
    def _step(self):
        Dying.left -= 1
        if Dying.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def make_folder(self, folder): self._step(); super().make_folder(folder)
    def write_new(self, path, body): super().write_new(path, body); self._step()
    def replace(self, source, target): self._step(); super().replace(source, target)
    def sync_folder(self, folder): self._step(); super().sync_folder(folder)

numbers = Numbers(range(800000000, 800005000))
made = SnapshotFolder(Path(sys.argv[1]), keep=timedelta(days=90), disk=Dying())
made.keep("vip", "ab" * 20, numbers, datetime(2027, 4, 1, 12, tzinfo=UTC))
"""


def test_killed_at_any_step(tmp_path: Path) -> None:
    """kill -9 between any two steps leaves the old snapshot or the new one; the next sweep deletes the rest."""
    outcomes = set()
    for step in range(8):
        root = tmp_path / str(step)
        made = folder(root)
        made.keep("vip", PRINT, SOME, NOON)
        command = [sys.executable, "-c", _KILLED, str(root / ".mesms/audience"), str(step)]
        ran = subprocess.run(command, check=False)
        (found,) = (each for each in made.all() if isinstance(each, Snapshot))
        outcomes.add((ran.returncode, len(made.numbers_of(found)), len(list(file_of(root).parent.iterdir()))))
        made.sweep(BLANK, NOON)
        assert [path.name for path in file_of(root).parent.iterdir()] == [f"{PRINT}.numbers"]
    assert outcomes == {(-9, 3, 1), (-9, 3, 2), (-9, 5000, 1), (0, 5000, 1)}


# --- not for ever -----------------------------------------------------------------------------------------------------


def recorded(*phases: SendPhase, uuid: str | None = None) -> State:
    sends = tuple(
        SendRecord(PRINT, revision, phase, "run", NOON, None, "SiamCoffee", 3, 1, uuid=uuid)
        for revision, phase in enumerate(phases, start=1)
    )
    return replace(BLANK, campaigns=MappingProxyType({"vip": CampaignRecord("vip", "vip.yaml", 1, sends=sends)}))


@pytest.mark.parametrize(
    ("after", "keep", "deleted"),
    [
        (timedelta(days=90) - timedelta(seconds=1), DAYS, 0),
        (timedelta(days=90), DAYS, 1),
        (timedelta(days=30), timedelta(days=30), 1),  # what is configured now is shorter
        (timedelta(days=90), timedelta(days=900), 1),  # a date that was given is never moved away
        (timedelta(0), timedelta(0), 1),
    ],
)
def test_deleted_when_its_time_is_over(tmp_path: Path, after: timedelta, keep: timedelta, deleted: int) -> None:
    folder(tmp_path).keep("vip", PRINT, SOME, NOON)
    later = folder(tmp_path, keep=keep)
    assert later.sweep(recorded(SendPhase.SENT, uuid="u"), NOON + after) == deleted
    assert file_of(tmp_path).exists() is not bool(deleted)


@pytest.mark.parametrize(
    ("state", "deleted"),
    [
        (BLANK, 0),  # a send of which nothing is known
        (recorded(SendPhase.FAILED), 1),
        (recorded(SendPhase.CANCELLED, uuid="u"), 1),
        (recorded(SendPhase.FAILED, uuid="u"), 0),  # accepted first: somebody may have been texted
        (recorded(SendPhase.INTENDED), 0),
        (recorded(SendPhase.UNKNOWN), 0),
        (recorded(SendPhase.SCHEDULED, uuid="u"), 0),
        (recorded(SendPhase.SENT, SendPhase.FAILED, uuid="u"), 0),
    ],
)
def test_deleted_when_it_was_never_sent(tmp_path: Path, state: State, deleted: int) -> None:
    """Only what provably covered nobody goes before its time."""
    made = folder(tmp_path)
    made.keep("vip", PRINT, SOME, NOON)
    assert made.sweep(state, NOON) == deleted


def test_what_cannot_say_until_when_it_stays_goes_as_well(tmp_path: Path) -> None:
    made = folder(tmp_path)
    made.keep("vip", PRINT, SOME, NOON)
    file_of(tmp_path).write_bytes(b"\x00")
    os.utime(file_of(tmp_path), (NOON.timestamp(), NOON.timestamp()))
    assert made.sweep(BLANK, NOON + DAYS - timedelta(seconds=1)) == 0
    assert made.sweep(BLANK, NOON + DAYS) == 1


# --- encrypted --------------------------------------------------------------------------------------------------------


@pytest.fixture
def identity(tmp_path: Path) -> tuple[str, Path]:
    """A recipient, and the file with its identity as age-keygen writes it."""
    made = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity.txt"
    file.write_text(f"# created: 2027-04-01\n# public key: {made.to_public()}\n{made}\n")
    return str(made.to_public()), file


def test_encrypted_and_read_with_the_identity_alone(tmp_path: Path, identity: tuple[str, Path]) -> None:
    recipient, file = identity
    folder(tmp_path, sealing=Sealing([recipient])).keep("vip", PRINT, SOME, NOON)
    open_body = head_of(Snapshot("vip", PRINT, NOON, NOON + DAYS, 3))
    body = file_of(tmp_path).read_bytes()
    assert body.split(b"\n")[1] == b"age-encryption.org/v1"
    assert not body.startswith(open_body)
    holder = folder(tmp_path, sealing=Sealing((), file))
    (found,) = holder.all()
    assert isinstance(found, Snapshot)
    assert (found.is_sealed, holder.numbers_of(found)) == (True, SOME)
    with pytest.raises(ConfigError, match="no identity to open it with"):
        folder(tmp_path).numbers_of(found)
    file.write_text(str(pyrage.x25519.Identity.generate()))
    with pytest.raises(StateError, match="cannot be decrypted") as caught:
        holder.numbers_of(found)
    assert caught.value.where == str(file_of(tmp_path))


def test_never_left_open_again(tmp_path: Path, identity: tuple[str, Path]) -> None:
    """A sealed snapshot that is rewritten after `encrypt_to` was taken away is sealed to its identity all the same."""
    recipient, file = identity
    folder(tmp_path, sealing=Sealing([recipient])).keep("vip", PRINT, SOME, NOON)
    holder = folder(tmp_path, sealing=Sealing((), file))
    (found,) = holder.all()
    assert isinstance(found, Snapshot)
    newer = holder.replace(found, Numbers([800000001]))
    assert b"age-encryption.org/v1" in file_of(tmp_path).read_bytes()
    assert holder.all() == (newer,)
    assert (newer.recipients, newer.forgotten, holder.numbers_of(newer)) == (1, 2, Numbers([800000001]))


def test_a_bad_identity_is_never_shown(tmp_path: Path, identity: tuple[str, Path]) -> None:
    recipient, file = identity
    folder(tmp_path, sealing=Sealing([recipient])).keep("vip", PRINT, SOME, NOON)
    file.write_text("AGE-SECRET-KEY-1SOMETHINGSECRET\n")
    holder = folder(tmp_path, sealing=Sealing((), file))
    (found,) = holder.all()
    assert isinstance(found, Snapshot)
    with pytest.raises(MesmsError) as caught:
        holder.numbers_of(found)
    shown = f"{caught.value} {caught.value.why} {caught.value.where} {caught.value.next_step}"
    assert "SOMETHINGSECRET" not in shown


def test_checked_before_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipient that is none, and a library that is not there, are errors of the plan, where any is asked for."""
    with pytest.raises(ConfigError, match="not an age recipient"):
        folder(tmp_path, sealing=Sealing([f"age1{'q' * 58}"])).check()
    monkeypatch.setitem(sys.modules, "pyrage", None)
    folder(tmp_path).check()
    folder(tmp_path, sealing=Sealing(["age1"]), keep=timedelta(0)).check()
    with pytest.raises(ConfigError, match="not installed") as caught:
        folder(tmp_path, sealing=Sealing(["age1"])).check()
    assert caught.value.next_step == "pip install 'mesms-gitops[age]'"
    said: list[str] = []
    folder(tmp_path, sealing=Sealing(["age1"]), on_warning=said.append).keep("vip", PRINT, SOME, NOON)
    assert len(said) == 1
    assert not file_of(tmp_path).exists()
