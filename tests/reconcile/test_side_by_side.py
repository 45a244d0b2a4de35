"""Several long reads at once: results by name, and nobody goes on once one has failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.reconcile.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable


def nothing() -> None:
    """Nobody is told, and nothing holds back."""


def test_results_go_by_name() -> None:
    """Of as many as there are, none included."""
    for names in ([], ["a"], list("abcdefgh")):
        read = side_by_side(lambda name, check: name * 2, names, nothing, nothing, at_once=3)
        assert read == {name: name * 2 for name in names}


def test_when_one_fails_the_others_stop_before_their_next_request() -> None:
    """Its error is the one that is raised, though the others are stopped by another."""
    requests: list[str] = []

    def read(name: str, before_each: Callable[[], None]) -> None:
        for _ in range(500):
            before_each()
            requests.append(name)
            if name == "bad" and len(requests) > 10:
                raise AnswerUnreadable("a page that is none")
            time.sleep(0.01)

    with pytest.raises(AnswerUnreadable, match="a page that is none"):
        side_by_side(read, ["good", "bad", "other"], nothing, nothing, at_once=3)
    assert len(requests) < 100


def test_what_waits_for_its_turn_is_not_begun_after_a_failure() -> None:
    """With one thread, the first that fails is the only one that was begun."""
    begun: list[str] = []

    def read(name: str, before_each: Callable[[], None]) -> None:
        before_each()
        begun.append(name)
        raise AnswerUnreadable(name)

    with pytest.raises(AnswerUnreadable, match="a"):
        side_by_side(read, list("abcd"), nothing, nothing, at_once=1)
    assert begun == ["a"]


def test_people_are_told_while_it_lasts() -> None:
    """Half a second of work is told of twice at least."""
    told: list[int] = []
    side_by_side(lambda name, check: time.sleep(0.5), ["a"], nothing, lambda: told.append(1), at_once=1)
    assert len(told) >= 2
