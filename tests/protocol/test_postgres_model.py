"""The model of PostgreSQL is held to a real one: the same writes in any order, answer by answer and row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.store.postgres_sql import FIRST_WRITE, WRITE

from . import postgres_commit, postgres_statements
from .postgres_pair import Act, doing, others, play, writes, writing

if TYPE_CHECKING:
    from pathlib import Path

PLAYED = settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@PLAYED
@given(acts=st.lists(writes() | others(), min_size=15, max_size=30))
def test_the_model_answers_as_a_server_does(tmp_path: Path, acts: list[Act]) -> None:
    """Two runs that write, lock, stop and lose their sessions: the same answers, notes and rows after each step."""
    assert play(tmp_path, acts) == []


BLIND: dict[str, tuple[Act, ...]] = {
    "lineage": (writing("ours", "of another lineage", {}),),
    "serial": (writing("ours", "of an older serial", {}),),
    "moved_to": (doing("ours", "retire", "elsewhere"), writing("ours", "as it stands", {})),
    "sha256": (writing("ours", "on another head", {}),),
    "tally": (writing("ours", "with another tally", {}),),
    "not exists": (writing("ours", "over another row", {"a": "{}"}),),
}
"""For each condition of a commit what shows that the model holds it as a server does."""


@pytest.mark.parametrize("condition", BLIND)
def test_a_model_that_does_not_hold_a_condition_is_found_out(
    condition: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above can fail: at each condition alone."""
    acts = [writing("ours", "as it stands", {"a": "{}"}), *BLIND[condition]]
    assert play(tmp_path, acts) == []
    (text,) = (text for text in postgres_commit.HOLDS if text.startswith(condition))
    monkeypatch.setitem(postgres_commit.HOLDS, text, lambda _tables, _given: True)
    assert play(tmp_path, acts) != []


@pytest.mark.parametrize(
    "statement",
    [
        "select 1",
        FIRST_WRITE.replace("do nothing", "do update set serial = excluded.serial"),
        WRITE.replace("and serial", "or serial"),
        WRITE.replace("delete from", "delete from only"),
    ],
)
def test_a_statement_that_the_model_does_not_know_is_refused(statement: str) -> None:
    """So that what the backend says cannot become another thing than what is explored."""
    assert statement not in (FIRST_WRITE, WRITE)
    with pytest.raises(postgres_commit.Refused):
        postgres_statements.known(statement)
