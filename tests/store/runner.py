"""A run of its own, in a process of its own, for tests that race or kill it: ``runner.py LOCATION ROOT VERB [N]``."""

from __future__ import annotations

import os
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateLocked, StateMoved
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.store.disk import Disk
from mesms_gitops.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.port import Store

LINEAGE = "lineage-1"


def say(*words: object) -> None:
    """Tell the test."""
    print(*words, flush=True)


def widen(*names: str, longest: float) -> None:
    """Make the windows in which another process could slip in wide enough to be hit."""
    for name in names:
        setattr(Disk, name, _late(getattr(Disk, name), longest))


def _late(act: Callable[..., None], longest: float) -> Callable[..., None]:
    def late(*arguments: object) -> None:
        time.sleep(random.random() * longest)
        act(*arguments)

    return late


def grown(state: State | None, name: str) -> State:
    """The next state, with one campaign more."""
    state = state or State(LINEAGE)
    return replace(state.with_campaign(CampaignRecord(name, f"campaigns/{name}.yaml", 1)), serial=state.serial + 1)


def race(store: Store, wins: int, me: str) -> None:
    """Commit without the lock until ``wins`` commits went through; each adds a campaign of its own."""
    won = 0
    while won < wins:
        state = store.read()
        try:
            store.commit(grown(state, f"c-{me}-{won}"), state.serial if state else 0)
        except StateMoved:
            continue
        won += 1


def take_turns(store: Store, turns: int, me: str) -> None:
    """Commit ``turns`` times, each under the lock: there, nothing ever moves."""
    for turn in range(turns):
        with store.lock("apply", 30):
            state = store.read()
            time.sleep(0.002)
            store.commit(grown(state, f"c-{me}-{turn}"), state.serial if state else 0)


def hold(store: Store, _count: int, _me: str) -> None:
    """Hold the lock until killed."""
    with store.lock("apply", 0):
        say("held")
        time.sleep(600)


def take(store: Store, _count: int, _me: str) -> None:
    """Try for the lock once, when told; say what came of it, and hold it until told again."""
    say("ready")
    sys.stdin.readline()
    try:
        with store.lock("apply", 0):
            say("won")
            sys.stdin.readline()
    except StateLocked:
        say("lost")


def toil(store: Store, _count: int, _me: str) -> None:
    """Lock, commit and unlock until killed; each serial is said once it is durable."""
    while True:
        with store.lock("apply", 5):
            state = store.read()
            serial = state.serial if state else 0
            if state is None and store.has_backup:
                say("lost state")
            store.commit(replace(state or State(LINEAGE), serial=serial + 1), serial)
            say(serial + 1)


def stop(store: Store, count: int, me: str) -> None:
    """Freeze ``count`` campaigns of one's own, one after the other."""
    for each in range(count):
        store.amend_freeze(lambda was, each=each: replace(was, campaigns=was.campaigns | {f"c-{me}-{each}"}))


VERBS = {"race": race, "turns": take_turns, "hold": hold, "take": take, "toil": toil, "stop": stop}


def main(location: str, root: str, verb: str, count: str = "1", me: str = "0") -> int:
    """Do as told; 0 if it went well."""
    if verb in ("race", "stop"):
        widen("discard", "link", "replace", "write_new", longest=0.004)
    if verb == "take":
        widen("discard", longest=0.1)
    try:
        store = open_store(location, Path(root), lambda note: say("note:", note), environment=os.environ)
        VERBS[verb](store, int(count), me)
    except StateError as error:
        say("error:", type(error).__name__, error.what, error.where, error.why)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
