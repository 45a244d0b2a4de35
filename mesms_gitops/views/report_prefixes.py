"""People by the beginning of their numbers, as far as numbers are at hand: state has none, so counts are handed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrefixLine:
    """Of one prefix (``081``): how many people, and what became of those whose results are at hand.

    The three buckets add up to ``people`` at most.
    """

    prefix: str
    people: int
    delivered: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def buckets(self) -> tuple[int, int, int]:
        """Delivered, failed, unknown."""
        return self.delivered, self.failed, self.unknown


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Lines by prefix; none where no number of the report is at hand."""

    lines: tuple[PrefixLine, ...] = ()

    @property
    def people(self) -> int:
        """How many people of the report are in it."""
        return sum(line.people for line in self.lines)

    @property
    def has_results(self) -> bool:
        """Whether of anybody it is known what became of them."""
        return any(any(line.buckets) for line in self.lines)


NO_PREFIXES = Prefixes()
