"""The comment on a pull request: the verdict with the money first, then every campaign, its text, and what to do next.

Everything that manifests and ME-SMS say is shown and never obeyed (`views.markdown`). A comment that could not hold
every campaign says so, and so does its marker: nobody can approve what nobody saw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.marker import Marker
from mesms_gitops.views.comment_campaigns import WIDTH, Table, details_of, finding_section
from mesms_gitops.views.comment_words import ENGLISH
from mesms_gitops.views.layout import LOCAL_TIMEZONE, figure, local_time, spoken, wrap
from mesms_gitops.views.markdown import code, fenced, inline, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mesms_gitops.views.comment_words import Words
    from mesms_gitops.views.plan_overview import FindingShown, Overview

BUDGET: Final = 60_000
"""Bytes. GitHub ends a comment at 65,536 characters; the rest is room for striking it through."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a comment is for. ``head`` is the commit that was planned, ``run`` the address of the run that did."""

    environment: str
    head: str = ""
    run: str = ""
    is_fork: bool = False
    timezone: str = LOCAL_TIMEZONE
    exit_code: int = 0


def plan_comment(
    plan: Overview | None,
    occasion: Occasion,
    *,
    findings: tuple[FindingShown, ...] = (),
    error: str = "",
    words: Words = ENGLISH,
    budget: int = BUDGET,
) -> str:
    """The whole comment, of at most ``budget`` bytes. Without a ``plan``, why there is none."""
    if plan is None:
        return _failed(occasion, findings, error, words, budget)
    marker = _marker(plan, occasion)
    closing = _closing(plan, occasion, words)
    above = [_headline(plan, occasion, words), *_remarks(plan, occasion, words)]
    shown = sorted((*plan.changing, *plan.blocked), key=lambda action: (not action.is_final, action.verb == "blocked"))
    table, details = Table.of(shown, words), list(_within((details_of(action, words) for action in shown), budget))
    tail = [*finding_section((*plan.refusals, *plan.findings), words)]
    if len(details) == len(shown):
        whole = _joined(marker, [*above, table.text(len(shown)), *details, *tail, closing])
        if size(whole) <= budget:
            return whole
    return _cut(replace(marker, truncated=True), above, table, details, closing, words, budget)


def _cut(
    marker: Marker, above: list[str], table: Table, details: list[str], closing: str, words: Words, budget: int
) -> str:
    """As many rows and texts as fit; the verdict and the digest always do."""
    most = len(table.cells)

    def page(count: int, some: list[str]) -> str:
        unseen = words.counted(most - len(some), "campaigns")
        warning = f"> **{words.truncated.format(count=unseen)}**"
        return _joined(marker, [above[0], warning, *above[1:], table.text(count), *some, closing])

    count = next((count for count in _halving(most) if size(page(count, [])) <= budget), 0)
    return page(count, list(_within(details, budget - size(page(count, [])))))


def _within(pieces: Iterable[str], room: int) -> Iterator[str]:
    """The first ``pieces`` that take at most ``room`` bytes together; the rest is not even made."""
    for piece in pieces:
        room -= size(piece) + 2
        if room < 0:
            return
        yield piece


def _halving(most: int) -> Iterator[int]:
    while most:
        yield most
        most //= 2


def _joined(marker: Marker, parts: list[str]) -> str:
    return "\n\n".join([f"{marker.line()}\n{parts[0]}", *(part for part in parts[1:] if part)]) + "\n"


def _marker(plan: Overview, occasion: Occasion) -> Marker:
    return Marker(
        kind="plan",
        environment=occasion.environment,
        digest=plan.digest,
        head=occasion.head,
        changes=len(plan.changing),
        unchecked=plan.offline or occasion.is_fork,
    )


# ---------------------------------------------------------------- the verdict


def _headline(plan: Overview, occasion: Occasion, words: Words) -> str:
    return f"### {code(occasion.environment)}: {_money(plan, words)}"


def _money(plan: Overview, words: Words) -> str:
    """``24,960 credits for 12,480 recipients in 1 requests · balance 40,000 → 15,040``."""
    if not plan.has_changes:
        return (
            words.needs_person.format(count=words.counted(len(plan.blocked), "waiting"))
            if plan.blocked
            else words.nothing
        )
    money = words.free
    if plan.requests:
        money = words.money.format(
            credits=words.counted(plan.credits, "credits"),
            people=words.counted(plan.recipients, "people"),
            requests=words.counted(plan.requests, "requests"),
        )
        if any(action.is_estimate for action in plan.changing):
            money += f" ({words.estimate})"
    return " · ".join([money, *_balance(plan, words)])


