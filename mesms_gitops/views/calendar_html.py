"""The plan as a page of its own: the verdict, a calendar of all that leaves, and every action in a table.

It needs nothing but itself (no script, no font, no picture from anywhere) and says what the text and Markdown say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.plan import Blocked, Cancel, Keep, Replace
from mesms_gitops.views import wording
from mesms_gitops.views.calendar_months import NO_HOLIDAYS, NO_WINDOWS, Almanac, legend, months
from mesms_gitops.views.calendar_style import style
from mesms_gitops.views.calendar_table import Column, foldable, headings_style, rows_table
from mesms_gitops.views.diagnostics_text import in_reading_order
from mesms_gitops.views.drift import drift_lines
from mesms_gitops.views.html import element, items, page, said, shown
from mesms_gitops.views.layout import LOCAL_TIMEZONE, Sheet, both_times, counted, figure, in_zone
from mesms_gitops.views.plan_text import action_lines, finding_lines, kept_lines
from mesms_gitops.views.slots import MEANINGS, SIGNS, asked_for, kind_of, slots_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from mesms_gitops.model.campaign import Window
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.plan import Action, Plan

WIDTH = 76
MOST_DETAILS = 60
COLUMNS = (
    Column("campaign"),
    Column("action"),
    Column("leaves"),
    Column("sender"),
    Column("recipients", is_figure=True),
    Column("credits", is_figure=True),
    Column("can be cancelled"),
    Column("why"),
)


def calendar_html(
    plan: Plan,
    *,
    timezone: str = LOCAL_TIMEZONE,
    plan_file: str | None = None,
    windows: Mapping[str, Window] = NO_WINDOWS,
    holidays: Mapping[date, str] = NO_HOLIDAYS,
) -> str:
    """The whole page; the same plan gives the same bytes.

    ``windows`` are the hours in which a message of each class may leave, ``holidays`` what some days are called.
    Days and hours are those of ``timezone``.
    """
    sheet = Sheet.of(width=WIDTH, colour=False, timezone=timezone)
    today = in_zone(plan.created_at, timezone).date()
    almanac = Almanac.of(slots_of(plan, timezone), today, windows, holidays)
    parts = [
        element("a", "To the calendar", class_="skip", href="#calendar"),
        element("header", *_verdict(plan, sheet)),
        element("main", *_main(plan, almanac, sheet), "\n"),
        element("footer", *_closing(plan, plan_file)),
    ]
    return page(f"{_title(plan)} · mesms-gitops", style(headings_style(COLUMNS)), "\n".join(parts))


def _title(plan: Plan) -> str:
    return f"Plan: {wording.cost(plan)}" if plan.has_changes and not plan.refusals else wording.verdict(plan)


# ---------------------------------------------------------------- the verdict


def _verdict(plan: Plan, sheet: Sheet) -> Iterable[str]:
    made = f"Plan of {both_times(plan.created_at, sheet.timezone)}"
    yield element("p", shown(made), class_="kicker") + "\n"
    yield element("h1", shown(_title(plan)), class_="red" if plan.refusals else None) + "\n"
    if plan.refusals:
        yield element("p", shown(f"Plan: {wording.cost(plan)}")) + "\n"
    kept = wording.collapsed(plan)
    if not plan.has_changes:
        words = f"{counted(len(kept), 'campaign')} kept: {wording.reason_counts(kept)}." if kept else ""
        yield element("p", shown(words if plan.actions else "There are no campaigns."))
    if final := wording.finality(plan):
        yield element("p", shown(final), ".", class_="red") + "\n"
    if plan.offline:
        yield element("p", "Offline: nothing was checked against ME-SMS.") + "\n"
    yield _tiles(plan)
    if pills := _tally(plan):
        yield element("ul", *pills, class_="pills") + "\n"
    yield _refusals(plan)
    yield _drift(plan, sheet)
    yield _ground(plan, sheet)


def _tiles(plan: Plan) -> str:
    summary = plan.summary
    after = summary.balance_after
    short = after is not None and after < 0
    balance = "not asked" if after is None else figure(after)
    tiles = [
        ("Credits", figure(summary.credits), _estimate(plan), False),
        ("Balance after", balance, wording.balance(plan), short),
        ("People", figure(summary.recipients), "", False),
        ("Requests", figure(summary.requests), "", False),
    ]
    return element("dl", "\n", "\n".join(_tile(*tile) for tile in tiles), "\n", class_="tiles") + "\n"


def _tile(label: str, value: str, below: str, is_red: bool) -> str:
    small = element("small", shown(below)) if below else ""
    return element("div", element("dt", label), element("dd", shown(value), small, class_="red" if is_red else None))


def _estimate(plan: Plan) -> str:
    return "estimate, not from ME-SMS" if wording.is_estimated(plan) else ""


def _tally(plan: Plan) -> list[str]:
    kinds = {action.verb: kind_of(action) for action in reversed(plan.actions)}
    return [
        element("li", element("b", SIGNS[kinds[verb]]), f" {words}", class_=kinds[verb].value)
        for verb, words in wording.tally(plan)
    ]


def _refusals(plan: Plan) -> str:
    if not plan.refusals:
        return ""
    found = items("ul", map(_found, in_reading_order(plan.refusals)))
    ending = (
        f"Refused by {counted(len(plan.refusals), 'guard')}: an apply would end with exit code 4 before its first "
        "effect. Nothing would be sent, nothing cancelled."
    )
    title = element("h2", "Refused", id="refused")
    return element("section", title, found, element("p", ending), class_="refused", aria_labelledby="refused")


def _drift(plan: Plan, sheet: Sheet) -> str:
    """In the words of the text: what a page adds to them is only its place."""
    if not plan.drift:
        return ""
    lines = element("pre", "\n".join(map(said, drift_lines(plan.drift, sheet))))
    return element("section", element("h2", "Drift", id="drift"), lines, aria_labelledby="drift") + "\n"


def _found(found: Diagnostic) -> str:
    at = found.position
    where = f"{at.file}:{at.line}:{at.column}" if at else ""
    rows = [
        element("strong", f"{shown(found.code)}: {said(found.message)}"),
        element("code", shown(where)) if where else "",
        said(found.why) if found.why else "",
        f"next: {said(found.next_step)}" if found.next_step else "",
    ]
    return element("br").join(row for row in rows if row)


# ---------------------------------------------------------------- calendar, table, details


def _main(plan: Plan, almanac: Almanac, sheet: Sheet) -> Iterable[str]:
    yield element("h2", "Calendar", id="calendar", tabindex="-1")
    if almanac.by_day:
        yield element("p", f"Days and hours are those of {shown(sheet.timezone)}.", class_="soft")
        yield legend(MEANINGS, almanac)
        yield "\n" + months(almanac)
    else:
        yield element("p", "Nothing is scheduled, and nothing would be by this plan.")
    yield from _tables(plan)
    yield from _details(plan, sheet)


def _tables(plan: Plan) -> Iterable[str]:
    numbered = list(enumerate(plan.actions))
    apart = {id(action) for action in wording.shown_apart(plan)}
    live = [one for one in numbered if id(one[1]) in apart or one[1].scheduled_at is not None]
    rest = [one for one in numbered if id(one[1]) not in apart and one[1].scheduled_at is None]
    if live:
        table = rows_table("What an apply would do, and what stays scheduled", COLUMNS, map(_row, live))
        yield element("h2", "Campaigns") + foldable(table, len(live))
    if rest:
        title = element("summary", f"{counted(len(rest), 'campaign')} without a date, nothing to do")
        table = rows_table("Campaigns that stay as they are", COLUMNS, map(_row, rest))
        yield element("details", title, table, class_="block")


def _row(numbered: tuple[int, Action]) -> tuple[str, str, tuple[str, ...]]:
    index, action = numbered
    kind = kind_of(action)
    name = element("b", SIGNS[kind]) + shown(action.campaign)
    cells = (
        name,
        shown(wording.headline(action)),
        shown(_leaves(action)),
        shown(action.sender),
        shown(wording.people(action) if action.recipients or not action.is_free else ""),
        shown(_price(action)),
        element("strong", "CANNOT BE UNDONE", class_="red")
        if wording.is_irreversible(action)
        else shown(_until(action)),
        said(wording.reason_text(action)),
    )
    return f"c{index}", kind.value, cells


def _leaves(action: Action) -> str:
    asked = asked_for(action)
    return both_times(asked, action.timezone) if asked else wording.leaves(action)


def _until(action: Action) -> str:
    return "" if action.is_free else wording.reversibility(action).removeprefix("can be cancelled ")


def _price(action: Action) -> str:
    """What it costs, or what comes back."""
    if isinstance(action, Cancel):
        return f"-{figure(action.refund)}" if action.refund else ""
    if action.is_free:
        return figure(action.credits) if action.credits else ""
    words = wording.credits_text(action)
    return f"{words} ({figure(action.refund)} come back)" if isinstance(action, Replace) and action.refund else words


def _details(plan: Plan, sheet: Sheet) -> Iterable[str]:
    shown_apart = wording.shown_apart(plan)
    if shown_apart:
        yield element("h2", "Details")
    for action in shown_apart[:MOST_DETAILS]:
        yield _block(action, sheet)
    if len(shown_apart) > MOST_DETAILS:
        more = counted(len(shown_apart) - MOST_DETAILS, "more campaign")
        yield element("p", f"The details of {more} are in the text of the plan: ", element("code", "mesms-gitops plan"))
    findings = [*(kept_lines(plan, sheet) if _warned(plan) else []), *finding_lines(plan, sheet)]
    if findings:
        yield element("h2", "Findings") + element("pre", "\n".join(map(said, findings)))


def _warned(plan: Plan) -> bool:
    return any(action.diagnostics for action in plan.actions if isinstance(action, Keep))


def _block(action: Action, sheet: Sheet) -> str:
    title = (
        element("b", shown(wording.symbol(action))) + f" {shown(action.campaign)}: {shown(wording.headline(action))}"
    )
    body = element("pre", "\n".join(map(said, action_lines(action, sheet))))
    is_open = wording.is_irreversible(action) or isinstance(action, Blocked)
    kind = f"block {kind_of(action).value}"
    return "\n" + element("details", element("summary", title), body, class_=kind, open="" if is_open else None)


# ---------------------------------------------------------------- the end


def _ground(plan: Plan, sheet: Sheet) -> str:
    """What exactly is approved, on which ground, for how long."""
    rows = [
        ("Digest", element("code", shown(plan.digest))),
        ("State", f"serial {plan.serial} of {shown(plan.lineage)}"),
        ("Commit", element("code", shown(plan.commit[:12])) if plan.commit else ""),
        ("Expires", shown(both_times(plan.expires_at, sheet.timezone)) if plan.has_changes else ""),
    ]
    pairs = (element("dt", name) + element("dd", value) for name, value in rows if value)
    return element("dl", *pairs, class_="ground") + "\n"


def _closing(plan: Plan, plan_file: str | None) -> Iterable[str]:
    """How to carry it out, where it can be."""
    if plan.blocked and plan.has_changes:
        stay = counted(len(plan.blocked), "campaign stays", "campaigns stay")
        yield element("p", f"{stay} blocked: the apply does the rest and ends with exit code 3.")
    command = wording.next_command(plan, plan_file)
    if command:
        yield element("h2", "To carry it out") + element("pre", "\n".join(map(shown, command)))
