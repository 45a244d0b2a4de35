"""Earlier campaigns, as state and account tell them."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError
from mesms_gitops.model.delivery import is_settled
from mesms_gitops.model.numbers import COUNTRY_CODE
from mesms_gitops.model.results import will_stay
from mesms_gitops.reconcile.cursor import broken, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.model.observation import RecipientPage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.ports import Account
    from mesms_gitops.store.results import ResultFolder


@dataclass(frozen=True, slots=True)
class RecordedPast:
    """See ``audience.sources.delivered.Past``. Campaigns may be read side by side, the account is asked by one."""

    state: State
    account: Account | None
    results: ResultFolder | None = None
    _turn: Lock = field(default_factory=Lock)
    _sends: dict[str, tuple[str, SendRecord]] = field(default_factory=dict)

    @property
    def can_be_asked(self) -> bool:
        """Whether there is an account."""
        return self.account is not None

    def left(self, campaign: str) -> tuple[str, ...] | None:
        """The messages of every revision that have left, in the order of state."""
        record = self._record(campaign)
        if record is None:
            return None
        return tuple(send.uuid for send in record.sends if send.uuid and send.is_final)

    def is_settled(self, campaign: str) -> bool:
        """Whether no message of it is on its way, unsettled or still to come, and nobody's result is."""
        record = self._record(campaign)
        return record is not None and all(map(is_settled, record.sends))

    def is_known(self, uuid: str) -> bool:
        """Whether it is kept here what became of every recipient of a message, and nothing new is to come."""
        return self._kept(uuid) is not None

    def msisdns(self, uuid: str, delivery_state: str) -> Iterator[str]:
        """From what is kept, else page by page. Raises `ApiError`, also where pages are not what ME-SMS counts."""
        kept = self._kept(uuid)
        if kept is not None and self.results is not None:
            for number in self.results.numbers(*kept, (delivery_state,)):
                yield f"{COUNTRY_CODE}{number:09d}"
            return
        assert self.account is not None  # asked only where it can be
        listed, counted = 0, set()
        for page in pages(_OneByOne(self.account, self._turn), uuid, delivery_state):
            rows = [msisdn for msisdn, found in page.rows if found == delivery_state]
            listed += len(rows)
            if page.summary:
                counted.add(page.summary.get(delivery_state, 0))
            yield from rows
        # counts may move while pages are read; whoever is missing could be texted twice by `except_reached_by`
        if counted and not min(counted) <= listed <= max(counted):
            raise broken(uuid, f"{listed:,} recipients are listed as {delivery_state}, and {max(counted):,} counted")

    def _kept(self, uuid: str) -> tuple[str, str] | None:
        """Campaign and fingerprint of the results of a message that can stand for asking; None where none can."""
        if self.results is None:
            return None
        if not self._sends:
            self._sends.update({send.uuid: (record.name, send) for record, send in self.state.sends() if send.uuid})
        campaign, send = self._sends[uuid]
        try:
            head = self.results.head(campaign, send.fingerprint)
            if head is None or not will_stay(head, self.results.counts(campaign, send.fingerprint), send):
                return None
        except MesmsError:
            return None  # what cannot be opened is asked for
        return campaign, send.fingerprint

    def _record(self, campaign: str) -> CampaignRecord | None:
        record = self.state.campaigns.get(campaign)
        return self.state.campaigns.get(record.moved_to) if record is not None and record.moved_to else record


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """The recipients of an account that one reader asks at a time."""

    account: Account
    turn: Lock

    def recipients(
        self, uuid: str, *, after: int = 0, delivery_state: str | None = None, search: str | None = None
    ) -> RecipientPage:
        with self.turn:
            return self.account.recipients(uuid, after=after, delivery_state=delivery_state, search=search)
