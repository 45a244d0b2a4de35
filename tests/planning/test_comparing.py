"""With what an audience is compared, when that is worth saying, and what the next plan is held against."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import Blocked, Plan, Reason, ScheduleSend, Summary
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.sketch import MOST_BITS, STRATA, AudienceSketch
from mesms_gitops.model.state import SKETCHES_KEPT, CampaignRecord, State
from mesms_gitops.planning.comparing import Remembered, remembered, with_news
from mesms_gitops.planning.sketches import packed

from . import scenes
from .scenes import LINEAGE, NOW, manifest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.planning.desire import Wanted

EARLIER = NOW - timedelta(hours=5)


def sketch(people: Iterable[int]) -> AudienceSketch:
    """A sketch whose hash is a random generator: what is compared here is not how it is made."""
    strata, size = [0] * STRATA, 0
    for person in people:
        size += 1
        rng = Random(person)
        level = next((n for n in range(STRATA - 1) if rng.random() < 0.75), STRATA - 1)
        strata[level] ^= 1 << rng.randrange(MOST_BITS)
    return packed(strata, size)


OLD, NEW = sketch(range(1000)), sketch(range(30, 1010))


def wanted(name: str = "sale", people: AudienceSketch | None = NEW, text: str = "Hello", **more: Any) -> Wanted:
    return replace(manifest(name, text, **more).wanted(), sketch=people)


def recorded(name: str, phase: SendPhase, people: AudienceSketch | None, text: str = "Before") -> CampaignRecord:
    return replace(scenes.remembered(manifest(name, text), phase), sketch=people)


def state(*records: CampaignRecord) -> State:
    return State(LINEAGE, campaigns=MappingProxyType({record.name: record for record in records}))


def news(one: Wanted, *records: CampaignRecord, last: AudienceSketch | None = None, others: Any = ()) -> Wanted:
    """``one`` after it was compared; ``last`` is what the last plan showed of it."""
    memory = {one.campaign.name: Remembered(last, EARLIER)} if last else {}
    everything = {each.campaign.name: each for each in (one, *others)}
    return with_news(everything, state(*records), memory)[one.campaign.name]


def test_a_new_campaign_is_compared_with_the_last_plan() -> None:
    """Ten came, thirty left, and it says since when."""
    change = news(wanted(), last=OLD).audience_change
    assert change is not None
    assert (change.since, change.at, change.before, change.now) == ("the last plan", EARLIER, 1000, 980)
    assert abs(change.estimate.added - 10) <= change.estimate.error
    assert change.estimate.removed - change.estimate.added == 20
    assert 0 < change.certain <= 40


def test_a_scheduled_campaign_is_compared_with_what_is_scheduled() -> None:
    """What the last plan showed does not count then; and what is not scheduled any more does not either."""
    change = news(wanted(), recorded("sale", SendPhase.SCHEDULED, OLD), last=NEW).audience_change
    assert change is not None
    assert change.since == "the scheduled message"
    assert news(wanted(), recorded("sale", SendPhase.CANCELLED, OLD), last=NEW).audience_change is None
    sent = news(wanted(), recorded("sale", SendPhase.SENT, OLD)).audience_change
    assert sent is not None
    assert sent.since == "the last message"
    unsketched = news(wanted(), recorded("sale", SendPhase.SCHEDULED, None), last=OLD).audience_change
    assert unsketched is not None
    assert unsketched.since == "the last plan"


def test_where_nothing_changed_nothing_is_said() -> None:
    """Neither of the same people, nor where nothing is known, nor of what is on its way already."""
    assert news(wanted(), last=NEW).audience_change is None
    assert news(wanted()).audience_change is None
    assert news(wanted(people=None), last=OLD).audience_change is None
    same = recorded("sale", SendPhase.SCHEDULED, OLD, text="Hello")
    assert news(wanted(), same, last=OLD).audience_change is None


def test_the_three_that_share_most_are_named_most_first() -> None:
    """Of this plan and of what was texted; not itself, not its former name, not what was cancelled, not strangers."""
    own = sketch(range(1000))
    others = [
        wanted("half", sketch(range(500, 1600)), "b"),
        wanted("most", sketch(range(100, 1200)), "c"),
        wanted("stranger", sketch(range(5000, 6000)), "d"),
        wanted("third", sketch(range(700, 1700)), "e"),
        wanted("quarter", sketch(range(750, 1700)), "f"),
    ]
    records = [
        recorded("texted", SendPhase.SENT, sketch(range(1000))),
        recorded("taken-back", SendPhase.CANCELLED, own),
        recorded("old-name", SendPhase.SCHEDULED, own),
    ]
    found = news(wanted(people=own, moved_from="old-name"), *records, others=others).overlaps
    assert [one.campaign for one in found] == ["texted", "most", "half"]
    assert [abs(one.share - share) <= one.error + 1 for one, share in zip(found, (100, 90, 50), strict=True)] == [
        True
    ] * 3


def plan(*actions: Any, refusals: tuple[Diagnostic, ...] = ()) -> Plan:
    summary = Summary((), 0, 0, 0, 0, None, None)
    return Plan(NOW, NOW, "", (), LINEAGE, 0, None, actions, summary, refusals)


def schedule(name: str) -> ScheduleSend:
    return ScheduleSend(campaign=name, reason=Reason.NEW, message="")


def test_the_next_plan_is_held_against_what_this_one_showed() -> None:
    """A campaign that is gone is forgotten; one that is not spoken of stays as it was."""
    former = {"sale": Remembered(OLD, EARLIER), "gone": Remembered(OLD, EARLIER), "other": Remembered(OLD, EARLIER)}
    both = {"sale": wanted(), "other": wanted("other"), "new": wanted("new"), "draft": wanted("draft", None)}
    assert remembered(plan(schedule("sale")), both, former) == {
        "sale": Remembered(NEW, NOW),
        "other": Remembered(OLD, EARLIER),
        "new": Remembered(NEW, NOW),
    }


def test_a_refused_change_is_not_what_the_next_plan_is_held_against() -> None:
    """Else the second plan of a broken list would pass. So it is for what is held back, and seen by no guard."""
    refusal = Diagnostic("MS553", Severity.ERROR, "", refusal=True, campaign="sale")
    former = {"sale": Remembered(OLD, EARLIER)}
    assert remembered(plan(schedule("sale"), refusals=(refusal,)), {"sale": wanted()}, former) == former
    held = Blocked(campaign="sale", reason=Reason.FROZEN, message="")
    assert remembered(plan(held), {"sale": wanted()}, former) == former
    other = replace(refusal, code="MS541")
    assert remembered(plan(schedule("sale"), refusals=(other,)), {"sale": wanted()}, former)["sale"].sketch == NEW


def test_a_state_keeps_the_sketches_of_the_newest_campaigns() -> None:
    """Twenty of them, by when a message was last intended; nothing else of the older ones is lost."""
    records = []
    for age in range(SKETCHES_KEPT + 5):
        record = recorded(f"c-{age}", SendPhase.SENT, NEW, text=f"{age}")
        when = NOW - timedelta(days=age)
        records.append(replace(record, sends=tuple(replace(send, intended_at=when) for send in record.sends)))
    made = state(*records).with_newest_sketches()
    assert {name for name, record in made.campaigns.items() if record.sketch} == {
        f"c-{age}" for age in range(SKETCHES_KEPT)
    }
    for record in records:
        assert replace(made.campaigns[record.name], sketch=None) == replace(record, sketch=None)
    assert made.with_newest_sketches() is made
