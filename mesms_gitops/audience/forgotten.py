"""People who asked to be forgotten, found in a column of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mesms_gitops.model.suppression import BUCKET_BITS

if TYPE_CHECKING:
    from polars import Expr, Series

    from mesms_gitops.model.suppression import Suppression


def suppressed_among(subscribers: Series, suppression: Suppression) -> list[int]:
    """Those of ``subscribers`` who must not be texted, each once.

    A digest is made only of numbers whose bucket has somebody in it: of two million and a thousand forgotten, 30,000.
    """
    candidates = subscribers.to_frame("number").filter(buckets(suppression).is_in(suppression.buckets))["number"]
    return [number for number in candidates.unique().to_list() if suppression.covers(number)]


def buckets(suppression: Suppression) -> Expr:
    """`Suppression.bucket` of the column ``number``: 64-bit integers wrap around, which is what is wanted."""
    multiply, add, again, last = map(_word, suppression.factors)
    mixed = pl.col("number").cast(pl.UInt64) * multiply + add
    mixed = mixed ^ (mixed // _word(1 << 32))
    return (mixed * again + last) // _word(1 << (64 - BUCKET_BITS))


def _word(value: int) -> Expr:
    return pl.lit(value, dtype=pl.UInt64)
