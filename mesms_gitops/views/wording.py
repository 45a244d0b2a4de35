"""What actions and reasons are called before people, once for the terminal and for Markdown."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from shlex import quote
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from mesms_gitops.model.campaign import Now
from mesms_gitops.model.plan import (
    EFFECTS,
    Adopt,
    Blocked,
    Cancel,
    CreditsSource,
    Forget,
    Keep,
    Reason,
    Replace,
    ScheduleSend,
    SendNow,
    is_change,
)
from mesms_gitops.views.layout import both_times, counted, duration, figure, local_time, printable, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.model.audience import AudienceCounts
    from mesms_gitops.model.plan import Action, Plan, Preview
    from mesms_gitops.model.sketch import AudienceChange, Overlap

PROGRAM = "mesms-gitops"

SYMBOLS: Mapping[str, str] = MappingProxyType(
    {
        "send": "+!",
        "schedule": "+",
        "replace": "~",
        "cancel": "-",
        "adopt": ">",
        "forget": ".",
        "keep": "=",
        "blocked": "!",
    }
)

TO_DO: Mapping[str, str] = MappingProxyType(
    {
        "send": "to send now",
        "schedule": "to schedule",
        "replace": "to replace",
        "cancel": "to cancel",
        "adopt": "to adopt",
        "forget": "to forget",
        "keep": "kept",
        "blocked": "blocked",
    }
)

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEW: "new",
        Reason.REVISION_RAISED: "revision raised",
        Reason.RETRY: "tried again after a refusal",
        Reason.RESUMED: "resumed",
        Reason.CONTENT_CHANGED: "the text changed",
        Reason.SENDER_CHANGED: "the sender changed",
        Reason.SCHEDULE_CHANGED: "the time changed",
        Reason.AUDIENCE_CHANGED: "the audience changed",
        Reason.SEVERAL_CHANGED: "several things changed",
        Reason.MANIFEST_DELETED: "its manifest was deleted",
        Reason.DECLARED_CANCELLED: "cancelled in its manifest",
        Reason.DRAFT: "draft",
        Reason.MOVED: "renamed",
        Reason.RECOVERED: "found again on the account",
        Reason.UNCHANGED: "unchanged",
        Reason.ALREADY_SENT: "already sent",
        Reason.NOTHING_TO_DO: "nothing to do",
        Reason.UNKNOWN_SEND: "nobody knows whether it was sent",
        Reason.CHANGED_AFTER_START: "changed after it started",
        Reason.TOO_LATE_TO_CANCEL: "too late to cancel",
        Reason.TIME_PASSED: "its time has passed",
        Reason.CANCELLED_ELSEWHERE: "cancelled elsewhere",
        Reason.GONE: "gone from the account",
        Reason.FAILED_REMOTELY: "failed on ME-SMS",
        Reason.FROZEN: "stopped",
        Reason.NAME_RESERVED: "its name is taken by an earlier campaign",
        Reason.RENAMED: "renamed without moved_from",
        Reason.DUPLICATE: "same as another campaign",
        Reason.FOREIGN_MESSAGE: "a message like it is already on the account",
        Reason.STATE_LOST: "the state seems to be lost",
        Reason.REVISION_LOWERED: "revision lowered",
        Reason.ALL_FORGOTTEN: "nobody left who did not ask to be forgotten",
    }
)


def reason_text(action: Action) -> str:
    """Why, as a sentence; the planner's own words where it has some."""
    return spoken(action.message) or REASONS[action.reason]


def reason_counts(actions: Iterable[Action]) -> str:
    """``3 already sent, 2 unchanged``, the most frequent first."""
    tally = Counter(action.reason for action in actions)
    ranked = sorted(tally.items(), key=lambda entry: (-entry[1], entry[0].value))
    return ", ".join(f"{figure(count)} {REASONS[reason]}" for reason, count in ranked)


def headline(action: Action) -> str:
    """What happens to the campaign, in a few words."""
    match action:
        case SendNow():
            return "SEND AT ONCE" if is_irreversible(action) else "send now"
        case ScheduleSend():
            return "schedule"
        case Replace():
            then = "send at once" if is_irreversible(action) else "send anew"
            return f"replace: cancel {counted(len(action.cancels) or 1, 'message')}, then {then}"
        case Cancel():
            return f"cancel {counted(len(action.cancels) or len(action.sends) or 1, 'message')}"
        case Adopt():
            found = len(action.adoptions) or len(action.sends) or 1
            return f"adopt {counted(found, 'message')} found on the account"
        case Forget():
            return "forget (the name stays reserved)"
        case Keep():
            return f"rename from {printable(action.moved_from)}" if action.moved_from else "keep"
        case Blocked():
            return "BLOCKED, a person is needed"
        case _:
            assert_never(action)


def action_word(action: Action) -> str:
    """The verb as in JSON, but for a rename, which is kept there."""
    return "rename" if isinstance(action, Keep) and action.moved_from else action.verb


