"""What is watched, for a terminal that is drawn anew and for one that is not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import PENDING, DeliveryNote
from mesms_gitops.model.state import CampaignPhase
from mesms_gitops.views.delivery_notes import all_settled
from mesms_gitops.views.layout import Sheet, cell_width, counted, figure, listed, printable, table, wrap
from mesms_gitops.views.report import chosen, share, standing_of
from mesms_gitops.views.status_text import buckets_of, delivery_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import Standing

HEADER = ("campaign", "phase", "recipients", "delivered", "failed", "pending", "")
FIGURES = frozenset(range(2, 7))
SETTLED = "settled"
NOT_READ = "not read"


def watch_text(
    state: State,
    names: Collection[str],
    footer: str,
    *,
    colour: bool = False,
    width: int = 80,
    height: int | None = None,
) -> str:
    """The campaigns ``names`` as a table, or a sentence each where it is too wide, with ``footer`` below.

    Where they need more than ``height`` lines, those that matter most stand alone, and how many more there are.
    """
    sheet = Sheet.of(width=width, colour=colour)
    standings = [standing_of(record) for record in chosen(state, names)]
    head, *rows = table([HEADER, *map(_row, standings)], right=FIGURES)
    above, blocks = [sheet.palette.dim(head)], [[row] for row in rows]
    if any(cell_width(line) > sheet.width for line in (head, *rows)):
        # a figure that is cut off reads as a smaller one
        above, blocks = [], [wrap(_line(one), sheet.width, rest="  ") for one in standings]
    below = ["", *wrap(footer, sheet.width)]
    shown = list(zip(standings, blocks, strict=True))
    if height is not None and len(above) + sum(map(len, blocks)) + len(below) > height:
        shown, rest = _fitting(shown, height - len(above) - len(below), sheet)
        below = [*rest, *below]
    painted = [_painted(one, line, sheet) for one, block in shown for line in block]
    return "\n".join([*above, *painted, *below]) + "\n"


def watch_line(state: State, name: str) -> str:
    """One campaign on one line: ``songkran: sent; 12,000 success, 480 failed; settled``."""
    (standing,) = (standing_of(record) for record in chosen(state, [name]))
    return _line(standing)


def _line(standing: Standing) -> str:
    parts = (standing.phase.value, delivery_text(standing.delivery), _ending(standing))
    return f"{printable(standing.name)}: {'; '.join(filter(None, parts))}"


def _row(standing: Standing) -> tuple[str, ...]:
    delivered, failed = buckets_of(standing.delivery)
    told = sum(standing.delivery.values())
    is_reported = told > 0
    return (
        printable(standing.name),
        standing.phase.value,
        figure(standing.recipients),
        figure(delivered) if is_reported else "",
        figure(failed) if is_reported else "",
        figure(standing.delivery[PENDING]) if is_reported else "",
        _ending(standing) or (share(delivered, max(standing.recipients, told)) if is_reported else ""),
    )


def _ending(standing: Standing) -> str:
    if all_settled(standing.sends):
        return SETTLED
    return NOT_READ if any(DeliveryNote.UNREAD in send.notes for send in standing.sends) else ""


def _painted(standing: Standing, line: str, sheet: Sheet) -> str:
    match _ending(standing):
        case "settled":
            return sheet.palette.green(line)
        case "not read":
            return sheet.palette.yellow(line)
        case _:
            return line


def _fitting(
    blocks: list[tuple[Standing, list[str]]], room: int, sheet: Sheet
) -> tuple[list[tuple[Standing, list[str]]], list[str]]:
    """Those that fit into ``room`` lines, and the lines about the others; one is shown at least."""
    ranked = sorted(blocks, key=lambda one: _rank(one[0]))
    for many in range(len(ranked) - 1, 1, -1):
        rest = _rest([one for one, _ in ranked[many:]], sheet)
        if sum(len(block) for _, block in ranked[:many]) + len(rest) <= room:
            return ranked[:many], rest
    return ranked[:1], _rest([one for one, _ in ranked[1:]], sheet)


def _rank(standing: Standing) -> tuple[int, str, str]:
    """What cannot be read, then what is on its way, then what leaves next, and last what is settled."""
    ending, leaves = _ending(standing), standing.scheduled_at.isoformat() if standing.scheduled_at else ""
    if ending:
        return (0 if ending == NOT_READ else 3), leaves, standing.name
    return (2 if standing.phase is CampaignPhase.SCHEDULED else 1), leaves, standing.name


def _rest(standings: list[Standing], sheet: Sheet) -> list[str]:
    """``and 150 more campaigns: 120 scheduled and 30 settled``."""
    kinds = Counter(_ending(one) or one.phase.value for one in standings)
    words = listed(f"{figure(count)} {word}" for word, count in sorted(kinds.items()))
    return wrap(f"and {counted(len(standings), 'more campaign')}: {words}", sheet.width, rest="  ")
