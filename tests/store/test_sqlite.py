"""State in a SQLite file: what the contract of every backend does not say."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import ConfigError, StateError, StateMoved, StateUnreadable
from mesms_gitops.model.state import CampaignRecord, Freeze, State
from mesms_gitops.store.open import open_store
from mesms_gitops.store.sqlite_file import SqliteFile

from .bench_sql import sqlite_bench

if TYPE_CHECKING:
    from mesms_gitops.store.port import Store

    from .bench_sql import SqliteBench


@pytest.fixture
def bench(tmp_path: Path) -> SqliteBench:
    """A place where no file stands yet."""
    return sqlite_bench(tmp_path)


def grown(state: State | None, *names: str) -> State:
    """The next state, with more campaigns."""
    state = state or State("lineage-1")
    for name in names:
        state = state.with_campaign(CampaignRecord(name, f"campaigns/{name}.yaml", 1))
    return replace(state, serial=state.serial + 1)


def opened(location: str, root: Path) -> Store:
    return open_store(location, root, [].append)


def test_reading_makes_nothing(tmp_path: Path, bench: SqliteBench) -> None:
    """Not a file, not a folder: only a write does, and what it makes is for this user alone."""
    store = bench.open()
    assert (store.read(), store.info(), store.read_freeze(), store.has_backup) == (None, None, Freeze(), False)
    assert list(tmp_path.iterdir()) == []
    store.commit(grown(None, "a"), 0)
    assert [path.name for path in (tmp_path / ".mesms").iterdir()] == ["state.db"]
    assert (tmp_path / ".mesms/state.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".mesms").stat().st_mode & 0o777 == 0o700


def test_a_commit_writes_the_rows_that_changed(bench: SqliteBench) -> None:
    """Of a thousand campaigns one is written anew; the rest keep what a trigger would have seen."""
    store = bench.open()
    first = grown(None, *(f"c-{each}" for each in range(1_000)))
    store.commit(first, 0)
    with bench.connected() as connection:
        connection.execute("create table seen (name text)")
        connection.execute(
            "create trigger sees after insert on mesms_campaign begin insert into seen values (new.name); end"
        )
    store.commit(replace(first.with_campaign(replace(first.campaigns["c-7"], revision=2)), serial=2), 1)
    with bench.connected() as connection:
        assert connection.execute("select name from seen").fetchall() == [("c-7",)]
        assert connection.execute("select campaign, what from mesms_journal where serial = 2").fetchall() == [
            ("c-7", "changed")
        ]


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """The rollback journal, and the folder synced as well: nothing less keeps a commit through a power cut."""
    with SqliteFile(tmp_path / "s.db", "here").writing("look") as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("delete",)
        assert connection.execute("pragma synchronous").fetchone() == (3,)


def test_a_file_that_was_removed_is_not_written_to(tmp_path: Path, bench: SqliteBench) -> None:
    """A run whose database vanished, or was replaced, is stopped; it does not write where nobody reads."""
    store = bench.open()
    first = grown(None, "a")
    store.commit(first, 0)
    (tmp_path / ".mesms/state.db").unlink()
    with pytest.raises(StateMoved) as caught:
        store.commit(grown(first, "b"), 1)
    assert "no state at all" in caught.value.why
    bench.open().commit(replace(grown(None, "z"), lineage="lineage-2"), 0)
    with pytest.raises(StateMoved, match="not the one this run began with"):
        store.commit(grown(first, "b"), 1)


def test_a_removed_state_leaves_nothing_to_the_next(bench: SqliteBench) -> None:
    """Rows of a state whose head somebody deleted are not taken for another's; that it was lost is known."""
    bench.open().commit(grown(None, "a"), 0)
    with bench.connected() as connection:
        connection.execute("delete from mesms_state")
    assert bench.open().has_backup
    bench.open().commit(grown(None, "b"), 0)
    assert set(bench.open().read().campaigns) == {"b"}
    assert not bench.open().has_backup


def test_states_of_one_file_do_not_meet(tmp_path: Path, bench: SqliteBench) -> None:
    """Names tell them apart: state, lock and emergency stop."""
    one, other = (opened(f"{bench.location}?state={name}", tmp_path) for name in ("shop", "clinic"))
    one.commit(grown(None, "a"), 0)
    one.write_freeze(Freeze(everything=True))
    with one.lock("apply", 0), other.lock("apply", 0):
        assert other.read() is None
        assert other.read_freeze() == Freeze()
    assert bench.open().read() is None


def test_an_absolute_path_is_kept(tmp_path: Path) -> None:
    """Four slashes name a place outside the project."""
    opened(f"sqlite:///{tmp_path}/far/s.db", tmp_path / "project").commit(grown(None, "a"), 0)
    assert (tmp_path / "far/s.db").is_file()


