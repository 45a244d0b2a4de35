"""The plan for a pull request: the same content as for the terminal, within a budget of bytes.

The verdict and the digest always stand. What does not fit is left out from the end, harmless things first, and then
the text says so and that such a plan cannot be approved from it; the hidden marker on the first line says it to
programs. Details are the terminal's own blocks in a code fence: two readers, one wording.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import Blocked
from mesms_gitops.views import wording
from mesms_gitops.views.drift import drift_lines
from mesms_gitops.views.layout import LOCAL_TIMEZONE, Sheet, both_times, counted, figure, local_time
from mesms_gitops.views.markdown import code, fenced, inline, rows, size
from mesms_gitops.views.plan_text import action_lines, finding_lines, kept_lines, refusal_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.plan import Action, Plan

BUDGET = 60_000
"""GitHub's comments end at 65,536 characters."""
LEAST_BUDGET = 2_000
FENCE_WIDTH = 76
MARKER = "mesms-gitops:plan"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
HEADER = ("", "campaign", "action", "leaves", "recipients", "credits", "can be cancelled")
FIGURES = frozenset({4, 5})


@dataclass(frozen=True, slots=True)
class _Section:
    """A piece that is there whole or not at all; of a table, as many rows as fit.

    ``rank`` says in which order they must survive, ``counts`` how many campaigns would go unseen without it.
    """

    text: str
    rank: int
    counts: int = 0
    is_table: bool = False

    def within(self, room: int) -> str:
        """As much of it as takes at most ``room`` bytes; empty if nothing does."""
        if size(self.text) <= room:
            return self.text
        lines = self.text.split("\n")
        while self.is_table and len(lines) > 3 and size("\n".join(lines)) > room:
            lines.pop()
        fits = self.is_table and size("\n".join(lines)) <= room
        return "\n".join(lines) if fits else ""


def plan_markdown(
    plan: Plan,
    *,
    budget: int = BUDGET,
    timezone: str = LOCAL_TIMEZONE,
    plan_file: str | None = None,
) -> str:
    """The whole plan, or as much of it as ``budget`` bytes hold (at least 2,000)."""
    sheet = Sheet.of(width=FENCE_WIDTH, colour=False, timezone=timezone)
    sections = list(_sections(plan, sheet))
    whole = _page(plan, [section.text for section in sections], sheet, plan_file, left_out=None)
    if size(whole) <= max(budget, LEAST_BUDGET):
        return whole
    return _cut_page(plan, sections, sheet, max(budget, LEAST_BUDGET))


def _cut_page(plan: Plan, sections: list[_Section], sheet: Sheet, budget: int) -> str:
    room = budget - size(_page(plan, [], sheet, None, left_out=len(plan.actions)))
    texts = [""] * len(sections)
    for place, section in sorted(enumerate(sections), key=lambda entry: entry[1].rank):
        texts[place] = section.within(room - 2)
        room -= size(texts[place]) + 2 if texts[place] else 0
    unseen = sum(section.counts for section, text in zip(sections, texts, strict=True) if not text)
    return _page(plan, texts, sheet, None, left_out=unseen)


def _page(plan: Plan, texts: list[str], sheet: Sheet, plan_file: str | None, *, left_out: int | None) -> str:
    is_whole = left_out is None
    marker = f"<!-- {MARKER} digest={_bare(plan.digest)} complete={'true' if is_whole else 'false'} -->"
    closing = _closing(plan, sheet, plan_file, is_whole=is_whole)
    parts = [f"{marker}\n{_verdict(plan)}", _truncation(left_out), *texts, closing]
    return "\n\n".join(part for part in parts if part) + "\n"


def _bare(digest: str) -> str:
    """The digest, if it is one: nothing else may get into a comment that programs read."""
    return digest if _DIGEST.fullmatch(digest) else "unknown"


def _truncation(left_out: int | None) -> str:
    if left_out is None:
        return ""
    what = f"The details of {counted(left_out, 'campaign')}" if left_out else "Some of it"
    return (
        f"> **This plan is truncated and cannot be approved.** {what} did not fit here. "
        "Read all of it with <code>mesms-gitops plan</code>, or split it with <code>--target NAME</code>."
    )


