"""Moving a state from one place to another: copied, compared, and only then given up where it was.

The order is what makes a crash harmless. Until the copy has been read back and found equal, nothing is changed in the
old place; from the tombstone on, nobody can work there. Whatever lies between is finished by doing the same again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import ConfigError, StateError, StateRetired
from mesms_gitops.model.state import Freeze
from mesms_gitops.store.codec import encode

if TYPE_CHECKING:
    from mesms_gitops.model.state import State
    from mesms_gitops.store.port import Store


@dataclass(frozen=True, slots=True)
class Migrated:
    """What stands in the new place. ``was_done``: the tombstone stood already, from an earlier attempt."""

    state: State
    was_done: bool


def migrate(source: Store, target: Store, to: str) -> Migrated:
    """Move the state from ``source`` to ``target``, which is named ``to``, with serial, lineage and emergency stop.

    The caller holds both locks. Raises `StateRetired` if the state was moved elsewhere before, `ConfigError` if there
    is none, `StateError` if something else stands in the target or the copy does not read as the original.
    """
    try:
        state = source.read()
    except StateRetired as retired:
        if retired.to != to:
            raise
        return Migrated(_finished(source, target, to), was_done=True)
    if state is None:
        raise ConfigError("there is no state to move", next_step="set `state:` to the new place and apply")
    _copy(state, target, to)
    moved = source.read_freeze()
    _freeze(target, moved)
    last = source.retire(to, state.serial)
    if last != moved:
        # somebody stopped something between the two lines above
        _freeze(target, last)
    return Migrated(state, was_done=False)


def _finished(source: Store, target: Store, to: str) -> State:
    """The tombstone stands; the emergency stop may not have moved yet."""
    state = target.read()
    if state is None:
        raise StateError(
            "the state was moved there, and is not there",
            where=to,
            next_step="push a copy of it there (the old place may have a backup): mesms-gitops state push FILE",
        )
    _freeze(target, source.retire(to, state.serial))
    return state


def _copy(state: State, target: Store, to: str) -> None:
    standing = _standing(target, to)
    if standing is None:
        _check_empty(target, to)
        target.commit(state, 0)
        standing = target.read()
        if standing is None or encode(standing) != encode(state):
            raise StateError(
                "the copy does not read as the original; the state stays where it is",
                where=to,
                next_step="remove the copy and report this: it is a fault in mesms-gitops or in that place",
            )
    elif encode(standing) != encode(state):
        raise _occupied(standing, state, to)


def _standing(target: Store, to: str) -> State | None:
    try:
        return target.read()
    except StateRetired as retired:
        raise StateError(
            "a tombstone stands there; nothing was moved",
            where=to,
            why=f"a state was moved from there to {retired.to}, and a place that was given up is not taken again",
            next_step="choose another place; or remove what stands there by hand, if nobody uses it any more",
        ) from retired


def _check_empty(target: Store, to: str) -> None:
    if target.has_backup:
        raise StateError(
            "a state stood there and was lost",
            where=to,
            why="what is left of it would be taken for this project's",
            next_step="choose an empty place, or remove what is left there",
        )


def _occupied(standing: State, state: State, to: str) -> StateError:
    if standing.lineage != state.lineage:
        why = f"it is of another lineage, {standing.lineage}, and this project's is {state.lineage}"
    elif standing.serial > state.serial:
        why = f"it is newer: its serial is {standing.serial}, and the one here is {state.serial}"
    else:
        why = f"its serial is {standing.serial}, the one here is {state.serial}, and they are not equal"
    return StateError(
        "another state stands there; nothing was moved",
        where=to,
        why=why,
        next_step="choose an empty place; or, if that state is the right one, set `state:` to it",
    )


def _freeze(target: Store, moved: Freeze) -> None:
    if moved != Freeze():
        target.amend_freeze(lambda there: both(there, moved))


def both(one: Freeze, other: Freeze) -> Freeze:
    """What stops whatever either stops."""
    if one == other or other == Freeze():
        return one
    if one == Freeze():
        return other
    exceptions = [freeze.released for freeze in (one, other) if freeze.everything]
    released = frozenset.intersection(*exceptions) if exceptions else frozenset()
    campaigns = one.campaigns | other.campaigns
    return replace(
        one,
        everything=one.everything or other.everything,
        campaigns=campaigns,
        released=released - campaigns,
        asked=one.asked | other.asked,
        since=min(filter(None, (one.since, other.since)), default=None),
        by=one.by or other.by,
    )
