"""The plan for a terminal: money and people first, then what can and cannot be taken back, then every detail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import Blocked, Cancel, Change, Keep, Replace, ScheduleSend, SendNow
from mesms_gitops.views import wording
from mesms_gitops.views.diagnostics_text import diagnostic_lines, in_reading_order
from mesms_gitops.views.drift import drift_lines
from mesms_gitops.views.layout import (
    LOCAL_TIMEZONE,
    Sheet,
    both_times,
    cell_width,
    counted,
    figure,
    local_time,
    masked,
    pad,
    printable,
    spoken,
    wrap,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.plan import Action, Plan

SHOWN = 5
BODY = "    "
LABEL = 12
_NEW_FIELDS = (("content", "content"), ("variables", "variables"), ("recipients", "lists"))


def plan_text(
    plan: Plan,
    *,
    colour: bool = False,
    width: int = 80,
    timezone: str = LOCAL_TIMEZONE,
    plan_file: str | None = None,
) -> str:
    """The whole plan. ``timezone`` is for times of the plan itself; ``plan_file`` is where it was saved, if it was."""
    sheet = Sheet.of(width=width, colour=colour, timezone=timezone)
    blocks = [
        verdict_lines(plan, sheet),
        drift_lines(plan.drift, sheet),
        *(action_lines(action, sheet) for action in wording.shown_apart(plan)),
        kept_lines(plan, sheet),
        finding_lines(plan, sheet),
        refusal_lines(plan, sheet),
        closing_lines(plan, sheet, plan_file),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


# ---------------------------------------------------------------- the verdict


def verdict_lines(plan: Plan, sheet: Sheet) -> list[str]:
    """What a reviewer reads if they read nothing else."""
    verdict = wording.verdict(plan)
    if not plan.has_changes:
        return [_verdict_painted(plan, line, sheet) for line in wrap(_nothing(plan, verdict), sheet.width)]
    lines = []
    if plan.refusals:
        lines += [_verdict_painted(plan, line, sheet) for line in wrap(verdict, sheet.width)]
    cost = wrap(f"{wording.cost(plan)}.", sheet.width, first="Plan: ")
    lines += [sheet.palette.bold(line) for line in cost]
    balance = wrap(f"{wording.balance(plan)}.", sheet.width, first="      ")
    short = (plan.summary.balance_after or 0) < 0
    lines += [sheet.palette.red(line) if short else line for line in balance]
    final = wording.finality(plan)
    lines += [sheet.palette.red(line) for line in wrap(f"{final}.", sheet.width, first="      ") if final]
    if plan.offline:
        lines += wrap("offline: nothing was checked against ME-SMS.", sheet.width, first="      ")
    tally = [f"{wording.SYMBOLS[verb]} {words}" for verb, words in wording.tally(plan)]
    return lines + _side_by_side(tally, sheet)


def _nothing(plan: Plan, verdict: str) -> str:
    kept = wording.collapsed(plan)
    if not plan.actions:
        return f"{verdict} There are no campaigns."
    if not kept or plan.refusals:
        return verdict
    return f"{verdict} {counted(len(kept), 'campaign')} kept: {wording.reason_counts(kept)}."


def _verdict_painted(plan: Plan, line: str, sheet: Sheet) -> str:
    if plan.refusals:
        return sheet.palette.red(line)
    return sheet.palette.yellow(line) if plan.blocked else sheet.palette.green(line)


def _side_by_side(words: list[str], sheet: Sheet) -> list[str]:
    """``+ 1 to schedule   ~ 1 to replace``, never broken inside one of them."""
    lines: list[str] = []
    for word in words:
        if lines and cell_width(lines[-1]) + 3 + cell_width(word) <= sheet.width:
            lines[-1] += "   " + word
        else:
            lines.append("      " + word)
    return lines


# ---------------------------------------------------------------- one action


def action_lines(action: Action, sheet: Sheet) -> list[str]:
    """One campaign: what happens to it, whether that can be undone, why, when, to whom, for how much."""
    lines = _heading(action, sheet)
    undo = wording.reversibility(action)
    if undo:
        painted = sheet.palette.red if wording.is_irreversible(action) else sheet.palette.green
        lines += [painted(line) for line in wrap(undo, sheet.width, first=BODY)]
    lines += sheet.row("why", wording.reason_text(action))
    for label, text in facts(action):
        lines += sheet.row(label, text)
    for change in shown_changes(action):
        lines += change_lines(change, sheet)
    for found in in_reading_order(action.diagnostics):
        says_it_again = found.message == f"{action.campaign}: {action.message}"
        lines += (only_next_lines if says_it_again else found_lines)(found, sheet, indent=BODY)
    return lines


def _heading(action: Action, sheet: Sheet) -> list[str]:
    symbol = pad("-/+" if isinstance(action, Replace) else wording.symbol(action), 4)
    title = f"{printable(action.campaign)}: {wording.headline(action)}"
    lines = wrap(title, sheet.width, first=symbol, rest=BODY)
    match action:
        case SendNow() | ScheduleSend() | Replace() if wording.is_irreversible(action):
            paint = sheet.palette.red
        case SendNow() | ScheduleSend():
            paint = sheet.palette.green
        case Replace() | Cancel() | Blocked():
            paint = sheet.palette.yellow
        case _:
            paint = sheet.palette.bold
    return [paint(line) for line in lines]


def facts(action: Action) -> list[tuple[str, str]]:
    """The labelled rows of ``action``: only those that say something."""
    if isinstance(action, Keep):
        return []
    going_out = isinstance(action, SendNow | ScheduleSend | Replace)
    is_cancel = isinstance(action, Cancel)
    rows = [
        ("leaves" if going_out else "was for", wording.leaves(action)),
        ("sender", printable(action.sender)),
        ("recipients", wording.audience(action) if going_out or action.recipients else ""),
        ("rows", wording.rows_text(action.audience) if action.audience else ""),
        ("change", wording.change_text(action.audience_change) if action.audience_change else ""),
        ("shared", wording.shared_text(action.overlaps) if going_out else ""),
        ("requests", wording.fan_out_text(action) if going_out else ""),
        *(_preview_rows(action) if going_out else ()),
        ("parts", "" if is_cancel else wording.parts_text(action.parts)),
        ("credits", wording.credits_text(action) if going_out or (action.credits and not is_cancel) else ""),
        ("refund", figure(action.refund) if action.refund else ""),
        *_cancel_rows(action),
        *_adoption_rows(action),
    ]
    return [(label, text) for label, text in rows if text]


def _preview_rows(action: Action) -> list[tuple[str, str]]:
    labels = ("message",) if len(action.previews) == 1 else ("shortest", "longest")
    rows = []
    for label, preview in zip(labels, action.previews, strict=False):
        rows += [(label, _value(preview.text) or ""), ("", wording.preview_text(preview))]
    return rows


def _cancel_rows(action: Action) -> list[tuple[str, str]]:
    rows = []
    for step in action.cancels[:SHOWN]:
        record = step.record
        when = local_time(record.scheduled_at, action.timezone) if record.scheduled_at else "at once"
        people = counted(record.recipients, "recipient")
        rows.append(("cancels", f"{when}, {people}, message {printable(record.uuid or '?')[:8]}"))
    more = len(action.cancels) - len(rows)
    return [*rows, ("", f"and {counted(more, 'more message')}")] if more > 0 else rows


def _adoption_rows(action: Action) -> list[tuple[str, str]]:
    rows = [("adopts", printable(adoption.message.uuid)) for adoption in action.adoptions[:SHOWN]]
    more = len(action.adoptions) - len(rows)
    return [*rows, ("", f"and {counted(more, 'more message')}")] if more > 0 else rows


def shown_changes(action: Action) -> list[Change]:
    """What changed; for a new message its text and lists, so that nobody approves words they have not seen."""
    changes = list(action.changes)
    if changes or not isinstance(action, SendNow | ScheduleSend) or action.manifest is None:
        return changes
    shown = action.manifest.shown
    fields = _NEW_FIELDS[1:] if action.previews else _NEW_FIELDS  # the text itself was shown
    return [Change(label, None, shown[field]) for field, label in fields if shown.get(field)]


def change_lines(change: Change, sheet: Sheet) -> list[str]:
    """``field  before -> after`` on one line where it fits, else one below the other."""
    field, before, after = spoken(change.field), _value(change.before), _value(change.after)
    if before is None:
        return sheet.row(field, after or "(nothing)")
    if before == after:
        return sheet.row(field, f"{after} (changed where this does not show it)")
    after = "(removed)" if after is None else after
    both = f"{before} -> {after}"
    if cell_width(both) <= sheet.width - len(BODY) - LABEL:
        return sheet.row(field, both)
    return [*_side(field, "- ", before, sheet), *_side("", "+ ", after, sheet)]


def _side(label: str, mark: str, text: str, sheet: Sheet) -> list[str]:
    paint = sheet.palette.red if mark == "- " else sheet.palette.green
    lines = sheet.row(label, "")[:-1] if cell_width(label) >= LABEL else []
    name = "" if lines else label
    margin = BODY + pad(name, LABEL)
    first, *more = wrap(text, sheet.width, first=margin + mark)
    return [*lines, BODY + sheet.palette.dim(pad(name, LABEL)) + paint(first[len(margin) :]), *map(paint, more)]


def _value(text: str | None) -> str | None:
    """``text`` fit to be shown; in quotes where it would otherwise look like another."""
    if text is None:
        return None
    return spoken(text) if text and text == text.strip() else f'"{spoken(text)}"'


def found_lines(found: Diagnostic, sheet: Sheet, *, indent: str = "") -> list[str]:
    """A diagnostic as a plan shows it: without its source line, and without a phone number."""
    clean = replace(
        found,
        message=masked(found.message),
        field=masked(found.field) if found.field else None,
        why=masked(found.why) if found.why else None,
        next_step=masked(found.next_step) if found.next_step else None,
    )
    return diagnostic_lines(clean, sheet, indent=indent)


def only_next_lines(found: Diagnostic, sheet: Sheet, *, indent: str = "") -> list[str]:
    """Where, why and what next of a diagnostic whose message the action has just said."""
    return found_lines(replace(found, message=""), sheet, indent=indent)[1:]


# ---------------------------------------------------------------- after the actions


def kept_lines(plan: Plan, sheet: Sheet) -> list[str]:
    """One line for all that stays as it is, and whatever warnings those campaigns have."""
    kept = wording.collapsed(plan)
    if not kept:
        return []
    lines = []
    if plan.has_changes or plan.refusals:
        lines = wrap(f"{figure(len(kept))} kept: {wording.reason_counts(kept)}", sheet.width, first="=   ")
    return lines + _finding_lines((found for action in kept for found in action.diagnostics), sheet)


def finding_lines(plan: Plan, sheet: Sheet) -> list[str]:
    """Findings about no campaign in particular, and those that no action showed."""
    shown = {found for action in plan.actions for found in action.diagnostics}
    return _finding_lines((found for found in plan.diagnostics if found not in shown), sheet)


def _finding_lines(diagnostics: Iterable[Diagnostic], sheet: Sheet) -> list[str]:
    return [line for found in in_reading_order(diagnostics) for line in found_lines(found, sheet)]


def refusal_lines(plan: Plan, sheet: Sheet) -> list[str]:
    """Each guard that does not hold, in full, and what follows from it."""
    if not plan.refusals:
        return []
    blocks = [found_lines(found, sheet) for found in in_reading_order(plan.refusals)]
    ending = wrap(
        f"Refused by {counted(len(plan.refusals), 'guard')}: an apply would end with exit code 4 "
        "before its first effect. Nothing would be sent, nothing cancelled.",
        sheet.width,
    )
    return "\n\n".join(["\n".join(block) for block in blocks] + ["\n".join(map(sheet.palette.red, ending))]).split("\n")


def closing_lines(plan: Plan, sheet: Sheet, plan_file: str | None) -> list[str]:
    """What exactly is being approved, on which ground, for how long, and how."""
    rows = [("digest", printable(plan.digest)), ("state", f"serial {plan.serial} of {printable(plan.lineage)}")]
    if plan.commit:
        rows.append(("commit", printable(plan.commit[:12])))
    if plan.has_changes:
        rows.append(("expires", both_times(plan.expires_at, sheet.timezone)))
    lines = [line for label, text in rows for line in sheet.row(label, text, indent=0, column=8)]
    if plan.blocked and plan.has_changes:
        lines += wrap(
            f"{counted(len(plan.blocked), 'campaign stays', 'campaigns stay')} blocked: "
            "the apply does the rest and ends with exit code 3.",
            sheet.width,
        )
    command = wording.next_command(plan, plan_file)
    return lines + [sheet.palette.cyan(("next: " if not at else "      ") + line) for at, line in enumerate(command)]
