"""Whom a send covers is kept between its intent and its request, and the protocol is the same with and without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.sends import SendPhase
from mesms_gitops.reconcile.apply import apply
from tests.planning.scenes import manifest

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.numbers import Numbers

    from .bench import Bench

SALE = manifest()


@dataclass
class Kept:
    """`Snapshots` that only writes down, in the bench's trace, when it was asked and with how many."""

    bench: Bench

    def keep(self, campaign: str, fingerprint: str, numbers: Numbers, moment: datetime) -> None:
        (record,) = (send for send in self.bench.record(campaign).sends if send.fingerprint == fingerprint)
        assert (record.phase, record.intended_at) == (SendPhase.INTENDED, moment)
        self.bench.trace.append(f"kept: {campaign} {len(numbers)}")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"an apply has no use for {name}")


def test_after_the_intent_and_before_the_request(bench: Bench) -> None:
    """Evidence that came after the request could be lost with it; before the intent it would be of nothing."""
    prepared = bench.prepared(SALE)
    bench.trace.clear()
    tools = replace(bench.tools, snapshots=Kept(bench))
    assert apply(prepared, bench.journal(), tools).exit_code == 0
    steps = [step for step in bench.trace if step.startswith(("kept", "POST", "state"))]
    asked = next(index for index, step in enumerate(steps) if step.startswith("kept"))
    assert steps[asked - 1].startswith("state")
    assert steps[asked + 1].startswith("POST send")
    assert sum(step.startswith("kept") for step in steps) == 1
