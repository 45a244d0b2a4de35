"""Values of people in columns say what tuples of pairs would, in the same order; and many groups are what few are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.audience import kinds_of_people
from mesms_gitops.audience.kinds_of_people import KIND, Kinds, groups_of, is_blank
from mesms_gitops.model.audience import Audience

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES = st.sets(st.sampled_from(["city", "name", "tier"])).map(lambda names: tuple(sorted(names)))
_VALUE = st.sampled_from(["", "a", "b", "ก", "\U0001f600", "z "])


@st.composite
def _sources(draw: st.DrawFn) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Of some sources the variables and the values, some of them several times."""
    names = draw(st.lists(_NAMES, min_size=1, max_size=3))
    return [(own, draw(st.lists(st.tuples(*[_VALUE] * len(own)), max_size=6))) for own in names]


def _kinds(sources: Sequence[tuple[tuple[str, ...], list[tuple[str, ...]]]]) -> Kinds:
    return Kinds.of(
        [
            (
                names,
                pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
                if names
                else pl.DataFrame({"": [None] * len(rows)}),
            )
            for names, rows in sources
        ]
    )


@settings(max_examples=200, deadline=None)
@given(_sources())
def test_ranks_are_those_of_sorted_pairs(sources: list[tuple[tuple[str, ...], list[tuple[str, ...]]]]) -> None:
    """Whichever source they are of, and whether or not each has all variables."""
    keys = [tuple(zip(names, row, strict=True)) for names, rows in sources for row in rows]
    distinct = sorted(set(keys))
    kinds = _kinds(sources)
    ranks, rows = kinds.ranked()
    assert ranks.to_list() == [distinct.index(key) for key in keys]
    assert [tuple(values.items()) for values in kinds.values_of(rows)] == distinct


@settings(max_examples=100, deadline=None)
@given(_sources(), st.data())
def test_many_groups_are_what_few_are(
    sources: list[tuple[tuple[str, ...], list[tuple[str, ...]]]], data: st.DataObject
) -> None:
    """Each by its place from either end, in slices, one after the other, and everybody together."""
    kinds = _kinds(sources)
    _, distinct = kinds.ranked()
    of = data.draw(st.lists(st.integers(0, distinct.height - 1), max_size=30)) if distinct.height else []
    subscribers = data.draw(st.permutations(range(800_000_000, 800_000_000 + len(of))))
    people = pl.DataFrame({"subscriber": subscribers, KIND: of}, schema={"subscriber": pl.UInt32, KIND: pl.UInt32})
    few = groups_of(kinds, distinct, people, "subscriber")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds_of_people, "MOST_APART", 0)
        many = groups_of(kinds, distinct, people, "subscriber")
    assert len(many) == len(few)
    assert list(many) == list(few)
    assert [many[at] for at in range(-len(few), len(few))] == [*few, *few]
    assert tuple(many[1:5]) == tuple(few[1:5])
    with pytest.raises(IndexError):
        many[len(few)]
    together = [Audience(groups).numbers() for groups in (few, many)]
    assert [sorted(number for some in sets for number in some) for sets in together] == [sorted(subscribers)] * 2
    everybody = {number: dict(group.values) for group in few for number in group.numbers}
    listed = list(kinds.values_of(distinct))
    assert everybody == {number: listed[kind] for number, kind in zip(subscribers, of, strict=True)}


def test_blank_is_what_strip_leaves_nothing_of() -> None:
    """Every character there is, alone and beside another; what is absent is not blank."""
    texts = ["", " \u3000", " x ", *(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)]
    found = pl.DataFrame({"text": texts}).select(is_blank(pl.col("text")))["text"].to_list()
    assert found == [not text.strip() for text in texts]
    assert pl.DataFrame({"text": [None]}, schema={"text": pl.String}).select(is_blank(pl.col("text")))[
        "text"
    ].to_list() == [False]
