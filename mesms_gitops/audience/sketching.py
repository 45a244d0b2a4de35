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

import sys
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from mesms_gitops.model.sketch import MOST_BITS, STRATA, AudienceSketch, Shape
from mesms_gitops.planning.sketches import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from polars import Series

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.numbers import Numbers

_DIGITS: Final = 1000
"""A subscriber number is three characters of three digits."""
_DERIVED: Final = 1024
_LEVELS: Final = 1024
_SLICE: Final = 1 << 17
"""Numbers hashed at a time: what belongs to them stays in the processor's cache."""
_DIGEST: Final = 64


def sketch_of(numbers: Iterable[Numbers], key: HashKey) -> AudienceSketch:
    """The sketch of everybody in ``numbers``, sets that share nobody. The same in any order and on any machine."""
    parts = list(_slices(numbers))
    size = sum(map(len, parts))
    if not Shape.of_size(size).octets:
        return AudienceSketch(size, b"")
    tables = _Tables.of(key.secret)
    cells = pl.concat([tables.cells(part) for part in parts])
    runs = cells.sort().rle().struct.unnest()
    odd = runs.filter(pl.col("len") % 2 == 1)["value"]
    return packed(_strata(odd.to_list()), size)


def _slices(numbers: Iterable[Numbers]) -> Iterator[Series]:
    """All of ``numbers``; many small sets as few columns, since a column costs as much as thousands of numbers."""
    for body in _joined(numbers):
        whole = _words(body, pl.UInt32, "little" if sys.byteorder == "little" else "big")
        for start in range(0, len(whole), _SLICE):
            yield whole.slice(start, _SLICE)


def _joined(numbers: Iterable[Numbers]) -> Iterator[bytes]:
    waiting, many = [], 0
    for some in numbers:
        waiting.append(some.native())
        many += len(some)
        if many >= _SLICE:
            yield b"".join(waiting)
            waiting, many = [], 0
    if many:
        yield b"".join(waiting)


def _words(body: bytes, kind: type[pl.UInt32 | pl.UInt64], order: Literal["little", "big"]) -> Series:
    count = len(body) // (4 if kind is pl.UInt32 else 8)
    return pl.Series([body]).bin.reinterpret(dtype=pl.Array(kind, count), endianness=order).explode()


class _Tables:
    """The random tables of one key."""

    def __init__(self, secret: bytes) -> None:
        self._characters = [_table(secret, number, _DIGITS) for number in range(3)]
        self._derived = [_table(secret, number, _DERIVED) for number in range(3, 5)]
        self._first_cell = pl.Series([_level(pattern) * MOST_BITS for pattern in range(_LEVELS)], dtype=pl.UInt16)

    @staticmethod
    @lru_cache(maxsize=2)
    def of(secret: bytes) -> _Tables:
        """Made once a key: a plan sketches many audiences."""
        return _Tables(secret)

    def cells(self, subscribers: Series) -> Series:
        """Where each number falls: the stratum times ``MOST_BITS``, plus the bit."""
        low, rest = subscribers % _DIGITS, subscribers // _DIGITS
        first, second, third = self._characters
        mixed = first.gather(low) ^ second.gather(rest % _DIGITS) ^ third.gather(rest // _DIGITS)
        once, twice = self._derived
        mixed = mixed // _DERIVED**2 ^ once.gather(mixed % _DERIVED) ^ twice.gather(mixed // _DERIVED % _DERIVED)
        bit = (mixed % MOST_BITS).cast(pl.UInt16)
        return self._first_cell.gather(mixed // MOST_BITS % _LEVELS) + bit


def _table(secret: bytes, number: int, entries: int) -> Series:
    blocks = entries * 8 // _DIGEST
    body = b"".join(
        blake2b(bytes([number, *block.to_bytes(2, "big")]), key=secret, person=b"sketch", digest_size=_DIGEST).digest()
        for block in range(blocks)
    )
    return _words(body, pl.UInt64, "big")


def _level(pattern: int) -> int:
    """The stratum of a random ``pattern``: how many pairs of zeros it ends in."""
    zeros = (pattern & -pattern).bit_length() - 1 if pattern else _LEVELS.bit_length()
    return min(zeros // 2, STRATA - 1)


def _strata(cells: Iterable[int]) -> list[int]:
    """The strata in full length, each as one integer with the bits of ``cells`` set."""
    bodies = [bytearray(MOST_BITS // 8) for _ in range(STRATA)]
    for cell in cells:
        stratum, bit = divmod(cell, MOST_BITS)
        bodies[stratum][bit // 8] |= 1 << bit % 8
    return [int.from_bytes(body, "little") for body in bodies]
