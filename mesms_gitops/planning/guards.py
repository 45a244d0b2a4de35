"""What must hold before the first effect. Each refusal says what was measured, the limit, where it is set, and the
exact override. Elsewhere guards watch deletion; here the dangerous verb is *create*.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mesms_gitops.model.campaign import Now
from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import Replace, ScheduleSend, SendNow
from mesms_gitops.model.rules import Planned
from mesms_gitops.planning.comparing import MOVED_TOO_FAR
from mesms_gitops.planning.fan_out import cause_of
from mesms_gitops.planning.holidays import holiday_of
from mesms_gitops.planning.waivers import waived

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Position
    from mesms_gitops.model.plan import Action, Summary
    from mesms_gitops.model.project import Project
    from mesms_gitops.planning.desire import Wanted
    from mesms_gitops.planning.situation import Situation

Sending = SendNow | ScheduleSend | Replace


@dataclass(frozen=True, slots=True)
class Guarded:
    """The actions, each with the warnings about it, and the guards that do not hold: with none they may be applied."""

    actions: tuple[Action, ...]
    refusals: tuple[Diagnostic, ...]


def guarded(
    actions: tuple[Action, ...], summary: Summary, situation: Situation, project: Project, *, allow_empty: bool
) -> Guarded:
    """Hold ``actions`` against every limit, policy and rule, waivers considered."""
    found = waived(_found(actions, summary, situation, project, allow_empty=allow_empty), project, situation.now)
    warnings = [item for item in found if not item.is_error]
    return Guarded(tuple(_with(action, warnings) for action in actions), tuple(item for item in found if item.is_error))


def _with(action: Action, warnings: list[Diagnostic]) -> Action:
    own = tuple(found for found in warnings if found.campaign == action.campaign)
    return replace(action, diagnostics=(*action.diagnostics, *own)) if own else action


def _found(
    actions: Iterable[Action], summary: Summary, situation: Situation, project: Project, *, allow_empty: bool
) -> tuple[Diagnostic, ...]:
    sending = [action for action in actions if isinstance(action, Sending)]
    return (
        *(found for action in sending for found in _of_campaign(action, situation, project)),
        *_of_apply(sending, summary, project),
        *_of_account(sending, summary, situation),
        *_of_folder(situation, allow_empty),
    )


def _of_campaign(action: Sending, situation: Situation, project: Project) -> Iterator[Diagnostic]:
    wanted = situation.wanted[action.campaign]
    campaign = wanted.campaign
    yield from _own_limits(action, campaign, _whole(action, wanted))
    policy = project.policy
    most_parts = max((parts for parts, _ in action.parts), default=0)
    for code, noun, measured, limit, key in (
        ("MS541", "recipients", action.recipients, policy.max_recipients_campaign, "policy.max_recipients.campaign"),
        ("MS543", "credits", action.credits, policy.max_credits_campaign, "policy.max_credits.campaign"),
        ("MS550", "parts in one message", most_parts, policy.max_parts, "policy.max_parts"),
    ):
        yield from _over(measured, limit, code, noun, project, key, campaign.name)
    yield from _moved_audience(action, campaign, project)
    yield from _window(campaign, project, situation)
    if found := holiday_of(campaign, project, situation):
        yield found
    yield from _rules(action, campaign, situation, project)


def _moved_audience(action: Sending, campaign: Campaign, project: Project) -> Iterator[Diagnostic]:
    """Too many came or left, for certain: the bound of the estimate's error is taken off each side."""
    change, limit, key = action.audience_change, project.policy.max_audience_change, "policy.max_audience_change"
    if change is None or limit is None or not change.before:
        return
    if change.certain > limit * change.before + 1e-9:  # 29 % of 100 is 28.999… in binary
        measured = ceil(1000 * change.certain / change.before) / 10
        yield _refusal(
            MOVED_TOO_FAR,
            f"{campaign.name}: {change.certain:,} people or more came or left since {change.since}, {measured:g} % of"
            f" {change.before:,}; the limit is {100 * limit:g} %",
            project.positions.get(key),
            key,
            f"look at its lists; if it is meant, raise `{key}` in {project.file} to {ceil(measured)}%, or waive"
            f" {MOVED_TOO_FAR} for {campaign.name} in policy.waivers"
            if measured <= 100
            else f"look at its lists; if it is meant, waive {MOVED_TOO_FAR} for {campaign.name} in policy.waivers of"
            f" {project.file}",
            campaign.name,
        )


