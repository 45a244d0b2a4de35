"""``history --verify``: the chain of states, held against the rules, its plans and the project's commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.cli.claimed_sources import checked_sources
from mesms_gitops.cli.state_chain import chain_of, walked
from mesms_gitops.cli.timelines import known_name
from mesms_gitops.errors import ConfigError, StateError
from mesms_gitops.model.chain import Break, Check, Verification
from mesms_gitops.store.chain import is_shallow
from mesms_gitops.store.git_objects import Objects
from mesms_gitops.store.open import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.cli.claimed_sources import Sources
    from mesms_gitops.cli.state_chain import Walk
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.state import State
    from mesms_gitops.store.chain import Chain


def verified(place: Workplace, name: str | None) -> Verification:
    """What a check of the whole chain finds; with ``name``, manifests are computed anew for that campaign alone.

    Raises `UsageError` for a name that nobody ever wrote, `StateError` where the remote cannot be asked.
    """
    objects = Objects(place.project.root)
    chain = chain_of(place, objects)
    newest, unread = _newest(place)
    walk = walked(place, chain, objects, newest, inspect=True)
    only = None if name is None else known_name(place, walk.chronicle, objects, name)
    state = walk.chronicle.newest
    key, without_key = _key(place, state)
    shallow = is_shallow(objects)
    sources = checked_sources(walk.claims, objects, key, is_shallow=shallow, only=only)
    breaks = sorted([*walk.breaks, *sources.breaks], key=lambda each: each[0])
    first = breaks[0][1] if breaks else unread
    return Verification(
        where=chain.where if chain is not None else masked(place.project.state),
        commits=walk.commits,
        serials=walk.serials,
        lineage=None if state is None else state.lineage,
        checks=tuple(_checks(walk, sources)),
        unseen=(*_unseen(place, walk, sources, chain, shallow=shallow), *without_key),
        first=first,
    )


def _newest(place: Workplace) -> tuple[State | None, Break | None]:
    """The state that stands now; or, where it cannot be read, that as a break: the chain may say more of it."""
    try:
        return place.stored_state(), None
    except StateError as error:
        why = error.why or "it cannot be read"
        return None, Break("state", error.what, why, error.next_step or "mesms-gitops doctor", None, None)


def _key(place: Workplace, state: State | None) -> tuple[HashKey | None, tuple[str, ...]]:
    if state is None:
        return None, ()
    try:
        return place.key_for(state), ()
    except ConfigError as error:
        return None, (f"digests of manifests were not computed anew: {error.what}",)


def _checks(walk: Walk, sources: Sources) -> Iterator[Check]:
    if walk.commits:
        yield Check("states stand as they were written", walk.canonical, walk.commits)
    counts = walk.counts
    yield Check("states follow from the one before", *_pair(counts.get("states", 0)))
    yield Check("moves of sends are legal", *_pair(counts.get("sends", 0)))
    yield Check("sends had an intent first, and a plan that approved it", *_pair(counts.get("intents", 0)))
    yield Check("digests of plans computed anew", counts.get("recomputed", 0), counts.get("plans", 0))
    yield Check("source commits are here", sources.counts["sources here"], sources.counts["sources"])
    yield Check(
        "digests of manifests computed anew",
        sources.counts["manifests recomputed"],
        sources.counts["manifests"] + walk.without_source,
    )


def _pair(count: int) -> tuple[int, int]:
    return count, count


def _unseen(place: Workplace, walk: Walk, sources: Sources, chain: Chain | None, *, shallow: bool) -> Iterator[str]:
    if chain is None:
        yield f"state {masked(place.project.state)} has no history in git: only what stands now was looked at"
    elif chain.is_cut:
        yield "older commits of the state are not here: this clone is shallow (git fetch --unshallow brings them)"
    elif not chain.is_each:
        yield "a commit of a state file holds many serials: intents and plans in between are not to be seen"
    if shallow and sources.counts["sources here"] < sources.counts["sources"]:
        yield "some source commits are not here: this clone is shallow (git fetch --unshallow brings them)"
    if walk.without_source:
        yield f"manifests recorded outside of GitHub Actions, without a source commit: {walk.without_source}"
    if sources.counts["manifests not read"]:
        yield f"manifests that have errors for this version, not computed anew: {sources.counts['manifests not read']}"
    rest = walk.counts.get("plans", 0) - walk.counts.get("recomputed", 0)
    if rest:
        yield f"plans that were not finished, or whose digest covers adoptions and renames, not computed anew: {rest}"
    if walk.counts.get("adopted"):
        yield f"messages that were taken in without an intent (adopt, or state push): {walk.counts['adopted']}"
    if walk.counts.get("forgotten"):
        yield f"campaigns without live messages that were removed (state rm): {walk.counts['forgotten']}"
