"""Which blocks of mobile numbers have been given to an operator: a matter of record, which moves from year to year.

Assumption: Thailand's numbering plan as libphonenumber 9.0.43 (November 2026) has it, gathered from what the NBTC
publishes. Between its editions of October 2024 and this one the blocks of 067 grew, so a number outside of them is
counted and warned of, and sent all the same: it may be newer than this table.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import narwhals as nw
    from polars import Series

ASSIGNED: Final = (
    (610_000_000, 669_999_999),
    (671_000_000, 671_899_999),
    (672_400_000, 672_799_999),
    (673_100_000, 673_699_999),
    (800_000_000, 999_999_999),
)
"""First and last subscriber number of every run of blocks, ascending."""
_NAMED: Final = 3
_BLOCK: Final = 10_000_000


def in_known_block(subscriber: int) -> bool:
    """Whether one subscriber number lies in a block that an operator has."""
    return any(first <= subscriber <= last for first, last in ASSIGNED)


def is_known(subscriber: nw.Expr) -> nw.Expr:
    """The same for a column, on any engine that Narwhals speaks to."""
    return reduce(or_, (subscriber.is_between(first, last) for first, last in ASSIGNED))


def outside_known_blocks(subscribers: Series) -> tuple[int, tuple[str, ...]]:
    """How many there are, and how the commonest of them begin (``067x``)."""
    import narwhals as nw

    from mesms_gitops.audience.rules import SUBSCRIBER

    outside = nw.from_native(subscribers.to_frame(SUBSCRIBER)).filter(~is_known(nw.col(SUBSCRIBER)))
    if outside.is_empty():
        return 0, ()
    starts: Series = outside[SUBSCRIBER].to_native() // _BLOCK
    return len(starts), _named(dict(starts.value_counts().rows()))


def commonest_starts(outside: Iterable[int]) -> tuple[str, ...]:
    """How the commonest of some subscriber numbers begin."""
    return _named(Counter(number // _BLOCK for number in outside))


def _named(counts: Mapping[int, int]) -> tuple[str, ...]:
    ordered = sorted(counts.items(), key=lambda found: (-found[1], found[0]))[:_NAMED]
    return tuple(f"0{start}x" for start, _ in ordered)
