"""Numbers in a manifest are judged alike with and without the machinery for lists."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.audience.inline import InlineExamination, inline_findings, is_inline
from mesms_gitops.audience.reading import ListExamination
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.sources.outside import Outside
from mesms_gitops.model.campaign import GroupSource, NumbersSource
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.suppression import Suppression

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.campaign import Campaign

_NUMBERS = st.lists(
    st.sampled_from(
        ["0800000001", "+66 80 000 0002", "800000003", "02-000-0001", "0812", "", "\u0e50\u0e58\u0e50" + "0" * 7]
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_NUMBERS, min_size=1, max_size=3))
def test_it_finds_what_examining_would_find(campaign: Callable[..., Campaign], numbers: list[list[str]]) -> None:
    made = campaign(*(NumbersSource(tuple(some)) for some in numbers))
    assert inline_findings(made) == examine(made).diagnostics


_KEY = HashKey.of_secret("one")
_MENTIONED = st.sampled_from(
    [*(f"0{number}" for number in (800_000_001, 900_000_002, 620_000_003, 670_000_004, 679_900_005, 689_900_006)),
     "66800000001", "+66 (0) 90 000 0002", "\u0e50\u0e58\u0e50" + "0" * 6 + "1", "0800000001\ud800", "\u00ad",
     "800000001", "02-000-0001", "0812", "", " ", "6.68E+10", "66080000001.0", "+1 800 000 0001", "ความลับ"]
)  # fmt: skip
_FORGOTTEN = st.sets(st.sampled_from([800_000_001, 620_000_003, 999_999_999]))
_SOURCES = st.lists(
    st.builds(GroupSource, st.integers(1, 2)) | st.lists(_MENTIONED, max_size=8).map(tuple),
    max_size=3,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_SOURCES, _SOURCES, _FORGOTTEN)
def test_the_audience_is_the_one_that_lists_would_make(
    campaign: Callable[..., Campaign], recipients: list[object], opt_outs: list[object], forgotten: set[int]
) -> None:
    """The same people, counts, findings, masked rejects and progress, to the last of them."""
    every = [[_source(one) for one in some] for some in (recipients, opt_outs)]
    made = campaign(*every[0], exclude=tuple(every[1]))
    assert is_inline(made)
    entries = Suppression.of((), _KEY)
    suppression = Suppression.of(map(entries.entry, forgotten), _KEY)
    heard: list[list[object]] = [[], []]
    found, expected = (
        examination(made, Outside(progress=steps.append), suppression).audience()
        for examination, steps in zip((InlineExamination, ListExamination), heard, strict=True)
    )
    assert found == expected
    assert heard[0] == heard[1]


def test_more_rejects_than_are_kept(campaign: Callable[..., Campaign]) -> None:
    """Those of opt-outs come first, and the same number of them is kept."""
    made = campaign(NumbersSource(("02000",) * 700), exclude=(NumbersSource(("0812",) * 700),))
    found, expected = (one(made, Outside(), None).audience() for one in (InlineExamination, ListExamination))
    assert found == expected


def _source(found: object) -> GroupSource | NumbersSource:
    return found if isinstance(found, GroupSource) else NumbersSource(found)  # type: ignore[arg-type]


def test_it_needs_nothing_heavy() -> None:
    """`validate` and `plan` look at numbers in manifests, and must stay quick."""
    code = (
        "import sys, mesms_gitops.audience.resolve as resolve, mesms_gitops.audience.sketching;"
        "print({'polars', 'narwhals'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
