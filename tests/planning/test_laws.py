"""What holds of every plan, whatever the files, the state and the account say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.model.campaign import At, DeclaredState
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import Blocked, Reason, Replace, ScheduleSend, SendNow
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase
from mesms_gitops.model.state import CampaignRecord, Freeze
from mesms_gitops.planning.planner import decide
from mesms_gitops.planning.situation import CANCEL_REFUSED, CANCELLED_ELSEWHERE, GONE

from .scenes import (
    AT_ONCE,
    ELEVEN,
    NOW,
    SOON,
    TEN,
    YESTERDAY,
    Manifest,
    Scene,
    after,
    manifest,
    message,
    remembered,
    uuid_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mesms_gitops.model.campaign import When
    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.planning.situation import Situation

NAMES = ("autumn", "sale", "spring")
PEOPLE = range(1, 6)
TIMES: tuple[When, ...] = (TEN, TEN, ELEVEN, YESTERDAY, SOON, AT_ONCE)


@dataclass(frozen=True)
class Played:
    """A situation, what is decided in it, and who is behind each fingerprint that occurs in it."""

    situation: Situation
    moves: Mapping[str, str]
    actions: tuple[Action, ...]
    people: Mapping[str, Numbers]

    def planned(self) -> Iterator[tuple[Action, DesiredSend]]:
        """Every send that would be made."""
        return ((action, send.desired) for action in self.actions for send in action.sends if send.desired)

    def record(self, action: Action) -> CampaignRecord:
        """What state holds of the action's campaign."""
        blank = CampaignRecord(action.campaign, action.file, action.revision)
        return self.situation.recorded.campaigns.get(action.campaign, blank)


@st.composite
def manifests(draw: st.DrawFn, name: str) -> Manifest:
    """One file: one text for everybody, or one for each of two people's names."""
    is_personal = draw(st.booleans())
    values = ("Ann", "Bob") if is_personal else ("",)
    chosen = {person: draw(st.sampled_from((*values, *values, None))) for person in PEOPLE}
    return manifest(
        name,
        draw(st.sampled_from(("Hi {name}", "Dear {name}") if is_personal else ("Hello", "Hey"))),
        {value: [person for person in PEOPLE if chosen[person] == value] for value in values},
        when=draw(st.sampled_from(TIMES)),
        state=draw(st.sampled_from((*[DeclaredState.ACTIVE] * 4, DeclaredState.DRAFT, DeclaredState.CANCELLED))),
        revision=draw(st.sampled_from((1, 1, 1, 2))),
        moved_from=draw(st.sampled_from((None, None, None, *(other for other in NAMES if other != name)))),
    )


@st.composite
def records(draw: st.DrawFn, told: Manifest) -> CampaignRecord:
    """What state may hold of a campaign whose manifest once was ``told``: each send in any phase, or never tried."""
    phases = {
        send.text or "": phase
        for send in told.sends()
        if (phase := draw(st.sampled_from((None, SendPhase.SCHEDULED, SendPhase.STARTED, *SendPhase)))) is not None
    }
    made = remembered(told, phases, ago=draw(st.sampled_from((timedelta(hours=1), timedelta(days=2)))))
    intent = st.sampled_from(CancelReason).map(lambda why: CancelIntent("run-1", NOW, why))
    sends = []
    for send in made.sends:
        about: dict[str, Any] = {}
        if send.phase is SendPhase.CANCELLED:
            cancel = draw(st.none() | intent)
            about = {"cancel": cancel, "reason": None if cancel else CANCELLED_ELSEWHERE}
        elif send.phase is SendPhase.SCHEDULED:
            about = {"reason": draw(st.sampled_from((None, None, None, GONE, CANCEL_REFUSED)))}
        elif send.phase is SendPhase.FAILED and draw(st.booleans()):
            about = {"uuid": uuid_of(told.name, f"failed {send.fingerprint}")}
        sends.append(replace(send, **about))
    return replace(made, sends=tuple(sends), retired=draw(st.integers(0, 9)) == 0)


@st.composite
def listings(draw: st.DrawFn, known: list[Manifest]) -> tuple[RemoteMessage, ...]:
    """Messages by others that are what one of our sends is or could be."""
    sends = [(told, send) for told in known for send in told.sends()]
    chosen = draw(st.lists(st.sampled_from(sends), max_size=3)) if sends else []
    return tuple(
        message(told, send.text or "", f"by hand {index}", draw(st.sampled_from(RemotePhase)))
        for index, (told, send) in enumerate(chosen)
    )


@st.composite
def played(draw: st.DrawFn) -> Played:
    """A scene of up to three campaigns, each with any manifest, any past, and any messages beside them."""
    now, past = [], []
    remembering: list[CampaignRecord] = []
    for name in NAMES:
        told = draw(manifests(name))
        once = draw(st.one_of(st.just(told), manifests(name)))
        if draw(st.integers(0, 4)):
            now.append(told)
        if draw(st.integers(0, 3)):
            past.append(once)
            record = draw(records(once))
            if once.campaign.revision == 2 and draw(st.booleans()):
                first = replace(once, campaign=replace(once.campaign, revision=1))
                record = after(draw(records(first)), record)
            remembering.append(record)
    listing = draw(listings([*now, *past]))
    scene = Scene(
        manifests=tuple(now),
        records=tuple(remembering),
        listing=listing,
        same=frozenset(found.uuid for found in listing if draw(st.booleans())),
        freeze=draw(
            st.sampled_from((Freeze(), Freeze(), Freeze(campaigns=frozenset({"sale"})), Freeze(everything=True)))
        ),
    )
    situation, moves = scene.situated()
    known = {send.fingerprint: send.numbers for told in (*now, *past) for send in told.sends() if send.numbers}
    return Played(situation, moves, decide(situation, moves), known)


