"""The crowd against the plainest program that could gather it: a dictionary, filled row by row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.audience.normalise import Reason, normalise
from mesms_gitops.audience.resolve import examine
from mesms_gitops.model.campaign import ListSource, Tolerance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.model.campaign import Campaign

PHONES = [f"080000000{digit}" for digit in range(6)]
_PHONE = st.one_of(
    st.sampled_from(PHONES),
    st.sampled_from([f"+66 80-000-000{digit}" for digit in range(6)]),
    st.sampled_from(["", "02-000-0001", "6.68E+10", "n/a", "๐๘๐๐๐๐๐๐๐๑", "800000002"]),
)
_ROW = st.tuples(_PHONE, st.sampled_from(["ก", "ข", "Anna"]), st.sampled_from(["yes", "no"]))
_LIST = st.lists(_ROW, min_size=1, max_size=14)


def plainly(lists: list[list[tuple[str, str, str]]], out: list[str], *, personal: bool) -> tuple[object, ...]:
    """Who is texted with which value, and what became of the other rows."""
    refused = {normalise(phone) for phone in out}
    said: dict[int, str] = {}
    duplicates = filtered = 0
    invalid: Counter[str] = Counter()
    for rows in lists:
        for phone, name, consent in rows:
            found = normalise(phone)
            if consent != "yes":
                filtered += 1
            elif isinstance(found, Reason):
                invalid[found.value] += 1
            elif found in said:
                duplicates += 1
            else:
                said[found] = name if personal else ""
    left = {number: name for number, name in said.items() if number not in refused}
    return left, duplicates, filtered, len(said) - len(left), dict(invalid)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_LIST, min_size=1, max_size=3), st.lists(st.sampled_from(PHONES), max_size=3), st.booleans())
def test_it_is_what_a_dictionary_would_hold(
    tmp_path: Path,
    campaign: Callable[..., Campaign],
    lists: list[list[tuple[str, str, str]]],
    out: list[str],
    personal: bool,
) -> None:
    sources = tuple(
        ListSource(
            "csv",
            _written(tmp_path / f"{index}.csv", rows),
            "phone",
            variables={"name": "name"} if personal else {},
            where={"consent": ("yes",)},
        )
        for index, rows in enumerate(lists)
    )
    refused = ListSource("csv", _written(tmp_path / "out.csv", [(phone, "", "yes") for phone in out]), "phone")
    audience = examine(campaign(*sources, exclude=(refused,), invalid=Tolerance(None, 1.0)))
    said, duplicates, filtered, excluded, invalid = plainly(lists, out, personal=personal)
    counts = audience.counts
    assert {number: group.values.get("name", "") for group in audience.groups for number in group.numbers} == said
    assert (counts.duplicates, counts.filtered, counts.excluded) == (duplicates, filtered, excluded)
    assert dict(counts.invalid) == invalid
    assert counts.rows == sum(map(len, lists))


def _written(file: Path, rows: list[tuple[str, str, str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("phone", "name", "consent"), *rows])
    file.write_text(text.getvalue(), encoding="utf-8", newline="")
    return str(file)
