"""State on branches of real remotes of every kind: a path, file://, HTTP with a token, SSH, and none at all."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import StateError, StateLocked, StateMoved
from mesms_gitops.model.state import Freeze
from mesms_gitops.store.open import open_store

from .bench_git import BRANCH, QUIET, git, remote_and_tree
from .git_servers import TOKEN, over_http, over_ssh
from .test_contract import state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mesms_gitops.store.port import Store

LOCATION = f"git:{BRANCH}"


@dataclass
class Remote:
    """A work tree, and the address of its ``origin``; None: it has none."""

    root: Path
    tree: Path
    address: str | None

    def clone(self, name: str, *options: str) -> Path:
        """Another work tree, as a new runner has it."""
        if self.address is None:
            git(self.tree, "worktree", "add", "--quiet", "--detach", str(self.root / name))
            return self.root / name
        address = self.address if "://" in self.address else f"file://{self.address}"
        config = git(self.tree, "config", "--get-regexp", "^http|^user") if "http" in address else ""
        settings = [f"--config={line.replace(' ', '=', 1)}" for line in config.splitlines()]
        git(self.root, "clone", "--quiet", *settings, *options, address, name)
        return self.root / name


@pytest.fixture(params=["path", "file", "http", "ssh", "none"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A remote of each kind, with a work tree."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    bare, tree = remote_and_tree(tmp_path)
    address: str | None = str(bare)
    with ExitStack() as stack:
        if request.param == "file":
            address = f"file://{bare}"
        if request.param == "http":
            address = f"{stack.enter_context(over_http(tmp_path))}/remote.git"
            git(tree, "config", "http.extraheader", f"Authorization: {TOKEN}")
        if request.param == "ssh":
            (tmp_path / "ssh").mkdir()
            address, command = stack.enter_context(over_ssh(tmp_path / "ssh", tmp_path))
            address = f"{address}/remote.git"
            monkeypatch.setenv("GIT_SSH_COMMAND", command)
        if request.param == "none":
            address = None
            git(tree, "remote", "remove", "origin")
        else:
            git(tree, "remote", "set-url", "origin", address)
        yield Remote(tmp_path, tree, address)


def opened(tree: Path, notes: list[str] | None = None) -> Store:
    return open_store(LOCATION, tree, (notes if notes is not None else []).append)


def test_a_state_outlives_the_runner(remote: Remote) -> None:
    """What one runner committed, a shallow clone of another one reads, commits on, and is read by the first."""
    first = opened(remote.tree)
    first.commit(state(1, "a"), 0)
    first.commit(state(2, "a", "b"), 1)
    later = opened(remote.clone("later", "--depth=1"))
    assert later.read() == state(2, "a", "b")
    later.commit(state(3, "b"), 2)
    later.commit(state(4), 3)
    assert first.read() == state(4)


def test_a_refused_push_is_the_compare_and_swap(remote: Remote) -> None:
    """Of two that stand on one serial the first to push wins; the other is told what stands there."""
    one, other = opened(remote.tree), opened(remote.clone("other"))
    one.commit(state(1), 0)
    assert other.read() == state(1)
    one.commit(state(2, "one"), 1)
    with pytest.raises(StateMoved) as caught:
        other.commit(state(2, "other"), 1)
    assert "serial 2 is recorded" in caught.value.why
    assert other.read() == state(2, "one")


def test_lock_and_stop_hold_across_clones(remote: Remote) -> None:
    """One holds the lock, the other is refused; the stop needs none, and is read by both."""
    one, other = opened(remote.tree), opened(remote.clone("other"))
    with one.lock("apply", 0):
        with pytest.raises(StateLocked, match="apply"), other.lock("plan", 0):
            pytest.fail("two hold the lock")
        other.write_freeze(Freeze(campaigns=frozenset({"a"})))
        assert one.read_freeze() == Freeze(campaigns=frozenset({"a"}))
        other.unlock(one.info().id)
        assert one.info() is None
    other.write_freeze(Freeze())
    assert one.read_freeze() == Freeze()


@pytest.mark.parametrize("remote", ["http"], indirect=True)
def test_a_missing_token_is_an_error_that_says_so(remote: Remote) -> None:
    """Nobody is asked for a password; the error says what is missing, and a stop that cannot be read stops all."""
    git(remote.tree, "config", "--unset", "http.extraheader")
    store = opened(remote.tree)
    with pytest.raises(StateError) as caught:
        store.read()
    assert "http.extraheader" in caught.value.next_step
    assert store.read_freeze().everything


@pytest.mark.parametrize("remote", ["ssh"], indirect=True)
def test_an_unknown_host_key_is_an_error_that_says_so(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """ssh would ask whether to trust the host; here it cannot, and the error says what to do."""
    known = f"UserKnownHostsFile={remote.root}/ssh/known"
    monkeypatch.setenv("GIT_SSH_COMMAND", f"ssh -F /dev/null -i {remote.root}/ssh/user -o {known}-not")
    with pytest.raises(StateError) as caught:
        opened(remote.tree).read()
    assert "accept the host's key once by hand" in caught.value.next_step
