"""A state that moves from one place to another: all of it or nothing, and never in two places at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from mesms_gitops.errors import ConfigError, MesmsError, StateError, StateMoved, StateRetired
from mesms_gitops.model.state import Approval, CampaignRecord, Freeze, State
from mesms_gitops.store.codec import encode
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.migration import both, migrate
from mesms_gitops.store.open import open_store

from .fake_host import FakeHost
from .memory_disk import Died, MemoryDisk
from .strategies import freezes, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.store.port import Store

    from .benches import Bench

NOON = datetime(2027, 4, 10, 5, 0, tzinfo=UTC)
STOP = Freeze(campaigns=frozenset({"a"}), asked=frozenset({"m1"}), since=NOON, by="somchai")
RECORDS = {name: CampaignRecord(name, f"campaigns/{name}.yaml", 2) for name in ("a", "b", "c")}
STATE = State(
    "lineage-1",
    57,
    "key:0123",
    MappingProxyType(RECORDS),
    Approval("sha256:00", "run-1", ("sha256:01",)),
    ("00ff:0123456789abcdef",),
)


def file_in(root: Path, name: str = "old.json") -> Store:
    return open_store(name, root, [].append)


def moved(source: Store, target: Store, to: str) -> bool:
    """Migrate as the command does; whether it had been done before."""
    with source.lock("state migrate", 0), target.lock("state migrate", 0):
        return migrate(source, target, to).was_done


def test_a_state_moves_to_every_backend_and_back(tmp_path: Path, bench: Bench) -> None:
    """Serial, lineage, key, approval, people forgotten and stop move along; the bytes are the same wherever it is."""
    source = file_in(tmp_path)
    source.commit(STATE, 0)
    source.write_freeze(STOP)
    assert not moved(source, bench.open(), bench.location)
    assert encode(bench.open().read()) == encode(STATE)
    assert bench.open().read_freeze() == STOP
    with pytest.raises(StateRetired) as caught:
        source.read()
    assert caught.value.to == bench.location
    bench.open().commit(replace(STATE, serial=58), 57)
    bench.open().write_freeze(Freeze())
    back = file_in(tmp_path, "new.json")
    assert not moved(bench.open(), back, "new.json")
    assert (tmp_path / "new.json").read_bytes() == encode(replace(STATE, serial=58))
    assert back.read_freeze() == Freeze()
    for act in (bench.open().read, lambda: bench.open().write_freeze(STOP)):
        with pytest.raises(StateRetired):
            act()


def test_moving_twice_is_moving_once(tmp_path: Path, bench: Bench) -> None:
    """Repeated after it was through, the command says so and changes nothing; the new place may have moved on."""
    source = file_in(tmp_path)
    source.commit(STATE, 0)
    assert not moved(source, bench.open(), bench.location)
    bench.open().commit(replace(STATE, serial=58), 57)
    assert moved(file_in(tmp_path), bench.open(), bench.location)
    assert bench.open().read() == replace(STATE, serial=58)
    with pytest.raises(StateRetired):
        moved(file_in(tmp_path), file_in(tmp_path, "third.json"), "third.json")
    assert file_in(tmp_path, "third.json").read() is None


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (replace(STATE, lineage="theirs"), "another lineage"),
        (replace(STATE, serial=58), "newer"),
        (replace(STATE, serial=56), "its serial is 56"),
        (replace(STATE, approval=None), "not equal"),
    ],
)
def test_what_stands_in_the_target_is_left_alone(tmp_path: Path, bench: Bench, standing: State, why: str) -> None:
    """Another state, a newer or an older one, and one that differs under the same serial: nothing is moved."""
    source = file_in(tmp_path)
    source.commit(STATE, 0)
    bench.open().commit(standing, 0)
    with pytest.raises(StateError, match="another state stands there") as caught:
        moved(source, bench.open(), bench.location)
    assert why in caught.value.why
    assert bench.open().read() == standing
    assert file_in(tmp_path).read() == STATE


def test_a_place_that_was_given_up_is_not_taken_again(tmp_path: Path) -> None:
    """A tombstone is no empty place; the state stays where it is."""
    one, other = file_in(tmp_path), file_in(tmp_path, "new.json")
    one.commit(STATE, 0)
    moved(one, other, "new.json")
    with pytest.raises(StateError, match="a tombstone stands there"):
        moved(file_in(tmp_path, "new.json"), file_in(tmp_path), "old.json")
    assert file_in(tmp_path, "new.json").read() == STATE


def test_there_must_be_something_to_move(tmp_path: Path) -> None:
    """A project that was never applied has no state."""
    with pytest.raises(ConfigError, match="no state to move"):
        moved(file_in(tmp_path), file_in(tmp_path, "new.json"), "new.json")


def test_a_commit_in_between_is_not_lost(tmp_path: Path) -> None:
    """A run whose lock was broken and that commits after the copy stops the migration; nothing is given up."""
    source = file_in(tmp_path)
    source.commit(STATE, 0)

    class Late(Watched):
        def retire(self, *given: Any) -> Freeze:
            file_in(tmp_path).commit(replace(STATE, serial=58), 57)
            return self._store.retire(*given)

    with pytest.raises(StateMoved):
        migrate(Late(source, []), file_in(tmp_path, "new.json"), "new.json")
    assert file_in(tmp_path).read() == replace(STATE, serial=58)


def test_a_stop_in_between_is_not_lost(tmp_path: Path) -> None:
    """Somebody who pulls the stop between its copy and the tombstone is heard in the new place."""
    source = file_in(tmp_path)
    source.commit(STATE, 0)

    class Late(Watched):
        def retire(self, *given: Any) -> Freeze:
            file_in(tmp_path).write_freeze(STOP)
            return self._store.retire(*given)

    migrate(Late(source, []), file_in(tmp_path, "new.json"), "new.json")
    assert file_in(tmp_path, "new.json").read_freeze() == STOP


# ── crashes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Watched:
    """A store whose process dies before, or after, one call of the port."""

    def __init__(self, store: Store, calls: list[str], die_at: int | None = None) -> None:
        self._store = store
        self._calls = calls
        self._die_at = die_at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*given: Any) -> Any:
            self._step(f"before {name}")
            answer = found(*given)
            self._step(f"after {name}")
            return answer

        return call

    def _step(self, step: str) -> None:
        if len(self._calls) == self._die_at:
            raise Died
        self._calls.append(step)


def test_a_migration_that_dies_is_finished_by_the_next(tmp_path: Path) -> None:
    """Whenever it dies: the old place works, or the new one does and the old one says so; a stop holds all the time."""
    steps = 0
    for die_at in range(100):
        root = tmp_path / str(die_at)
        source, target, calls = file_in(root), file_in(root, "new.json"), []
        source.commit(STATE, 0)
        source.write_freeze(STOP)
        try:
            migrate(Watched(source, calls, die_at), Watched(target, calls, die_at), "new.json")
        except Died:
            steps += 1
            try:
                assert file_in(root).read() == STATE
                assert file_in(root).read_freeze().covers("a")
            except StateRetired:
                assert file_in(root, "new.json").read() == STATE
                assert file_in(root, "new.json").read_freeze().covers("a")
            moved(file_in(root), file_in(root, "new.json"), "new.json")
        assert file_in(root, "new.json").read() == STATE
        assert file_in(root, "new.json").read_freeze() == STOP
        with pytest.raises(StateRetired):
            file_in(root).read()
        if len(calls) < die_at:
            break
    assert steps == len(calls) > 10


HERE = Path("/project/.mesms/state.json")


def lives(files: dict[Path, bytes]) -> Iterator[tuple[MemoryDisk, bool]]:
    """Retiring the state in ``files``, dying before each step of the disk in turn, at last not dying."""
    for die_at in range(1000):
        disk = MemoryDisk(files, die_at=die_at)
        try:
            FileStore(HERE, disk=disk, host=FakeHost()).retire("new.json", STATE.serial)
        except Died:
            yield disk, False
        else:
            yield disk, True
            return


def test_a_file_that_is_retired_is_never_half() -> None:
    """Whenever the power goes, the state stands or the tombstone does; the stop holds, and repeating it ends it."""
    before = MemoryDisk({})
    store = FileStore(HERE, disk=before, host=FakeHost())
    store.commit(STATE, 0)
    store.write_freeze(STOP)
    steps = 0
    for disk, finished in lives(dict(before.killed())):
        for world in disk.worlds():
            steps += 1
            found = FileStore(HERE, disk=MemoryDisk(world), host=FakeHost(1002))
            try:
                is_retired = found.read() != STATE
            except StateRetired as retired:
                is_retired = retired.to == "new.json"
                with pytest.raises(StateRetired):
                    found.amend_freeze(lambda was: was)
            assert is_retired or not finished
            assert found.read_freeze().covers("a")
            assert found.retire("new.json", STATE.serial) == STOP
            with pytest.raises(StateRetired):
                found.read()
    assert steps > 10


# ── two stops become one ─────────────────────────────────────────────────────────────────────────────────────────────


@given(one=freezes, other=freezes, name=names)
def test_two_stops_stop_what_either_stops(one: Freeze, other: Freeze, name: str) -> None:
    """No more and no less, in either order."""
    for merged in (both(one, other), both(other, one)):
        assert merged.covers(name) == (one.covers(name) or other.covers(name))
        for each in one.campaigns | other.campaigns:
            assert merged.covers(each)


def test_exceptions_hold_where_both_make_them() -> None:
    """A campaign that was released from one stop is still held by the other."""
    one = Freeze(everything=True, released=frozenset({"a", "b"}))
    assert both(one, Freeze(campaigns=frozenset({"a"}))).released == {"b"}
    assert both(one, Freeze(everything=True, released=frozenset({"b", "c"}))).released == {"b"}
    assert both(one, Freeze(everything=True)).released == frozenset()


def test_every_error_says_what_to_do() -> None:
    """A tombstone is an error of the state's, with the place it names."""
    error: MesmsError = StateRetired("s3://b/k", where=".mesms/state.json")
    assert isinstance(error, StateError)
    assert error.exit_code == 1
    assert "s3://b/k" in error.why
    assert "state: s3://b/k" in error.next_step


def test_a_copy_that_reads_otherwise_is_no_copy(tmp_path: Path) -> None:
    """A place that keeps less than it was given is found out before the old one is given up."""
    source = file_in(tmp_path)
    source.commit(STATE, 0)

    class Lossy(Watched):
        def commit(self, state: State, expected: int) -> None:
            self._store.commit(replace(state, approval=None), expected)

    with pytest.raises(StateError, match="does not read as the original"):
        migrate(source, Lossy(file_in(tmp_path, "new.json"), []), "new.json")
    assert file_in(tmp_path).read() == STATE
