"""State in a file: what the contract does not say, because only files have it."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import StateError, StateLocked, StateUnreadable
from mesms_gitops.model.state import CampaignRecord, Freeze, State
from mesms_gitops.store import disk as disk_module
from mesms_gitops.store.codec import decode, encode
from mesms_gitops.store.disk import Disk
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.host import Host
from mesms_gitops.store.port import UNREADABLE

from .fake_host import FakeHost

if TYPE_CHECKING:
    from collections.abc import Iterator


def state(serial: int, *names: str) -> State:
    records = {name: CampaignRecord(name, f"campaigns/{name}.yaml", 1) for name in names}
    return State("lineage-1", serial, campaigns=MappingProxyType(records))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state will be; its folder does not stand yet."""
    return tmp_path / ".mesms" / "state.json"


def names(path: Path) -> set[str]:
    return {each.name for each in path.parent.iterdir() if not each.name.endswith(".guard")}


def tree(folder: Path) -> dict[Path, tuple[int, int, bytes]]:
    return {
        each: (each.stat().st_ino, each.stat().st_mtime_ns, each.read_bytes() if each.is_file() else b"")
        for each in [folder, *folder.rglob("*")]
    }


# ── what is made, and for whom ───────────────────────────────────────────────────────────────────────────────────────


def test_what_is_made_is_for_this_user_alone(path: Path) -> None:
    """Every file is 0600 and every folder 0700, whatever the umask allows."""
    before = os.umask(0)
    try:
        deep = path.parent / "a" / "b" / "state.json"
        store = FileStore(deep)
        store.commit(state(1), 0)
        store.commit(state(2), 1)
        store.write_freeze(Freeze(everything=True))
        with store.lock("apply", 0):
            modes = {each: stat.S_IMODE(each.stat().st_mode) for each in path.parent.rglob("*")}
    finally:
        os.umask(before)
    assert {each.name for each in modes if each.is_file()} == {
        "state.json",
        "state.json.backup",
        "state.json.freeze",
        "state.json.freeze.guard",
        "state.json.guard",
    }
    assert {mode for each, mode in modes.items() if each.suffix != ""} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {mode for each, mode in modes.items() if each.suffix == ""} == {0o700}


def test_reading_changes_nothing(path: Path) -> None:
    """Not a file is made, moved or touched by looking: not in an empty project, and not in one at work."""
    store = FileStore(path)
    before = tree(path.parents[1])
    assert (store.read(), store.has_backup, store.info(), store.read_freeze()) == (None, False, None, Freeze())
    assert tree(path.parents[1]) == before
    store.commit(state(1), 0)
    with store.lock("apply", 0):
        before = tree(path.parents[1])
        assert FileStore(path).read() == state(1)
        assert not store.has_backup
        assert store.info().operation == "apply"
        assert tree(path.parents[1]) == before


def test_the_backup_is_the_state_before(path: Path) -> None:
    """After every commit the state before it stands beside, byte for byte."""
    store = FileStore(path)
    for serial in range(1, 5):
        store.commit(state(serial, f"c-{serial}"), serial - 1)
        assert store.has_backup == (serial > 1)
        if serial > 1:
            assert decode(store.backup.read_bytes()) == state(serial - 1, f"c-{serial - 1}")
    assert names(path) == {"state.json", "state.json.backup"}


def test_a_lost_state_can_be_told_from_a_new_project(path: Path) -> None:
    """With the state gone and its backup there, reading gives None, and ``has_backup`` says it was lost."""
    store = FileStore(path)
    store.commit(state(1), 0)
    store.commit(state(2), 1)
    path.unlink()
    assert FileStore(path).read() is None
    assert FileStore(path).has_backup


def test_a_link_is_followed(path: Path, tmp_path: Path) -> None:
    """A state that is a symbolic link stays one; what it points at is written, and locked by whatever name."""
    link = tmp_path / "link.json"
    link.symlink_to(path)
    store = FileStore(link)
    store.commit(state(1), 0)
    store.commit(state(2), 1)
    assert link.is_symlink()
    assert FileStore(path).read() == FileStore(link).read() == state(2)
    assert names(path) == {"state.json", "state.json.backup"}
    with store.lock("apply", 0), pytest.raises(StateLocked), FileStore(path).lock("plan", 0):
        pytest.fail("two hold the lock")
    FileStore(path).write_freeze(Freeze(everything=True))
    assert store.read_freeze().everything


