"""A sample of the proof with the state in an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.state import Freeze
from mesms_gitops.store.freeze import decode_freeze
from mesms_gitops.store.object_freeze import ObjectFreeze
from mesms_gitops.store.objects import Objects

from . import life, tool
from .branch import FREEZE
from .fate import written
from .life import beginning, play
from .prove import explored
from .scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesms_gitops.errors import MesmsError

    from .machine import Machine

pytest.importorskip("obstore", reason="obstore is not installed")
NAMES = ["new", "at-once", "edited", "late"]
SHARE = 240
"""One of so many schedules of two events."""


@pytest.fixture(autouse=True)
def _in_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    from .bucket import BucketStore

    monkeypatch.setattr(tool, "_file", BucketStore)
    monkeypatch.setattr(life, "_stop", _stop)


def _stop(machine: Machine, stopping: tool.Tool) -> MesmsError | None:
    """``stop --all``: done when it stands in the bucket, whatever the run that asked for it was told."""
    error = life.attempt(stopping.stop)
    found = machine.disk.entries.get(FREEZE)
    machine.is_stopped = found is not None and decode_freeze(found.seen).is_active
    return error


@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_texted_once_or_a_person_is_asked(name: str) -> None:
    """Whatever one event at any request to the store or to ME-SMS, or a sample of two, does to it."""
    report = explored(name, SHARE)
    assert report.schedules > 50
    assert {problem: f"{name}:{written(schedule)}" for problem, schedule in report.failures.items()} == {}


@pytest.mark.parametrize("name", NAMES)
def test_without_events_a_story_makes_the_requests_it_should(name: str) -> None:
    """Neither more sends and cancels than needed, nor fewer, and all of its state is in the bucket."""
    scenario = SCENARIOS[name]
    moment = beginning(scenario.wave)
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
    for story in NAMES:
        try:
            if explored(story, 10_000).failures:
                return
        except Exception:  # a sabotage that breaks the tool outright is seen as well
            return
    pytest.fail("nobody saw it")
