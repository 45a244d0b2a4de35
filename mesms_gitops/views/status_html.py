"""What state knows as a calendar: what has left, what is to leave, and what wants a person."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mesms_gitops.model.state import CampaignPhase
from mesms_gitops.views.calendar_months import NO_HOLIDAYS, NO_WINDOWS, Almanac, legend, months
from mesms_gitops.views.calendar_style import style
from mesms_gitops.views.calendar_table import Column, foldable, headings_style, rows_table
from mesms_gitops.views.html import element, page, shown
from mesms_gitops.views.layout import LOCAL_TIMEZONE, both_times, counted, figure, in_zone, listed, local_time
from mesms_gitops.views.report import chosen, standing_of
from mesms_gitops.views.slots import RECORDED, SIGNS, Kind, slots_of_state
from mesms_gitops.views.status_text import buckets_of, charged_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime

    from mesms_gitops.model.campaign import Window
    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.views.report import Standing

COLUMNS = (
    Column("campaign"),
    Column("phase"),
    Column("leaves"),
    Column("sender"),
    Column("recipients", is_figure=True),
    Column("credits", is_figure=True),
    Column("delivered", is_figure=True),
    Column("failed", is_figure=True),
)
KINDS: Mapping[CampaignPhase, Kind] = {
    CampaignPhase.DRAFT: Kind.CANCEL,
    CampaignPhase.SCHEDULED: Kind.NEW,
    CampaignPhase.STARTED: Kind.KEPT,
    CampaignPhase.SENT: Kind.KEPT,
    CampaignPhase.CANCELLED: Kind.CANCEL,
    CampaignPhase.UNKNOWN: Kind.BLOCKED,
    CampaignPhase.FAILED: Kind.BLOCKED,
    CampaignPhase.PARTIAL: Kind.BLOCKED,
}


def status_html(
    state: State,
    *,
    now: datetime,
    names: Collection[str] | None = None,
    freeze: Freeze | None = None,
    timezone: str = LOCAL_TIMEZONE,
    windows: Mapping[str, Window] = NO_WINDOWS,
    holidays: Mapping[date, str] = NO_HOLIDAYS,
) -> str:
    """The whole page, of all campaigns or of ``names``; ``now`` only marks today."""
    standings = [standing_of(record) for record in chosen(state, names)]
    slots = slots_of_state(state, names, timezone)
    almanac = Almanac.of(slots, in_zone(now, timezone).date(), windows, holidays)
    parts = [
        element("a", "To the calendar", class_="skip", href="#calendar"),
        element("header", *_top(state, standings, freeze, now, timezone)),
        element("main", *_main(standings, almanac, timezone), "\n"),
    ]
    return page(f"{_title(standings)} · mesms-gitops", style(headings_style(COLUMNS)), "\n".join(parts))


def _title(standings: Collection[Standing]) -> str:
    if not standings:
        return "No campaigns in state"
    tally = Counter(standing.phase for standing in standings)
    return ", ".join(f"{figure(tally[phase])} {phase.value}" for phase in CampaignPhase if tally[phase])


def _top(
    state: State, standings: Collection[Standing], freeze: Freeze | None, now: datetime, timezone: str
) -> Iterable[str]:
    yield element("p", shown(f"Status of {both_times(now, timezone)}"), class_="kicker") + "\n"
    yield element("h1", _title(standings)) + "\n"
    if freeze is not None and freeze.is_active:
        yield element("p", shown(_stopped(freeze, timezone)), class_="red") + "\n"
    ground = f"State {state.lineage}, serial {state.serial}; times in {timezone}"
    yield element("p", shown(ground), class_="soft")


def _stopped(freeze: Freeze, timezone: str) -> str:
    whom = "every campaign" if freeze.everything else listed(sorted(freeze.campaigns))
    since = f" since {local_time(freeze.since, timezone)}" if freeze.since else ""
    by = f" by {freeze.by}" if freeze.by else ""
    return f"STOPPED: {whom}{since}{by}; nothing new leaves"


def _main(standings: Collection[Standing], almanac: Almanac, timezone: str) -> Iterable[str]:
    yield element("h2", "Calendar", id="calendar", tabindex="-1")
    if almanac.by_day:
        yield legend(RECORDED, almanac) + "\n" + months(almanac)
    else:
        yield element("p", "Nothing was sent or scheduled yet.")
    if standings:
        rows = (_row(index, standing, timezone) for index, standing in enumerate(standings))
        table = rows_table(f"{counted(len(standings), 'campaign')} in state", COLUMNS, rows)
        yield element("h2", "Campaigns") + foldable(table, len(standings))


def _row(index: int, standing: Standing, timezone: str) -> tuple[str, str, tuple[str, ...]]:
    kind = KINDS[standing.phase]
    delivered, failed = buckets_of(standing.delivery)
    is_reported = any(standing.delivery.values())
    cells = (
        element("b", SIGNS[kind]) + shown(standing.name),
        standing.phase.value,
        shown(both_times(standing.scheduled_at, timezone)) if standing.scheduled_at else "",
        shown(listed(sorted({send.sender for send in standing.sends}))),
        figure(standing.recipients) if standing.sends else "",
        charged_text(standing.money) if standing.sends else "",
        figure(delivered) if is_reported else "",
        figure(failed) if is_reported else "",
    )
    return f"c{index}", kind.value, cells
