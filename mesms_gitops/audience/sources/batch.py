"""Rows of a list, column by column: what every kind of source hands on."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import polars as pl

from mesms_gitops.audience.rules import PHONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mesms_gitops.audience.sources.reader import Row

ROW: Final = "row"
KEPT: Final = "kept"
FAULT: Final = "fault"
BATCH_ROWS: Final = 100_000


def value_column(index: int) -> str:
    """The column that holds the value of the template variable ``Wanted.names[index]``."""
    return f"value{index}"


def schema(values: int) -> dict[str, type[pl.DataType]]:
    """A batch's columns, each in its type.

    ROW is where a person finds the row, KEPT whether `where` keeps it, FAULT why the row itself is no good (or null).
    """
    return {
        ROW: pl.Int64,
        PHONE: pl.String,
        KEPT: pl.Boolean,
        FAULT: pl.String,
        **{value_column(index): pl.String for index in range(values)},
    }


def batches_of(rows: Iterable[Row], values: int) -> Iterator[pl.DataFrame]:
    """``rows``, ``BATCH_ROWS`` at a time; ``values`` is how many each has."""
    remaining = iter(rows)
    while some := list(islice(remaining, BATCH_ROWS)):
        yield batch_of(some, values)


def batch_of(rows: Sequence[Row], values: int) -> pl.DataFrame:
    """``rows`` as one batch. A lone surrogate, which is no text, becomes a question mark."""
    return pl.DataFrame(
        {
            ROW: [row.number for row in rows],
            PHONE: [_text(row.phone) for row in rows],
            KEPT: [row.kept for row in rows],
            FAULT: [row.fault.value if row.fault else None for row in rows],
            **{
                value_column(index): [_text(row.values[index]) if row.values else "" for row in rows]
                for index in range(values)
            },
        },
        schema=schema(values),
    )


def _text(cell: str) -> str:
    return cell if cell.isascii() else cell.encode("utf-8", "replace").decode()