def _balance(plan: Overview, words: Words) -> Iterator[str]:
    if plan.refund:
        yield words.refund.format(credits=figure(plan.refund))
    if plan.balance is None or plan.balance_after is None:
        yield words.balance_unknown
    elif plan.balance_after < 0:
        yield words.missing.format(before=figure(plan.balance), missing=figure(-plan.balance_after))
    else:
        yield words.money_after.format(before=figure(plan.balance), after=figure(plan.balance_after))


def _remarks(plan: Overview, occasion: Occasion, words: Words) -> list[str]:
    final = [action for action in plan.changing if action.is_final]
    tally = ", ".join(words.counts[verb].format(n=figure(count)) for verb, count in plan.counts.items() if count)
    people = words.counted(sum(action.recipients for action in final), "people")
    campaigns = words.counted(len(final), "campaigns")
    remarks = [
        f"**{words.refused}**" if plan.refusals else "",
        f"**{words.final.format(count=campaigns, people=people)}**" if final else "",
        f"> {words.fork}" if occasion.is_fork else "",
        f"> {words.offline}" if plan.offline and not occasion.is_fork else "",
        tally,
    ]
    return [remark for remark in remarks if remark]


def _closing(plan: Overview, occasion: Occasion, words: Words) -> str:
    commit = f" {words.for_commit.format(commit=code(occasion.head[:12]))}" if occasion.head else ""
    lines = [f"**{words.digest}** `{plan.digest}`{commit}"]
    if plan.has_changes:
        lines.append(words.expires.format(time=inline(local_time(plan.expires_at, occasion.timezone))))
    if run := _run_link(occasion, words):
        lines.append(run)
    steps = "\n".join(f"- {step}" for step in _next_steps(plan, occasion, words))
    return " · ".join(lines) + (f"\n\n{steps}" if steps else "")


def _next_steps(plan: Overview, occasion: Occasion, words: Words) -> Iterator[str]:
    if plan.refusals:
        yield words.next_mend
        return
    if plan.has_changes and not (plan.offline or occasion.is_fork):
        yield words.next_apply
    if plan.has_changes:
        yield words.next_again
        yield words.next_stop
    if plan.blocked:
        yield words.next_person


def _run_link(occasion: Occasion, words: Words) -> str:
    """The address is made of GitHub's own variables, not of anything a manifest says."""
    return f"[{words.run}]({occasion.run})" if occasion.run.startswith("http") and ")" not in occasion.run else ""


# ---------------------------------------------------------------- no plan, and a plan that is no longer one


def _failed(occasion: Occasion, findings: tuple[FindingShown, ...], error: str, words: Words, budget: int) -> str:
    marker = Marker(kind="plan", environment=occasion.environment, head=occasion.head, unchecked=occasion.is_fork)
    told = fenced(wrap(spoken(error), WIDTH)) if error else "" if findings else words.failed_without_words
    parts = [
        f"### {code(occasion.environment)}: {words.failed.format(code=occasion.exit_code)}",
        f"> {words.fork}" if occasion.is_fork else "",
        told,
        *finding_section(findings, words),
        _run_link(occasion, words),
        f"- {words.next_mend}",
    ]
    whole = _joined(marker, parts)
    if size(whole) <= budget:
        return whole
    return _joined(replace(marker, truncated=True), [parts[0], words.failed_without_words, *parts[-2:]])


def struck_through(body: str, words: Words = ENGLISH) -> str | None:
    """``body`` as outdated: its verdict struck through, the rest folded away; None if it is no plan of ours, or was."""
    marker = Marker.of(body)
    if marker is None or marker.kind != "plan" or marker.outdated:
        return None
    _, _, rest = body.partition("\n")
    verdict, _, details = rest.partition("\n")
    commit = code(marker.head[:12]) if marker.head else "?"
    parts = [
        f"### ~~{verdict.removeprefix('### ')}~~",
        f"> {words.outdated.format(commit=commit)}",
        f"<details><summary>{words.outdated_plan}</summary>\n\n{details.strip()}\n\n</details>",
    ]
    return _joined(replace(marker, outdated=True), parts)
