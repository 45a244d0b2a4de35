"""Cursors that lead astray: what a list of recipients looks like when its paging is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from mesms_gitops.sandbox import assumptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.sandbox.refusals import Answer

Bend = Literal["repeat", "back", "skip", "end"]
BENDS: Final[tuple[Bend, ...]] = get_args(Bend)
"""repeat: the cursor asked with. back: to the second row. skip: over a page. end: there, though more follow."""


def bent(answer: Answer, bend: Bend, query: Mapping[str, str]) -> Answer:
    """``answer`` with another ``nextCursor`` in its plain shape; one that has none stays as it is."""
    body = answer.body
    if not isinstance(body, dict) or "nextCursor" not in body:
        return answer
    if bend == "end":
        return answer._replace(body={**body, "nextCursor": None, "hasMore": False})
    after, following = int(query.get("after", "0")), body["nextCursor"]
    page = assumptions.RECIPIENTS_MAX_LIMIT
    cursor = {"repeat": after, "back": 1, "skip": (following or after) + page}[bend]
    return answer._replace(body={**body, "nextCursor": cursor, "hasMore": True})