@pytest.mark.parametrize(
    "location",
    ["sqlite://", "sqlite:///", "sqlite://s.db", "sqlite:///a/", "sqlite:///s.db?mode=ro", "sqlite:///s.db?state="],
)
def test_what_names_no_file(tmp_path: Path, location: str) -> None:
    """The error shows how it is written."""
    with pytest.raises(ConfigError) as caught:
        opened(location, tmp_path)
    assert "sqlite:///.mesms/state.db" in caught.value.next_step


def test_what_is_no_database_is_left_alone(tmp_path: Path, bench: SqliteBench) -> None:
    """A file of something else is neither read nor written over."""
    file = tmp_path / ".mesms/state.db"
    file.parent.mkdir()
    file.write_bytes(b"not a database, but long enough to be looked at as one" * 40)
    for act in (bench.open().read, lambda: bench.open().commit(grown(None), 0), bench.open().info):
        with pytest.raises(StateUnreadable) as caught:
            act()
        assert "not a database" in caught.value.why
    assert file.read_bytes().startswith(b"not a database")
    assert bench.open().read_freeze().everything


def test_tables_of_a_newer_version_are_left_alone(bench: SqliteBench) -> None:
    """An older tool neither reads nor writes them, and says which versions they are of."""
    bench.open().commit(grown(None, "a"), 0)
    with bench.connected() as connection:
        connection.execute("update mesms_schema set version = 2")
    for act in (bench.open().read, lambda: bench.open().commit(grown(None), 0)):
        with pytest.raises(StateUnreadable, match="newer mesms-gitops") as caught:
            act()
        assert "version 2" in caught.value.why


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """The error names the file and the next step."""
    (tmp_path / "s.db").mkdir()
    with pytest.raises(StateError) as caught:
        opened("sqlite:///s.db", tmp_path).read()
    assert caught.value.next_step


MEEK = [] if os.getuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
"""What takes from root, who may write anywhere, the right to do so."""
UNWRITABLE = """
import sys
from pathlib import Path
from mesms_gitops.errors import StateError
from tests.store.test_sqlite import grown, opened
store = opened(sys.argv[1], Path(sys.argv[2]))
for act in (lambda: store.commit(grown(grown(None, "a")), 1), lambda: list(store.examine())):
    try:
        act()
    except StateError as error:
        print(error.next_step)
"""


def test_to_be_examined_makes_and_writes_nothing(tmp_path: Path, bench: SqliteBench) -> None:
    """Neither file nor folder; and a file that stands keeps its bytes."""
    fine = [("ok", "state backend: a database that answers; each commit is one transaction", "")]
    assert list(bench.open().examine()) == fine
    assert list(tmp_path.iterdir()) == []
    bench.open().commit(grown(None, "a"), 0)
    before = (tmp_path / ".mesms/state.db").read_bytes()
    assert list(bench.open().examine()) == fine
    assert (tmp_path / ".mesms/state.db").read_bytes() == before


@pytest.mark.skipif(bool(MEEK) and shutil.which("setpriv") is None, reason="root may write anywhere")
@pytest.mark.parametrize(("name", "mode"), [("state.db", 0o400), ("", 0o500)])
def test_a_file_that_may_not_be_written(tmp_path: Path, bench: SqliteBench, name: str, mode: int) -> None:
    """The error says what to make writable: the file, and its folder; whoever only asks is told the same."""
    bench.open().commit(grown(None, "a"), 0)
    (tmp_path / ".mesms" / name).chmod(mode)
    command = [*MEEK, sys.executable, "-c", UNWRITABLE, bench.location, str(bench.root)]
    ran = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    (tmp_path / ".mesms").chmod(0o700)
    [committing, examining] = ran.stdout.splitlines()
    assert "make this file and its folder writable" in committing
    assert examining == committing
    assert bench.open().read() == grown(None, "a")


def test_another_writer_that_hangs(bench: SqliteBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who keeps the file to himself is waited for, then named; nothing was written."""
    monkeypatch.setattr("mesms_gitops.store.sqlite_file.PATIENCE", 0.1)
    bench.open().commit(grown(None, "a"), 0)
    with sqlite3.connect(bench.root / ".mesms/state.db", isolation_level=None) as connection:
        connection.execute("begin immediate")
        with pytest.raises(StateError) as caught:
            bench.open().commit(grown(grown(None, "a"), "b"), 1)
        assert "another process" in caught.value.next_step
        connection.execute("rollback")
    connection.close()
    bench.open().commit(grown(grown(None, "a"), "b"), 1)
