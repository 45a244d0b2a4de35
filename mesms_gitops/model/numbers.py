"""Phone numbers of an audience, held as 9-digit subscriber numbers so that two million cost eight megabytes."""

from __future__ import annotations

import sys
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

COUNTRY_CODE = "66"
SUBSCRIBER_DIGITS = 9


class Numbers:
    """An immutable, sorted set of Thai mobile numbers.

    Each is the subscriber number (``0812345678`` and ``66812345678`` are 812345678) in an unsigned 32-bit cell.
    """

    __slots__ = ("_cells",)

    def __init__(self, subscribers: Iterable[int] = ()) -> None:
        """Sort and deduplicate ``subscribers``."""
        self._cells = array("I", sorted(set(subscribers)))

    @classmethod
    def from_sorted(cls, cells: array[int]) -> Numbers:
        """Adopt ``cells``, which must be ascending and without duplicates; the caller must not touch them again."""
        made = cls.__new__(cls)
        made._cells = cells
        return made

    def __len__(self) -> int:
        return len(self._cells)

    def __iter__(self) -> Iterator[int]:
        return iter(self._cells)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers) and self._cells == other._cells

    def __hash__(self) -> int:
        return hash((len(self._cells), self._cells[:1].tobytes(), self._cells[-1:].tobytes()))

    def __repr__(self) -> str:
        # never the numbers themselves: a repr ends in logs and tracebacks
        return f"<Numbers: {len(self)}>"

    def msisdns(self) -> Iterator[str]:
        """Each number as it is sent: ``66XXXXXXXXX``."""
        return (f"{COUNTRY_CODE}{cell:09d}" for cell in self._cells)

    def slices(self, size: int) -> Iterator[Numbers]:
        """The same numbers in runs of at most ``size``."""
        for start in range(0, len(self._cells), size):
            yield Numbers.from_sorted(self._cells[start : start + size])

    def portable(self) -> bytes:
        """The numbers in order, four bytes each, the high one first: the same on every machine."""
        cells = self._cells
        if sys.byteorder == "little":
            cells = cells[:]
            cells.byteswap()
        return cells.tobytes()

    def native(self) -> bytes:
        """The numbers in order, four bytes each, as this machine holds them: for computing, never for keeping."""
        return self._cells.tobytes()

    def digest(self, key: bytes) -> str:
        """A keyed digest of the whole set: equal sets, equal digests, in any order and on any machine."""
        return keyed_digest(key, b"audience", self.portable())

    def sample(self, key: bytes, size: int) -> tuple[str, ...]:
        """Keyed digests of the ``size`` lowest numbers: what the first page of a remote listing can be held against."""
        return tuple(number_digest(key, cell) for cell in self._cells[:size])


class KnownNumbers(Numbers):
    """Numbers of which is known how many there are and what their digests are; they are read when somebody asks.

    ``sample`` are the digests of the lowest, all of them or as many as are ever asked for; ``secret`` is the key of the
    digests. ``read`` gives the very numbers that were digested, or raises.
    """

    __slots__ = ("_digest", "_read", "_sample", "_secret", "_size")

    def __init__(
        self, size: int, digest: str, sample: tuple[str, ...], secret: bytes, read: Callable[[], Numbers]
    ) -> None:
        self._size = size
        self._digest = digest
        self._sample = sample
        self._secret = secret
        self._read = read

    def __getattr__(self, name: str) -> array[int]:
        # the one attribute that may be asked for before it is there
        if name != "_cells":
            raise AttributeError(name)
        self._cells = self._read()._cells
        return self._cells

    def __len__(self) -> int:
        return self._size

    def digest(self, key: bytes) -> str:
        """See `Numbers.digest`."""
        return self._digest if key == self._secret else super().digest(key)

    def sample(self, key: bytes, size: int) -> tuple[str, ...]:
        """See `Numbers.sample`."""
        is_known = key == self._secret and len(self._sample) >= min(size, self._size)
        return self._sample[:size] if is_known else super().sample(key, size)


def keyed_digest(key: bytes, purpose: bytes, body: bytes) -> str:
    """BLAKE2b-160 of ``body`` under ``key`` (at most 64 bytes), in hex.

    ``purpose`` (at most 16 bytes) keeps the digests of two uses apart.
    """
    return blake2b(body, key=key, person=purpose, digest_size=20).hexdigest()


def number_digest(key: bytes, subscriber: int) -> str:
    """A keyed digest of one number, 64 bits: enough to compare a page of recipients, useless without the key."""
    return blake2b(subscriber.to_bytes(4, "big"), key=key, person=b"number", digest_size=8).hexdigest()


def subscriber_of(msisdn: str) -> int | None:
    """The subscriber number of an msisdn as ME-SMS writes it, ``66XXXXXXXXX`` or ``0XXXXXXXXX``; else None."""
    digits = msisdn.strip().removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return None
    for prefix in (COUNTRY_CODE, "0"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + SUBSCRIBER_DIGITS:
            return int(digits[len(prefix) :])
    return None
