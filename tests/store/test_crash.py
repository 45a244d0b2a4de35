"""Death and failure at every single step of every write: the old state or the new one, never a third thing."""

from __future__ import annotations

import errno
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import StateError
from mesms_gitops.model.state import CampaignRecord, Freeze, State
from mesms_gitops.store.codec import encode
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.freeze import encode_freeze

from .fake_host import FakeHost
from .memory_disk import Died, MemoryDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .memory_disk import Content

HERE = Path("/project/.mesms")
STATE = HERE / "state.json"
BACKUP = HERE / "state.json.backup"
LOCK = HERE / "state.json.lock"
FREEZE = HERE / "state.json.freeze"


def state(serial: int) -> State:
    names = [f"campaign-{each}" for each in range(serial)]
    records = {name: CampaignRecord(name, f"campaigns/{name}.yaml", 1) for name in names}
    return State("lineage-1", serial, campaigns=MappingProxyType(records))


FRESH: dict[Path, bytes] = {}
FIRST = {STATE: encode(state(1))}
SECOND = {STATE: encode(state(2)), BACKUP: encode(state(1))}
STARTS = {"no state": (FRESH, 0), "first state": (FIRST, 1), "later state": (SECOND, 2)}


def store(disk: MemoryDisk, pid: int = 1001) -> FileStore:
    return FileStore(STATE, disk=disk, host=FakeHost(pid, dead=frozenset({1001} - {pid})))


def lives(
    files: Mapping[Path, bytes],
    act: Callable[[FileStore], object],
    kind: type[MemoryDisk] = MemoryDisk,
) -> Iterator[tuple[MemoryDisk, bool]]:
    """``act`` on ``files``, dying before each of its steps in turn, at last not dying; and whether it got there."""
    for die_at in range(1000):
        disk = kind(files, die_at=die_at)
        try:
            act(store(disk))
        except Died:
            yield disk, False
        else:
            assert len(disk.steps) == die_at, "every step was died before"
            yield disk, True
            return


def serial(files: Mapping[Path, bytes], path: Path = STATE) -> int:
    found = FileStore(path, disk=MemoryDisk(files), host=FakeHost()).read()
    return 0 if found is None else found.serial


@pytest.mark.parametrize("start", STARTS)
def test_a_commit_that_dies_leaves_old_or_new(start: str) -> None:
    """Whenever the power goes, the old state or the new one stands there; once commit has returned, the new one."""
    files, before = STARTS[start]
    steps = 0
    for disk, finished in lives(files, lambda ledger: ledger.commit(state(before + 1), before)):
        steps += 1
        for world in disk.worlds():
            found = serial(world)
            assert found in ({before + 1} if finished else {before, before + 1}), disk.steps
    assert steps > 10


@pytest.mark.parametrize("start", STARTS)
def test_after_a_death_work_goes_on(start: str) -> None:
    """The next run commits on whatever it finds, twice, and removes what the dead one left lying about."""
    files, before = STARTS[start]
    for disk, _ in lives(files, lambda ledger: ledger.commit(state(before + 1), before)):
        for world in disk.worlds():
            found = serial(world)
            after = MemoryDisk(world)
            ledger = store(after, pid=1002)
            ledger.commit(state(found + 1), found)
            ledger.commit(state(found + 2), found + 1)
            assert serial(after.killed()) == found + 2
            assert serial(after.killed(), BACKUP) == found + 1
            assert set(after.killed()) == {STATE, BACKUP}


@pytest.mark.parametrize("start", ["first state", "later state"])
def test_the_backup_is_a_state_at_any_time(start: str) -> None:
    """Whenever the power goes, the backup is whole: the state, the one before it, or the backup as it was."""
    files, before = STARTS[start]
    for disk, _ in lives(files, lambda ledger: ledger.commit(state(before + 1), before)):
        for world in disk.worlds():
            kept = serial(world, BACKUP)
            assert before - 1 <= kept <= serial(world)


def test_a_freeze_that_dies_freezes_or_does_not() -> None:
    """Whenever the power goes, the stop is the old one or the new one; once it has returned, the new one."""
    old, new = Freeze(campaigns=frozenset({"a"}), by="somchai"), Freeze(everything=True, by="somchai")
    for disk, finished in lives({FREEZE: encode_freeze(old)}, lambda ledger: ledger.write_freeze(new)):
        for world in disk.worlds():
            assert store(MemoryDisk(world)).read_freeze() in ([new] if finished else [old, new]), disk.steps


