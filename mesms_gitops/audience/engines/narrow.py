"""Lists to people, as lazy Narwhals expressions: judge, filter, first mention wins, exclude.

The same rules as ``gathering`` has for this machine; ``tests/audience/test_spark.py`` holds both to one answer. Nothing
here runs anything, and nothing depends on the order of rows: a cluster has none. Within one list equal rows of a number
are one; where they differ, nobody can say which is the first, so they are counted as contradictory.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw

from mesms_gitops.audience.engines.engine import column
from mesms_gitops.audience.rules import LOST_ZERO, PHONE, REASON, SUBSCRIBER, judged
from mesms_gitops.audience.sources.batch import KEPT, value_column
from mesms_gitops.audience.sources.frames import NoText, not_text
from mesms_gitops.audience.sources.reader import Unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mesms_gitops.audience.engines.engine import Table
    from mesms_gitops.audience.sources.wanted import Wanted

    Lazy = nw.LazyFrame[Any]

SOURCE: Final = "source"
FATE: Final = "fate"
FILTERED: Final = "filtered"
GOOD: Final = "good"
ROWS: Final = "row_count"
OTHERS: Final = "others"
IS_OUT: Final = "is_out"
_LAST: Final = "last_"
_FIRST_SOURCE: Final = "first_source"


def _text(name: str, kind: nw.dtypes.DType) -> nw.Expr:
    """The column ``name`` as `frames.as_text` would write it. Raises NoText for what each engine writes its own way."""
    if kind == nw.String or kind == nw.Boolean or kind == nw.Decimal or kind == nw.Date or kind.is_integer():
        return nw.col(name).cast(nw.String).fill_null("")
    raise NoText(f"values of type {str(kind).partition('(')[0]}")


def sifted(table: Table, wanted: Wanted, label: str, names: Sequence[str]) -> Lazy:
    """What became of each row of ``table``: FATE is GOOD, FILTERED or the reason why its number is none.

    Beside it SUBSCRIBER (of good rows), PHONE (of bad ones), LOST_ZERO and a `value_column` for each of ``names``, null
    where this list has no such variable. Raises Unusable for columns that are not there or hold no text.
    """
    present = [name.strip() for name in table.names]
    wanted.check(present, label)
    kinds = table.frame.collect_schema()

    def cell(key: str, name: str) -> nw.Expr:
        place = column(present.index(name))
        try:
            return _text(place, kinds[place])
        except NoText as error:
            advice = "name a column of texts or whole numbers, or make one: cast it in a view"
            raise Unusable(not_text(label, key, name, error, advice)) from error

    kept = [cell(f"where.{name}", name).is_in(sorted(allowed)) for name, allowed in wanted.where]
    own = dict(zip(wanted.names, wanted.columns, strict=True))
    values = {
        value_column(index): cell(f"variables.{name}", own[name]) if name in own else nw.lit(None, dtype=nw.String)
        for index, name in enumerate(names)
    }
    picked = table.frame.select(
        cell("phone", wanted.phone).alias(PHONE),
        (reduce(lambda one, other: one & other, kept) if kept else nw.lit(True)).alias(KEPT),
        *(expression.alias(name) for name, expression in values.items()),
    )
    return _fates(picked, list(values))


def _fates(picked: Lazy, values: Sequence[str]) -> Lazy:
    found = judged(picked)
    fate = (
        nw.when(~nw.col(KEPT))
        .then(nw.lit(FILTERED))
        .otherwise(nw.when(nw.col(REASON).is_null()).then(nw.lit(GOOD)).otherwise(nw.col(REASON)))
    )
    found = found.with_columns(**{FATE: fate})
    is_good = nw.col(FATE) == GOOD
    is_bad = ~is_good & (nw.col(FATE) != FILTERED)
    return found.select(
        FATE,
        nw.when(is_good).then(nw.col(SUBSCRIBER)).alias(SUBSCRIBER),
        nw.when(is_bad).then(nw.col(PHONE)).alias(PHONE),
        (is_good & nw.col(LOST_ZERO)).alias(LOST_ZERO),
        *values,
    )


def fates(rows: Lazy) -> Lazy:
    """How many of the ``sifted`` rows have each FATE (ROWS), and how many of these lacked their 0 (LOST_ZERO)."""
    return (
        rows.select(FATE, nw.col(LOST_ZERO).cast(nw.Int64))
        .group_by(FATE)
        .agg(nw.len().alias(ROWS), nw.col(LOST_ZERO).sum())
        .select(FATE, ROWS, LOST_ZERO)
    )


def rejected(rows: Lazy, most: int | None) -> Lazy:
    """PHONE and FATE of the bad ones of ``sifted`` rows, at most so many, in the order that is the same every time."""
    bad = rows.filter(~nw.col(PHONE).is_null()).select(PHONE, FATE).sort(PHONE, FATE)
    return bad if most is None else bad.head(most)


def mentions(rows: Lazy, source: int, values: Sequence[str]) -> Lazy:
    """The good ones of ``sifted`` rows, as mentions of people by the list ``source``."""
    good = rows.filter(nw.col(FATE) == GOOD)
    return good.select(
        SUBSCRIBER, nw.lit(source).cast(nw.Int64).alias(SOURCE), *values, nw.lit(0).cast(nw.Int64).alias(OTHERS)
    )


def people(mentioned: Iterable[Lazy], opted_out: Iterable[Lazy], values: Sequence[str]) -> Lazy:
    """Everybody once: SUBSCRIBER, the SOURCE that mentions them first, its values, and IS_OUT if they opted out.

    OTHERS is 1 for somebody whom that source gives several values, or what was counted of them before.
    """
    everybody = nw.concat(list(mentioned), how="vertical")
    last = {name: _LAST + name for name in values}
    by_list = everybody.group_by(SUBSCRIBER, SOURCE).agg(
        *(nw.col(name).min() for name in values),
        *(nw.col(name).max().alias(highest) for name, highest in last.items()),
        nw.col(OTHERS).max(),
    )
    differs = [(nw.col(name) != nw.col(highest)).fill_null(False) for name, highest in last.items()]
    if differs:
        is_contradictory = reduce(lambda one, other: one | other, differs)
        by_list = by_list.with_columns(
            **{OTHERS: nw.when(is_contradictory).then(nw.lit(1)).otherwise(nw.col(OTHERS)).cast(nw.Int64)}
        )
    by_list = by_list.with_columns(**{_FIRST_SOURCE: nw.col(SOURCE).min().over(SUBSCRIBER)})
    firsts = by_list.filter(nw.col(SOURCE) == nw.col(_FIRST_SOURCE)).select(SUBSCRIBER, SOURCE, OTHERS, *values)
    out = list(opted_out)
    if not out:
        return firsts.with_columns(**{IS_OUT: nw.lit(False)})
    refused = nw.concat(out, how="vertical").unique(SUBSCRIBER).with_columns(**{IS_OUT: nw.lit(True)})
    joined = firsts.join(refused, on=SUBSCRIBER, how="left")
    return joined.with_columns(nw.col(IS_OUT).fill_null(False))


def summary(everybody: Lazy) -> Lazy:
    """By SOURCE: how many ``people`` it mentions first (ROWS), how many of them are out, and the sum of OTHERS."""
    return (
        everybody.select(SOURCE, OTHERS, nw.col(IS_OUT).cast(nw.Int64))
        .group_by(SOURCE)
        .agg(nw.len().alias(ROWS), nw.col(IS_OUT).sum(), nw.col(OTHERS).sum())
        .select(SOURCE, ROWS, IS_OUT, OTHERS)
    )


def texted(everybody: Lazy) -> Lazy:
    """Those of ``people`` who did not opt out."""
    return everybody.filter(~nw.col(IS_OUT)).drop(IS_OUT, OTHERS)