def undo_window(action: Action) -> timedelta | None:
    """For ``schedule: now``: how long after the apply the message can still be cancelled; None for a fixed time."""
    for send in action.sends:
        if send.desired is not None and isinstance(send.desired.when, Now):
            return send.desired.when.undo_window
    return timedelta(0) if isinstance(action, SendNow) and action.scheduled_at is None else None


def reversibility(action: Action) -> str:
    """Until when it can be taken back, in words; empty where nothing leaves by this action."""
    if action.is_free:
        return "nothing is sent by this" if isinstance(action, Keep | Adopt | Forget) else ""
    window = undo_window(action)
    if window:
        return f"can be cancelled for {duration(window)} after the apply"
    if action.reversible_until is None:
        return "CANNOT BE UNDONE"
    return f"can be cancelled until {local_time(action.reversible_until, action.timezone)}"


def is_irreversible(action: Action) -> bool:
    """Whether what leaves by this action can never be taken back."""
    return not action.is_free and action.reversible_until is None and not undo_window(action)


def leaves(action: Action) -> str:
    """When the message leaves, in local time and UTC."""
    if action.scheduled_at is not None:
        return both_times(action.scheduled_at, action.timezone)
    window = undo_window(action)
    if window is not None:
        return f"{duration(window)} after the apply" if window else "at once"
    return spoken(action.schedule_text)


def groups(action: Action) -> tuple[int, ...]:
    """The contact groups it goes to: only ME-SMS knows who is in them."""
    sends = (send.desired for send in action.sends if send.desired is not None)
    return tuple(sorted({send.group_id for send in sends if send.group_id is not None}))


def people(action: Action) -> str:
    """How many people, and whoever is in its contact groups."""
    some = [figure(action.recipients)] if action.recipients or not groups(action) else []
    return " and ".join([*some, *(f"contact group {group}" for group in groups(action))])


def audience(action: Action) -> str:
    """How many people, in how many requests."""
    return people(action) + (f" in {counted(action.requests, 'request')}" if action.requests else "")


def rows_text(counts: AudienceCounts) -> str:
    """``12,600 read; 80 duplicates, 30 opted out, 10 bad numbers (landline 4, too short 6)``."""
    reasons = sorted(counts.invalid.items())
    bad = ", ".join(f"{printable(reason.replace('_', ' '))} {figure(count)}" for reason, count in reasons if count)
    left_out = [
        (counts.duplicates, "duplicate", "duplicates", ""),
        (counts.excluded, "opted out", "opted out", ""),
        (counts.suppressed, "forgotten", "forgotten", ""),
        (counts.filtered, "not selected", "not selected", ""),
        (counts.invalid_total, "bad number", "bad numbers", f" ({bad})"),
        (counts.exclude_invalid, "bad number in opt-outs", "bad numbers in opt-outs", ""),
    ]
    words = ", ".join(counted(count, noun, nouns) + why for count, noun, nouns, why in left_out if count)
    return f"{figure(counts.rows)} read; {words or 'nobody left out'}"


def change_text(change: AudienceChange) -> str:
    """``+312 / -40 since the last plan (±12)``: who came and who left; an exact figure has no ±."""
    estimate = change.estimate
    moved = f"+{figure(estimate.added)} / -{figure(estimate.removed)} since {change.since}"
    if estimate.is_floor:
        return f"at least {moved}"
    return moved + (f" (±{figure(estimate.error)})" if estimate.error else "")


def preview_text(preview: Preview) -> str:
    """``1 part, 62 characters of GSM-7, 12,000 people; values from lists are struck out``."""
    people = f", {counted(preview.people, 'person', 'people')}" if preview.people else ""
    struck = "" if not preview.is_masked else "; what lists say is struck out"
    if struck and ("{{" in preview.text or "{%" in preview.text):
        struck = "; shown as the template, which asks for what lists say"
    size = counted(preview.units, "character")
    return f"({counted(preview.parts, 'part')}, {size}, {preview.encoding}{people}{struck})"


def fan_out_text(action: Action) -> str:
    """``1,204: `name` has 1,180 values, without it 3``; empty where one request is enough."""
    if action.requests < 2:
        return ""
    why = "; ".join(
        f"{printable(one.variable)} has {figure(one.values)} values, without it {figure(one.requests_without)}"
        for one in action.fan_out
    )
    return f"{figure(action.requests)}: {why}" if why else figure(action.requests)


def shared_text(overlaps: tuple[Overlap, ...]) -> str:
    """``87 % with songkran-early (±1), 12 % with flash-sale``: campaigns to which the same people belong."""
    return ", ".join(
        f"{one.share} % with {printable(one.campaign)}" + (f" (±{one.error})" if one.error else "") for one in overlaps
    )


def parts_text(parts: tuple[tuple[int, int], ...]) -> str:
    """``12,000 x 1 part, 480 x 2 parts``; empty where nothing is known of them."""
    known = [(size, some) for size, some in sorted(parts) if size or some]
    return ", ".join(
        f"{figure(people)} x {counted(size, 'part') if size else 'an unknown number of parts'}"
        for size, people in known
    )


