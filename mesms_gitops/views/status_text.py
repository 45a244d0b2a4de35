"""What state knows, for a terminal: one row a campaign, or every send of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import is_settled
from mesms_gitops.model.state import CampaignPhase
from mesms_gitops.views.delivery_notes import notes_of, sentences
from mesms_gitops.views.layout import (
    LOCAL_TIMEZONE,
    Sheet,
    both_times,
    cell_width,
    counted,
    figure,
    listed,
    local_time,
    printable,
    table,
    wrap,
)
from mesms_gitops.views.report import (
    DELIVERED,
    FAILED,
    chosen,
    credits_words,
    money_of,
    signed,
    standing_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.views.report import Money, Standing

HEADER = ("campaign", "phase", "leaves", "recipients", "credits", "delivered", "failed")
FIGURES = frozenset({3, 4, 5, 6})
CREDITS = HEADER.index("credits")


def status_text(
    state: State,
    *,
    names: Collection[str] | None = None,
    freeze: Freeze | None = None,
    colour: bool = False,
    width: int = 80,
    timezone: str = LOCAL_TIMEZONE,
) -> str:
    """All campaigns as a table, or a single one with all its sends.

    Where the table is too wide it goes without credits; where that is too wide, each campaign has a block.
    """
    sheet = Sheet.of(width=width, colour=colour, timezone=timezone)
    standings = [standing_of(record) for record in chosen(state, names)]
    if names is not None and len(standings) == 1:
        body = _detail_lines(standings[0], sheet)
    else:
        body = _overview_lines(standings, sheet)
    lines = [*_freeze_lines(freeze, sheet), *body, "", *_ground_lines(state, sheet)]
    return "\n".join(lines) + "\n"


def _freeze_lines(freeze: Freeze | None, sheet: Sheet) -> list[str]:
    if freeze is None or not freeze.is_active:
        return []
    whom = "every campaign" if freeze.everything else listed(sorted(map(printable, freeze.campaigns)))
    since = f" since {local_time(freeze.since, sheet.timezone)}" if freeze.since else ""
    by = f" by {printable(freeze.by)}" if freeze.by else ""
    lines = wrap(f"STOPPED: {whom}{since}{by}; nothing new leaves", sheet.width, rest="  ")
    lines += wrap("mesms-gitops stop --release", sheet.width, first="  next: ")
    return [*map(sheet.palette.red, lines), ""]


def _overview_lines(standings: list[Standing], sheet: Sheet) -> list[str]:
    if not standings:
        return ["No campaigns in state."]
    rows = [HEADER, *(_row(standing, sheet) for standing in standings)]
    lines = table(rows, right=FIGURES)
    if _is_too_wide(lines, sheet):
        lines = table([(*row[:CREDITS], *row[CREDITS + 1 :]) for row in rows], right=FIGURES)
    if _is_too_wide(lines, sheet):
        return _stacked_lines(standings, sheet)
    return [
        sheet.palette.dim(lines[0]),
        *(_painted(one, line, sheet) for one, line in zip(standings, lines[1:], strict=True)),
        *_note_lines(standings, sheet),
    ]


def _note_lines(standings: list[Standing], sheet: Sheet) -> list[str]:
    """What is odd about the counts above."""
    notes = [f"{printable(one.name)}: {note}" for one in standings for note in sentences(one.sends)]
    lines = [line for note in notes for line in wrap(note, sheet.width, first="note: ", rest="  ")]
    return ["", *map(sheet.palette.yellow, lines)] if lines else []


def _is_too_wide(lines: list[str], sheet: Sheet) -> bool:
    return max(map(cell_width, lines)) > sheet.width


def _row(standing: Standing, sheet: Sheet) -> tuple[str, ...]:
    delivered, failed = buckets_of(standing.delivery)
    is_reported = any(standing.delivery.values())
    return (
        printable(standing.name),
        standing.phase.value,
        local_time(standing.scheduled_at, sheet.timezone)[:16] if standing.scheduled_at else "",
        figure(standing.recipients) if standing.sends else "",
        charged_text(standing.money) if standing.sends else "",
        figure(delivered) if is_reported else "",
        figure(failed) if is_reported else "",
    )


def buckets_of(delivery: Mapping[str, int]) -> tuple[int, int]:
    """Delivered and failed."""
    return (
        sum(count for word, count in delivery.items() if word in DELIVERED),
        sum(count for word, count in delivery.items() if word in FAILED),
    )


def charged_text(money: Money) -> str:
    """``12,960``, or ``12,960 (+480)`` where that is more than was planned."""
    if money.charged is None:
        return "?"
    return figure(money.charged) + (f" ({signed(money.difference)})" if money.difference else "")


def _credits(money: Money) -> str:
    """What was charged; of what was planned only where that is another figure."""
    return credits_words(money) if money.difference else charged_text(money)


def _painted(standing: Standing, line: str, sheet: Sheet) -> str:
    match standing.phase:
        case CampaignPhase.UNKNOWN | CampaignPhase.FAILED:
            return sheet.palette.red(line)
        case CampaignPhase.PARTIAL:
            return sheet.palette.yellow(line)
        case CampaignPhase.SCHEDULED | CampaignPhase.STARTED:
            return sheet.palette.green(line)
        case _:
            return line


def _stacked_lines(standings: list[Standing], sheet: Sheet) -> list[str]:
    lines: list[str] = []
    for standing in standings:
        lines += ["", *_summary_lines(standing, sheet)]
    return [*lines[1:], *_note_lines(standings, sheet)]


def _summary_lines(standing: Standing, sheet: Sheet) -> list[str]:
    head = wrap(f"{printable(standing.name)}: {standing.phase.value}", sheet.width, rest="  ")
    lines = [_painted(standing, line, sheet) for line in head]
    if not standing.sends:
        return lines
    if standing.scheduled_at:
        lines += sheet.row("leaves", both_times(standing.scheduled_at, sheet.timezone), indent=2)
    lines += sheet.row("recipients", figure(standing.recipients), indent=2)
    lines += sheet.row("credits", _credits(standing.money), indent=2)
    delivery = delivery_text(standing.delivery)
    return lines + (sheet.row("delivery", delivery, indent=2) if delivery else [])


def delivery_text(delivery: Mapping[str, int]) -> str:
    """``12,000 success, 480 failed``: ME-SMS's own words, without those nobody is in."""
    return ", ".join(f"{figure(count)} {printable(word)}" for word, count in delivery.items() if count)


