"""The lock that a thrown-away runner leaves behind: broken by the next run if GitHub says that its run is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.cli.github.left_behind import run_of
from mesms_gitops.cli.github.surroundings import Surroundings
from mesms_gitops.store.lock import decode_lock, encode_lock
from mesms_gitops.store.port import LockInfo
from tests.cli.conftest import sends, texted
from tests.github.runner import ROOT, git
from tests.github.test_story import blocked, both_states, killed_while_sending

if TYPE_CHECKING:
    from tests.github.conftest import Shop

REF = "refs/mesms-gitops/mesms-state/lock"
RUNS = "https://github.example/shop/campaigns/actions/runs"
HELD = LockInfo("1", "apply", 7, "fv-az1", "runner", None, run_url=f"{RUNS}/41", run_attempt=2)
AROUND = Surroundings(
    repository="shop/campaigns",
    api_url="https://api.github.example",
    server_url="https://github.example",
    event_name="push",
    event={},
    sha="",
    ref="refs/heads/main",
    actor="author",
    run=f"{RUNS}/42",
    attempt=1,
    temp=Path(),
    output=None,
    summary=None,
)


def impatient(folder: Path) -> Path:
    """The workflows, with an apply and a refresh that do not wait for a lock."""
    folder.mkdir()
    for file in (ROOT / "examples/github").iterdir():
        text = file.read_text(encoding="utf-8")
        waits = '          environment: production\n          lock-timeout: "0"\n'
        (folder / file.name).write_text(text.replace("          environment: production\n", waits), encoding="utf-8")
    return folder


def on_another_machine(shop: Shop) -> LockInfo:
    """Rewrite the lock as a runner with another name would have left it; the lock as it stands then."""
    state, remote = shop.runner.variables["MESMS_STATE"], shop.runner.remote
    other: dict[str, Any] = {"host": "fv-az1", "machine": "another", "boot": "another", "pid_space": "another"}
    if not state.startswith("git:"):
        file = Path(f"{state}.lock")
        lock = replace(decode_lock(file.read_bytes()), **other)
        file.write_bytes(encode_lock(lock))
        return lock
    body = git(remote, "log", "-1", "--format=%b", REF)
    lock = replace(decode_lock(body.encode()), **other)
    message = f"lock: {lock.holder}\n\n{encode_lock(lock).decode()}"
    tree = git(remote, "rev-parse", f"{REF}^{{tree}}")
    git(remote, "update-ref", REF, git(remote, "commit-tree", "-m", message, tree))
    return lock


@both_states
@pytest.mark.parametrize("rerun", [True, False], ids=["run again", "another run"])
def test_a_run_that_github_calls_over_is_finished_by_the_next(shop: Shop, tmp_path: Path, *, rerun: bool) -> None:
    """Of another machine's lock GitHub is asked: no answer or `in_progress` is exit 6, `completed` finishes the work.

    Nobody unlocks anything, and everybody is texted exactly once by each campaign.
    """
    commit, folder = killed_while_sending(shop), impatient(tmp_path / "workflows")
    lock = on_another_machine(shop)
    dead = shop.runner.run, shop.runner.attempt
    assert (lock.run_url, lock.run_attempt) == (f"{RUNS}/{dead[0]}", dead[1])
    for status in (None, "in_progress"):
        shop.forge.runs.pop(dead, None)
        if status is not None:
            shop.forge.runs[dead] = status
        locked = shop.apply(commit, folder=folder, rerun=rerun)
        assert (locked.code, locked.out["failure-reason"]) == (6, "state-locked"), locked.log
        assert f"{RUNS}/{dead[0]}, attempt {dead[1]}" in locked.log
    assert sends(shop.sandbox) == 2

    shop.forge.runs[dead] = "completed"
    finished = shop.apply(commit, folder=folder, rerun=rerun)
    assert f"::notice title=lock::released the lock of a run that is over: {lock.holder}" in finished.log
    assert finished.code in (0, 3), finished.log
    for name in blocked(finished):
        assert shop.person("resolve", name, "--not-sent") == 0
        finished = shop.apply(commit, folder=folder)
    assert finished.code == 0, finished.log
    assert texted(shop.sandbox) == {"66800000001": 3, "66800000002": 3}
    assert sends(shop.sandbox) == 3


def test_a_refresh_finds_the_lock_of_a_dead_run_too(shop: Shop, tmp_path: Path) -> None:
    """The schedule comes before the next merge: while the run is under way it is exit 6, then the lock is broken."""
    commit, folder = killed_while_sending(shop), impatient(tmp_path / "workflows")
    on_another_machine(shop)
    dead = shop.runner.run, shop.runner.attempt
    shop.forge.runs[dead] = "in_progress"
    assert shop.refresh(commit, folder=folder).code == 6
    shop.forge.runs[dead] = "completed"
    refreshed = shop.refresh(commit, folder=folder)
    assert refreshed.code == 0, refreshed.log
    assert "released the lock of a run that is over" in refreshed.log


@pytest.mark.parametrize(
    ("held", "around", "found"),
    [
        ({}, {}, (41, 2)),
        ({"run_url": f"{RUNS}/42"}, {"attempt": 3}, (42, 2)),
        ({"run_url": f"{RUNS}/42"}, {"attempt": 2}, None),
        ({"run_url": f"{RUNS}/42"}, {"attempt": 1}, None),
        ({"run_url": f"{RUNS}/42"}, {"attempt": None}, None),
        ({}, {"run": ""}, None),
        ({"run_attempt": None}, {}, None),
        ({"run_url": None}, {}, None),
        ({"run_url": f"{RUNS}/41/attempts/1"}, {}, None),
        ({"run_url": f"{RUNS}/../41"}, {}, None),
        ({"run_url": f"{RUNS}/"}, {}, None),
        ({"run_url": f"{RUNS}/0"}, {}, None),
        ({"run_url": f"{RUNS}/٤١"}, {}, None),
        ({"run_url": f"{RUNS}/41\n"}, {}, None),
        ({"run_url": "https://github.example/stranger/campaigns/actions/runs/41"}, {}, None),
        ({"run_url": "https://elsewhere.example/shop/campaigns/actions/runs/41"}, {}, None),
        ({"run_url": "41"}, {}, None),
    ],
)
def test_only_another_run_of_this_repository_is_asked_about(
    held: dict[str, object], around: dict[str, object], found: tuple[int, int] | None
) -> None:
    """Its own run, a later attempt, another repository's or server's, and whatever is no run: nobody is asked."""
    assert run_of(replace(HELD, **held), replace(AROUND, **around)) == found  # type: ignore[arg-type] # one table