def is_open(action: Action) -> bool:
    """Whether its price has no upper end yet: a contact group or a saved template of which nobody was asked."""
    sends = (send for send in action.sends if send.desired is not None)
    return any(not send.recipients or not (send.parts or send.credits) for send in sends)


def credits_text(action: Action) -> str:
    """Credits, marked where ME-SMS did not say so itself."""
    if is_open(action):
        return f"not known, at least {figure(action.credits)}"
    match action.credits_source:
        case CreditsSource.PREVIEW:
            return figure(action.credits)
        case CreditsSource.ESTIMATE:
            basis = "learned from what ME-SMS asked before" if action.is_learned else "not from ME-SMS"
            return f"{figure(action.credits)} (estimate, {basis})"
        case CreditsSource.RECORDED:
            return f"{figure(action.credits)} (as recorded)"
        case _:
            assert_never(action.credits_source)


def is_estimated(plan: Plan) -> bool:
    """Whether the plan's credits are, in part or whole, our own arithmetic."""
    return any(
        isinstance(a, EFFECTS) and a.credits and a.credits_source is CreditsSource.ESTIMATE for a in plan.actions
    )


def verdict(plan: Plan) -> str:
    """The first words: is there anything to do, and would it be done."""
    if plan.refusals:
        reasons = counted(len(plan.refusals), "reason")
        return f"REFUSED: nothing of this would be sent or cancelled ({reasons} below)."
    if plan.has_changes:
        return "Plan"
    if plan.blocked:
        return f"Nothing to apply: {counted(len(plan.blocked), 'campaign needs', 'campaigns need')} a person."
    return "No changes."


def cost(plan: Plan) -> str:
    """``12,960 credits for 12,480 recipients in 1 request``; money first."""
    summary = plan.summary
    if not summary.requests:
        return "no credits, nobody is texted"
    sending = [action for action in plan.actions if isinstance(action, EFFECTS)]
    about, estimate = ("about ", " (estimate)") if is_estimated(plan) else ("", "")
    about = "at least " if any(map(is_open, sending)) else about
    everybody = counted(summary.recipients, "recipient")
    contact_groups = sum(len(groups(action)) for action in sending)
    if contact_groups:
        some = counted(contact_groups, "contact group")
        everybody += f" and {some} of unknown size" if about == "at least " else f" ({some} may still change)"
    requests = counted(summary.requests, "request")
    return f"{about}{counted(summary.credits, 'credit')}{estimate} for {everybody} in {requests}"


def balance(plan: Plan) -> str:
    """``balance 40,000 -> 27,040``, with what comes back and what is missing."""
    summary = plan.summary
    refund = f" ({figure(summary.refund)} come back from cancelled messages)" if summary.refund else ""
    if summary.balance is None or summary.balance_after is None:
        return f"balance not asked{' (offline)' if plan.offline else ''}{refund}"
    if summary.balance_after < 0:
        return f"balance {figure(summary.balance)}: {figure(-summary.balance_after)} MISSING{refund}"
    most = "at most " if any(isinstance(action, EFFECTS) and is_open(action) for action in plan.actions) else ""
    return f"balance {figure(summary.balance)} -> {most}{figure(summary.balance_after)}{refund}"


def finality(plan: Plan) -> str:
    """How much of it can never be taken back; empty if all of it can."""
    final = [action for action in plan.actions if is_irreversible(action)]
    if not final:
        return ""
    texted = counted(sum(action.recipients for action in final), "recipient")
    return f"CANNOT BE UNDONE: {counted(len(final), 'campaign')}, {texted}"


def symbol(action: Action) -> str:
    """One or two characters that say what happens; a rename is taken over like an adopted message."""
    return SYMBOLS["adopt"] if isinstance(action, Keep) and action.moved_from else SYMBOLS[action.verb]


def tally(plan: Plan) -> list[tuple[str, str]]:
    """``("schedule", "1 to schedule")`` for every verb the plan uses."""
    return [(verb, f"{figure(count)} {TO_DO[verb]}") for verb, count in plan.summary.counts if count]


def shown_apart(plan: Plan) -> list[Action]:
    """The actions that get a block of their own: all changes in the plan's order, then the blocked ones."""
    changes = [action for action in plan.actions if is_change(action)]
    return [*changes, *plan.blocked]


def collapsed(plan: Plan) -> list[Action]:
    """The campaigns that only get counted."""
    return [action for action in plan.actions if isinstance(action, Keep) and not is_change(action)]


def next_command(plan: Plan, plan_file: str | None) -> list[str]:
    """The command that carries out exactly this plan, as lines to copy; empty where there is nothing to carry out."""
    if not plan.has_changes or plan.refusals:
        return []
    if plan_file is not None:
        return [f"{PROGRAM} apply {quote(printable(plan_file))}"]
    return [f"{PROGRAM} apply --expect-digest \\", f"  {printable(plan.digest)}"]
