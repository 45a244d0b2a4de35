"""The fault that bends cursors: what a client sees of a list of recipients whose paging is broken."""

from __future__ import annotations

import pytest

from mesms_gitops.sandbox.bending import BENDS, bent
from mesms_gitops.sandbox.faults import Fault
from mesms_gitops.sandbox.refusals import Answer

PAGE = {"data": [], "nextCursor": 150, "hasMore": True, "summary": []}
LAST = {"data": [], "nextCursor": None, "hasMore": False, "summary": []}


@pytest.mark.parametrize(
    ("bend", "page", "cursor", "more"),
    [
        ("repeat", PAGE, 100, True),
        ("back", PAGE, 1, True),
        ("skip", PAGE, 200, True),
        ("end", PAGE, None, False),
        ("repeat", LAST, 100, True),
        ("back", LAST, 1, True),
        ("skip", LAST, 150, True),
        ("end", LAST, None, False),
    ],
)
def test_each_bend(bend: str, page: dict[str, object], cursor: int | None, more: bool) -> None:
    """The cursor and hasMore are other ones, and nothing else is."""
    answer = bent(Answer(200, page), bend, {"after": "100"})  # type: ignore[arg-type]  # one of BENDS
    assert answer.body == {**page, "nextCursor": cursor, "hasMore": more}


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("body", [{"error": "no"}, {"data": [], "page": 1}, [], None])
def test_what_has_no_cursor_stays_as_it_is(bend: str, body: object) -> None:
    """An error, a numbered page, anything else."""
    answer = Answer(404, body)
    assert bent(answer, bend, {}) is answer  # type: ignore[arg-type]  # one of BENDS


def test_a_bend_that_there_is_not_is_refused() -> None:
    """The error lists those that there are."""
    with pytest.raises(ValueError, match="bend must be one of repeat, back, skip, end"):
        Fault.read({"kind": "bend_cursor", "bend": "sideways"})
