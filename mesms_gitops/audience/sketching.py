"""Numbers -> `AudienceSketch`: two audiences can be compared by it without either being kept.

An odd sketch in strata. A keyed hash sends every number to one stratum (three quarters to the first, three quarters of
the others to the second, and so on, the rest to the last) and to one bit of it, which it flips: a bit says whether an
odd number of people share it. The exclusive or of two sketches is the sketch of the people who are in only one of the
audiences, since everybody in both flips a bit twice. How many bits are set then tells how many people that are
(`planning.sketches`). Small audiences have fewer strata and shorter ones (`model.sketch.Shape`).

The hash is mixed tabulation (Dahlgaard, Knudsen, Rotenberg, Thorup, "Hashing for statistics over k-partitions", 2015),
with tables drawn from keyed BLAKE2b: numbers in a row, or a whole prefix, fall as evenly as any others.

What a sketch tells:

- Without the key: how many people there are, nothing else. Where a number falls cannot be computed.
- With the key: of any one number, a little. A number's bit is set at most 8.1 times as often if it is in the audience
  as if it is not; in an audience of more than 3,000, at most 5.4 times. Nothing can be listed: three hundred million
  numbers are possible, and a bit of the first stratum is shared by 55,000 of them (in the last stratum of an audience
  of millions by 72, where every third bit is set). Yet who already suspects that somebody is in a small audience
  finds the suspicion strengthened. Hence there are no bits for fewer than 50 people; and without ``MESMS_HASH_KEY`` the
  key follows from the lineage, which stands in the state: whoever reads the state then has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.sketch import MOST_BITS, STRATA, AudienceSketch, Shape
from mesms_gitops.planning.sketches import packed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.numbers import Numbers


def sketch_of(numbers: Iterable[Numbers], key: HashKey) -> AudienceSketch:
    """The sketch of everybody in ``numbers``, sets that share nobody. The same in any order and on any machine."""
    sets = list(numbers)
    size = sum(map(len, sets))
    if not Shape.of_size(size).octets:
        return AudienceSketch(size, b"")
    from mesms_gitops.audience.sketch_cells import odd_cells

    return packed(_strata(odd_cells(sets, key)), size)


def _strata(cells: Iterable[int]) -> list[int]:
    """The strata in full length, each as one integer with the bits of ``cells`` set."""
    bodies = [bytearray(MOST_BITS // 8) for _ in range(STRATA)]
    for cell in cells:
        stratum, bit = divmod(cell, MOST_BITS)
        bodies[stratum][bit // 8] |= 1 << bit % 8
    return [int.from_bytes(body, "little") for body in bodies]