def _detail_lines(standing: Standing, sheet: Sheet) -> list[str]:
    lines = _summary_lines(standing, sheet)
    if standing.revision > 1:
        lines += sheet.row("revision", str(standing.revision), indent=2)
    for send in standing.sends:
        lines += _send_lines(send, sheet)
    return lines


def _send_lines(send: SendRecord, sheet: Sheet) -> list[str]:
    title = f"send {printable(send.fingerprint[:12])}: {send.phase.value}"
    lines = ["", *wrap(title, sheet.width, first="  ")]
    rows = [
        ("message", printable(send.uuid) if send.uuid else "ME-SMS has named none"),
        ("leaves", both_times(send.scheduled_at, sheet.timezone) if send.scheduled_at else "at once"),
        ("sender", printable(send.sender)),
        ("recipients", _people(send)),
        ("parts", str(send.parts) if send.parts else "not known"),
        ("credits", _credits(money_of([send]))),
        ("delivery", delivery_text(send.delivery)),
        ("cancelled", send.cancel.reason.value if send.cancel else ""),
        ("because", printable(send.reason) if send.reason else ""),
        ("settled", "nothing new is to come" if is_settled(send) and send.is_final else ""),
        *(("note", sentence) for _, sentence in notes_of(send)),
    ]
    for label, text in rows:
        if text:
            lines += sheet.row(label, text)
    return lines


def _people(send: SendRecord) -> str:
    group = f"contact group {send.group_id}" if send.group_id is not None else ""
    return ", ".join(filter(None, [figure(send.recipients) if send.recipients or not group else "", group]))


def _ground_lines(state: State, sheet: Sheet) -> list[str]:
    campaigns = counted(len(state.campaigns), "campaign")
    ground = f"state {printable(state.lineage)}, serial {state.serial}, {campaigns}; times in {sheet.timezone}"
    lines = wrap(ground, sheet.width)
    return [sheet.palette.dim(line) for line in lines]
