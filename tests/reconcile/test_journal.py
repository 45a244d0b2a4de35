"""The journal: one compare-and-swap a write, and none where there is nothing to say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.errors import NotReached, StateMoved
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import Freeze
from mesms_gitops.reconcile.tools import Journal, hold_back
from tests.planning.scenes import LINEAGE, manifest, remembered, state_of

if TYPE_CHECKING:
    from .bench import Bench

SALE = manifest()
SCHEDULED = remembered(SALE, SendPhase.SCHEDULED)


def test_every_write_raises_the_serial_by_one(bench: Bench) -> None:
    journal = bench.journal()
    journal.write_campaign(SCHEDULED)
    assert bench.ledger.state == replace(state_of(SCHEDULED), serial=1)
    journal.write_send("sale", replace(SCHEDULED.sends[0], credits=9))
    assert (journal.state, journal.state.serial) == (bench.ledger.state, 2)


def test_what_says_nothing_new_is_not_written(bench: Bench) -> None:
    bench.remember(SCHEDULED)
    journal = bench.journal()
    journal.write(replace(bench.state, serial=99))
    journal.write_campaign(SCHEDULED)
    assert (bench.trace, bench.state.serial) == ([], 7)


def test_a_state_somebody_else_wrote_is_not_written_over(bench: Bench) -> None:
    bench.remember(SCHEDULED)
    mine, theirs = bench.journal(), bench.journal()
    theirs.write_campaign(replace(SCHEDULED, retired=True))
    with pytest.raises(StateMoved):
        mine.write_campaign(replace(SCHEDULED, file="elsewhere.yaml"))
    assert bench.record().retired


def test_a_failed_write_changes_nothing_here_either(bench: Bench) -> None:
    journal = Journal(bench.ledger, replace(state_of(), serial=3, lineage=LINEAGE))
    before = journal.state
    with pytest.raises(StateMoved):
        journal.write_campaign(SCHEDULED)
    assert journal.state is before


# --- what a client asks before it repeats -----------------------------------------------------------------------------


def test_a_wait_to_be_repeated_ends_with_ctrl_c_or_the_emergency_stop(bench: Bench) -> None:
    """Nothing is in flight then: the send is provably not made."""
    pressed: list[bool] = []
    check = hold_back(bench.ledger, lambda: bool(pressed))
    check()
    bench.ledger.freeze = Freeze(everything=True)
    with pytest.raises(NotReached, match="emergency stop"):
        check()
    pressed.append(True)
    with pytest.raises(NotReached, match="interrupted"):
        check()
