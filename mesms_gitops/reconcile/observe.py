"""Looking before acting: what the account says about our sends, and about messages that could be ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError
from mesms_gitops.model.campaign import Now
from mesms_gitops.model.evidence import People
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.adoption import suspects
from mesms_gitops.planning.matching import CLOCK_SLACK, NOW_MEMORY
from mesms_gitops.reconcile.compare import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.state import State
    from mesms_gitops.planning.situation import Situation
    from mesms_gitops.reconcile.ports import Account

MAX_LISTING_PAGES = 500
"""50,000 messages of one sender in one window: beyond that the listing is not believed to end."""


def live_messages(account: Account, state: State) -> Mapping[str, RemoteMessage | None]:
    """What every send that can still change is now: one request each; none for what has left."""
    return MappingProxyType(
        {
            record.uuid: account.message(record.uuid)
            for _, record in state.sends()
            if record.phase is SendPhase.SCHEDULED and record.uuid
        }
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """Which messages of one sender to look at: scheduled ones, and those created since a moment."""

    sender: str
    scheduled: bool
    since: datetime | None


def with_listing(account: Account, situation: Situation, actions: Iterable[Action]) -> Situation:
    """``situation`` with the messages that could be ours, and with those whose people were compared and are the same.

    No request is made where nothing is to be sent and nothing is unsettled.
    """
    actions = tuple(actions)
    found: dict[str, RemoteMessage] = {}
    for search in _searches(situation, actions):
        found |= {message.uuid: message for message in _messages(account, search)}
    if not found:
        return situation
    claimed = situation.recorded.claimed_live
    counts = _counts(situation, actions)
    listing = tuple(
        _whole(account, message) if _could_match(message, counts) else message
        for uuid, message in sorted(found.items())
        if uuid not in claimed
    )
    situation = replace(situation, observed=replace(situation.observed, listing=listing))
    return _with_confirmed(account, situation, actions)


def listed_around(account: Account, situation: Situation, actions: Iterable[Action]) -> tuple[RemoteMessage, ...]:
    """Scheduled messages of the senders that have one of ours and that were not listed for another reason.

    Each sender lists at least our own message: never more than one request for a hundred messages listed.
    """
    listed = {search.sender for search in _searches(situation, tuple(actions))}
    senders = {record.sender for _, record in situation.recorded.sends() if record.phase is SendPhase.SCHEDULED}
    return tuple(
        message
        for sender in sorted(senders - listed)
        for message in _pages(account, sender, remote_phase=RemotePhase.SCHEDULED.value)
    )


def _counts(situation: Situation, actions: Iterable[Action]) -> frozenset[int]:
    """How many people our unsettled and planned sends are for; 0 for a group, which may be of any size."""
    unsettled = (record.recipients for _, record in situation.recorded.sends() if record.is_unsettled)
    planned = (send.desired.recipients for action in actions for send in action.sends if send.desired is not None)
    return frozenset((*unsettled, *planned))


def _could_match(message: RemoteMessage, counts: frozenset[int]) -> bool:
    """Whether the text of ``message`` matters: not if it is for another number of people than any send of ours."""
    return message.recipients is None or 0 in counts or message.recipients in counts


def _with_confirmed(account: Account, situation: Situation, actions: Iterable[Action]) -> Situation:
    """Compare people. To adopt takes certainty; to hold back a send, a doubt is enough."""
    confirmed = set(situation.observed.confirmed)
    unsettled = {
        f"{campaign.name}/{record.revision}/{record.fingerprint}"
        for campaign, record in situation.recorded.sends()
        if record.is_unsettled
    }
    for suspect in suspects(situation, actions):
        people = compare(account, suspect, situation.key)
        if people is People.SAME or (people is People.UNCLEAR and suspect.owner not in unsettled):
            confirmed.add((suspect.owner, suspect.message.uuid))
    return replace(situation, observed=replace(situation.observed, confirmed=frozenset(confirmed)))


def _searches(situation: Situation, actions: Iterable[Action]) -> Iterator[_Search]:
    since: dict[str, datetime] = {}
    scheduled: set[str] = set()
    for _, record in situation.recorded.sends():
        if record.is_unsettled:
            since[record.sender] = _earlier(since.get(record.sender), record.intended_at - 2 * CLOCK_SLACK)
    for action in actions:
        for planned in action.sends:
            if planned.desired is None:
                continue
            if isinstance(planned.desired.when, Now):
                since[action.sender] = _earlier(since.get(action.sender), situation.now - NOW_MEMORY)
            else:
                scheduled.add(action.sender)
    for sender in sorted({*since, *scheduled}):
        yield _Search(sender, sender in scheduled, since.get(sender))


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)


def messages_since(account: Account, sender: str, since: datetime) -> list[RemoteMessage]:
    """Every message of ``sender`` created since a moment, each with its text."""
    return [_whole(account, message) for message in _pages(account, sender, created_from=since)]


def _messages(account: Account, search: _Search) -> Iterator[RemoteMessage]:
    if search.scheduled:
        yield from _pages(account, search.sender, remote_phase=RemotePhase.SCHEDULED.value)
    if search.since is not None:
        yield from _pages(account, search.sender, created_from=search.since)


def _pages(
    account: Account, sender: str, *, remote_phase: str | None = None, created_from: datetime | None = None
) -> Iterator[RemoteMessage]:
    """Every message of the listing, also if it grows while it is read. Raises `ApiError` if it does not end."""
    seen: set[str] = set()
    for page_number in range(1, MAX_LISTING_PAGES + 1):
        page = account.messages(page=page_number, sender=sender, remote_phase=remote_phase, created_from=created_from)
        new = [message for message in page.messages if message.uuid not in seen]
        seen |= {message.uuid for message in new}
        yield from new
        if not page.more or not new:
            return
    raise ApiError(
        f"the list of messages of {sender} does not end after {MAX_LISTING_PAGES} pages",
        where="GET /sms",
        why="whether one of them is ours cannot be told",
        next_step="mesms-gitops doctor shows how this account pages",
    )


def _whole(account: Account, message: RemoteMessage) -> RemoteMessage:
    """``message`` with its text, asked for where the listing left it out."""
    if message.content is not None or not message.is_live:
        return message
    return account.message(message.uuid) or message
