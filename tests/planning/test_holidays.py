"""Messages that would leave on a public holiday: by which day, what the policy makes of it, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.campaign import At, MessageClass, Now
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.holidays import Holidays, HolidayStance
from mesms_gitops.model.project import Policy, Project
from mesms_gitops.model.rules import Waiver
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.assemble import summarise
from mesms_gitops.planning.cost import priced
from mesms_gitops.planning.guards import Guarded, guarded
from mesms_gitops.planning.holidays import predicted_years, years_concerned
from mesms_gitops.planning.planner import decide

from .scenes import ZONE, Manifest, Scene, manifest, remembered

if TYPE_CHECKING:
    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.state import CampaignRecord
    from mesms_gitops.planning.situation import Situation

SONGKRAN = date(2027, 4, 13)
KNOWN = Holidays(MappingProxyType({SONGKRAN: "Songkran Festival"}), frozenset({2027}))
NOON = At(datetime(2027, 4, 13, 5, 0, tzinfo=UTC), ZONE)
AT_FILE, AT_POLICY = Position("campaigns/sale.yaml", 9, 1, 9, 9), Position("mesms.yaml", 5, 3, 5, 9)
REFUSE = Policy(holidays={"marketing": HolidayStance.REFUSE})


def marketing(when: At | Now = NOON, **more: object) -> Manifest:
    """A marketing campaign for some time."""
    return manifest(when=when, message_class=MessageClass.MARKETING, positions={"schedule": AT_FILE}, **more)


def project_of(policy: Policy, zone: str = ZONE) -> Project:
    """A project whose policy says where it refuses holidays."""
    positions = {"policy.holidays.marketing": AT_POLICY}
    return Project(Path("/shop"), "mesms.yaml", "", policy=policy, timezone=zone, positions=positions)


def decided(told: Manifest, *records: CampaignRecord, now: datetime | None = None) -> tuple[Situation, list[Action]]:
    """What would be done to one campaign, when holidays are known."""
    scene = Scene((told,), records)
    situation, moves = (scene if now is None else replace(scene, now=now)).situated()
    situation = replace(situation, holidays=KNOWN)
    return situation, [priced(action, {}) for action in decide(situation, moves)]


def checked(
    told: Manifest, policy: Policy, *records: CampaignRecord, now: datetime | None = None, zone: str = ZONE
) -> Guarded:
    """The guards' word on it."""
    situation, actions = decided(told, *records, now=now)
    return guarded(
        tuple(actions), summarise(actions, None), situation, project_of(policy, zone), allow_empty=False
    )  # fmt: skip


def said(found: Guarded) -> list[tuple[str, str]]:
    """Code and severity of everything that is said."""
    warnings = [one for action in found.actions for one in action.diagnostics]
    return [(one.code, one.severity.value) for one in (*found.refusals, *warnings)]


def test_marketing_on_a_holiday_is_warned_of_unless_the_policy_says_otherwise() -> None:
    """The warning names the day and stands at the schedule."""
    found = checked(marketing(), Policy())
    assert found.refusals == ()
    assert found.actions[0].diagnostics == (
        Diagnostic(
            "MS554",
            Severity.WARNING,
            "sale: it would leave on Tue 2027-04-13, a public holiday (Songkran Festival)",
            AT_FILE,
            "schedule",
            "if it is meant, `policy.holidays.marketing: allow` in mesms.yaml ends this warning for all",
            campaign="sale",
        ),
    )


def test_a_refusal_says_where_it_is_set_and_both_ways_around_it() -> None:
    """The day, the key, its place, and the exact override."""
    assert checked(marketing(), REFUSE).refusals == (
        Diagnostic(
            "MS554",
            Severity.ERROR,
            "sale: it would leave on Tue 2027-04-13, a public holiday (Songkran Festival)",
            AT_POLICY,
            "policy.holidays.marketing",
            "write a `schedule` on another day; if it is meant, write `policy.holidays.marketing: warn` in mesms.yaml,"
            " or waive MS554 for sale in policy.waivers",
            refusal=True,
            campaign="sale",
        ),
    )


