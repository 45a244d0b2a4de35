"""The tool's own comments on a pull request: found by their marker, changed in place, never somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.marker import Marker
from mesms_gitops.views.comment_markdown import struck_through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.api.github import GitHub
    from mesms_gitops.model.pull_request import Comment
    from mesms_gitops.views.comment_words import Words


def own(comments: Iterable[Comment], kind: str, environment: str, bot: str) -> Comment | None:
    """The bot's first comment of this ``kind`` and ``environment``; whoever copied a marker is not the bot."""
    for comment in comments:
        marker = Marker.of(comment.body) if comment.author == bot else None
        if marker is not None and (marker.kind, marker.environment) == (kind, environment):
            return comment
    return None


def put(github: GitHub, number: int, body: str, bot: str, *, only_if_there: bool = False) -> int | None:
    """Write ``body`` where its marker says that it belongs: over the former one, else anew; its id or None."""
    marker = Marker.of(body)
    assert marker is not None  # every view begins with one
    former = own(github.comments(number), marker.kind, marker.environment, bot)
    if former is None:
        return None if only_if_there else github.add_comment(number, body)
    if former.body.replace("\r\n", "\n").strip() != body.strip():
        github.change_comment(former.id, body)
    return former.id


def strike(github: GitHub, number: int, head: str, environment: str, bot: str, words: Words) -> None:
    """Strike the plan through if it was made for another commit than ``head``: from then on nobody can approve it."""
    former = own(github.comments(number), "plan", environment, bot)
    marker = Marker.of(former.body) if former else None
    if former is None or marker is None or marker.head == head:
        return
    struck = struck_through(former.body, words)
    if struck is not None:
        github.change_comment(former.id, struck)
