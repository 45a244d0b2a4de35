"""When a campaign leaves: the time in its zone, against the clock and against the windows."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from mesms_gitops.manifests.scalars import Misfit, Moment, zone
from mesms_gitops.manifests.schema import ScheduleKeys
from mesms_gitops.model.campaign import At, DeclaredState, Now, Schedule
from mesms_gitops.model.diagnostic import Severity

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mesms_gitops.manifests.build import Draft
    from mesms_gitops.manifests.text_file import Span
    from mesms_gitops.model.campaign import MessageClass, When, Window


def schedule_of(draft: Draft, message_class: MessageClass) -> Schedule | None:
    """The schedule of ``draft``, None if it has none (that is an error in an active campaign)."""
    given = draft.keys.schedule
    if given is None or (isinstance(given, ScheduleKeys) and given.at is None):
        _missing(draft)
        return None
    keys = given if isinstance(given, ScheduleKeys) else ScheduleKeys.model_construct(at=given)
    assert isinstance(keys.at, Moment)
    zone_name = keys.timezone or draft.around.project.timezone
    local_zone = zone(zone_name)
    assert local_zone is not None  # both names were checked where they are written
    when: When
    if keys.at.is_now:
        when = Now(draft.around.project.undo_window, zone_name)
    else:
        try:
            when = At(keys.at.at(local_zone), zone_name)
        except Misfit as misfit:
            draft.findings.error(
                misfit.code,
                misfit.message,
                at=_place(draft),
                field=_field(draft),
                why=misfit.why,
                next_step=misfit.next_step,
            )
            return None
        _check_time(draft, when.at, local_zone, message_class, keys.window)
    return Schedule(when, keys.window, keys.give_up_after)


def _field(draft: Draft) -> str:
    return "schedule.at" if draft.node("schedule", "at") is not None else "schedule"


def _place(draft: Draft) -> Span:
    return draft.at(*_field(draft).split("."))


def _missing(draft: Draft) -> None:
    if draft.state is not DeclaredState.ACTIVE or "schedule" in draft.broken:
        return
    draft.findings.error(
        "MS211",
        "it is not said when the messages leave",
        at=draft.own("schedule"),
        field="schedule",
        next_step="write schedule: 2027-04-10T10:00, schedule: now, or state: draft",
    )


def _check_time(
    draft: Draft, at: datetime, local_zone: ZoneInfo, message_class: MessageClass, window: Window | None
) -> None:
    if draft.state is DeclaredState.CANCELLED:
        return
    if at <= draft.around.now.astimezone(UTC):
        draft.is_past = _past(draft, at, local_zone)
        if draft.is_past:
            return
    project = draft.around.project
    severity = Severity.WARNING if draft.state is DeclaredState.DRAFT else Severity.ERROR
    project_zone = zone(project.timezone) or local_zone
    rule = project.policy.windows.get(message_class.value)
    if rule is not None and not rule.holds(at.astimezone(project_zone).time()):
        _outside(draft, "MS208", at.astimezone(project_zone), rule, f"the window of {message_class} messages", severity)
    if window is not None and not window.holds(at.astimezone(local_zone).time()):
        _outside(draft, "MS209", at.astimezone(local_zone), window, "the campaign's own window", severity)


def _outside(draft: Draft, code: str, local: datetime, window: Window, whose: str, severity: Severity) -> None:
    draft.findings.error(
        code,
        f"{local:{'%H:%M:%S' if local.second else '%H:%M'}} in {local.tzinfo} is outside {window}, {whose}",
        at=_place(draft),
        field=_field(draft),
        next_step=f"choose a time between {window.opens:%H:%M} and {window.closes:%H:%M}",
        severity=severity,
    )


def _past(draft: Draft, at: datetime, local_zone: ZoneInfo) -> bool:
    """Whether a passed time is no mistake: the campaign was sent, or was committed while its time was still to come."""
    around, local = draft.around, at.astimezone(local_zone)
    if any(name in around.known_sent for name in (draft.name, draft.keys.moved_from) if name):
        return True
    said = f"{local:%Y-%m-%d %H:%M %z} has passed"
    committed = around.last_commit(draft.file)
    in_time = committed is not None and committed < at
    if in_time:
        advice = "nothing will be sent; to send it after all, write a new time"
    else:
        advice = "write a time to come; a message is never sent late"
    draft.findings.error(
        "MS207" if in_time else "MS206",
        said + (", and no state records a send" if in_time else ""),
        at=_place(draft),
        field=_field(draft),
        next_step=advice,
        severity=Severity.WARNING if in_time or draft.state is DeclaredState.DRAFT else Severity.ERROR,
    )
    return in_time
