"""A sample of the proof with the state in a database: a real SQLite, and a model of PostgreSQL."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from .branch import FREEZE, stands_stopped
from .database_mutants import DATABASE_MUTANTS
from .explore import explore
from .fate import EVENTS, MENDED, Event, Fate, Kind, written
from .life import attempt, beginning, opened, play
from .machine import LOCK, STATE, Backend
from .prove import chosen, hunted
from .scenarios import story
from .tool import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.errors import MesmsError

    from .life import Moment
    from .mutants import Mutant

pytest.importorskip("psycopg", reason="psycopg is not installed")
NAMES = ("new", "at-once", "edited", "late")
BACKENDS = (Backend.SQLITE, Backend.POSTGRESQL)
STORIES = tuple(f"{backend}-{name}" for backend, name in product(BACKENDS, NAMES))
SHARE = 4
"""One of so many schedules of one event."""
FEW = 1_500
"""One of so many of two."""
HUNTED = tuple(mutant for mutant in DATABASE_MUTANTS if mutant.depth == 1)
"""The sabotages that one event shows; the proof looks for the others as well."""


@pytest.mark.parametrize("name", STORIES)
def test_everybody_is_texted_once_or_a_person_is_asked(name: str) -> None:
    """Whatever a sample of one event or two does to a statement, a connection, a commit, or a request to ME-SMS."""
    report = explore(story(name), 2, lambda each: chosen(FEW, name, each, of_one=SHARE))
    assert report.schedules > 100
    assert {problem: f"{name}:{written(schedule)}" for problem, schedule in report.failures.items()} == {}


@pytest.mark.parametrize("name", STORIES)
def test_without_events_a_story_makes_the_requests_it_should(name: str) -> None:
    """Neither more sends and cancels than needed, nor fewer, and all of its state is in the database."""
    scenario = story(name)
    moment = beginning(scenario.wave, scenario.backend)
    for turn in range(scenario.turns):
        moment = play(scenario, turn, moment, {}).after
    calls = moment.world.calls
    assert (calls.get("POST /sms/send", 0), calls.get("POST /sms/{uuid}/cancel", 0)) == scenario.requests
    assert STATE in moment.files
    assert set(moment.files) <= {STATE, LOCK, FREEZE}


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_kind_of_statement_is_struck(backend: Backend) -> None:
    """A life crosses each of the boundaries that its backend has."""
    crossed = {kind for _, kind in play(story(f"{backend}-new"), 0, beginning(backend=backend), {}).crossed}
    account = {Kind.READ, Kind.SEND}
    if backend is Backend.SQLITE:
        assert crossed == {Kind.ENTER, Kind.LOOK, Kind.WRITE} | account
    else:
        assert crossed == {Kind.CONNECT, Kind.QUERY, Kind.STEP, Kind.COMMIT, Kind.END} | account


@pytest.mark.parametrize("mutant", HUNTED, ids=lambda mutant: mutant.name)
def test_a_sabotaged_backend_does_not_pass(mutant: Mutant) -> None:
    """A proof that survives its own sabotage is no proof."""
    assert hunted(mutant).scenario is not None


def test_a_broken_connection_does_not_hold_up_an_emergency_stop() -> None:
    """Not even one that breaks in silence, so that the server keeps what its session has locked."""
    before = play(story("postgresql-new"), 0, beginning(backend=Backend.POSTGRESQL), {}).after
    calm, error, _ = stopped(before, {})
    assert error is None
    struck = 0
    for number, (name, kind) in enumerate(calm.crossed):
        for event in MENDED & set(EVENTS[kind]):
            _, error, is_stopped = stopped(before, {number: event})
            assert (error, is_stopped) == (None, True), f"{event} at {name}"
            struck += 1
    assert struck > 10


def stopped(before: Moment, events: Mapping[int, Event]) -> tuple[Fate, MesmsError | None, bool]:
    """``stop --all`` at ``before``: what it crossed, how it ended, and whether the stop stands then."""
    fate = Fate(events)
    machine = opened(before, fate, 1000)
    with machine.running() as process:
        error = attempt(Tool(machine, process, ()).stop)
    return fate, error, stands_stopped(machine)
