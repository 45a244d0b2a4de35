"""Where the state is kept, who holds it, and what its digests are worth."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.doctor.looking import looked, ok, warn
from mesms_gitops.errors import MesmsError
from mesms_gitops.model.doctor import CheckLine, Verdict
from mesms_gitops.store.examining import Examinable
from mesms_gitops.store.open import masked
from mesms_gitops.views.layout import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.state import State

SHORTEST_SECRET: Final = 16
"""Characters: a trial costs less than a microsecond, and whoever has the state knows when it fits."""
_WITH_NUMBERS: Final = (".numbers", ".parquet", ".age")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def stored(place: Workplace) -> State | None:
    """The state for other looks; None where it cannot be read, which `state_lines` says."""
    try:
        return place.stored_state()
    except MesmsError:
        return None


def state_lines(place: Workplace, hash_secret: str | None) -> Iterator[CheckLine]:
    """All lines of this module. ``hash_secret`` is ``MESMS_HASH_KEY``."""
    yield from looked("state.read", lambda: _read(place, hash_secret))
    yield from looked("state.backend", lambda: _backend(place))
    yield from looked("state.lock", lambda: _lock(place))
    yield from looked("snapshots", lambda: snapshot_lines(place.project.root))


def _read(place: Workplace, hash_secret: str | None) -> Iterator[CheckLine]:
    state = place.stored_state()
    where = masked(place.project.state)
    count = counted(len(state.campaigns), "campaign")
    yield ok("state.read", f"state: {where}, serial {state.serial}, {count}", where)
    yield _digests(place.key_for(state), hash_secret or "")


def _digests(key: HashKey, secret: str) -> CheckLine:
    if key.from_lineage:
        found = "digests are keyed with the lineage, which stands in the same file: numbers can be searched"
        return warn("state.hash_key", found, "set MESMS_HASH_KEY to a long secret before the first apply")
    if len(secret.strip()) < SHORTEST_SECRET:
        found = f"MESMS_HASH_KEY ({key.identity}) is so short that it can be guessed: then numbers can be searched"
        advice = f"set {SHORTEST_SECRET} random characters or more before the first apply; a state keeps the key it has"
        return warn("state.hash_key", found, advice, key.identity)
    return ok("state.hash_key", f"digests are keyed with MESMS_HASH_KEY ({key.identity})", key.identity)


def _backend(place: Workplace) -> Iterator[CheckLine]:
    """What the backend says of itself, where it can."""
    if isinstance(place.store, Examinable):
        for verdict, found, advice in place.store.examine():
            where = place.project.state
            yield CheckLine(
                "state.backend", Verdict(verdict), found, advice, (where, masked(where), str(place.project.root))
            )


def _lock(place: Workplace) -> Iterator[CheckLine]:
    held = place.store.info()
    if held is None:
        yield ok("state.lock", "the state is not locked")
    else:
        found = f"the state is locked by {held.holder}"
        yield warn("state.lock", found, f"if it is dead: mesms-gitops state unlock {held.id}", held.holder, held.id)
    freeze = place.store.read_freeze()
    if freeze.is_active:
        yield warn("state.freeze", "the emergency stop is on", "mesms-gitops stop --release lifts it")


def snapshot_lines(root: Path) -> Iterator[CheckLine]:
    """Whether anybody but this user may read whom sends covered, or what became of them."""
    from mesms_gitops.store.results import FOLDER as RESULTS
    from mesms_gitops.store.snapshots import FOLDER as SNAPSHOTS

    files, open_ones = 0, []
    for folder in (root / SNAPSHOTS, root / RESULTS):
        for path in [folder, *folder.rglob("*")] if folder.is_dir() else []:
            files += path.is_file() and path.suffix in _WITH_NUMBERS
            if os.name == "posix" and path.name != ".gitignore" and path.lstat().st_mode & _OTHERS:
                open_ones.append(path)
    if open_ones:
        found = f"kept numbers: {counted(len(open_ones), 'file or folder', 'files and folders')} that others may open"
        yield warn("snapshots", found, f"chmod -R go= {' '.join(sorted({_top(one, root) for one in open_ones}))}")
    elif files:
        yield ok("snapshots", f"kept numbers: {counted(files, 'file')}, for this user alone")
    else:
        yield ok("snapshots", "kept numbers: none on this machine")


def _top(path: Path, root: Path) -> str:
    return "/".join(path.relative_to(root).parts[:2])
