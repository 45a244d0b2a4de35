"""A block of a table means to polars what it means to `csv`, or polars is not asked."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.audience.sources.batch import batch_of
from mesms_gitops.audience.sources.blocks import Endless, blocks
from mesms_gitops.audience.sources.csv_file import records
from mesms_gitops.audience.sources.quick_csv import Layout, quick_batch

LAYOUT = Layout(",", 4, 1, (0, 3), ((2, frozenset({"yes", "1"})),))


def exactly(block: bytes, line: int) -> list[tuple[object, ...]] | None:
    """The rows as `csv` reads them; None if it finds the block broken."""
    table = csv.reader(io.StringIO(block.decode(), newline=""), strict=True)
    try:
        return batch_of(list(records(table, line, LAYOUT)), 2).rows()
    except csv.Error:
        return None


_CELL = st.one_of(
    st.sampled_from(["", "yes", "0800000001", "สมชาย", " ", '"a,b"', '"a\nb"', '""', '"a ""b"""', 'a"b', '"a"b', "1"]),
    st.text('a",\n 0ก', max_size=4),
)
_LINE = st.one_of(
    st.lists(_CELL, min_size=4, max_size=4),
    st.lists(_CELL, max_size=6),
    st.lists(st.sampled_from(["x", "0800000001", "yes", "ก"]), min_size=4, max_size=4),
).map(",".join)
_START = st.sampled_from([""] * 9 + ["x^", "\ufeff"])
"""What polars would take for an archive, or drop."""
_BLOCK = st.tuples(st.lists(_LINE, max_size=12), st.sampled_from(["\n", "\r\n"]), _START).map(
    lambda drawn: drawn[2] + "".join(line + drawn[1] for line in drawn[0])
)


@settings(max_examples=1500, deadline=None)
@given(_BLOCK, st.integers(1, 5))
def test_quick_or_exact_it_is_the_same_table(text: str, line: int) -> None:
    block = text.encode()
    quick = quick_batch(block, line, block.count(b"\n"), LAYOUT) if block else None
    if quick is not None:
        columns = ["row", "phone", "kept", "fault", "value0", "value1"]
        assert quick.select(columns).rows() == exactly(block, line)


def test_what_is_plain_is_read_quickly() -> None:
    """Without this, never asking polars would pass for agreement."""
    plain = 'สมชาย,0800000001,yes,x\n"a, b",0800000002,no,""\n,,,x\n'
    assert quick_batch(plain.encode(), 2, plain.count("\n"), LAYOUT) is not None


@settings(max_examples=300, deadline=None)
@given(_BLOCK, st.integers(1, 40))
def test_blocks_are_the_file_cut_between_records(text: str, size: int) -> None:
    whole = text.encode()
    cut = list(blocks(io.BytesIO(whole).read, size))
    assert b"".join(cut) == whole
    for block in cut[:-1]:
        assert block.endswith(b"\n")
        assert block.count(b'"') % 2 == 0


def test_a_record_without_end_is_refused_in_bounded_memory() -> None:
    """Twenty gigabytes of zeros are not a row."""
    given_out = 0

    def zeros(size: int) -> bytes:
        nonlocal given_out
        given_out += size
        return b"\0" * size

    with pytest.raises(Endless):
        list(blocks(zeros))
    assert given_out < 64 << 20