def _rules(action: Sending, campaign: Campaign, situation: Situation, project: Project) -> Iterator[Diagnostic]:
    if not project.policy.rules or campaign.schedule is None:
        return
    when = campaign.schedule.when
    leaves = situation.now + when.undo_window if isinstance(when, Now) else when.at
    planned = Planned(campaign, action, situation.now, leaves.astimezone(ZoneInfo(project.timezone)))
    for rule in project.policy.rules:
        if found := rule.broken_by(planned):
            yield found


def _whole(action: Sending, wanted: Wanted) -> int:
    """How many people the campaign texts, with those whose message is on its way: what is left of it may be few."""
    return max(action.recipients, sum(send.recipients for send in wanted.sends or ()))


def _own_limits(action: Sending, campaign: Campaign, people: int) -> Iterator[Diagnostic]:
    limits = campaign.limits
    most_parts = max((parts for parts, _ in action.parts), default=0)
    for code, noun, measured, limit, key in (
        ("MS531", "recipients", people, limits.recipients_max, "limits.recipients.max"),
        ("MS532", "credits", action.credits, limits.credits, "limits.credits"),
        ("MS533", "requests (one for each distinct text)", action.requests, limits.requests, "limits.requests"),
        ("MS534", "parts in one message", most_parts, limits.parts, "limits.parts"),
    ):
        if limit is not None and measured > limit:
            yield _refusal(
                code,
                f"{campaign.name}: {measured:,} {noun} are more than the limit of {limit:,}",
                campaign.position(key),
                key,
                f"raise `{key}` in {campaign.file} to {measured}, if it is meant",
                campaign.name,
                cause_of(action.fan_out) if code == "MS533" else None,
            )
    least = limits.recipients_min
    if least is not None and people < least:
        key = "limits.recipients.min"
        yield _refusal(
            "MS531",
            f"{campaign.name}: {people:,} recipients are fewer than the least of {least:,}",
            campaign.position(key),
            key,
            f"check that it is the right list; lower `{key}` in {campaign.file} to {people}, if it is",
            campaign.name,
        )


def _window(campaign: Campaign, project: Project, situation: Situation) -> Iterator[Diagnostic]:
    """A ``now`` leaves when it is applied: only here is that time known. Fixed times were checked with the manifest.

    The campaign's window is in the zone of its schedule, the project's in the project's: no manifest moves that one.
    """
    schedule = campaign.schedule
    if schedule is None or not isinstance(schedule.when, Now):
        return
    leaves = situation.now + schedule.when.undo_window
    kind = campaign.message_class.value
    for window, zone, where in (
        (schedule.window, schedule.when.timezone, "schedule.window"),
        (project.policy.windows.get(kind), project.timezone, f"policy.windows.{kind}"),
    ):
        local = leaves.astimezone(ZoneInfo(zone))
        if window is not None and not window.holds(local.timetz()):
            yield _refusal(
                "MS549",
                f"{campaign.name}: it would leave at {local:%H:%M}, outside {window}",
                campaign.position("schedule"),
                where,
                f"apply within the window, or write a `schedule` that lies in it; or change `{where}`, if it is wrong",
                campaign.name,
                _where_set(where, campaign, project),
            )


