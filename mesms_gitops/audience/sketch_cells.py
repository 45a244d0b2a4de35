"""The hash of `sketching`, of whole columns: what only an audience that is large enough for bits has to load."""

from __future__ import annotations

import sys
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from mesms_gitops.model.sketch import MOST_BITS, STRATA

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


def odd_cells(numbers: Iterable[Numbers], key: HashKey) -> list[int]:
    """The cells (the stratum times ``MOST_BITS``, plus the bit) in which an odd number of people fall."""
    tables = _Tables.of(key.secret)
    cells = pl.concat([tables.cells(part) for part in _slices(numbers)])
    runs = cells.sort().rle().struct.unnest()
    odd: list[int] = runs.filter(pl.col("len") % 2 == 1)["value"].to_list()
    return odd


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
