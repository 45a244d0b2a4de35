"""State on a branch: what is touched and what is not, what each commit says, and what a branch that moved back does."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import time
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import ConfigError, StateError, StateMoved, StateUnreadable
from mesms_gitops.model.state import Freeze
from mesms_gitops.store.codec import encode
from mesms_gitops.store.git_address import read_address
from mesms_gitops.store.git_command import Git, Said
from mesms_gitops.store.git_repository import Repository
from mesms_gitops.store.git_store import GitStore
from mesms_gitops.store.open import open_store
from mesms_gitops.store.sealed_bytes import SealedBytes
from mesms_gitops.store.sealing import Sealing

from .bench_git import BRANCH, QUIET, git, git_bench, put
from .fake_host import FakeHost
from .test_contract import state

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.store.port import Store

    from .bench_git import GitBench

LOCATION = f"git:{BRANCH}"
HEAD, LAST = f"refs/heads/{BRANCH}", f"refs/mesms-gitops/{BRANCH}/last"
LOCK, FREEZE = f"refs/mesms-gitops/{BRANCH}/lock", f"refs/mesms-gitops/{BRANCH}/freeze"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitBench:
    """A work tree and its remote."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    return git_bench(tmp_path)  # type: ignore[return-value]  # the bench of this backend is one


def opened(tree: Path, location: str = LOCATION) -> Store:
    return open_store(location, tree, lambda _note: None)


def clone(place: GitBench, name: str = "clone", *options: str) -> Path:
    """Another machine's work tree."""
    git(place.root.parent, "clone", "--quiet", *options, f"file://{place.remote}", name)
    return place.root.parent / name


def refs(folder: Path) -> dict[str, str]:
    """Every ref with its commit."""
    rows = git(folder, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(row.split(" ", 1) for row in rows)


# ── what is touched ──────────────────────────────────────────────────────────────────────────────────────────────────


def everything(tree: Path) -> dict[str, str]:
    """Each file of a work tree and of its .git, by digest; without objects, and without refs of our own."""
    found = {}
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_file() and not name.startswith((".git/objects/", ".git/refs/mesms-gitops/")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_the_work_tree_and_everybody_elses_refs_stay_as_they_are(place: GitBench) -> None:
    """A run over a dirty tree with a half-staged change, and hooks that refuse everything, changes no byte of it."""
    tree = place.root
    (tree / "staged.txt").write_text("staged")
    git(tree, "add", "staged.txt")
    (tree / "staged.txt").write_text("and edited")
    (tree / "mesms.yaml").write_text("version: 1  # edited\n")
    git(place.remote, "update-ref", HEAD, "refs/heads/main", "")
    git(tree, "fetch", "--quiet", "origin")  # so that a remote-tracking branch of that name stands here
    git(place.remote, "update-ref", "-d", HEAD)
    for hook in ("pre-push", "post-commit", "reference-transaction", "pre-auto-gc", "post-rewrite"):
        path = tree / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(tree))}/{hook}.ran\nexit 1\n")
        path.chmod(0o755)
    before, theirs = everything(tree), refs(place.remote)
    store = opened(tree)
    with store.lock("apply", 0):
        store.commit(state(1, "a"), 0)
        store.write_freeze(Freeze(everything=True))
        opened(tree).commit(state(2), 1)
        assert store.read() == state(2)
    assert everything(tree) == before
    after = refs(place.remote)
    assert {name: after[name] for name in theirs} == theirs
    assert set(after) - set(theirs) == {HEAD, LAST, FREEZE}


def test_a_full_clone_stays_full_and_a_shallow_one_shallow(place: GitBench) -> None:
    """What is fetched never changes how much history a clone is believed to have."""
    opened(place.root).commit(state(1), 0)
    full, shallow = clone(place, "full"), clone(place, "shallow", "--depth=1")
    boundary = (shallow / ".git" / "shallow").read_text().split()
    for serial in range(1, 5):
        for tree in (full, shallow):
            opened(tree).read()
        opened(place.root).commit(state(serial + 1), serial)
    assert opened(shallow).read() == opened(full).read() == state(5)
    assert git(full, "rev-parse", "--is-shallow-repository") == "false"
    assert set(boundary) <= set((shallow / ".git" / "shallow").read_text().split())