def _backwards(situation: Situation) -> Situation:
    """The same situation, every mapping and the listing in the other order."""
    recorded = situation.recorded
    campaigns = MappingProxyType(dict(sorted(recorded.campaigns.items(), reverse=True)))
    return replace(
        situation,
        wanted=dict(sorted(situation.wanted.items(), reverse=True)),
        recorded=replace(recorded, campaigns=campaigns),
        observed=replace(situation.observed, listing=situation.observed.listing[::-1]),
    )


def the_same_situation_is_decided_the_same_in_any_order(play: Played) -> None:
    assert decide(_backwards(play.situation), dict(sorted(play.moves.items(), reverse=True))) == play.actions


def every_campaign_is_decided_at_most_once_and_in_order(play: Played) -> None:
    names = [action.campaign for action in play.actions]
    assert names == sorted(set(names))


def nothing_that_is_live_or_unsettled_is_planned_again(play: Played) -> None:
    taken = {
        (campaign.name, record.revision, record.fingerprint)
        for campaign, record in play.situation.recorded.sends()
        if record.is_live or record.is_unsettled
    }
    assert not taken & {(action.campaign, action.revision, send.fingerprint) for action, send in play.planned()}


def nobody_in_a_started_send_is_texted_again_by_the_same_revision(play: Played) -> None:
    for action, send in play.planned():
        left = [old for old in play.record(action).sends if old.is_final and old.revision == action.revision]
        assert not {person for old in left for person in play.people[old.fingerprint]} & set(send.numbers or ())


def one_plan_never_sends_the_same_twice(play: Played) -> None:
    fingerprints = [send.fingerprint for _, send in play.planned()]
    assert len(fingerprints) == len(set(fingerprints))


def a_replace_waits_for_everything_it_cancels(play: Played) -> None:
    for action in play.actions:
        if isinstance(action, Replace):
            assert action.cancels
            assert {step.record.uuid for step in action.cancels} <= set(action.waits_for)


def only_what_is_scheduled_is_cancelled(play: Played) -> None:
    steps = [step.record for action in play.actions for step in action.cancels]
    assert all(record.phase is SendPhase.SCHEDULED and record.uuid for record in steps)


def what_is_frozen_or_late_is_never_sent(play: Played) -> None:
    for action, send in play.planned():
        assert not play.situation.freeze.covers(action.campaign)
        assert not isinstance(send.when, At) or send.when.at > play.situation.now


def a_message_somebody_cancelled_outside_is_never_created_again(play: Played) -> None:
    for action, send in play.planned():
        old = [old for old in play.record(action).sends if old.revision == action.revision]
        assert send.fingerprint not in {gone.fingerprint for gone in old if gone.reason == CANCELLED_ELSEWHERE}


def with_an_unsettled_send_a_campaign_is_blocked_until_that_is_adopted(play: Played) -> None:
    for action in play.actions:
        unsettled = {(old.revision, old.fingerprint) for old in play.record(action).sends if old.is_unsettled}
        settled = {(adoption.record.revision, adoption.record.fingerprint) for adoption in action.adoptions}
        assert unsettled <= settled or action.reason is Reason.UNKNOWN_SEND


def a_message_becomes_at_most_one_send(play: Played) -> None:
    found = [adoption.message.uuid for action in play.actions for adoption in action.adoptions]
    assert len(found) == len(set(found))
    assert not set(found) & play.situation.recorded.claimed


def beside_a_lost_state_nothing_is_sent(play: Played) -> None:
    if play.situation.recorded.is_blank and any(action.reason is Reason.FOREIGN_MESSAGE for action in play.actions):
        assert not list(play.planned())


def only_what_sends_carries_sends_and_what_is_blocked_does_nothing(play: Played) -> None:
    for action in play.actions:
        carries = any(send.desired for send in action.sends)
        assert carries == isinstance(action, SendNow | ScheduleSend | Replace)
        assert not (isinstance(action, Blocked) and action.cancels)


LAWS: tuple[Callable[[Played], None], ...] = (
    the_same_situation_is_decided_the_same_in_any_order,
    every_campaign_is_decided_at_most_once_and_in_order,
    nothing_that_is_live_or_unsettled_is_planned_again,
    nobody_in_a_started_send_is_texted_again_by_the_same_revision,
    one_plan_never_sends_the_same_twice,
    a_replace_waits_for_everything_it_cancels,
    only_what_is_scheduled_is_cancelled,
    what_is_frozen_or_late_is_never_sent,
    a_message_somebody_cancelled_outside_is_never_created_again,
    with_an_unsettled_send_a_campaign_is_blocked_until_that_is_adopted,
    a_message_becomes_at_most_one_send,
    beside_a_lost_state_nothing_is_sent,
    only_what_sends_carries_sends_and_what_is_blocked_does_nothing,
)


@given(played())
@settings(max_examples=400, deadline=None)
def test_every_law_holds_of_every_plan(play: Played) -> None:
    for law in LAWS:
        law(play)
