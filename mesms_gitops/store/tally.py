"""What a head says of its rows and of itself, so that what was deleted, added or put back by hand is noticed.

A lost record is a second send, and a database lets anybody delete a row. So beside each head stands how many rows were
committed, a sum over them, and a digest that binds both to the head. Each row counts in the sum as one number, modulo
2**256: the order does not matter, and a commit takes out what it replaces and adds what it puts, at the cost of the
rows that it changes. It guards against mistakes; who may write to the database, and means to, can compute it as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MODULUS = 1 << 256


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows there are, and the sum over them."""

    count: int = 0
    total: int = 0

    def moved(self, gone: Iterable[tuple[str, bytes]], put: Iterable[tuple[str, bytes]]) -> Tally:
        """The tally without the rows ``gone`` and with ``put``, each a name and the digest of its text."""
        out, fresh = [_weight(*row) for row in gone], [_weight(*row) for row in put]
        return Tally(self.count - len(out) + len(fresh), (self.total - sum(out) + sum(fresh)) % _MODULUS)

    @property
    def text(self) -> str:
        """How it is written: the count, and the sum in hexadecimal."""
        return f"{self.count} {self.total:064x}"

    def sealed(self, lineage: str, serial: int, head: bytes) -> str:
        """What stands beside a head of that ``lineage`` and ``serial`` whose text has the digest ``head``."""
        return _sealed(self.text, lineage, serial, head)


def rows_of(sealed: str, lineage: str, serial: int, head: bytes) -> str | None:
    """The tally's text that ``sealed`` binds to this head; None if it was not made for it."""
    rows = sealed.rpartition(" ")[0]
    return rows if sealed == _sealed(rows, lineage, serial, head) else None


def _weight(name: str, digest: bytes) -> int:
    return int.from_bytes(sha256(digest + name.encode("utf-8", "surrogatepass")).digest(), "big")


def _sealed(rows: str, lineage: str, serial: int, head: bytes) -> str:
    # the digest has one length, rows and serial no line break: nothing reads as two different heads
    bound = head + f"{rows}\n{serial}\n{lineage}".encode("utf-8", "surrogatepass")
    return f"{rows} {sha256(bound).hexdigest()}"
