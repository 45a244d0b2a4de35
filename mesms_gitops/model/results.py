"""Results: of one send, what became of each of its recipients. Kept outside git, as long as its snapshot would be."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.delivery import DELIVERY_WINDOW, FINAL_STATES, PENDING, SUCCESS, left_at

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping
    from datetime import datetime

    from mesms_gitops.model.sends import SendRecord


class Reading(StrEnum):
    """How results were read."""

    BY_EXCEPTION = "by exception"
    """All states but the commonest; whoever was sent to and has none of those has the commonest."""
    IN_FULL = "in full"
    """Every page."""


DERIVED: Final = frozenset({SUCCESS, PENDING})
"""States in which somebody may be taken to be who is listed in no other. None of them says not reached."""


class DoubtKind(StrEnum):
    """What is odd about results. They are kept as they came all the same, and never cause a send by themselves."""

    BROKEN_OFF = "broken_off"
    """Pages did not lead on to their end: whoever stands on the rest is missing."""
    MISCOUNTED = "miscounted"
    """Those who are listed are not those ME-SMS counts, or not as many as the message is for."""
    REPEATED = "repeated"
    """Somebody is listed more than once, with the same state; kept once."""
    CONTRADICTED = "contradicted"
    """Somebody is listed in two states at once; both are kept."""
    ILLEGIBLE = "illegible"
    """Rows name no Thai number: they are left out."""
    SHRANK = "shrank"
    """Fewer people, fewer results, or fewer reached than at an earlier reading; the newest is kept."""
    PURGED = "purged"
    """ME-SMS does not know the message any more, and somebody had no final result at the last reading."""
    UNOPENED = "unopened"
    """They are in doubt, and cannot be opened here: why is not known. Never stored."""


LEAVES_NOBODY_OUT: Final = frozenset({DoubtKind.REPEATED, DoubtKind.CONTRADICTED})
"""Doubts in spite of which whoever was reached is listed as that."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason not to rely on results: its kind, and the figures in words for people."""

    kind: DoubtKind
    why: str


@dataclass(frozen=True, slots=True)
class ResultHead:
    """What results say of themselves. ``forgotten`` people of the send asked to be, and are not among them."""

    campaign: str
    fingerprint: str
    uuid: str
    read_at: datetime
    reading: Reading
    forgotten: int = 0
    doubts: tuple[Doubt, ...] = ()

    @property
    def has_all_reached(self) -> bool:
        """Whether whoever was reached is certainly listed as that."""
        return all(doubt.kind in LEAVES_NOBODY_OUT for doubt in self.doubts)

    def doubted(self, *doubts: Doubt) -> ResultHead:
        """The same with ``doubts`` in place of older ones of their kinds."""
        newer = {doubt.kind for doubt in doubts}
        return replace(self, doubts=(*(doubt for doubt in self.doubts if doubt.kind not in newer), *doubts))


@dataclass(frozen=True, slots=True)
class Results:
    """``numbers``, ascending, and for each the place of its state in ``words``, one byte.

    Each stands there once, unless ME-SMS lists it in two states (`DoubtKind.CONTRADICTED`).
    """

    head: ResultHead
    numbers: array[int]
    codes: bytes
    words: tuple[str, ...]

    def __repr__(self) -> str:
        # never the numbers themselves: a repr ends in logs and tracebacks
        return f"<Results of {self.head.campaign}: {len(self.numbers)}>"

    @property
    def counts(self) -> Mapping[str, int]:
        """People by delivery state; a state that nobody has is left out."""
        found = Counter(self.codes)
        return MappingProxyType({word: found[code] for code, word in enumerate(self.words) if found[code]})

    def state_of(self, subscriber: int) -> str | None:
        """The delivery state of one person; None for whoever is not among them."""
        place = bisect_left(self.numbers, subscriber)
        is_there = place < len(self.numbers) and self.numbers[place] == subscriber
        return self.words[self.codes[place]] if is_there else None


def still_open(counts: Mapping[str, int]) -> int:
    """How many people have no final result."""
    return sum(count for word, count in counts.items() if word not in FINAL_STATES)


def will_stay(head: ResultHead, counts: Mapping[str, int], record: SendRecord) -> bool:
    """Whether results that were read once are what any later reading would find: nobody's result is still to come.

    What is in doubt may be mended by a later reading.
    """
    if head.uuid != record.uuid or head.doubts:
        return False
    return not still_open(counts) or head.read_at >= left_at(record) + DELIVERY_WINDOW
