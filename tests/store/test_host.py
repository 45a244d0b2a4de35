"""Who is dead: only who provably is. A lock that is taken from somebody alive may send a campaign twice."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.store import host as host_module
from mesms_gitops.store.host import Host
from mesms_gitops.store.lock import decode_lock, encode_lock
from mesms_gitops.store.open import open_store
from mesms_gitops.store.port import UNREADABLE, LockInfo
from mesms_gitops.store.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = Host()


@pytest.fixture
def mine() -> LockInfo:
    return HOST.sign("apply")


@pytest.fixture
def gone() -> Iterator[int]:
    """The pid of a process that is no more."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_this_process_lives(mine: LockInfo) -> None:
    """Nobody takes over his own lock."""
    assert not HOST.is_dead(mine)
    assert mine.pid == os.getpid()


def test_a_lock_says_who_and_reads_back(mine: LockInfo) -> None:
    """Everything that tells the living from the dead survives the file."""
    assert decode_lock(encode_lock(mine)) == mine
    assert decode_lock(encode_lock(replace(mine, machine=None, boot=None))) == replace(mine, machine=None, boot=None)


def test_a_lock_names_the_run_it_is_for(mine: LockInfo) -> None:
    """The run and its attempt are read back and shown; a lock from before there were any reads as it did."""
    lock = Host(Provenance(run_url="https://g/o/r/actions/runs/1", attempt=2)).sign("apply")
    assert decode_lock(encode_lock(lock)) == lock
    assert lock.holder.endswith(", in https://g/o/r/actions/runs/1, attempt 2)")
    assert b"run" not in encode_lock(mine)
    assert "/runs/" not in decode_lock(encode_lock(mine)).holder


@pytest.mark.parametrize("location", ["state.json", "sqlite:///state.db"])
def test_a_store_signs_for_the_run_of_its_environment(tmp_path: Path, location: str) -> None:
    """Whoever is refused the lock can look the run up."""
    github = {"SERVER_URL": "https://g", "REPOSITORY": "o/r", "RUN_ID": "1", "RUN_ATTEMPT": "2"}
    environment = {f"GITHUB_{name}": value for name, value in github.items()}
    store = open_store(location, tmp_path, lambda _: None, environment=environment)
    with store.lock("apply", 0):
        held = open_store(location, tmp_path, lambda _: None).info()
    assert held is not None
    assert (held.run_url, held.run_attempt) == ("https://g/o/r/actions/runs/1", 2)


def test_two_locks_have_two_names() -> None:
    """An id breaks one lock, never the next."""
    assert HOST.sign("apply").id != HOST.sign("apply").id


def test_a_process_that_ended_is_dead(mine: LockInfo, gone: int) -> None:
    """No process, no holder."""
    assert HOST.is_dead(replace(mine, pid=gone))


def test_another_process_with_its_pid_does_not_hold_its_lock(mine: LockInfo) -> None:
    """A pid is given out again; the time at which its process began is not."""
    assert HOST.is_dead(replace(mine, started="1"))
    assert not HOST.is_dead(replace(mine, started=None))


def test_another_users_process_lives(mine: LockInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that we may not signal is there."""

    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert not HOST.is_dead(replace(mine, pid=1, started="0"))


def test_a_restart_ends_every_process(mine: LockInfo) -> None:
    """A lock from before the machine started again has no holder, even if its pid is in use."""
    assert HOST.is_dead(replace(mine, boot="before"))


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"host": "build-7"},
        {"machine": "another"},
        {"machine": None},
        {"pid_space": "pid:[1]"},
        {"pid_space": None},
        {"boot": None},
    ],
)
def test_in_doubt_it_lives(mine: LockInfo, gone: int, elsewhere: dict[str, str | None]) -> None:
    """A pid of another host, machine or container says nothing here: that lock is for a person to break."""
    assert not HOST.is_dead(replace(mine, pid=gone, **elsewhere))


def test_without_a_machine_id_a_restart_proves_nothing(
    mine: LockInfo, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another start of a machine of this name may be another machine."""
    monkeypatch.setattr(host_module, "_machine", lambda: None)
    assert not HOST.is_dead(replace(mine, machine=None, boot="before"))
    assert HOST.is_dead(replace(mine, machine=None, pid=gone))


def test_without_proc_the_pid_decides(mine: LockInfo, gone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system that has no /proc a process that does not exist is still dead, and one that does is not."""
    for name in ("_machine", "_boot", "_pid_space"):
        monkeypatch.setattr(host_module, name, lambda: None)
    monkeypatch.setattr(host_module, "_process", lambda _pid: None)
    bare = HOST.sign("apply")
    assert (bare.machine, bare.boot, bare.pid_space, bare.started) == (None, None, None, None)
    assert not HOST.is_dead(bare)
    assert HOST.is_dead(replace(bare, pid=gone))


def test_what_cannot_be_read_lives() -> None:
    """Garbage is nobody's lock, and so nobody's death."""
    assert not HOST.is_dead(decode_lock(b"garbage"))
    assert decode_lock(b"garbage").id == UNREADABLE


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user often is in no list."""
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert HOST.sign("apply").user == "54321"


def test_a_pid_that_no_system_gives_out(mine: LockInfo) -> None:
    """An absurd number in a lock file is doubt, not death."""
    assert not HOST.is_dead(replace(mine, pid=2**70))
