"""What is watched, for a terminal that is drawn anew and for one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import PENDING
from mesms_gitops.views.delivery_notes import all_settled
from mesms_gitops.views.layout import Sheet, cell_width, figure, printable, table, wrap
from mesms_gitops.views.report import chosen, share, standing_of
from mesms_gitops.views.status_text import buckets_of, delivery_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from mesms_gitops.model.state import State
    from mesms_gitops.views.report import Standing

HEADER = ("campaign", "phase", "recipients", "delivered", "failed", "pending", "")
FIGURES = frozenset(range(2, 7))


def watch_text(state: State, names: Collection[str], footer: str, *, colour: bool = False, width: int = 80) -> str:
    """The campaigns ``names`` as a table, or a sentence each where it is too wide, with ``footer`` below."""
    sheet = Sheet.of(width=width, colour=colour)
    standings = [standing_of(record) for record in chosen(state, names)]
    head, *rows = table([HEADER, *map(_row, standings)], right=FIGURES)
    above = [sheet.palette.dim(head)]
    if any(cell_width(line) > sheet.width for line in (head, *rows)):
        # a figure that is cut off reads as a smaller one
        above, rows = [], ["\n".join(wrap(watch_line(state, one.name), sheet.width, rest="  ")) for one in standings]
    painted = (sheet.palette.green(row) if _is_settled(one) else row for one, row in zip(standings, rows, strict=True))
    return "\n".join([*above, *painted, "", *wrap(footer, sheet.width)]) + "\n"


def watch_line(state: State, name: str) -> str:
    """One campaign on one line: ``songkran: sent; 12,000 success, 480 failed; settled``."""
    (standing,) = (standing_of(record) for record in chosen(state, [name]))
    settled = "settled" if _is_settled(standing) else ""
    parts = (standing.phase.value, delivery_text(standing.delivery), settled)
    return f"{printable(name)}: {'; '.join(filter(None, parts))}"


def _row(standing: Standing) -> tuple[str, ...]:
    delivered, failed = buckets_of(standing.delivery)
    is_reported = any(standing.delivery.values())
    return (
        printable(standing.name),
        standing.phase.value,
        figure(standing.recipients),
        figure(delivered) if is_reported else "",
        figure(failed) if is_reported else "",
        figure(standing.delivery[PENDING]) if is_reported else "",
        "settled" if _is_settled(standing) else share(delivered, standing.recipients) if is_reported else "",
    )


def _is_settled(standing: Standing) -> bool:
    return all_settled(standing.sends)
