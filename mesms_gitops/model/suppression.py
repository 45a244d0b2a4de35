"""People who asked to be forgotten: recognised when a list names them, never readable from what is recorded of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from mesms_gitops.model.numbers import number_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.hashkey import HashKey

BUCKET_BITS = 16
WORD = 1 << 64
_ENTRY = re.compile(r"[0-9a-f]{4}:[0-9a-f]{16}")


def is_entry(text: str) -> bool:
    """Whether ``text`` has the form of what `Suppression.entry` gives."""
    return _ENTRY.fullmatch(text) is not None


@dataclass(frozen=True)
class Suppression:
    """The suppressed of a state, and how one of them is recognised.

    An entry is ``bucket:digest``. The digest decides. The bucket is a keyed hash made of multiplications only, which a
    column of two million numbers takes in one go: digests are made of the few numbers whose bucket is among these.
    Without the key neither says anything about the number.
    """

    entries: frozenset[str]
    key: HashKey

    @classmethod
    def of(cls, entries: Iterable[str], key: HashKey) -> Suppression:
        """What ``State.suppressed`` holds, under the state's key."""
        return cls(frozenset(entries), key)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def buckets(self) -> tuple[int, ...]:
        """The buckets that have anybody in them."""
        return tuple(sorted({int(entry.partition(":")[0], 16) for entry in self.entries}))

    @cached_property
    def factors(self) -> tuple[int, int, int, int]:
        """The secrets of the bucket hash: multiply, add; fold the high half into the low one; multiply, add.

        All arithmetic is modulo 2^64, and the bucket is the highest 16 bits of what comes out.
        """
        drawn = blake2b(key=self.key.secret, person=b"suppress", digest_size=32).digest()
        one, two, three, four = (int.from_bytes(drawn[at : at + 8], "big") for at in range(0, 32, 8))
        return one | 1, two, three | 1, four

    def bucket(self, subscriber: int) -> int:
        """The bucket of one number."""
        multiply, add, again, last = self.factors
        mixed = (subscriber * multiply + add) % WORD
        mixed ^= mixed >> 32
        return ((mixed * again + last) % WORD) >> (64 - BUCKET_BITS)

    def entry(self, subscriber: int) -> str:
        """What is recorded of one number."""
        return f"{self.bucket(subscriber):04x}:{number_digest(self.key.secret, subscriber)}"

    def covers(self, subscriber: int) -> bool:
        """Whether this number must not be texted."""
        return self.entry(subscriber) in self.entries
