"""What two sketches say: how many people are in one audience and not in the other, and how sure that is.

Of the d people who are in exactly one of two audiences, a stratum of m bits that holds the share r has, in the
exclusive or, ``m (1 - exp(-2 r d / m)) / 2`` bits set on average. The d under which all strata together are likeliest
(each weighed by what it can still tell) is the estimate; few people are hardly ever on the same bit, so a small d is
nearly exact. Its variance is ``1 / I(d) - d``, with I the information that the strata have about d, if people came at
random: their number is in fact one, and that part of the variance falls away. ``error`` is twice half its root, since
added and removed differ by exactly what the sizes differ by.
"""

from __future__ import annotations

from math import ceil, expm1, log1p, sinh, sqrt
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.sketch import MOST_BITS, STRATA, AudienceSketch, Estimate, Overlap, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

_SURE: Final = 2.0
"""Standard deviations on either side that hold 95 of 100 cases."""
_RARE: Final = 0.02
"""Below this chance that any two people shared a bit, a figure is taken as exact."""
_FULL: Final = Shape(STRATA, MOST_BITS)
_FAR: Final = 300.0


def compared(before: AudienceSketch, now: AudienceSketch) -> Estimate:
    """How ``now`` differs from ``before``, which was made under the same key."""
    if before == now and before.bits:
        return Estimate(0, 0, 0)
    grown = now.size - before.size
    least, most = abs(grown), before.size + now.size
    if not grown and before.bits != now.bits:
        least = min(2, most)
    shape = before.shape.common(now.shape)
    counts = _differing(before, now, shape)
    if _is_saturated(counts, shape):
        floor = _in_step(max(least, _least(counts, shape)), least, most)
        return _split(floor, grown, error=0, is_floor=True)
    people = _in_step(round(_likeliest(counts, shape, least, most)), least, most)
    return _split(people, grown, min(_error(people, shape), ceil((most - least) / 2)), is_floor=False)


def overlap(campaign: str, other: AudienceSketch, own: AudienceSketch) -> Overlap | None:
    """How much of ``own`` is ``other``, the audience of ``campaign``; None where sketches cannot tell."""
    if not own.size or min(own.size, other.size) * 10 < own.size:
        return None  # not a tenth of it, whoever they are
    found = compared(other, own)
    if found.is_floor:
        return None
    share = 100 * (own.size - found.added) // own.size
    return Overlap(campaign, share, ceil(100 * found.error / own.size))


def _split(people: int, grown: int, error: int, *, is_floor: bool) -> Estimate:
    return Estimate((people + grown) // 2, (people - grown) // 2, error, is_floor)


def _in_step(people: int, least: int, most: int) -> int:
    """``people``, brought to what is possible: as even or odd as the difference of the sizes, and within bounds."""
    odd = (people - least) % 2
    return max(least, min(people + odd, most))


# ── bits ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def folded(strata: Sequence[int], bits: int, shape: Shape) -> tuple[int, ...]:
    """``strata`` of ``bits`` bits each, brought to a coarser ``shape``: what such a sketch of the same people is."""
    merged = list(strata[: shape.strata])
    for surplus in strata[shape.strata :]:
        merged[-1] ^= surplus
    while bits > shape.bits:
        bits //= 2
        low = (1 << bits) - 1
        merged = [(stratum & low) ^ (stratum >> bits) for stratum in merged]
    return tuple(merged)


def packed(strata: Sequence[int], size: int) -> AudienceSketch:
    """The sketch of ``size`` people whose full ``strata`` are these."""
    shape = Shape.of_size(size)
    if not shape.octets:
        return AudienceSketch(size, b"")
    each = shape.bits // 8
    bodies = (stratum.to_bytes(each, "little") for stratum in folded(strata, _FULL.bits, shape))
    return AudienceSketch(size, b"".join(bodies))


def _unpacked(sketch: AudienceSketch) -> list[int]:
    each = sketch.shape.bits // 8
    return [int.from_bytes(sketch.bits[at : at + each], "little") for at in range(0, len(sketch.bits), each or 1)]


def _differing(before: AudienceSketch, now: AudienceSketch, shape: Shape) -> tuple[int, ...]:
    """How many bits differ, stratum by stratum."""
    if not shape.octets:
        return ()
    one = folded(_unpacked(before), before.shape.bits, shape)
    other = folded(_unpacked(now), now.shape.bits, shape)
    return tuple((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


# ── arithmetic ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_saturated(counts: Sequence[int], shape: Shape) -> bool:
    """Whether no stratum can be told from one that half the world has flipped: four standard deviations from it."""
    return all(count > shape.bits / 2 - 2 * sqrt(shape.bits) for count in counts)


def _least(counts: Sequence[int], shape: Shape) -> int:
    """The fewest people that leave the sparsest stratum as full as it is: two standard deviations below its count."""
    if not counts:
        return 0
    share = min(counts[-1], shape.bits // 2) / shape.bits - 1 / sqrt(shape.bits)
    return int(-shape.bits * log1p(-2 * share) / 2 / shape.rates()[-1]) if share > 0 else 0


def _likeliest(counts: Sequence[int], shape: Shape, least: int, most: int) -> float:
    """The root of the score: where more people would make what is seen less likely, and fewer too."""
    low, high = max(float(least), 1e-3), float(most)
    if _score(low, counts, shape) <= 0:
        return low
    if _score(high, counts, shape) >= 0:
        return high
    while high - low > 0.25:
        middle = (low + high) / 2
        if _score(middle, counts, shape) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(people: float, counts: Sequence[int], shape: Shape) -> float:
    """Which way the likelihood of ``counts`` rises: above zero if more than ``people`` are likelier."""
    total = 0.0
    for count, rate in zip(counts, shape.rates(), strict=True):
        load = 2 * rate * people / shape.bits
        if load < _FAR:
            total += rate / sinh(load) * (count + shape.bits * expm1(-load) / 2)
    return total


def _error(people: int, shape: Shape) -> int:
    """The bound that added and removed keep to in 95 of 100 cases, if ``people`` differ."""
    information = sum(
        4 * rate**2 / shape.bits / expm1(load)
        for rate in shape.rates()
        if (load := 4 * rate * people / shape.bits) and load < _FAR
    )
    if not information:
        return people
    pairs = max(0.0, 1 / information - people) / 4
    return ceil(_SURE * sqrt(pairs)) if pairs > _RARE else 0
