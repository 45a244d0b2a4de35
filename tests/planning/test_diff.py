"""A diff puts every key on exactly one side, in the order of the keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.planning.diff import Diff, diff

sides = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3))


def test_each_side_and_what_is_in_both() -> None:
    assert diff({"a": 1, "b": 2}, {"b": 3, "c": 4}) == Diff((1,), (4,), ((2, 3),))


@given(sides, sides)
def test_nothing_is_lost_and_nothing_is_added(desired: dict[str, int], recorded: dict[str, int]) -> None:
    found = diff(
        {key: (key, value) for key, value in desired.items()}, {key: (key, value) for key, value in recorded.items()}
    )
    mine, theirs = zip(*found.in_both, strict=True) if found.in_both else ((), ())
    assert sorted((*found.only_desired, *mine)) == sorted(desired.items())
    assert sorted((*found.only_recorded, *theirs)) == sorted(recorded.items())
    assert [key for key, _ in mine] == [key for key, _ in theirs]
    for side in (found.only_desired, found.only_recorded, mine):
        assert list(side) == sorted(side)
