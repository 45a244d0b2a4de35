"""What became of a plan, for a terminal: one line a step, then how many ended how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.plan import StepResult
from mesms_gitops.views.layout import Sheet, counted, figure, pad, printable, spoken, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.plan import ApplyOutcome, StepOutcome

WORDS = {
    StepResult.DONE: "done",
    StepResult.FAILED: "failed",
    StepResult.UNKNOWN: "unknown",
    StepResult.BLOCKED: "blocked",
    StepResult.NOT_ATTEMPTED: "not attempted",
}
NEXT = {
    StepResult.UNKNOWN: "`mesms-gitops resolve NAME` shows what is known; nothing is sent again until it is settled",
    StepResult.BLOCKED: "`mesms-gitops plan` says what each blocked campaign waits for",
    StepResult.FAILED: "what failed was not sent; mend the cause, then plan and apply again",
    StepResult.NOT_ATTEMPTED: "plan and apply again; what is done is never done twice",
}


def apply_text(outcome: ApplyOutcome, *, colour: bool = False, width: int = 80) -> str:
    """Every step with its result, the totals, and what a person has to do next."""
    sheet = Sheet.of(width=width, colour=colour)
    if not outcome.steps:
        return "Nothing to do.\n"
    widest = max(len(WORDS[step.result]) for step in outcome.steps)
    lines = [line for step in outcome.steps for line in _step_lines(step, widest, sheet)]
    return "\n".join([*lines, "", *_total_lines(outcome, sheet), *_next_lines(outcome, sheet)]) + "\n"


def _step_lines(step: StepOutcome, widest: int, sheet: Sheet) -> list[str]:
    word = pad(WORDS[step.result], widest)
    subject = printable(step.campaign)
    if step.verb != step.result.value:
        subject = f"{printable(step.verb)} {subject}"
    text = f"{subject}: {spoken(step.message)}" if step.message else subject
    lines = wrap(text, sheet.width, first=f"{word}  ")
    if step.next_step:
        lines += wrap(spoken(step.next_step), sheet.width, first=" " * (widest + 2) + "next: ")
    lines[0] = _painter(step.result, sheet)(word) + lines[0][len(word) :]
    return lines


def _painter(result: StepResult, sheet: Sheet) -> Callable[[str], str]:
    if result is StepResult.DONE:
        return sheet.palette.green
    if result in (StepResult.UNKNOWN, StepResult.FAILED):
        return sheet.palette.red
    return sheet.palette.yellow


def _total_lines(outcome: ApplyOutcome, sheet: Sheet) -> list[str]:
    total = ", ".join(f"{figure(outcome.count(result))} {WORDS[result]}" for result in StepResult)
    credits = sum(step.credits for step in outcome.steps)
    verdict = "Interrupted" if outcome.interrupted else "Apply complete" if outcome.exit_code == 0 else "Apply ended"
    lines = wrap(f"{verdict}: {total}; {counted(credits, 'credit')}.", sheet.width)
    return [sheet.palette.bold(line) for line in lines]


def _next_lines(outcome: ApplyOutcome, sheet: Sheet) -> list[str]:
    lines = []
    if outcome.interrupted:
        lines += wrap(
            "what was done by then is recorded; plan and apply again for the rest", sheet.width, first="next: "
        )
    for result, advice in NEXT.items():
        if outcome.count(result) and not (outcome.interrupted and result is StepResult.NOT_ATTEMPTED):
            lines += wrap(advice, sheet.width, first="next: ")
    return lines