def _where_set(key: str, campaign: Campaign, project: Project) -> str:
    """Where a window stands; one that nobody wrote is the default."""
    at = campaign.position(key) if key.startswith("schedule") else project.positions.get(key)
    return f"`{key}` is set at {at.file}:{at.line}" if at else f"`{key}` is not written: that is the default"


def _of_apply(sending: list[Sending], summary: Summary, project: Project) -> Iterator[Diagnostic]:
    if not sending:
        return
    policy = project.policy
    yield from _over(
        summary.recipients, policy.max_recipients_apply, "MS542", "recipients", project, "policy.max_recipients.apply"
    )
    yield from _over(summary.credits, policy.max_credits_apply, "MS544", "credits", project, "policy.max_credits.apply")
    least = policy.min_balance_after
    if least is not None and summary.balance_after is not None and 0 <= summary.balance_after < least:
        yield _refusal(
            "MS545",
            f"the balance afterwards would be {summary.balance_after:,} credits, less than {least:,}",
            project.positions.get("policy.min_balance_after"),
            "policy.min_balance_after",
            f"top up the account, or lower `policy.min_balance_after` in {project.file} to {summary.balance_after}",
        )


def _of_account(sending: list[Sending], summary: Summary, situation: Situation) -> Iterator[Diagnostic]:
    if summary.balance is not None and summary.balance_after is not None and sending and summary.balance_after < 0:
        refund = f" and {summary.refund:,} come back" if summary.refund else ""
        yield _refusal(
            "MS546",
            f"the plan costs {summary.credits:,} credits{refund}, the balance is {summary.balance:,}:"
            f" {-summary.balance_after:,} short",
            None,
            None,
            "top up the account, or apply fewer campaigns with --target NAME",
        )
    if situation.observed.senders is None:
        return
    approved = {sender.name for sender in situation.observed.senders if sender.approved}
    for action in sending:
        if action.sender not in approved:
            yield _unapproved(action, situation.wanted, approved)


def _unapproved(action: Sending, wanted: Mapping[str, Wanted], approved: set[str]) -> Diagnostic:
    campaign = wanted[action.campaign].campaign
    names = ", ".join(sorted(approved)) or "none"
    return _refusal(
        "MS547",
        f"{campaign.name}: the sender {action.sender} is not approved on this account",
        campaign.position("sender"),
        "sender",
        f"use an approved sender ({names}), or ask for this one on the Senders page of ME-SMS",
        campaign.name,
    )


def _of_folder(situation: Situation, allow_empty: bool) -> Iterator[Diagnostic]:
    live = [
        record.name
        for record in situation.recorded.campaigns.values()
        if not record.retired and any(send.is_live for send in record.current)
    ]
    if live and not situation.wanted and not allow_empty:
        yield _refusal(
            "MS548",
            f"no manifest is left, but state knows {len(live)} live campaign{'s' * (len(live) > 1)};"
            " what is scheduled would be cancelled",
            None,
            "campaigns",
            "bring the manifests back, or say --allow-empty if they are all to be cancelled",
        )


def _over(
    measured: int, limit: int | None, code: str, noun: str, project: Project, key: str, campaign: str | None = None
) -> Iterator[Diagnostic]:
    if limit is not None and measured > limit:
        subject = f"{campaign}: " if campaign else "all campaigns together: "
        yield _refusal(
            code,
            f"{subject}{measured:,} {noun} are more than the limit of {limit:,}",
            project.positions.get(key),
            key,
            f"raise `{key}` in {project.file} to {measured}, if it is meant",
            campaign,
        )


def _refusal(
    code: str,
    message: str,
    position: Position | None,
    field: str | None,
    next_step: str,
    campaign: str | None = None,
    why: str | None = None,
) -> Diagnostic:
    return Diagnostic(
        code=code,
        severity=Severity.ERROR,
        message=message,
        position=position,
        field=field,
        why=why,
        next_step=next_step,
        refusal=True,
        campaign=campaign,
    )
