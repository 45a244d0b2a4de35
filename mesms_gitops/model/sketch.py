"""A sketch of an audience: at most three kilobytes from which two lists can be compared, and no number recovered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

MOST_BITS: Final = 4096
"""Of one stratum."""
STRATA: Final = 6
LEAST_PEOPLE: Final = 50
"""Audiences below this have a sketch without bits: their size is all that is kept of them."""
_BITS_A_PERSON: Final = 4
_FULL: Final = MOST_BITS * 3 // 4
"""How many people the last stratum may hold before another is worth its bytes."""


@dataclass(frozen=True, slots=True)
class Shape:
    """``strata`` strata of ``bits`` bits each (a power of two, at least 8): what two sketches must have in common.

    Each stratum but the last holds three quarters of the people that those before it left over, the last all others.
    """

    strata: int
    bits: int

    @classmethod
    def of_size(cls, people: int) -> Shape:
        """The shape that a sketch of ``people`` has: the smallest that tells two such audiences apart.

        Fewer bits also say less. With these, whoever has the key finds a number's bit set at most 8.1 times as often
        if it is in the audience as if it is not (1 / tanh(1/8): on average one bit is flipped by 1/8 person or more).
        """
        if people < LEAST_PEOPLE:
            return cls(0, 0)
        strata, left = 1, people
        while left > _FULL and strata < STRATA:
            strata, left = strata + 1, left // 4
        wanted = people * _BITS_A_PERSON
        return cls(strata, min(MOST_BITS, 1 << (wanted - 1).bit_length()))

    def common(self, other: Shape) -> Shape:
        """The finest shape that sketches of this shape and of ``other`` can both be brought to."""
        return Shape(min(self.strata, other.strata), min(self.bits, other.bits))

    @property
    def octets(self) -> int:
        """How many bytes all strata take."""
        return self.strata * self.bits // 8

    def rates(self) -> tuple[float, ...]:
        """The share of all people that each stratum holds."""
        return (*(0.75 * 0.25**stratum for stratum in range(self.strata - 1)), 0.25 ** (self.strata - 1))


@dataclass(frozen=True, slots=True)
class AudienceSketch:
    """``size`` people, as the bits that ``audience.sketching`` made of them under one key.

    ``bits`` has the length that `Shape.of_size` gives, stratum by stratum. Two sketches can be compared only when they
    were made under the same key.
    """

    size: int
    bits: bytes

    @property
    def shape(self) -> Shape:
        """How ``bits`` is cut into strata; none where it is not `is_sound`."""
        return Shape.of_size(self.size) if self.is_sound else Shape(0, 0)

    @property
    def is_sound(self) -> bool:
        """Whether ``bits`` is as long as it must be."""
        return self.size >= 0 and len(self.bits) == Shape.of_size(self.size).octets


@dataclass(frozen=True, slots=True)
class Estimate:
    """How two audiences differ, as two sketches tell it.

    ``added`` and ``removed`` are estimates, each right within ``error`` people in 95 of 100 comparisons; ``is_floor``
    says that they differ by more than a sketch can tell, and that the figures are the least that it must be.
    """

    added: int
    removed: int
    error: int
    is_floor: bool = False


@dataclass(frozen=True, slots=True)
class AudienceChange:
    """What became of one campaign's audience since ``since`` ("the last plan", "the scheduled message"), at ``at``."""

    since: str
    at: datetime | None
    before: int
    now: int
    estimate: Estimate

    @property
    def certain(self) -> int:
        """How many people came or left at the least."""
        estimate = self.estimate
        return max(abs(self.now - self.before), estimate.added + estimate.removed - 2 * estimate.error)


@dataclass(frozen=True, slots=True)
class Overlap:
    """``share`` of this audience, in whole per cent and right within ``error`` points, is ``campaign``'s as well."""

    campaign: str
    share: int
    error: int