def test_subfolders_and_worktrees_are_the_same_repository(place: GitBench) -> None:
    """The project may be anywhere in it; what one work tree saw, the other knows."""
    opened(place.root).commit(state(1), 0)
    (place.root / "sms").mkdir()
    git(place.root, "worktree", "add", "--quiet", "--detach", "../beside")
    for tree in (place.root / "sms", place.root.parent / "beside"):
        assert opened(tree).read() == state(1)
    assert opened(place.root.parent / "beside").has_backup


def test_a_hook_that_runs_this_tool_does_not_mislead_it(place: GitBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """git tells its hooks which repository and index it works on; the state is of the project's repository."""
    other = place.root.parent / "other"
    git(place.root.parent, "init", "--quiet", str(other))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    opened(place.root).commit(state(1), 0)
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert HEAD in refs(place.remote)
    assert refs(other) == {}


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_commit_says_what_happened_and_who_did_it(place: GitBench) -> None:
    """The whole message, from GitHub's variables; nobody can add a trailer through them."""
    github = {
        "GITHUB_ACTOR": "somchai\nPlan: sha256:0",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "siam/coffee",
        "GITHUB_RUN_ID": "42",
        "GITHUB_SHA": "c0ffee",
    }
    store = open_store(LOCATION, place.root, lambda _note: None, environment=MappingProxyType(github))
    store.commit(state(1, "a", "b"), 0)
    assert git(place.remote, "log", "--format=%B", BRANCH) == (
        "note 2 campaigns\n\nnote a\nnote b\n\n"
        "Actor: somchai Plan: sha256:0\nRun: https://github.com/siam/coffee/actions/runs/42\nSource: c0ffee\nSerial: 1"
    )
    trailers = git(place.remote, "log", "--format=%(trailers:key=Plan)", BRANCH)
    assert trailers == ""


def test_the_history_of_stops_is_kept(place: GitBench) -> None:
    """Who looks later sees every stop and every release."""
    store = opened(place.root)
    store.write_freeze(Freeze(everything=True))
    store.write_freeze(Freeze(campaigns=frozenset({"b", "a"})))
    store.write_freeze(Freeze())
    assert git(place.remote, "log", "--format=%s", FREEZE).splitlines() == [
        "stop nothing",
        "stop a, b",
        "stop everything",
    ]


def test_a_lock_leaves_nothing(place: GitBench) -> None:
    """While it is held its ref says by whom; afterwards there is none."""
    with opened(place.root).lock("apply", 0):
        assert git(place.remote, "log", "--format=%s", LOCK).startswith("lock: apply (pid ")
    assert LOCK not in refs(place.remote)


def test_nobody_need_be_known_to_git(place: GitBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a runner where git does not know who commits, the tool commits in its own name."""
    for name in QUIET:
        if "AUTHOR" in name or "COMMITTER" in name:
            monkeypatch.delenv(name)
    git(place.root, "config", "user.useConfigOnly", "true")
    opened(place.root).commit(state(1), 0)
    assert git(place.remote, "log", "--format=%an", BRANCH) == "mesms-gitops"


def test_commits_are_signed_where_commits_are(place: GitBench) -> None:
    """With commit.gpgSign every state is signed, with a signature that verifies; a key that is missing is an error."""
    key = place.root.parent / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed = place.root.parent / "allowed"
    allowed.write_text(f"somchai@example.invalid {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "commit.gpgSign": "true",
        "gpg.ssh.allowedSignersFile": str(allowed),
    }.items():
        git(place.root, "config", name, value)
    store = opened(place.root)
    store.commit(state(1), 0)
    git(place.root, "verify-commit", refs(place.remote)[HEAD])
    key.unlink()
    with pytest.raises(StateError, match="cannot commit the state") as caught:
        store.commit(state(2), 1)
    assert "mend the signing key" in caught.value.next_step
    assert opened(place.root).read() == state(1)


def test_a_sealed_state_is_sealed_on_the_branch(place: GitBench) -> None:
    """Who has the identity reads it and notices a branch that went back; who has none reads nothing."""
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    file = place.root.parent / "identity"
    file.write_text(f"{identity}\n")
    sealed = SealedBytes(Sealing((str(identity.to_public()),), file))
    store = open_store(LOCATION, place.root, lambda _note: None, sealed=sealed)
    store.commit(state(1, "a"), 0)
    store.commit(state(2, "b"), 1)
    assert b"campaigns" not in place.body()
    assert open_store(LOCATION, clone(place), lambda _note: None, sealed=sealed).read() == state(2, "b")
    with pytest.raises(StateError, match="is encrypted"):
        opened(place.root).read()
    put(place.remote, sealed.sealed(encode(state(1, "a"))))
    with pytest.raises(StateError, match="went back"):
        open_store(LOCATION, clone(place, "later"), lambda _note: None, sealed=sealed).read()


# ── a branch that does not only grow ─────────────────────────────────────────────────────────────────────────────────


def spoiled(place: GitBench, how: str) -> None:
    """Somebody does ``how`` to the branch, after three states."""
    store = opened(place.root)
    for serial in range(3):
        store.commit(state(serial + 1, "a"), serial)
    if how == "deleted":
        git(place.remote, "update-ref", "-d", HEAD)
    elif how == "forced back":
        git(place.remote, "update-ref", HEAD, f"{HEAD}~2")
    elif how == "replaced":
        put(place.remote, encode(state(9, "b")), parent="main")
    elif how == "reverted":
        put(place.remote, encode(state(1, "a")))


@pytest.mark.parametrize("who", ["the same clone", "a new clone", "a shallow clone"])
@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("deleted", "is gone"),
        ("forced back", "was rewritten"),
        ("replaced", "was rewritten"),
        ("reverted", "went back"),
    ],
)
def test_a_branch_that_lost_its_past_stops_everything(place: GitBench, how: str, word: str, who: str) -> None:
    """Whoever looks is told what was lost; nothing is read and nothing written."""
    spoiled(place, how)
    options = ("--depth=1",) if who == "a shallow clone" else ()
    tree = place.root if who == "the same clone" else clone(place, "clone", *options)
    stood = refs(place.remote)
    for act in (opened(tree).read, lambda: opened(tree).commit(state(4), 3), lambda: opened(tree).commit(state(1), 0)):
        with pytest.raises(StateError, match=word) as caught:
            act()
        assert caught.value.next_step
    assert refs(place.remote) == stood


@pytest.mark.parametrize("who", ["the same clone", "a new clone"])
@pytest.mark.parametrize("how", ["deleted", "forced back", "replaced"])
def test_the_next_step_brings_the_branch_back(place: GitBench, how: str, who: str) -> None:
    """What the error says to type restores the newest state."""
    spoiled(place, how)
    tree = place.root if who == "the same clone" else clone(place)
    with pytest.raises(StateError) as caught:
        opened(tree).read()
    command = caught.value.next_step.partition("bring it back: ")[2].partition(";")[0]
    subprocess.run(["sh", "-c", command], cwd=tree, check=True, capture_output=True)
    assert opened(tree).read() == state(3, "a")


def test_only_this_clone_knows_and_it_is_enough(place: GitBench) -> None:
    """Where the ref beside the branch went as well, the clone that saw the state still stops."""
    spoiled(place, "forced back")
    git(place.remote, "update-ref", "-d", LAST)
    with pytest.raises(StateError, match="was rewritten") as caught:
        opened(place.root).read()
    command = caught.value.next_step.partition("bring it back: ")[2].partition(";")[0]
    subprocess.run(["sh", "-c", command], cwd=place.root, check=True, capture_output=True)
    assert opened(place.root).read() == state(3, "a")


def test_a_commit_by_hand_that_goes_on_is_taken(place: GitBench) -> None:
    """Somebody who edits the file on the branch and keeps or raises its serial is believed, on every machine."""
    spoiled(place, "")
    put(place.remote, encode(state(3, "b")))
    put(place.remote, encode(state(4, "c")))
    assert opened(place.root).read() == opened(clone(place)).read() == state(4, "c")
    opened(place.root).commit(state(5), 4)
    assert opened(clone(place, "another")).read() == state(5)


def test_a_state_that_was_never_pushed_is_no_empty_start(place: GitBench) -> None:
    """A project that worked alone and then got a remote is told to push its branch first."""
    git(place.root, "remote", "rename", "origin", "later")
    opened(place.root).commit(state(1), 0)
    git(place.root, "remote", "rename", "later", "origin")
    with pytest.raises(StateError, match="in this repository and not at origin") as caught:
        opened(place.root).read()
    git(place.root, *shlex.split(caught.value.next_step.partition(",")[0])[1:])
    assert opened(place.root).read() == state(1)


def test_a_branch_with_something_else_is_left_alone(place: GitBench) -> None:
    """The name of a branch with code on it is a mistake: neither read as empty nor written over."""
    store = opened(place.root, "git:main")
    for act in (store.read, lambda: store.commit(state(1), 0)):
        with pytest.raises(StateUnreadable, match=r"holds no state\.json"):
            act()


def test_a_run_that_was_overtaken_holds_everything(place: GitBench) -> None:
    """Between two commits a run asks for the stop; if another run has written since, nothing more may leave."""
    one, other = opened(place.root), opened(place.root)
    one.commit(state(1), 0)
    assert not one.read_freeze().everything
    other.commit(state(2), 1)
    assert one.read_freeze().everything
    assert not other.read_freeze().everything


# ── a remote that refuses, is slow, or vanishes ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("says", "next_step"),
    [
        ("GH006: Protected branch update failed for refs/heads/mesms-state.", "an exception to its protection"),
        ("GH013: Repository rule violations found: Commits must have verified signatures.", "exception"),
        ("no space left: No space left on device", "exception"),
    ],
)
def test_a_protected_branch_is_explained(place: GitBench, says: str, next_step: str) -> None:
    """A hook of the remote that refuses is quoted, with what to do; nothing was written."""
    store = opened(place.root)
    store.commit(state(1), 0)
    hook = place.remote / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\necho {shlex.quote(says)} >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StateError, match="cannot push the state") as caught:
        store.commit(state(2), 1)
    assert says in caught.value.why
    assert next_step in caught.value.next_step
    assert opened(place.root).read() == state(1)
    hook.unlink()
    store.commit(state(2), 1)


def test_a_slow_remote_ends_in_time(place: GitBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remote that never answers is an error after the patience there is, and nothing of it goes on running."""
    marked = f"sleep 600; : {place.root}"
    monkeypatch.setenv("GIT_SSH_COMMAND", marked)
    address = read_address(f"{LOCATION}@ssh://git@127.0.0.1/x.git")
    store = GitStore(Repository(place.root, address, patience=0.3), address)
    with pytest.raises(StateError) as caught:
        store.read()
    assert "no answer within" in caught.value.why
    assert store.read_freeze().everything
    deadline = time.monotonic() + 10  # they were killed; they may still be dying
    while subprocess.run(["pgrep", "-f", marked], capture_output=True, check=False).stdout:
        assert time.monotonic() < deadline, "something of it goes on running"
        time.sleep(0.05)


class Cut(Git):
    """A network that breaks: what becomes of each push in turn, "lost" (it lands, unheard), "dropped", or well."""

    def __init__(self, folder: Path, *fates: str) -> None:
        super().__init__(folder)
        self.fates = list(fates)
        self.pushes = 0

    def run(self, *arguments: str, stdin: bytes = b"", settings: tuple[str, ...] = ()) -> Said:
        if arguments[0] != "push":
            return super().run(*arguments, stdin=stdin, settings=settings)
        self.pushes += 1
        fate = self.fates.pop(0) if self.fates else "well"
        if fate == "dropped":
            return Said(128, b"", "fatal: the remote end hung up unexpectedly\n")
        said = super().run(*arguments, stdin=stdin, settings=settings)
        return Said(128, b"", "fatal: the remote end hung up unexpectedly\n") if fate == "lost" else said


def cut(place: GitBench, *fates: str) -> tuple[GitStore, Cut]:
    address = read_address(LOCATION)
    broken = Cut(place.root, *fates)
    return GitStore(Repository(place.root, address, git=broken), address, host=FakeHost()), broken


@pytest.mark.parametrize(("fates", "pushes"), [(("lost",), 1), (("dropped",), 2), (("dropped", "dropped", "lost"), 3)])
def test_after_an_unclear_push_the_remote_decides(place: GitBench, fates: tuple[str, ...], pushes: int) -> None:
    """Landed, it is done; not landed, it is pushed again; and either way the state stands there once."""
    opened(place.root).commit(state(1), 0)
    store, broken = cut(place, *fates)
    store.commit(state(2, "a"), 1)
    assert broken.pushes == pushes
    assert opened(place.root).read() == state(2, "a")
    assert git(place.remote, "rev-list", "--count", HEAD) == "2"
    store.commit(state(3), 2)


def test_a_push_that_never_lands_is_an_error(place: GitBench) -> None:
    """After as many tries as there are, the state is what it was, and the error says so."""
    opened(place.root).commit(state(1), 0)
    store, broken = cut(place, *["dropped"] * 9)
    with pytest.raises(StateError, match="cannot push the state") as caught:
        store.commit(state(2), 1)
    assert not isinstance(caught.value, StateMoved)
    assert "once the remote answers" in caught.value.next_step
    assert broken.pushes == 4
    assert opened(place.root).read() == state(1)


def test_an_unclear_push_that_another_run_overtook_has_moved(place: GitBench) -> None:
    """The push is dropped, and before it is repeated another run commits: that one stands."""
    opened(place.root).commit(state(1), 0)
    store, broken = cut(place, "dropped")
    store.read()
    opened(clone(place)).commit(state(2, "other"), 1)
    with pytest.raises(StateMoved, match="not the one this run began with"):
        store.commit(state(2, "one"), 1)
    assert broken.pushes == 1
    assert opened(place.root).read() == state(2, "other")


@pytest.mark.parametrize("fate", ["lost", "dropped"])
def test_locks_and_stops_survive_a_cut(place: GitBench, fate: str) -> None:
    """Taking, dropping and stopping are done once, whatever became of the first push."""
    store, broken = cut(place, fate)
    with store.lock("apply", 0):
        broken.fates = [fate]
        store.write_freeze(Freeze(everything=True))
        broken.fates = [fate]
    assert opened(place.root).info() is None
    assert opened(place.root).read_freeze() == Freeze(everything=True)


def test_a_remote_that_takes_one_ref_at_a_time_will_do(place: GitBench) -> None:
    """Without atomic pushes the branch alone is the compare-and-swap."""
    git(place.remote, "config", "receive.advertiseAtomic", "false")
    one, other = opened(place.root), opened(clone(place))
    one.commit(state(1), 0)
    assert other.read() == state(1)
    one.commit(state(2), 1)
    with pytest.raises(StateMoved):
        other.commit(state(2, "b"), 1)
    assert one.retire("elsewhere.json", 2) == Freeze()
    assert other.read_freeze().everything


# ── what `state:` may say ────────────────────────────────────────────────────────────────────────────────────────────


def test_another_remote_may_be_named_or_written_out(place: GitBench) -> None:
    """``@NAME`` is a remote of this repository, ``@ADDRESS`` any other, ``@.`` this repository alone."""
    second = place.root.parent / "second.git"
    git(place.root.parent, "init", "--quiet", "--bare", str(second))
    git(place.root, "remote", "add", "upstream", str(second))
    opened(place.root, f"{LOCATION}@upstream").commit(state(1, "u"), 0)
    assert opened(place.root, f"{LOCATION}@file://{second}").read() == state(1, "u")
    assert opened(place.root, f"{LOCATION}@.").read() is None
    assert opened(place.root).read() is None


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("git:", "no branch stands after git:"),
        ("git:@origin", "no branch"),
        ("git:refs/heads/x", "short name"),
        ("git:-x", "no name of a branch"),
        ("git:a..b", "no name of a branch"),
        ("git:a b", "no name of a branch"),
        ("git:a.lock", "no name of a branch"),
        ("git:a/.b", "no name of a branch"),
        ("git:สถานะ", "no name of a branch"),
        ("git:x@", "no remote stands"),
        ("git:x@--upload-pack=touch", "never begins with -"),
        ("git:x@ext::sh", "neither the name"),
    ],
)
def test_what_names_no_branch(tmp_path: Path, location: str, why: str) -> None:
    """Each has its reason, before git is asked anything."""
    with pytest.raises(ConfigError, match="names no branch") as caught:
        opened(tmp_path, location)
    assert why in caught.value.why
    assert "git:mesms-state" in caught.value.next_step


