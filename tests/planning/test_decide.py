"""What is decided, situation by situation. Each row is one sentence that must be true."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.plan import Blocked, Reason
from mesms_gitops.planning.wording import NEXT_STEPS, SENTENCES

from . import rows_of_doubt, rows_of_life, rows_of_names, rows_of_trouble
from .rows import AGAIN, SALE, P
from .scenes import Scene, manifest, message, remembered, told_by

if TYPE_CHECKING:
    from .rows import Row
    from .scenes import Manifest

TABLE = [*rows_of_life.ROWS, *rows_of_names.ROWS, *rows_of_trouble.ROWS, *rows_of_doubt.ROWS]
UNREACHABLE = {Reason.NOTHING_TO_DO: "every way of having nothing to do has a reason of its own"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.sentence)
def test_the_sentence_is_true(row: Row) -> None:
    assert tuple(told_by(action) for action in row.scene.actions()) == row.decisions


def test_every_sentence_is_said_once() -> None:
    sentences = [row.sentence for row in TABLE]
    assert sorted(set(sentences)) == sorted(sentences)


def test_every_reason_is_reached_or_known_to_be_out_of_reach() -> None:
    reached = {decision.reason for row in TABLE for decision in row.decisions}
    assert (set(Reason) - reached, reached & set(UNREACHABLE)) == (set(UNREACHABLE), set())


def test_every_reason_has_its_sentence_and_whatever_blocks_its_next_step() -> None:
    blocking = {decision.reason for row in TABLE for decision in row.decisions if decision.verb == "blocked"}
    assert (set(SENTENCES), set(NEXT_STEPS)) == (set(Reason), blocking)


def test_what_blocks_says_once_what_to_do_next_and_names_its_campaign() -> None:
    """Every blocked action of the table carries exactly one MS601, complete."""
    for row in TABLE:
        for action in row.scene.actions():
            if isinstance(action, Blocked):
                (found,) = (finding for finding in action.diagnostics if finding.code == "MS601")
                assert found.campaign == action.campaign, row.sentence
                assert found.next_step, row.sentence
                assert not {"{", "}"} & set(found.next_step), row.sentence


def test_a_rename_onto_a_name_that_is_taken_cancels_nothing() -> None:
    """Contract, section 3: a rename never cancels or resends."""
    spring = manifest("spring", "Spring", (9,), moved_from="sale")
    scene = Scene((spring,), (remembered(SALE, P.SCHEDULED), remembered(spring, P.SENT)))
    assert not [step for action in scene.actions() for step in action.cancels]


@pytest.mark.parametrize("now", [manifest(revision=3), manifest(text="Hi", revision=2)], ids=["revised", "edited"])
def test_a_revision_that_was_raised_past_one_double_says_nothing_of_later_ones(now: Manifest) -> None:
    """Contract, section 8.9: before each new send."""
    sent = replace(remembered(AGAIN, P.SCHEDULED), held_at=1)
    text = next(send.text or "" for send in now.sends())
    assert [action.reason for action in Scene((now,), (sent,), listing=(message(now, text),)).actions()] == [
        Reason.FOREIGN_MESSAGE
    ]