def test_a_relative_path_stays_where_it_was(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store means the folder it was opened in, wherever the process goes afterwards."""
    monkeypatch.chdir(tmp_path)
    store = FileStore(Path(".mesms/state.json"))
    monkeypatch.chdir("/")
    store.commit(state(1), 0)
    assert FileStore(path).read() == state(1)


def test_left_over_parts_are_removed(path: Path) -> None:
    """What runs of this machine left behind goes with the next commit; other files, and another machine's, stay."""
    path.parent.mkdir()
    tag = Host().tag()
    ours = [f".state.json.{tag}.1.tmp", f".state.json.lock.{tag}.2.tmp", f".state.json.freeze.{tag}.3.tmp"]
    others = [".state.json.ffffffff0.4.tmp", f".other.json.{tag}.5.tmp", "state.json.tmp"]
    for name in ours + others:
        (path.parent / name).write_text("half of")
    store = FileStore(path)
    with store.lock("apply", 0):
        store.commit(state(1), 0)
    store.write_freeze(Freeze())
    assert names(path) == {"state.json", "state.json.freeze", *others}


def test_a_backup_that_already_is_the_state(path: Path) -> None:
    """A run that died between backup and replacement leaves one file under both names; the next leaves nothing else."""
    store = FileStore(path)
    store.commit(state(1), 0)
    os.link(path, store.backup)
    store.commit(state(2), 1)
    assert decode(store.backup.read_bytes()) == state(1)
    assert names(path) == {"state.json", "state.json.backup"}


def test_what_is_fsynced_and_when(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real disk makes each new folder known, the bytes durable before they get their name, and then the name."""
    events: list[str] = []
    real_fsync, real_rename = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        events.append(f"fsync {'folder' if stat.S_ISDIR(os.fstat(descriptor).st_mode) else 'file'}")
        real_fsync(descriptor)

    def rename(source: Path, target: Path) -> Path:
        events.append(f"rename to {target.name}")
        return real_rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    store = FileStore(path.parents[1] / "new" / "newer" / "state.json")
    store.commit(state(1), 0)
    folder, temp = "fsync folder", "fsync file"
    assert events == [folder, folder, temp, "rename to state.json", folder]
    events.clear()
    store.commit(state(2), 1)
    assert events == [temp, "rename to state.json.backup", "rename to state.json", folder]
    events.clear()
    store.write_freeze(Freeze())
    assert events == [temp, "rename to state.json.freeze", folder]


class NoLinks(Disk):
    """A filesystem without second names."""

    def link(self, source: Path, target: Path) -> None:
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_no_second_names_are_needed(path: Path) -> None:
    """Backup and lock work where the filesystem has no hard links."""
    store = FileStore(path, disk=NoLinks())
    with store.lock("apply", 0):
        store.commit(state(1), 0)
        store.commit(state(2), 1)
        with pytest.raises(StateLocked), FileStore(path, disk=NoLinks()).lock("plan", 0):
            pytest.fail("two hold the lock")
    assert decode(store.backup.read_bytes()) == state(1)
    assert names(path) == {"state.json", "state.json.backup"}


class FullForLocks(NoLinks):
    """As above, and the disk is full when the lock is written."""

    def write_new(self, path: Path, body: bytes) -> None:
        super().write_new(path, body)
        if path.suffix == ".lock":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_half_a_lock_is_not_left(path: Path) -> None:
    """A lock that does not fit on the disk is not left behind for a person to break."""
    store = FileStore(path, disk=FullForLocks())
    with pytest.raises(StateError, match="cannot take the lock"), store.lock("apply", 0):
        pytest.fail("held")
    assert store.info() is None


# ── what is damaged ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_truncation_names_the_backup(path: Path) -> None:
    """A file cut short at any byte that matters is refused, and the way back is named with its serial."""
    store = FileStore(path)
    store.commit(state(1, "a"), 0)
    store.commit(state(2, "a", "b"), 1)
    body = path.read_bytes()
    for length in range(len(body) - 1):  # without its last newline it is still whole
        path.write_bytes(body[:length])
        with pytest.raises(StateUnreadable) as caught:
            FileStore(path).read()
        assert caught.value.where.startswith(str(path))
        assert f"serial 1: cp {path}.backup {path}" in caught.value.next_step
        assert path.read_bytes() == body[:length]


def test_the_named_way_back_works(path: Path) -> None:
    """The command that the error gives restores the backup, also where the path wants quoting."""
    odd = path.parent / "the state.json"
    store = FileStore(odd)
    store.commit(state(1), 0)
    store.commit(state(2), 1)
    odd.write_bytes(b"")
    with pytest.raises(StateUnreadable) as caught:
        store.read()
    command = caught.value.next_step.partition(": ")[2].partition(";")[0]
    assert os.system(command) == 0
    assert store.read() == state(1)


@pytest.mark.parametrize(("backup", "words"), [(None, "does not exist"), (b"{", "cannot be read either")])
def test_a_backup_that_does_not_help_is_not_recommended(path: Path, backup: bytes | None, words: str) -> None:
    """Where the backup is missing or damaged as well, the error says so."""
    path.parent.mkdir()
    path.write_bytes(b"{")
    store = FileStore(path)
    if backup:
        store.backup.write_bytes(backup)
    with pytest.raises(StateUnreadable) as caught:
        store.read()
    assert words in caught.value.next_step
    assert str(store.backup) in caught.value.next_step


@pytest.mark.parametrize("body", [b"", b"{", b"[]\n", b'{"version": 9, "everything": false}\n', b"\xff", b"{}\n"])
def test_a_freeze_in_doubt_freezes_everything(path: Path, body: bytes) -> None:
    """A stop that cannot be read stops all, saying why; a new word sets it right."""
    store = FileStore(path)
    store.write_freeze(Freeze())
    (path.parent / "state.json.freeze").write_bytes(body)
    found = store.read_freeze()
    assert found.everything
    assert "state.json.freeze cannot be read" in found.by
    store.write_freeze(Freeze())
    assert store.read_freeze() == Freeze()


def test_a_freeze_that_is_no_file_freezes_everything(path: Path) -> None:
    """The same where something else stands in its place."""
    (path.parent / "state.json.freeze").mkdir(parents=True)
    assert FileStore(path).read_freeze().everything


@pytest.mark.parametrize("body", [b"", b"{", b"{}\n", b'{"id": 5}\n'])
def test_a_lock_in_doubt_is_a_lock(path: Path, body: bytes) -> None:
    """A lock file that cannot be read is held by somebody unknown, until a person breaks it by the id that is named."""
    store = FileStore(path)
    store.commit(state(1), 0)
    (path.parent / "state.json.lock").write_bytes(body)
    with pytest.raises(StateLocked) as caught, store.lock("apply", 0.2):
        pytest.fail("two hold the lock")
    assert "somebody unknown" in caught.value.what
    assert f"mesms-gitops state unlock {UNREADABLE}" in caught.value.next_step
    assert store.info().id == UNREADABLE
    store.unlock(UNREADABLE)
    with store.lock("apply", 0):
        pass


# ── what is refused by the system ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", [".", "state.json/below", "x" * 300])
def test_a_path_that_cannot_be_a_file(path: Path, where: str) -> None:
    """A folder, something below a file, a name too long: an error of ours says so, for reading and for writing."""
    FileStore(path).commit(state(1), 0)
    store = FileStore(path.parent / where)

    def lock() -> None:
        with store.lock("apply", 0):
            pytest.fail("held")

    if where != ".":
        with pytest.raises(StateError):
            lock()
    for act in (store.read, lambda: store.commit(state(1), 0)):
        with pytest.raises(StateError) as caught:
            act()
        assert caught.value.__cause__ is not None
        assert "path of a file" in caught.value.next_step
    assert FileStore(path).read() == state(1)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A tmpfs at ``folder``, if this system lets us; says whether it did."""
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options.encode()) == 0
    try:
        yield done
    finally:
        if done:
            libc.umount2(os.fsencode(folder), 2)


class Broken(Disk):
    """A disk that refuses whatever makes it hold more, halfway."""

    def __init__(self, number: int) -> None:
        self.number: int | None = number

    def write_new(self, path: Path, body: bytes) -> None:
        if self.number is None:
            super().write_new(path, body)
            return
        if self.number == errno.ENOSPC:
            super().write_new(path, body[: len(body) // 2])
        raise OSError(self.number, os.strerror(self.number), str(path))


@contextmanager
def full_disk(folder: Path, *, real: bool) -> Iterator[Disk]:
    """A disk on which there is no room, once `fill` was called."""
    if not real:
        yield Broken(errno.ENOSPC)
        return
    with mounted(folder, "size=64k") as done:
        if not done:
            yield Broken(errno.ENOSPC)
            return
        yield Disk()


def fill(folder: Path) -> Path:
    hog = folder / "hog"
    with suppress(OSError), hog.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return hog


@pytest.mark.parametrize("real", [True, False], ids=["tmpfs", "injected"])
def test_a_full_disk(path: Path, real: bool) -> None:
    """Nothing is lost and nothing half-written stays; the stop and the lock say so too; with room, work goes on."""
    path.parent.mkdir()
    with full_disk(path.parent, real=real) as disk:
        FileStore(path).commit(state(1), 0)
        FileStore(path).commit(state(2, "a"), 1)
        store = FileStore(path, disk=disk)
        acts = {
            "cannot write the state": lambda: store.commit(state(3, *[f"c-{n}" for n in range(500)]), 2),
            "cannot write the emergency stop": lambda: store.write_freeze(Freeze(everything=True)),
            "cannot take the lock": store.lock("apply", 0).__enter__,
        }
        for what, act in acts.items():
            hog = fill(path.parent) if type(disk) is Disk else None
            before = names(path)
            with pytest.raises(StateError, match=what) as caught:
                act()
            assert "make room" in caught.value.next_step
            assert names(path) == before
        assert store.read() == state(2, "a")
        assert decode(store.backup.read_bytes()) == state(1)
        assert store.read_freeze() == Freeze()
        if hog:
            hog.unlink()
        else:
            disk.number = None
        store.commit(state(3), 2)
        assert FileStore(path).read() == state(3)


@pytest.mark.parametrize("real", [True, False], ids=["mount", "injected"])
def test_a_read_only_folder(path: Path, real: bool) -> None:
    """What can be read is read; what cannot be written is an error that names the folder, before anything happens."""
    path.parent.mkdir()
    with mounted(path.parent, "size=64k") if real else nullcontext(False) as done:
        FileStore(path).commit(state(1), 0)
        disk = Disk() if done else Broken(errno.EROFS)
        libc = ctypes.CDLL(None, use_errno=True)
        if done:
            assert libc.mount(None, os.fsencode(path.parent), None, 32 | 1, None) == 0  # MS_REMOUNT | MS_RDONLY
        store = FileStore(path, disk=disk)
        assert store.read() == state(1)
        assert store.read_freeze() == Freeze()
        for act in (
            lambda: store.commit(state(2), 1),
            lambda: store.write_freeze(Freeze()),
            store.lock("apply", 0).__enter__,
        ):
            with pytest.raises(StateError, match="cannot") as caught:
                act()
            assert "writable" in caught.value.next_step
            assert caught.value.where.startswith(str(path))
        assert store.read() == state(1)


def test_a_guard_that_never_frees(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that hangs in the middle of a write is not waited for without end."""
    monkeypatch.setattr(disk_module, "GUARD_PATIENCE", 0.1)
    store = FileStore(path)
    store.commit(state(1), 0)
    with Disk().guard(path.with_name("state.json.guard")):
        with pytest.raises(StateLocked, match="in the middle of a write"):
            FileStore(path).commit(state(2), 1)
        with pytest.raises(StateLocked, match="in the middle of a write"), FileStore(path).lock("apply", 0):
            pytest.fail("held")
        store.write_freeze(Freeze(everything=True))
    FileStore(path).commit(state(2), 1)


def test_a_guard_that_was_removed_guards_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the guard file is removed between opening and holding it, the one held in the end is the one that stands."""
    FileStore(path).commit(state(1), 0)
    guard = path.with_name("state.json.guard")
    real = fcntl.flock

    def removed_first(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        guard.unlink()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removed_first)
    with Disk().guard(guard), guard.open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_that_cannot_be_released_is_a_note(path: Path) -> None:
    """An apply that went well does not end in an error because its lock could not be removed."""
    notes: list[str] = []
    store = FileStore(path, on_note=notes.append, disk=(disk := StuckLock()))
    with store.lock("apply", 0):
        disk.stuck = True
    [note] = notes
    assert "could not be released" in note


class StuckLock(Disk):
    """A lock that nobody can remove."""

    stuck = False

    def discard(self, path: Path) -> None:
        if self.stuck and path.suffix == ".lock":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        super().discard(path)


def test_the_wait_grows_and_ends_with_the_lock(path: Path) -> None:
    """Polls come ever more slowly, and never overshoot the timeout."""
    with FileStore(path, host=FakeHost(1)).lock("apply", 0):
        host = FakeHost(2)
        with pytest.raises(StateLocked), FileStore(path, host=host).lock("plan", 3.3):
            pytest.fail("two hold the lock")
        assert host.slept == pytest.approx(3.3)


def test_a_commit_writes_what_encode_says(path: Path) -> None:
    """The file is the codec's bytes, commit after commit, whatever changed in between."""
    store = FileStore(path)
    for serial, made in enumerate([state(1, "a"), state(2, "a", "b"), state(3, "b"), state(4)], 1):
        store.commit(made, serial - 1)
        assert path.read_bytes() == encode(made)
