"""The different sets of values that lists give to people, in columns: millions of them stay as small as their texts."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import polars as pl

from mesms_gitops.audience.cells import cells_of
from mesms_gitops.model.audience import AudienceGroup, ManyGroups
from mesms_gitops.model.numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from polars import DataFrame, Expr, Series

SOURCE: Final = "source"
KIND: Final = "kind"
_PLACE: Final = "place"
_WHITE: Final = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What `str.strip` takes for white space."""
MOST_APART: Final = 250_000
"""Groups up to which each is an object of its own; more are kept in columns."""


def is_blank(values: Expr) -> Expr:
    """Whether a text has nothing but white space; where there is none, it has not."""
    return (values.str.strip_chars(_WHITE) == "").fill_null(value=False)


@dataclass(frozen=True, slots=True)
class Kinds:
    """Every kind of people of every source.

    ``frame`` has a row for each: SOURCE, and for each place of a kind's variables ``name_i`` (its rank among ``names``)
    and ``value_i``, both null beyond the last. Rows may say the same: a list is read in pieces.
    """

    names: tuple[str, ...]
    frame: DataFrame

    @classmethod
    def of(cls, sources: Sequence[tuple[Sequence[str], DataFrame]]) -> Kinds:
        """Of each source its variables, in order, and the values, a column each, in the same order."""
        names = tuple(sorted({name for own, _ in sources for name in own}))
        widest = max((len(own) for own, _ in sources), default=0)
        schema: dict[str, type[pl.DataType]] = {SOURCE: pl.UInt32}
        for at in range(widest):
            schema |= {f"name_{at}": pl.UInt32, f"value_{at}": pl.String}
        frames = [pl.DataFrame(schema=schema)]
        for number, (own, values) in enumerate(sources):
            columns: list[Expr] = [pl.lit(number, pl.UInt32).alias(SOURCE)]
            for at, (name, column) in enumerate(zip(own, values.columns if own else (), strict=True)):
                columns += [
                    pl.lit(names.index(name), pl.UInt32).alias(f"name_{at}"),
                    pl.col(column).alias(f"value_{at}"),
                ]
            for at in range(len(own), widest):
                columns += [pl.lit(None, pl.UInt32).alias(f"name_{at}"), pl.lit(None, pl.String).alias(f"value_{at}")]
            frames.append(values.with_columns(columns).select(list(schema)))
        return cls(names, pl.concat(frames))

    @property
    def keys(self) -> list[str]:
        """The columns that make two kinds one text, whichever source they are of."""
        return [column for column in self.frame.columns if column != SOURCE]

    def ranked(self) -> tuple[Series, DataFrame]:
        """For each row the rank of its values, from 0; and the distinct values in that order, the shortest first."""
        if not self.keys or not self.frame.height:
            return pl.Series(KIND, [0] * self.frame.height, pl.UInt32), self.frame.head(1)
        ordered = self.frame.with_row_index(_PLACE).sort(self.keys, nulls_last=False)
        is_new = pl.any_horizontal(*(pl.col(key).ne_missing(pl.col(key).shift(1)) for key in self.keys))
        first = pl.int_range(pl.len()) == 0
        ordered = ordered.with_columns((first | is_new).alias("new"))
        ranks = (ordered["new"].cum_sum() - 1).cast(pl.UInt32)
        places = pl.DataFrame({_PLACE: ordered[_PLACE], KIND: ranks}).sort(_PLACE)
        return places[KIND], ordered.filter("new").select(self.keys)

    def values_of(self, distinct: DataFrame) -> Iterator[dict[str, str]]:
        """The values by name, of each row of what `ranked` gives."""
        for row in distinct.select(self.keys).iter_rows() if self.keys else ((),) * distinct.height:
            yield {self.names[name]: value for name, value in zip(row[::2], row[1::2], strict=True) if name is not None}


def groups_of(kinds: Kinds, distinct: DataFrame, people: DataFrame, subscriber: str) -> Sequence[AudienceGroup]:
    """One group for each kind that has ``people``, in the order of ``distinct``; its numbers ascending.

    ``people`` says of each in which row of ``distinct`` they are, under KIND.
    """
    ordered = people.select(subscriber, KIND).sort(KIND, subscriber)
    runs = ordered[KIND].rle().struct.unnest()
    cells = cells_of(ordered[subscriber])
    present = distinct[runs["value"]]
    if runs.height > MOST_APART and _are_alike(kinds, present):
        columns = [present[f"value_{at}"] for at in range(len(kinds.names))]
        everybody = Numbers.from_sorted(cells_of(people[subscriber].sort()))
        ends = cells_of(runs["len"].cum_sum().cast(pl.UInt32))
        return ManyGroups(kinds.names, tuple(columns), cells, ends, everybody)
    made, start = [], 0
    for size, values in zip(runs["len"], kinds.values_of(present), strict=True):
        made.append(AudienceGroup(MappingProxyType(values), Numbers.from_sorted(cells[start : start + size])))
        start += size
    return tuple(made)


def _are_alike(kinds: Kinds, present: DataFrame) -> bool:
    """Whether each of them has a value for every name."""
    last = f"name_{len(kinds.names) - 1}"
    return bool(kinds.names) and last in present.columns and not present[last].null_count()
