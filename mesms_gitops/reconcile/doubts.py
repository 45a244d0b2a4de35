"""What there is to doubt about rows that were read: they are kept as they came, and it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import PENDING, SUCCESS
from mesms_gitops.model.results import Doubt, DoubtKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.model.sends import SendRecord

SHOWN = 3
"""States whose counts are named."""


@dataclass(frozen=True, slots=True)
class Pages:
    """What all pages of a message came to.

    ``people`` is how many different ones are listed, ``counts`` how many in each state. ``before`` and ``after`` are
    ME-SMS's own counts, on the first page and on the last. ``broken`` says how the pages broke off, empty where they
    did not. ``again`` rows name somebody once more, ``in_two`` people are in two states, ``illegible`` rows name none.
    """

    people: int
    counts: Mapping[str, int]
    before: Mapping[str, int]
    after: Mapping[str, int]
    broken: str = ""
    again: int = 0
    in_two: int = 0
    illegible: int = 0


def doubts_of(pages: Pages, recipients: int) -> tuple[Doubt, ...]:
    """Why ``pages`` of a message for so many ``recipients`` (0: nobody knows) cannot be relied on; none if they can."""
    return tuple(_doubts(pages, recipients))


def _doubts(pages: Pages, recipients: int) -> Iterator[Doubt]:
    if pages.broken:
        yield Doubt(DoubtKind.BROKEN_OFF, f"its pages break off: {pages.broken}")
    if miscounted := _miscounted(pages, recipients):
        yield Doubt(DoubtKind.MISCOUNTED, miscounted)
    if pages.again:
        yield Doubt(DoubtKind.REPEATED, f"recipients are listed more than once ({pages.again:,}): pages repeat")
    if pages.in_two:
        yield Doubt(DoubtKind.CONTRADICTED, f"recipients are in two states at once ({pages.in_two:,})")
    if pages.illegible:
        yield Doubt(DoubtKind.ILLEGIBLE, f"rows name no Thai number, and are left out ({pages.illegible:,})")


def _miscounted(pages: Pages, recipients: int) -> str:
    """How the rows are not what was counted. While states move they cannot be held against each other."""
    counted = sum(pages.after.values())
    expected = counted or recipients
    if expected and pages.people != expected:
        return f"{pages.people:,} recipients are listed, and {expected:,} counted"
    if counted and recipients and counted != recipients:
        return f"ME-SMS lists and counts {counted:,} recipients where the message is for {recipients:,}"
    told = {state: count for state, count in pages.after.items() if count}
    is_moving = bool(pages.before.get(PENDING) or pages.after.get(PENDING)) or dict(pages.before) != dict(pages.after)
    if not told or is_moving or pages.in_two or told == dict(pages.counts):
        return ""
    apart = sorted(state for state in {*told, *pages.counts} if told.get(state, 0) != pages.counts.get(state, 0))
    figures = "; ".join(
        f"{pages.counts.get(state, 0):,} listed as {state}, {told.get(state, 0):,} counted" for state in apart[:SHOWN]
    )
    return f"the states that are listed are not those that are counted ({figures})"


def beside_state(send: SendRecord, counts: Mapping[str, int], forgotten: int = 0) -> tuple[str, ...]:
    """How ``counts`` of people by state are not those of ``send``: a sentence each; none where they account for all.

    ``forgotten`` people are not in the counts, and may have had any state. Without their number, as many are expected
    as state counted; nobody who was reached once is not reached later.
    """
    return tuple(_beside_state(send, counts, forgotten))


def _beside_state(send: SendRecord, counts: Mapping[str, int], forgotten: int) -> Iterator[str]:
    told, expected = sum(counts.values()) + forgotten, send.recipients or sum(send.delivery.values())
    if told < expected or (told > expected and send.recipients):
        yield f"ME-SMS counts {told:,} people where the message is for {expected:,}"
    reached, before = counts.get(SUCCESS, 0) + forgotten, send.delivery.get(SUCCESS, 0)
    if reached < before:
        yield f"{reached:,} are listed as reached, and state counted {before:,} at an earlier look"
