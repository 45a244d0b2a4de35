"""What an operation is handed to work with, and the journal it writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.ports import Account, Clock, Ledger, Progress


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside. ``run`` names this run in the journal; ``interrupted`` says whether Ctrl-C was pressed."""

    account: Account
    ledger: Ledger
    clock: Clock
    progress: Progress
    key: HashKey
    run: str
    interrupted: Callable[[], bool]


class Journal:
    """The state as last made durable. Every write is one compare-and-swap; when `write` returns, it is on disk."""

    def __init__(self, ledger: Ledger, state: State) -> None:
        """``state`` must be what the ledger holds, or a blank state where it holds none."""
        self._ledger = ledger
        self.state = state

    def write(self, state: State) -> None:
        """Make ``state`` durable, if it says anything new. Raises `StateMoved` if somebody else wrote in between."""
        if replace(state, serial=self.state.serial) == self.state:
            return
        newer = replace(state, serial=self.state.serial + 1)
        self._ledger.commit(newer, expected_serial=self.state.serial)
        self.state = newer

    def write_campaign(self, record: CampaignRecord) -> None:
        """Make one campaign durable."""
        self.write(self.state.with_campaign(record))

    def write_send(self, campaign: str, record: SendRecord) -> None:
        """Make one send of a campaign that state already knows durable."""
        self.write_campaign(self.state.campaigns[campaign].with_send(record))