# ---------------------------------------------------------------- the verdict and the end


def _verdict(plan: Plan) -> str:
    verdict = wording.verdict(plan)
    if not plan.has_changes:
        kept = wording.collapsed(plan)
        tail = f"\n\n{counted(len(kept), 'campaign')} kept: {wording.reason_counts(kept)}." if kept else ""
        return f"### {verdict}{tail}"
    tally = ", ".join(words for _, words in wording.tally(plan))
    lines = [
        f"### Plan: {wording.cost(plan)}",
        f"**{verdict}**" if plan.refusals else "",
        f"**{final}.**" if (final := wording.finality(plan)) else "",
        f"{_sentence(wording.balance(plan))}. {_sentence(tally)}.",
        "Offline: nothing was checked against ME-SMS." if plan.offline else "",
    ]
    return "\n\n".join(line for line in lines if line)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _closing(plan: Plan, sheet: Sheet, plan_file: str | None, *, is_whole: bool) -> str:
    commit = f", commit {code(plan.commit[:12])}" if plan.commit else ""
    digest = f"`{plan.digest}`" if _DIGEST.fullmatch(plan.digest) else code(plan.digest)
    lines = [f"**Digest** {digest}", f"State {code(plan.lineage)}, serial {plan.serial}{commit}"]
    if plan.has_changes:
        lines.append(f"Expires {both_times(plan.expires_at, sheet.timezone)}")
    if plan.blocked and plan.has_changes:
        stay = counted(len(plan.blocked), "campaign stays", "campaigns stay")
        lines.append(f"{stay} blocked: the apply does the rest and ends with exit code 3.")
    command = wording.next_command(plan, plan_file) if is_whole else []
    text = "\\\n".join(lines)
    return f"{text}\n\n{fenced(command, 'sh')}" if command else text


# ---------------------------------------------------------------- what may be cut


def _sections(plan: Plan, sheet: Sheet) -> Iterable[_Section]:
    """In the order in which they are read: refusals, drift, the overview, the details, what stays."""
    if plan.refusals:
        yield _Section(fenced(refusal_lines(plan, sheet)), rank=0)
    if plan.drift:
        yield _Section(fenced(drift_lines(plan.drift, sheet)), rank=1)
    shown = sorted(wording.shown_apart(plan), key=_urgency)
    if shown:
        table = rows((_row(action) for action in shown), HEADER, right=FIGURES)
        yield _Section("\n".join(table), rank=2, is_table=True)
    for action in shown:
        yield _Section(_details(action, sheet), rank=1 if wording.is_irreversible(action) else 3, counts=1)
    kept = [*kept_lines(plan, sheet), *finding_lines(plan, sheet)]
    if kept:
        yield _Section(fenced(kept), rank=4)


def _urgency(action: Action) -> int:
    """What cannot be undone first, then what waits for a person; the plan's order within."""
    if wording.is_irreversible(action):
        return 0
    return 1 if isinstance(action, Blocked) else 2


def _row(action: Action) -> tuple[str, ...]:
    at = action.scheduled_at
    return (
        code(wording.symbol(action)),
        code(action.campaign),
        wording.action_word(action),
        local_time(at, action.timezone) if at else inline(wording.leaves(action)),
        wording.people(action) if action.recipients or not action.is_free else "",
        _price(action),
        "**no**" if wording.is_irreversible(action) else _undo(action),
    )


def _undo(action: Action) -> str:
    return "" if action.is_free else wording.reversibility(action).removeprefix("can be cancelled ")


def _price(action: Action) -> str:
    """What it costs now, or what comes back."""
    if action.is_free:
        return f"-{figure(action.refund)}" if action.refund else ""
    return wording.credits_text(action)


def _details(action: Action, sheet: Sheet) -> str:
    words = f"{code(action.campaign)}: {inline(wording.headline(action))}"
    block = fenced(action_lines(action, sheet), "diff")
    is_open = wording.is_irreversible(action) or isinstance(action, Blocked)
    return f"<details{' open' if is_open else ''}><summary>{words}</summary>\n\n{block}\n\n</details>"
