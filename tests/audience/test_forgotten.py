"""People who asked to be forgotten are found in a column of numbers, all of them and nobody else."""

from __future__ import annotations

import random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.audience.forgotten import buckets, suppressed_among
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.suppression import Suppression, is_entry
from tests.measured import soon

KEY = HashKey.of_secret("a secret of tests")
subscribers = st.integers(600_000_000, 999_999_999)


def suppression_of(*numbers: int, key: HashKey = KEY) -> Suppression:
    return Suppression.of(map(Suppression.of((), key).entry, numbers), key)


@given(st.sets(subscribers, max_size=20), st.sets(subscribers, max_size=20), st.text(min_size=1, max_size=5))
def test_all_of_them_and_nobody_else(gone: set[int], others: set[int], secret: str) -> None:
    suppression = suppression_of(*gone, key=HashKey.of_secret(secret))
    column = pl.Series([*gone, *others], dtype=pl.UInt32)
    assert set(suppressed_among(column, suppression)) == gone
    assert all(suppression.covers(number) for number in gone)
    assert all(map(is_entry, suppression.entries))


@given(st.lists(subscribers, max_size=20), st.text(min_size=1, max_size=5))
def test_a_column_has_the_buckets_of_its_numbers(numbers: list[int], secret: str) -> None:
    """The hash is written twice, for one number and for a column: both give the same buckets, which fill evenly."""
    suppression = Suppression.of((), HashKey.of_secret(secret))
    column = pl.DataFrame({"number": pl.Series(numbers, dtype=pl.UInt32)})
    assert column.select(buckets(suppression)).to_series().to_list() == [suppression.bucket(each) for each in numbers]


def test_another_key_finds_nobody() -> None:
    """What is recorded is worth nothing without the key."""
    entries = suppression_of(800000001).entries
    assert not Suppression.of(entries, HashKey.of_secret("another")).covers(800000001)


def test_a_thousand_among_two_millions_in_no_time() -> None:
    drawn = random.Random(3).sample(range(600_000_000, 999_999_999), 2_000_000)
    gone = set(drawn[:1_000])
    suppression = suppression_of(*gone)
    column = pl.Series(drawn, dtype=pl.UInt32)
    with soon():
        assert set(suppressed_among(column, suppression)) == gone