def test_a_lock_of_a_run_that_dies_is_never_half() -> None:
    """Whenever a run is killed while it takes, holds or drops the lock, the next one gets the lock without a person."""

    def work(ledger: FileStore) -> None:
        with ledger.lock("apply", 0):
            ledger.commit(state(2), 1)

    for disk, _ in lives(FIRST, work):
        after = MemoryDisk(disk.killed())
        ledger = store(after, pid=1002)
        with ledger.lock("plan", 0):
            assert ledger.info().pid == 1002
            found = ledger.read().serial
            ledger.commit(state(found + 1), found)
        assert set(after.killed()) == {STATE, BACKUP}


def test_a_take_over_that_dies_can_be_taken_over() -> None:
    """Even the second death in a row leaves a lock that the third run gets."""
    first = MemoryDisk(FIRST, die_at=None)
    with store(first).lock("apply", 0):
        locked = first.killed()
    for die_at in range(1000):
        disk = MemoryDisk(locked, die_at=die_at)
        second = FileStore(STATE, disk=disk, host=FakeHost(1002, dead=frozenset({1001})))
        try:
            with second.lock("apply", 0):
                pass
        except Died:
            third = FileStore(STATE, disk=MemoryDisk(disk.killed()), host=FakeHost(1003, dead=frozenset({1001, 1002})))
            with third.lock("apply", 0):
                assert third.info().pid == 1003
        else:
            assert die_at > 10
            return


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("start", STARTS)
def test_any_step_may_fail(start: str, number: int) -> None:
    """When one step fails, the error is ours with a next step; the state is the old or the new, and work goes on."""
    files, before = STARTS[start]
    survived = 0
    for fail_at in range(1000):
        disk = MemoryDisk(files, fail_at=fail_at, number=number)
        ledger = store(disk)
        try:
            ledger.commit(state(before + 1), before)
        except StateError as error:
            assert error.next_step
            assert error.where.startswith(str(HERE))
            found = serial(disk.killed())
            assert found in {before, before + 1}
            again = MemoryDisk(disk.killed())
            store(again, pid=1002).commit(state(found + 1), found)
            assert {path.name for path in again.entries} <= {"state.json", "state.json.backup"}
        else:
            assert serial(disk.killed()) == before + 1
            survived += 1
            if len(disk.steps) <= fail_at:
                break
    assert survived


@pytest.mark.parametrize("start", STARTS)
def test_a_full_disk_leaves_nothing_behind(start: str) -> None:
    """When the new state does not fit, the old one stands and the part that was written is gone."""
    files, before = STARTS[start]
    probe = MemoryDisk(files)
    store(probe).commit(state(before + 1), before)
    for fail_at, step in enumerate(probe.steps):
        if not step.startswith(("create", "write", "sync .")):
            continue
        disk = MemoryDisk(files, fail_at=fail_at, number=errno.ENOSPC)
        with pytest.raises(StateError, match="cannot write the state") as caught:
            store(disk).commit(state(before + 1), before)
        assert "make room" in caught.value.next_step
        assert set(disk.killed()) - {BACKUP} == set(files) - {BACKUP}
        assert serial(disk.killed()) == before


class NoSync(MemoryDisk):
    """Sabotage: bytes are never made durable."""

    def sync(self, path: Path, content: Content) -> None:
        self.step("sync", path)


class NoFolderSync(MemoryDisk):
    """Sabotage: names are never made durable."""

    def sync_folder(self, folder: Path) -> None:
        self.step("sync folder", folder)


class InPlace(MemoryDisk):
    """Sabotage: the new bytes are written over the old ones."""

    def replace(self, source: Path, target: Path) -> None:
        body = self.entries[source].seen
        self.discard(target)
        self.write_new(target, body)


@pytest.mark.parametrize("kind", [NoSync, NoFolderSync, InPlace])
def test_the_crash_tests_can_fail(kind: type[MemoryDisk]) -> None:
    """A disk that leaves one safeguard out is found out by the very checks above."""
    bad = 0
    for disk, finished in lives(FIRST, lambda ledger: ledger.commit(state(2), 1), kind):
        for world in disk.worlds():
            try:
                bad += serial(world) not in ({2} if finished else {1, 2})
            except StateError:
                bad += 1
    assert bad