@pytest.mark.parametrize(
    ("stances", "message_class", "expected"),
    [
        ({"marketing": "warn"}, "transactional", []),
        ({"transactional": "warn"}, "transactional", [("MS554", "warning")]),
        ({"transactional": "refuse"}, "transactional", [("MS554", "error")]),
        ({"transactional": "refuse"}, "marketing", []),
        ({"marketing": "allow"}, "marketing", []),
        ({"marketing": "refuse"}, "marketing", [("MS554", "error")]),
    ],
)
def test_each_class_has_its_own_stance(
    stances: dict[str, str], message_class: str, expected: list[tuple[str, str]]
) -> None:
    """A class that is not named may leave on any day."""
    told = manifest(when=NOON, message_class=MessageClass(message_class))
    policy = Policy(holidays={name: HolidayStance(word) for name, word in stances.items()})
    assert said(checked(told, policy)) == expected


@pytest.mark.parametrize(
    ("leaves", "zone", "is_holiday"),
    [
        (datetime(2027, 4, 12, 16, 59, tzinfo=UTC), ZONE, False),
        (datetime(2027, 4, 12, 17, 0, tzinfo=UTC), ZONE, True),
        (datetime(2027, 4, 13, 16, 59, tzinfo=UTC), ZONE, True),
        (datetime(2027, 4, 13, 17, 0, tzinfo=UTC), ZONE, False),
        (datetime(2027, 4, 12, 17, 0, tzinfo=UTC), "UTC", False),
        (datetime(2027, 4, 13, 23, 59, tzinfo=UTC), "UTC", True),
    ],
)
def test_the_day_is_the_one_of_the_projects_zone_to_the_minute(leaves: datetime, zone: str, is_holiday: bool) -> None:
    """Whatever zone the campaign's own schedule was written in."""
    told = marketing(At(leaves, "America/New_York"))
    assert bool(said(checked(told, Policy(), zone=zone))) is is_holiday


def test_a_now_leaves_after_its_undo_window() -> None:
    """Ten minutes before midnight it is the next day's message, one more minute and it is not."""
    told = marketing(Now(timedelta(minutes=10), ZONE))
    assert said(checked(told, Policy(), now=datetime(2027, 4, 12, 16, 50, tzinfo=UTC))) == [("MS554", "warning")]
    assert said(checked(told, Policy(), now=datetime(2027, 4, 12, 16, 49, tzinfo=UTC))) == []


def test_what_stays_scheduled_is_not_spoken_of() -> None:
    """It was, when it was scheduled."""
    told = marketing()
    assert said(checked(told, REFUSE, remembered(told, SendPhase.SCHEDULED))) == []


def test_a_waiver_turns_the_refusal_into_a_warning() -> None:
    """Of that campaign, until its last day."""
    waiver = Waiver("MS554", "sale", "the fair is on Songkran", date(2027, 4, 20))
    found = checked(marketing(), replace(REFUSE, waivers=(waiver,)))
    assert said(found) == [("MS554", "warning")]
    assert found.actions[0].diagnostics[0].message.endswith("; waived until 2027-04-20: the fair is on Songkran")


def test_no_year_is_asked_about_where_no_day_matters() -> None:
    """Nothing to send, a class that may leave on any day, a draft: holidays are not even looked up."""
    told = marketing()
    for one, policy, records, expected in (
        (told, Policy(), (), {2027}),
        (told, Policy(holidays={}), (), set()),
        (told, Policy(), (remembered(told, SendPhase.SCHEDULED),), set()),
        (manifest(when=NOON), Policy(), (), set()),
    ):
        situation, actions = decided(one, *records)
        assert years_concerned(actions, situation, project_of(policy)) == expected


def test_predicted_years_are_said_once_for_all_campaigns() -> None:
    """Where the policy refuses holidays, also of a day that is none yet; and never of a year that is declared."""
    other = marketing(At(NOON.at + timedelta(days=20), ZONE), name="other", text="Bye")
    scene = Scene((marketing(), other))
    situation, moves = scene.situated()
    actions = decide(situation, moves)
    predicted = replace(situation, holidays=KNOWN)
    (found,) = predicted_years(actions, predicted, project_of(REFUSE))
    assert (found.code, found.severity, found.campaign) == ("MS555", Severity.WARNING, None)
    assert found.message == "the public holidays of 2027 are predicted, not declared"
    declared = replace(situation, holidays=replace(KNOWN, predicted=frozenset({2028})))
    assert not list(predicted_years(actions, declared, project_of(REFUSE)))
    assert not list(predicted_years(actions, predicted, project_of(Policy())))
