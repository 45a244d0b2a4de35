"""A sample of the proof with the state in an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.state import Freeze
from mesms_gitops.store.object_freeze import ObjectFreeze
from mesms_gitops.store.objects import Objects

from .fate import written
from .life import beginning, play
from .prove import explored
from .scenarios import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

pytest.importorskip("obstore", reason="obstore is not installed")
NAMES = ("bucket-new", "bucket-at-once", "bucket-edited", "bucket-late")
SHARE = 240
"""One of so many schedules of two events."""


@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_texted_once_or_a_person_is_asked(name: str) -> None:
    """Whatever one event at any request to the store or to ME-SMS, or a sample of two, does to it."""
    report = explored(name, SHARE)
    assert report.schedules > 50
    assert {problem: f"{name}:{written(schedule)}" for problem, schedule in report.failures.items()} == {}


@pytest.mark.parametrize("name", NAMES)
def test_without_events_a_story_makes_the_requests_it_should(name: str) -> None:
    """Neither more sends and cancels than needed, nor fewer, and all of its state is in the bucket."""
    scenario = story(name)
    moment = beginning(scenario.wave, scenario.backend)
    for turn in range(scenario.turns):
        moment = play(scenario, turn, moment, {}).after
    calls = moment.world.calls
    assert (calls.get("POST /sms/send", 0), calls.get("POST /sms/{uuid}/cancel", 0)) == scenario.requests
    assert {path.name for path in moment.files} <= {f"state.json{each}" for each in ("", ".backup", ".lock", ".freeze")}


def _careless(put: Callable[..., Any]) -> Callable[..., Any]:
    def written_over(self: Objects, key: str, body: bytes, standing: Any, token: str) -> Any:
        found = self.get(key, "look")
        return put(self, key, body, found and found.version, token)

    return written_over


SABOTAGE: dict[str, tuple[type, str, Any]] = {
    "a put is written over whatever stands": (Objects, "_put", _careless(Objects._put)),
    "the stop is not read": (ObjectFreeze, "read", lambda self: Freeze()),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_a_sabotaged_backend_does_not_pass(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof that survives its own sabotage is no proof."""
    monkeypatch.setattr(*SABOTAGE[name])
    for each in NAMES:
        try:
            if explored(each, 10_000).failures:
                return
        except Exception:  # a sabotage that breaks the tool outright is seen as well
            return
    pytest.fail("nobody saw it")
