"""One truth about numbers, said three times: `normalise` of a text, `rules` of a column, `clean` of the plain ones."""

from __future__ import annotations

import narwhals as nw
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.audience.judging import Judge, clean
from mesms_gitops.audience.normalise import INVISIBLE, SEPARATORS, SPACES, Reason, lost_zero, normalise
from mesms_gitops.audience.rules import LOST_ZERO, PHONE, REASON, SUBSCRIBER, judged
from mesms_gitops.audience.sources.batch import ROW

_CHARACTERS = st.one_of(
    st.sampled_from("0123456789"),
    st.sampled_from("0668"),
    st.sampled_from("๐๑๒๖๘๙+-.()[]eE,\n\t\r\x85\u2028\x1c x" + SPACES + INVISIBLE + SEPARATORS),
    st.characters(exclude_categories=["Cs"]),
)
CELLS = st.one_of(
    st.text(_CHARACTERS, max_size=16),
    st.from_regex(r"\A\+?(00|66|0|)6?6?0?[2689][0-9]{6,9}\n?\Z"),
    st.from_regex(r"\A\s?[+-]?[0-9]{0,12}[.,]?[0-9]{0,3}[eE]?[+-]?[0-9]{0,2}\s?\Z"),
)


def said_of(cell: str) -> tuple[int | None, str | None, bool]:
    found = normalise(cell)
    return (None, found.value, False) if isinstance(found, Reason) else (found, None, lost_zero(cell))


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, min_size=30, max_size=60))
def test_the_rules_say_of_a_column_what_normalise_says_of_each_text(cells: list[str]) -> None:
    frame = nw.from_native(pl.LazyFrame({PHONE: cells}, schema={PHONE: pl.String}))
    found = judged(frame).select(SUBSCRIBER, REASON, LOST_ZERO).collect().rows()
    assert list(found) == [said_of(cell) for cell in cells]


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, min_size=30, max_size=60))
def test_the_quick_way_says_the_same_or_nothing(cells: list[str]) -> None:
    found = clean(pl.Series(PHONE, cells, dtype=pl.String).to_frame())
    for cell, number, lost in found.select(PHONE, SUBSCRIBER, LOST_ZERO).iter_rows():
        assert number is None or (number, lost) == (normalise(cell), lost_zero(cell))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=30), min_size=1, max_size=3), st.booleans())
def test_judging_parts_good_from_bad(batches: list[list[str]], in_order: bool) -> None:
    """In the order of the rows where that is asked for, and nobody is forgotten who had to wait."""
    judge = Judge(in_order=in_order)
    cells = [cell for batch in batches for cell in batch]
    rows = pl.DataFrame({ROW: range(len(cells)), PHONE: cells}, schema={ROW: pl.Int64, PHONE: pl.String})
    good, bad, start = [], [], 0
    for batch in batches:
        parted = judge.judge(rows.slice(start, len(batch)))
        good.append(parted[0]), bad.append(parted[1])
        start += len(batch)
    rest = judge.rest()
    good.append(rest[0]), bad.append(rest[1])
    found_good = [row for frame in good for row in frame.select(ROW, SUBSCRIBER, LOST_ZERO).rows()]
    found_bad = [row for frame in bad for row in frame.select(ROW, REASON).rows()]
    said = [(index, *said_of(cell)) for index, cell in enumerate(cells)]
    assert (found_good if in_order else sorted(found_good)) == [(at, n, lost) for at, n, why, lost in said if not why]
    assert (found_bad if in_order else sorted(found_bad)) == [(at, why) for at, _, why, _ in said if why]
