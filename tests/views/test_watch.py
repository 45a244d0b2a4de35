"""What is watched fits on the screen, says what is left out, and never hides what cannot be read."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.views.watch_text import watch_line, watch_text
from tests.planning.scenes import LINEAGE, manifest, remembered

if TYPE_CHECKING:
    from collections.abc import Callable

P = SendPhase
KINDS = {
    "not read": (P.SCHEDULED, {}, ("unread",)),
    "started": (P.STARTED, {"success": 1, "pending": 1}, ()),
    "sent": (P.SENT, {"pending": 2}, ()),
    "scheduled": (P.SCHEDULED, {}, ()),
    "settled": (P.SENT, {"success": 2}, ()),
}
"""What a campaign may be called, in the order of how much it matters; sent and started ones matter alike."""
ORDER = {"not read": 0, "started": 1, "sent": 1, "scheduled": 2, "settled": 3}
FOOTER = "12 still open; next look in 30 s; Ctrl-C ends the watching"


def campaign(name: str, kind: str) -> CampaignRecord:
    phase, counts, notes = KINDS[kind]
    record = remembered(manifest(name, "Bye", (7, 8)), phase, delivery=MappingProxyType(counts), notes=notes)
    return replace(record, name=name)


def watched(kinds: list[str]) -> State:
    """One campaign of each of these kinds."""
    records = [campaign(f"songkran-2027-{number:03}", kind) for number, kind in enumerate(kinds)]
    return State(LINEAGE, 7, campaigns=MappingProxyType({record.name: record for record in records}))


@given(
    st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=40),
    st.integers(10, 60),
    st.integers(40, 100),
)
def test_it_fits_and_counts_whom_it_leaves_out(kinds: list[str], height: int, width: int) -> None:
    """The screen holds it, what is waited for is on it, everybody is shown or counted, and what matters is shown."""
    state = watched(kinds)
    text = watch_text(state, state.campaigns, FOOTER, width=width, height=height)
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert " ".join(text.split()).endswith(FOOTER)
    shown = [state.campaigns[name] for name in re.findall(r"songkran-2027-\d{3}", text)]
    kind_of = dict(zip(state.campaigns, kinds, strict=True))
    left_out = [kind for name, kind in kind_of.items() if name not in {record.name for record in shown}]
    assert shown
    if not left_out:
        return
    told = " ".join(text.split()).partition("and ")[2].removesuffix(FOOTER)
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (not read|[a-z]+)", told.partition(": ")[2])}
    assert counts == {kind: left_out.count(kind) for kind in set(left_out)}
    assert max(ORDER[kind_of[record.name]] for record in shown) <= min(ORDER[kind] for kind in left_out)


def test_two_hundred_on_a_narrow_terminal(snapshot: Callable[[str, str], None]) -> None:
    """Whole: as a person sees it who looks at the beginning of a great day."""
    kinds = ["scheduled"] * 150 + ["sent"] * 3 + ["not read"] + ["settled"] * 46
    state = watched(kinds)
    snapshot("watch_200_40x15.txt", watch_text(state, state.campaigns, FOOTER, width=40, height=15))
    snapshot("watch_200_100x12.txt", watch_text(state, state.campaigns, FOOTER, width=100, height=12))


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_says_that_it_was_not_read(kind: str) -> None:
    """And only then."""
    assert watch_line(watched([kind]), "songkran-2027-000").endswith("; not read") is (kind == "not read")
