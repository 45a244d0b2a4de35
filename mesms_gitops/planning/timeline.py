"""From a chain of states to what happened to each campaign, and from that and git's commits to one timeline."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.sends import LEFT, SendPhase
from mesms_gitops.model.timeline import (
    Cancelling,
    Delivered,
    Dropped,
    Event,
    Planned,
    Recorded,
    Renamed,
    RepositoryEvent,
    Sending,
    StateEvent,
    Timeline,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.chain import Link
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State


NOT_YET = "not sent yet"
"""How the reason of a send begins whose turn did not come (``reconcile.intents.not_yet``): it is no event."""


class Chronicle:
    """Goes along a chain of states, the oldest first, and keeps what happened by campaign, under the names of then.

    ``files`` are the manifests that each name was recorded with. Records that did not change must be the same objects
    from state to state: a long chain is told at the cost of what changes in it.
    """

    def __init__(self) -> None:
        self.events: dict[str, list[StateEvent]] = defaultdict(list)
        self.files: dict[str, set[str]] = defaultdict(set)
        self.newest: State | None = None
        self._plans: dict[str, str] = {}
        self._has_begun = False

    def add(self, link: Link) -> None:
        """The next state."""
        before, after = self.newest, link.state
        self._has_begun = before is not None
        self.newest = after
        former = before.campaigns if before is not None else {}
        recorded = _recorded(link)
        for name, now in after.campaigns.items():
            was = former.get(name)
            if was is not now:
                if now.file:
                    self.files[name].add(now.file)
                self._of_campaign(was, now, before, link, recorded)
        for name in former.keys() - after.campaigns.keys():
            self.events[name].append(Dropped(link.at, name, is_forgotten=True, recorded=recorded))

    def _of_campaign(
        self, was: CampaignRecord | None, now: CampaignRecord, before: State | None, link: Link, recorded: Recorded
    ) -> None:
        if now.moved_to is not None:
            if was is not None and was.moved_to is None:
                self.events[now.moved_to].append(Renamed(link.at, now.moved_to, now.name, recorded))
            return
        held = was.sends if was is not None else ()
        if before is not None and (was is None or was.moved_to is not None):
            held = _came_with(now.name, before, link.state)
        found = [*self._of_sends(held, now, link, recorded)]
        if now.retired and (was is None or not was.retired):
            found.append(Dropped(_at(link, _newest(now, link)), now.name, is_forgotten=False, recorded=recorded))
        self.events[now.name] += self._with_plan(found, now.name, link, recorded)

    def _with_plan(self, found: list[StateEvent], name: str, link: Link, recorded: Recorded) -> Iterable[StateEvent]:
        """``found``, before the first of it that was part of a plan that plan. Over a gap, only its own run says so."""
        approval = link.state.approval
        if approval is None or self._plans.get(name) == approval.digest:
            return found
        acts = [each for each in found if isinstance(each, Cancelling) or _is_intent(each)]
        if not link.is_next:
            acts = [each for each in acts if _run_of(each) == approval.run]
        if not acts:
            return found
        self._plans[name] = approval.digest
        first = min(acts, key=lambda each: each.at)
        return [Planned(first.at, name, approval.digest, approval.run, recorded), *found]

    def _of_sends(
        self, held: Iterable[SendRecord], now: CampaignRecord, link: Link, recorded: Recorded
    ) -> Iterator[StateEvent]:
        former = {(send.revision, send.fingerprint): send for send in held}
        for send in sorted(now.sends, key=lambda each: (each.intended_at, each.fingerprint)):
            was = former.get((send.revision, send.fingerprint))
            if was is send or was == send:
                continue
            if was is None and not (link.is_next and self._has_begun):
                yield from told_by_record(now.name, send, recorded)
            else:
                yield from _moved(was, send, now.name, link, recorded)


def _came_with(name: str, before: State, after: State) -> tuple[SendRecord, ...]:
    """The sends that a campaign brought along from the name it had before."""
    for old, record in before.campaigns.items():
        now = after.campaigns.get(old)
        if record.moved_to is None and now is not None and now.moved_to == name:
            return record.sends
    return ()


def _newest(record: CampaignRecord, link: Link) -> datetime:
    return max((_own_moment(send) for send in record.sends), default=link.at)


def _run_of(event: StateEvent) -> str | None:
    match event:
        case Cancelling() if event.send.cancel is not None:
            return event.send.cancel.run
        case Sending():
            return event.send.run
        case _:
            return None


def _is_intent(event: StateEvent) -> bool:
    return isinstance(event, Sending) and event.phase is SendPhase.INTENDED


def _recorded(link: Link) -> Recorded:
    said = link.trailers
    return Recorded(
        serial=link.state.serial,
        commit=link.commit,
        actor=said.get("actor") or link.author.name or None,
        run_url=said.get("run"),
        plan=said.get("plan"),
        source=said.get("source"),
    )


def _moved(was: SendRecord | None, send: SendRecord, name: str, link: Link, recorded: Recorded) -> Iterator[StateEvent]:
    """What happened to one send between two states. One whose turn is still to come is no news yet."""
    is_new_try = was is not None and (was.run, was.intended_at) != (send.run, send.intended_at)
    if send.cancel is not None and (was is None or was.cancel != send.cancel):
        yield Cancelling(_at(link, send.cancel.at), name, send, send.cancel.reason, recorded)
    if (was is None or was.phase is not send.phase or is_new_try) and not _is_waiting(send):
        before = None if was is None or is_new_try or _is_waiting(was) else was.phase
        yield Sending(_at(link, _own_moment(send)), name, send, send.phase, before, recorded)
    if any(send.delivery.values()) and (was is None or was.delivery != send.delivery):
        yield Delivered(_at(link, _own_moment(send)), name, send, send.delivery, recorded)


def _at(link: Link, own: datetime) -> datetime:
    """When something is known to have happened: with the commit that says so, else at the record's own moment."""
    return own if link.commit is None else link.at


