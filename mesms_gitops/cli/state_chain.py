"""The commits of the state, read once: what happened goes to the chronicle, and with an inspector, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mesms_gitops.model.chain import Break, Link
from mesms_gitops.model.timeline import Person
from mesms_gitops.planning.chain import Inspector
from mesms_gitops.planning.chain_rules import EDITED, LOST, RESTORE
from mesms_gitops.planning.timeline import Chronicle
from mesms_gitops.store.chain import Chain, branch_chain, file_chain
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.open import masked
from mesms_gitops.store.unfolding import Unfolded, Unfolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.store.chain import Stored
    from mesms_gitops.store.git_objects import Objects


@dataclass(frozen=True, slots=True)
class Claim:
    """That ``record`` was made from its manifest as of ``source``: said by commit ``index`` of the chain."""

    index: int
    commit: str
    serial: int
    source: str
    record: CampaignRecord


@dataclass(slots=True)
class Walk:
    """What one pass over a chain found. ``breaks`` are by the place in the chain where they show, from 0."""

    chronicle: Chronicle = field(default_factory=Chronicle)
    breaks: list[tuple[int, Break]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    without_source: int = 0
    serials: tuple[int, int] | None = None
    commits: int = 0
    canonical: int = 0
    unread: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def chain_of(place: Workplace, objects: Objects) -> Chain | None:
    """The chain of this project's state; None where it is not kept in git. Raises `StateError`, `ConfigError`."""
    if place.project.state.startswith("git:"):
        return branch_chain(place.project.state, place.project.root, objects)
    if isinstance(place.store, FileStore):
        return file_chain(place.store.path, masked(place.project.state), objects)
    return None


def walked(place: Workplace, chain: Chain | None, objects: Objects, newest: State | None, *, inspect: bool) -> Walk:
    """Go along ``chain``, and on to ``newest``, which stands now and may not be committed yet."""
    from mesms_gitops.cli.wiring import sealed_bytes

    walk, inspector = Walk(), Inspector() if inspect else None
    if chain is not None:
        if inspector is not None:
            walk.breaks += [(0, found) for found in _of_anchors(chain)]
        _along(walk, chain, chain.stored(objects, sealed_bytes(place.project)), inspector)
    last = walk.chronicle.newest
    if newest is not None and newest.serial and newest != last:
        link = Link(newest, place.clock.now())
        walk.chronicle.add(link)
        walk.serials = (walk.serials[0] if walk.serials else newest.serial, newest.serial)
        if inspector is not None:
            walk.breaks += [(walk.commits, found) for found in inspector.faults(link)]
    if inspector is not None:
        walk.breaks += [(walk.commits, found) for found in inspector.end()]
        walk.counts = dict(inspector.counts)
    return walk


def _along(walk: Walk, chain: Chain, found: Iterator[Stored], inspector: Inspector | None) -> None:
    unfolder = Unfolder()
    before: str | None = None
    for index, stored in enumerate(found):
        walk.commits += 1
        unfolded = Unfolded(None, why=stored.why) if stored.body is None else unfolder.unfolded(stored.body)
        if inspector is not None:
            walk.breaks += [(index, each) for each in _of_commit(chain, stored, unfolded, before)]
        before = stored.commit.id
        if unfolded.state is None:
            walk.unread.append(f"commit {before[:12]} of the state cannot be read: {unfolded.why}")
            continue
        walk.canonical += unfolded.is_canonical
        link = _link(stored, unfolded.state, chain)
        if inspector is not None:
            walk.breaks += [(index, each) for each in inspector.faults(link)]
            _claim(walk, index, link)
        walk.chronicle.add(link)
        serial = unfolded.state.serial
        walk.serials = (walk.serials[0] if walk.serials else serial, serial)


def _link(stored: Stored, state: State, chain: Chain) -> Link:
    commit = stored.commit
    author = Person(commit.author.name, commit.author.email)
    trailers = commit.trailer if chain.is_each else {}
    return Link(state, commit.committer.at, commit.id, author, trailers, is_next=chain.is_each)


def _claim(walk: Walk, index: int, link: Link) -> None:
    """Every manifest that this state holds and the one before it did not."""
    former = walk.chronicle.newest.campaigns if walk.chronicle.newest is not None else {}
    source = link.trailers.get("source")
    moves = {record.moved_to: name for name, record in link.state.campaigns.items() if record.moved_to}
    for name, record in link.state.campaigns.items():
        was = former.get(name)
        if was is None or was.moved_to is not None:
            was = former.get(moves.get(name, name))
        if record is was or record.manifest is None or (was is not None and was.manifest == record.manifest):
            continue
        if source is None or not record.file:
            walk.without_source += 1
        else:
            walk.claims.append(Claim(index, link.commit or "", link.state.serial, source, record))


# ---------------------------------------------------------------- what is wrong with a commit as such


def _of_commit(chain: Chain, stored: Stored, unfolded: Unfolded, before: str | None) -> Iterator[Break]:
    commit = stored.commit
    if chain.is_each:
        for found in _of_parents(chain, commit.parents, before):
            yield replace(found, commit=commit.id)
    if unfolded.state is None:
        where = unfolded.where or chain.path
        yield Break(where, unfolded.why or "it is no state", EDITED, RESTORE, commit.id)
    elif not unfolded.is_canonical:
        what = "the state is not written as this tool writes it, byte for byte"
        yield Break(chain.path, what, EDITED, RESTORE, commit.id, unfolded.state.serial)


def _of_parents(chain: Chain, parents: tuple[str, ...], before: str | None) -> Iterator[Break]:
    if before is None:
        if parents and not chain.is_cut:
            yield Break("parent", f"the commit before it, {parents[0][:12]}, is not here", LOST, RESTORE)
    elif parents != (before,):
        said = " and ".join(one[:12] for one in parents) or "none"
        what = f"its parents are {said}, and the commit before it is {before[:12]}"
        yield Break("parent", what, f"somebody merged into the branch of the state, or {LOST}", RESTORE)


def _of_anchors(chain: Chain) -> Iterator[Break]:
    """The branch only ever grows: what was its newest commit once is among its commits for good."""
    here = set(chain.ids)
    for who, commit in chain.anchors:
        if commit not in here and not (chain.is_cut and chain.ids):
            what = f"{who} remembers commit {commit[:12]} as the newest, and it is not in the branch"
            gone = "the branch is gone" if not chain.ids else "a force push took commits away"
            step = f"git branch kept {commit[:12]} keeps it from being lost; then mesms-gitops plan says how to go on"
            yield Break("branch", what, gone, step, chain.ids[-1] if chain.ids else None)