def test_an_address_may_hold_an_at(tmp_path: Path) -> None:
    """The branch ends at the first one."""
    address = read_address("git:mesms-state@git@host.example:shop/state.git")
    assert (address.branch, address.remote) == ("mesms-state", "git@host.example:shop/state.git")


def test_a_remote_that_is_not_there_is_named(place: GitBench) -> None:
    """So are those that are."""
    with pytest.raises(ConfigError, match="no remote upstream") as caught:
        opened(place.root, f"{LOCATION}@upstream").read()
    assert caught.value.why == "it has origin"


def test_without_a_repository_there_is_no_branch(tmp_path: Path) -> None:
    """A project that is in no repository is told so."""
    with pytest.raises(StateError, match="in no git repository") as caught:
        opened(tmp_path).read()
    assert "git init" in caught.value.next_step


def test_a_token_in_an_address_is_never_shown(place: GitBench) -> None:
    """Neither in an error nor in a ref."""
    store = opened(place.root, f"{LOCATION}@http://hunter2@127.0.0.1:9/x.git")
    with pytest.raises(StateError) as caught:
        store.read()
    error = caught.value
    assert "hunter2" not in f"{error.what} {error.where} {error.why} {error.next_step} {store.read_freeze().by}"
    assert "127.0.0.1:9" in error.where
