"""What an operation is handed to work with, and the journal it writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import NotReached

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.ports import Account, Clock, Ledger, Progress, Snapshots


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside. ``run`` names this run in the journal; ``interrupted`` says whether Ctrl-C was pressed.

    ``snapshots``: where it is kept whom each send covered; None keeps nothing.
    """

    account: Account
    ledger: Ledger
    clock: Clock
    progress: Progress
    key: HashKey
    run: str
    interrupted: Callable[[], bool]
    snapshots: Snapshots | None = None


def hold_back(ledger: Ledger, interrupted: Callable[[], bool]) -> Callable[[], None]:
    """What a client of `apply` asks before it repeats a request that was refused with 429 or never arrived.

    Such a wait may take minutes, and the emergency stop and Ctrl-C hold in it as well. It raises `NotReached`: nothing
    is in flight then, so the send is provably not made.
    """

    def check() -> None:
        # the stop first: to read it may take long, and Ctrl-C holds in that as well
        freeze = ledger.read_freeze()
        if interrupted():
            raise NotReached("interrupted while it waited to be repeated", next_step="run the same command again")
        if freeze.is_active:
            raise NotReached("the emergency stop came while it waited to be repeated", next_step="mesms-gitops status")

    return check


class Journal:
    """The state as last made durable. Every write is one compare-and-swap; when `write` returns, it is on disk."""

    def __init__(self, ledger: Ledger, state: State) -> None:
        """``state`` must be what the ledger holds, or a blank state where it holds none."""
        self._ledger = ledger
        self._staged: State | None = None
        self.state = state

    @property
    def newest(self) -> State:
        """The state with what is staged, which is not durable yet: what the next write is built on."""
        return self._staged or self.state

    def stage(self, state: State) -> None:
        """Have ``state``, made from `newest`, be what the next write begins with."""
        self._staged = state

    def write(self, state: State) -> None:
        """Make ``state`` durable, if it says anything new. Raises `StateMoved` if somebody else wrote in between."""
        if replace(state, serial=self.state.serial) == self.state:
            return
        newer = replace(state, serial=self.state.serial + 1)
        self._ledger.commit(newer, expected_serial=self.state.serial)
        self.state, self._staged = newer, None

    def write_campaign(self, record: CampaignRecord) -> None:
        """Make one campaign durable."""
        self.write(self.newest.with_campaign(record))

    def write_send(self, campaign: str, record: SendRecord) -> None:
        """Make one send of a campaign that state already knows durable."""
        self.write_campaign(self.newest.campaigns[campaign].with_send(record))
