"""Results: of one send, what became of each of its recipients. Kept outside git, as long as its snapshot would be."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.delivery import DELIVERY_WINDOW, FINAL_STATES, left_at

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


@dataclass(frozen=True, slots=True)
class ResultHead:
    """What results say of themselves. ``forgotten`` people of the send asked to be, and are not among them."""

    campaign: str
    fingerprint: str
    uuid: str
    read_at: datetime
    reading: Reading
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """``numbers``, ascending and each once, and for each the place of its state in ``words``, one byte."""

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


def will_stay(head: ResultHead, counts: Mapping[str, int], record: SendRecord) -> bool:
    """Whether results that were read once are what any later reading would find: nobody's result is still to come."""
    if head.uuid != record.uuid:
        return False
    has_all = all(word in FINAL_STATES for word, count in counts.items() if count)
    return has_all or head.read_at >= left_at(record) + DELIVERY_WINDOW
