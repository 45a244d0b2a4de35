"""A sample of the proof, on every run of the tests; `make prove` explores the rest."""

from __future__ import annotations

import pytest

from mesms_gitops.model.sends import TRANSITIONS, SendPhase

from .explore import replay
from .fate import Event, read, written
from .mutants import MUTANTS, Mutant
from .prove import explored, hunted
from .scenarios import SCENARIOS

SHARE = 120
"""One of so many schedules of two events."""
PLAYED = ("new", "at-once", "edited", "late", "waves-now", "branch-new")
"""The stories of which every run of the tests plays a sample; the proof plays all of them."""
HUNTED = MUTANTS[::6]
"""The sabotages that every run of the tests looks for; the proof looks for all of them."""


@pytest.mark.parametrize("name", PLAYED)
def test_everybody_is_texted_once_or_a_person_is_asked(name: str) -> None:
    """Whatever one event, or a sample of two, does to it."""
    report = explored(name, SHARE)
    assert report.schedules > 50
    assert {problem: f"{name}:{written(schedule)}" for problem, schedule in report.failures.items()} == {}


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_events_a_story_makes_the_requests_it_should(name: str) -> None:
    """Neither more sends and cancels than needed, nor fewer."""
    from .life import beginning, play

    scenario = SCENARIOS[name]
    moment = beginning(scenario.wave, scenario.backend)
    for turn in range(scenario.turns):
        moment = play(scenario, turn, moment, {}).after
    calls = moment.world.calls
    assert (calls.get("POST /sms/send", 0), calls.get("POST /sms/{uuid}/cancel", 0)) == scenario.requests


@pytest.mark.parametrize("mutant", HUNTED, ids=lambda mutant: mutant.name)
def test_a_sabotaged_tool_does_not_pass(mutant: Mutant) -> None:
    """A proof that survives its own sabotage is no proof."""
    assert hunted(mutant).scenario is not None


def test_a_schedule_is_replayed_from_its_name() -> None:
    schedule = ((3, Event.CRASH), (12, Event.LOST))
    assert read(written(schedule)) == schedule
    told: list[str] = []
    assert replay(SCENARIOS["new"], read("0=stop"), told.append) == []
    assert any("<== stop" in line for line in told)


def test_what_has_started_never_goes_back() -> None:
    started = {to for (phase, _), to in TRANSITIONS.items() if phase in (SendPhase.STARTED, SendPhase.SENT)}
    assert started <= {SendPhase.STARTED, SendPhase.SENT, SendPhase.FAILED}
