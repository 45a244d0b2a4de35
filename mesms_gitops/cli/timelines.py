"""``history`` put together: the project's commits, the state's commits and the newest state become timelines."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mesms_gitops.cli.campaign_files import Tracker, written_names
from mesms_gitops.cli.git_log import Log, read_log
from mesms_gitops.cli.reviewing import reviews_of
from mesms_gitops.cli.state_chain import chain_of, walked
from mesms_gitops.cli.written_by import Authorship, with_reviews
from mesms_gitops.errors import UsageError
from mesms_gitops.model.timeline import History
from mesms_gitops.planning.timeline import live_names, names_of, timeline
from mesms_gitops.store.git_objects import Objects
from mesms_gitops.store.open import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.timeline import RepositoryEvent
    from mesms_gitops.planning.timeline import Chronicle
    from mesms_gitops.store.chain import Chain


def history_of(place: Workplace, name: str | None) -> History:
    """The timeline of campaign ``name``, or of every campaign.

    Raises `UsageError` for a name that nobody ever wrote, `StateError` where the state cannot be read.
    """
    objects = Objects(place.project.root)
    state = place.stored_state()
    chain = chain_of(place, objects)
    walk = walked(place, chain, objects, state, inspect=False)
    log = read_log(objects)
    written = _Written(place, walk.chronicle, log, objects)
    names = [written.known(name)] if name is not None else list(live_names(walk.chronicle.newest, written.files))
    events = {each: written.events(each) for each in names}
    reviews, unasked = reviews_of(event.pull for found in events.values() for event in found if event.pull)
    timelines = tuple(timeline(each, walk.chronicle, with_reviews(events[each], reviews)) for each in names)
    where = chain.where if chain is not None else masked(place.project.state)
    unseen = (*_unseen(place, chain, log), *walk.unread, *unasked)
    return History(where, state.lineage, state.serial, timelines, unseen)


def known_name(place: Workplace, chronicle: Chronicle, objects: Objects, name: str) -> str:
    """The name that campaign ``name`` goes by now. Raises `UsageError` where nothing was ever called so."""
    return _Written(place, chronicle, read_log(objects), objects).known(name)


class _Written:
    """What the project's commits say of campaigns."""

    def __init__(self, place: Workplace, chronicle: Chronicle, log: Log | None, objects: Objects) -> None:
        self._place = place
        self._chronicle = chronicle
        self._tracker = Tracker(log or Log(), objects)
        self._authorship = Authorship(log or Log(), objects)
        self._files: dict[str, str] | None = None

    @property
    def files(self) -> dict[str, str]:
        """Every manifest that stands there now, by name: read at the first question."""
        if self._files is None:
            self._files = written_names(self._place.project.root, self._place.loaded.entries)
        return self._files

    def known(self, name: str) -> str:
        """The name that campaign ``name`` goes by now. Raises `UsageError` where nothing was ever called so."""
        state = self._chronicle.newest
        recorded = {} if state is None else state.campaigns
        while name in recorded and (moved := recorded[name].moved_to) is not None:
            name = moved
        if name in recorded or name in self._chronicle.events or name in self.files or self._tracker.gone(name):
            return name
        near = difflib.get_close_matches(name, {*recorded, *self.files}, n=1)
        raise UsageError(
            f"neither state nor git knows a campaign {name}",
            where="NAME",
            why=f"did you mean {near[0]}?" if near else "no manifest ever had this name",
            next_step="mesms-gitops history lists all of them",
        )

    def events(self, name: str) -> list[RepositoryEvent]:
        """Who wrote, reviewed and merged it."""
        names = names_of(name, self._chronicle)
        files = {file for each in names for file in self._chronicle.files.get(each, ())}
        if not files or self._files is not None:
            files |= {file for each in names if (file := self.files.get(each)) is not None}
        files = files or {file for each in names for file in self._tracker.gone(each)}
        return self._authorship.events(name, self._tracker.touches(names, files))


def _unseen(place: Workplace, chain: Chain | None, log: Log | None) -> Iterator[str]:
    if log is None:
        yield "the project is in no git repository, or nothing is committed: who wrote what is not known"
    elif log.is_shallow:
        yield "this clone is shallow: older commits are not here (git fetch --unshallow brings them)"
    if chain is None:
        yield f"state {masked(place.project.state)} has no history in git: what lies between is not known"
    elif chain.is_cut:
        yield "older commits of the state are not here (git fetch --unshallow brings them)"