def _is_waiting(send: SendRecord) -> bool:
    return send.phase is SendPhase.FAILED and send.uuid is None and (send.reason or "").startswith(NOT_YET)


def _own_moment(send: SendRecord) -> datetime:
    """The hour that was asked for, or that of the cancel, or of the intent."""
    if send.phase in LEFT and send.scheduled_at is not None:
        return send.scheduled_at
    if send.phase is SendPhase.CANCELLED and send.cancel is not None:
        return send.cancel.at
    return send.intended_at


def told_by_record(name: str, send: SendRecord, recorded: Recorded) -> Iterator[StateEvent]:
    """What a record alone tells, where the states before it are not to be seen: the moments are its own.

    Of what came after the intent only the hours are known that were asked for.
    """
    if _is_waiting(send):
        return
    yield Sending(send.intended_at, name, replace(send, uuid=None), SendPhase.INTENDED, None, recorded)
    if send.cancel is not None:
        yield Cancelling(send.cancel.at, name, send, send.cancel.reason, recorded)
    if send.phase is not SendPhase.INTENDED:
        yield Sending(_own_moment(send), name, send, send.phase, SendPhase.INTENDED, recorded)
        if any(send.delivery.values()):
            yield Delivered(_own_moment(send), name, send, send.delivery, recorded)


# ---------------------------------------------------------------- one timeline


def names_of(name: str, chronicle: Chronicle) -> tuple[str, ...]:
    """``name`` and every name its record had before, the newest first."""
    found = [name]
    for each in found:  # grows while it is gone through: a campaign may have been renamed more than once
        for event in chronicle.events.get(each, ()):
            if isinstance(event, Renamed) and event.former not in found:
                found.append(event.former)
    return tuple(found)


def timeline(name: str, chronicle: Chronicle, commits: Iterable[RepositoryEvent]) -> Timeline:
    """Everything that is known of campaign ``name``, by time; events of one moment in the order they are told in."""
    names = names_of(name, chronicle)
    told: list[Event] = [*commits]
    for each in reversed(names):
        told += chronicle.events.get(each, ())
    state = chronicle.newest
    return Timeline(
        name=name,
        events=tuple(sorted(told, key=lambda event: event.at)),
        former=names[1:],
        record=None if state is None else state.campaigns.get(name),
    )


def live_names(state: State | None, files: Mapping[str, object]) -> tuple[str, ...]:
    """Every campaign that has a timeline of its own: those of state that were not renamed since, and of manifests."""
    recorded = {} if state is None else state.campaigns
    names = {name for name, record in recorded.items() if record.moved_to is None}
    return tuple(sorted(names | (set(files) - set(recorded))))
