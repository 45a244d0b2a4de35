"""Messages that would leave on a public holiday, by the date it is in the project's time zone when they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mesms_gitops.model.campaign import Now
from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.holidays import HolidayStance
from mesms_gitops.model.plan import Replace, ScheduleSend, SendNow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.plan import Action
    from mesms_gitops.model.project import Project
    from mesms_gitops.planning.situation import Situation

ON_A_HOLIDAY = "MS554"
PREDICTED = "MS555"


def stance_of(campaign: Campaign, project: Project) -> HolidayStance:
    """What the policy says of this campaign's class; a class it does not name may leave on any day."""
    return project.policy.holidays.get(campaign.message_class.value, HolidayStance.ALLOW)


def day_of(campaign: Campaign, project: Project, now: datetime) -> date | None:
    """The day on which ``campaign`` leaves; of a ``now`` the one it is after the undo window."""
    if campaign.schedule is None:
        return None
    when = campaign.schedule.when
    leaves = now + when.undo_window if isinstance(when, Now) else when.at
    return leaves.astimezone(ZoneInfo(project.timezone)).date()


def years_concerned(actions: Iterable[Action], situation: Situation, project: Project) -> frozenset[int]:
    """The years whose holidays matter for what would be sent; none if the policy asks about none of it."""
    return frozenset(day.year for _, day in _days(actions, situation, project))


def predicted_years(actions: Iterable[Action], situation: Situation, project: Project) -> Iterator[Diagnostic]:
    """One warning for all campaigns that a holiday would refuse, of years of which not every holiday is declared.

    Where a holiday is only warned of, nobody relies on the list being complete.
    """
    refusable = (day.year for stance, day in _days(actions, situation, project) if stance is HolidayStance.REFUSE)
    years = situation.holidays.predicted.intersection(refusable)
    if years:
        yield Diagnostic(
            code=PREDICTED,
            severity=Severity.WARNING,
            message=f"the public holidays of {', '.join(map(str, sorted(years)))} are predicted, not declared",
            why="Buddhist days follow the moon, and the cabinet declares further days year by year",
            next_step="compare the days with the cabinet's list; a newer release of the package `holidays` may know it",
        )


def _days(actions: Iterable[Action], situation: Situation, project: Project) -> Iterator[tuple[HolidayStance, date]]:
    for action in actions:
        if not isinstance(action, SendNow | ScheduleSend | Replace):
            continue
        campaign = situation.wanted[action.campaign].campaign
        stance, day = stance_of(campaign, project), day_of(campaign, project, situation.now)
        if day is not None and stance is not HolidayStance.ALLOW:
            yield stance, day


def holiday_of(campaign: Campaign, project: Project, situation: Situation) -> Diagnostic | None:
    """What there is to say about the day on which ``campaign`` leaves: a warning, a refusal, or nothing."""
    stance, day = stance_of(campaign, project), day_of(campaign, project, situation.now)
    name = situation.holidays.names.get(day) if day is not None else None
    if day is None or name is None or stance is HolidayStance.ALLOW:
        return None
    key = f"policy.holidays.{campaign.message_class.value}"
    refused = stance is HolidayStance.REFUSE
    override = f"write `{key}: warn` in {project.file}, or waive {ON_A_HOLIDAY} for {campaign.name} in policy.waivers"
    return Diagnostic(
        code=ON_A_HOLIDAY,
        severity=Severity.ERROR if refused else Severity.WARNING,
        message=f"{campaign.name}: it would leave on {day:%a} {day.isoformat()}, a public holiday ({name})",
        position=project.positions.get(key) if refused else campaign.position("schedule"),
        field=key if refused else "schedule",
        next_step=f"write a `schedule` on another day; if it is meant, {override}"
        if refused
        else f"if it is meant, `{key}: allow` in {project.file} ends this warning for all",
        refusal=refused,
        campaign=campaign.name,
    )
