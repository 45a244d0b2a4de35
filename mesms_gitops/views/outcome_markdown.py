"""What became of a merged plan, for its pull request and for one issue: the apply, the delivery, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.marker import Marker
from mesms_gitops.views.comment_words import ENGLISH
from mesms_gitops.views.layout import LOCAL_TIMEZONE, figure, local_time, spoken
from mesms_gitops.views.markdown import code, inline, rows, size
from mesms_gitops.views.report import share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mesms_gitops.views.comment_words import Words

BUDGET: Final = 60_000
MOST_CHARACTERS: Final = 1_500
"""Of one reason or next step; the log and the report have all of it."""
MOST_LINES: Final = 300
"""Campaigns in one delivery report: their names stand in its marker, which has an end."""


@dataclass(frozen=True, slots=True)
class StepShown:
    """What became of one campaign in an apply."""

    campaign: str
    verb: str
    result: str
    message: str
    credits: int
    next_step: str


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """What became of one campaign's people."""

    campaign: str
    left_at: datetime | None
    recipients: int
    delivered: int
    failed: int
    unknown: int
    credits: int | None


@dataclass(frozen=True, slots=True)
class TroubleShown:
    """One thing that waits for a person."""

    campaign: str
    what: str
    next_step: str


def apply_comment(
    environment: str,
    steps: Sequence[StepShown],
    *,
    exit_code: int,
    why: str = "",
    run: str = "",
    words: Words = ENGLISH,
) -> str:
    """What an apply did. ``why`` is what refused it, ``run`` the address of the run."""
    mark = "✅" if exit_code == 0 else "⚠️" if exit_code == 3 else "❌"
    table = rows((_step(step, words) for step in steps), words.result_header, right=frozenset({3})) if steps else []
    headline = f"### {mark} {code(environment)}: {_verdict(steps, exit_code, why, words)}"
    parts = [
        headline,
        *_within(table, BUDGET - size(headline)),
        f"[{words.run}]({run})" if run.startswith("http") and ")" not in run else "",
    ]
    return _page(Marker(kind="apply", environment=environment), parts)


def _verdict(steps: Sequence[StepShown], exit_code: int, why: str, words: Words) -> str:
    done = [step for step in steps if step.result == "done"]
    credits = words.counted(sum(step.credits for step in done), "credits")
    everything = words.counted(len(steps), "campaigns")
    applied = words.applied.format(done=figure(len(done)), all=everything, credits=credits)
    if exit_code == 0:
        return applied if steps else words.apply_nothing
    if exit_code == 3:
        return f"{words.apply_person} {applied}"
    if exit_code in (4, 5, 6):
        return words.apply_stale.format(why=_told(why)).rstrip()
    return words.apply_failed.format(code=exit_code)


def _step(step: StepShown, words: Words) -> tuple[str, ...]:
    return (
        code(step.campaign),
        words.verbs.get(step.verb, ""),
        words.results.get(step.result, ""),
        figure(step.credits) if step.credits else "",
        _told(step.next_step),
    )


def delivery_comment(
    environment: str, lines: Sequence[DeliveryShown], *, timezone: str = LOCAL_TIMEZONE, words: Words = ENGLISH
) -> str:
    """What became of the people of ``lines``, as one table with the sums above it."""
    lines = lines[:MOST_LINES]
    people, delivered, failed, unknown = (
        figure(sum(getattr(line, name) for line in lines)) for name in ("recipients", "delivered", "failed", "unknown")
    )
    title = words.report_title.format(people=people, delivered=delivered, failed=failed, unknown=unknown)
    table = rows((_delivery(line, timezone) for line in lines), words.report_header, right=frozenset({2, 3, 4, 5, 6}))
    marker = Marker(kind="report", environment=environment, campaigns=tuple(line.campaign for line in lines))
    return _page(marker, [f"### {code(environment)}: {title}", *_within(table, BUDGET - size(marker.line()))])


def _delivery(line: DeliveryShown, timezone: str) -> tuple[str, ...]:
    buckets = (line.delivered, line.failed, line.unknown)
    return (
        code(line.campaign),
        inline(local_time(line.left_at, timezone)) if line.left_at else "",
        figure(line.recipients),
        *(f"{figure(count)} ({share(count, sum(buckets))})" if count else "0" for count in buckets),
        "" if line.credits is None else figure(line.credits),
    )


def issue_title(environment: str, words: Words = ENGLISH) -> str:
    """The title of the one issue; GitHub shows titles as plain text."""
    return words.issue_title.format(environment=environment)


def issue_body(environment: str, troubles: Sequence[TroubleShown], *, run: str = "", words: Words = ENGLISH) -> str:
    """The one issue of an environment: each trouble with its next step; how it ended where there is none any more."""
    lines = [
        f"- {code(one.campaign)}: {_told(one.what)}" + (f"<br>→ {_told(one.next_step)}" if one.next_step else "")
        for one in troubles
    ]
    parts = [
        words.issue_intro if troubles else words.issue_settled,
        *_within(lines, BUDGET, keep=1),
        f"[{words.run}]({run})" if run.startswith("http") and ")" not in run else "",
    ]
    return _page(Marker(kind="issue", environment=environment), parts)


def _told(text: str) -> str:
    """``text``, or as much of it as leaves room for the rest: escaped, one character takes up to twelve."""
    whole = spoken(text)
    return inline(whole if len(whole) <= MOST_CHARACTERS else whole[: MOST_CHARACTERS - 1] + "…")


def _within(lines: list[str], budget: int, *, keep: int = 2) -> Iterable[str]:
    """``lines`` as one piece of at most ``budget`` bytes; how many are left out is said."""
    kept: list[str] = []
    room = budget - 1_000
    for line in lines:
        room -= size(line) + 1
        if room < 0 and len(kept) >= keep:
            break
        kept.append(line)
    if kept:
        yield "\n".join(kept)
    if len(kept) < len(lines):
        yield f"… +{figure(len(lines) - len(kept))}"


def _page(marker: Marker, parts: Sequence[str]) -> str:
    return "\n\n".join([f"{marker.line()}\n{parts[0]}", *(part for part in parts[1:] if part)]) + "\n"
