"""Numbers in a manifest are judged alike with and without the machinery for lists."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.audience.inline import inline_findings
from mesms_gitops.audience.resolve import examine
from mesms_gitops.model.campaign import NumbersSource

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


def test_it_needs_nothing_heavy() -> None:
    """`validate` looks at numbers in manifests, and must stay quick."""
    code = "import sys, mesms_gitops.audience.inline; print({'polars', 'narwhals'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
