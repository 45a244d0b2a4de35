"""A column handed over in one go is the column."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.audience.cells import cells_of

_CELLS = st.lists(st.integers(0, 2**32 - 1), max_size=20)


@given(st.lists(_CELLS, min_size=1, max_size=4), st.integers(0, 6), st.integers(0, 60))
def test_it_is_what_the_column_holds(chunks: list[list[int]], start: int, size: int) -> None:
    """Of several chunks, and of a part of a column, which begins in the middle of what lies in memory."""
    column = pl.concat([pl.Series(chunk, dtype=pl.UInt32) for chunk in chunks], rechunk=False).slice(start, size)
    assert cells_of(column).tolist() == column.to_list()


def test_it_outlives_the_column() -> None:
    column = pl.Series(range(100_000), dtype=pl.UInt32)
    cells = cells_of(column)
    del column
    pl.Series(range(7, 100_007), dtype=pl.UInt32)
    assert cells.tolist() == list(range(100_000))


@pytest.mark.parametrize("column", [pl.Series([1], dtype=pl.Int64), pl.Series([1, None], dtype=pl.UInt32)])
def test_other_columns_are_refused(column: pl.Series) -> None:
    with pytest.raises(TypeError):
        cells_of(column)
