"""Earlier campaigns, as state and account tell them."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.model.sends import SendPhase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.ports import Account

_OVER = frozenset({SendPhase.SENT, SendPhase.FAILED, SendPhase.CANCELLED})


@dataclass(frozen=True, slots=True)
class RecordedPast:
    """See ``audience.sources.delivered.Past``. Campaigns may be read side by side, the account is asked by one."""

    state: State
    account: Account | None
    _turn: Lock = field(default_factory=Lock)

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
        """Whether no message of it is on its way, unsettled or still to come, and nobody's delivery is pending."""
        record = self._record(campaign)
        return record is not None and all(
            send.phase in _OVER and not send.delivery.get("pending", 0) for send in record.sends
        )

    def msisdns(self, uuid: str, delivery_state: str) -> Iterator[str]:
        """Page by page. Raises `ApiError`, also where a cursor repeats: a list that breaks off is none."""
        assert self.account is not None  # asked only where it can be
        after = 0
        while True:
            with self._turn:
                page = self.account.recipients(uuid, after=after, delivery_state=delivery_state)
            yield from (msisdn for msisdn, found in page.rows if found == delivery_state)
            if page.next_cursor is None:
                return
            if page.next_cursor <= after or not page.rows:
                raise AnswerUnreadable(
                    f"the recipients of message {uuid} break off",
                    where="GET /sms/{uuid}/recipients",
                    why=f"after cursor {after} comes {page.next_cursor}, with {len(page.rows)} rows",
                    next_step="try again; mesms-gitops doctor shows how this account pages",
                )
            after = page.next_cursor

    def _record(self, campaign: str) -> CampaignRecord | None:
        record = self.state.campaigns.get(campaign)
        return self.state.campaigns.get(record.moved_to) if record is not None and record.moved_to else record
