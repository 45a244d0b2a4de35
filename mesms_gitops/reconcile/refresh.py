"""Reading what became of what was sent, into state. Only sends that can still change are asked about."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.situation import refreshed_send

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.ports import Account, Progress

PENDING = "pending"


def refresh(state: State, account: Account, progress: Progress, names: Collection[str] = ()) -> State:
    """``state`` with newer phases and delivery counts; the same state if nothing moved. Makes only reads."""
    open_sends = [
        (campaign.name, record)
        for campaign, record in state.sends()
        if can_still_change(record) and (not names or campaign.name in names)
    ]
    for number, (name, record) in enumerate(open_sends, start=1):
        progress.say(f"reading {name} ({number} of {len(open_sends)})")
        newer = _read(record, account)
        if newer != record:
            state = state.with_campaign(state.campaigns[name].with_send(newer))
    return state


def can_still_change(record: SendRecord) -> bool:
    """Whether the account may say something new about ``record``: not once every recipient has a final result."""
    if record.uuid is None:
        return False
    if record.phase in (SendPhase.SCHEDULED, SendPhase.STARTED):
        return True
    if record.phase is not SendPhase.SENT:
        return False
    settled = sum(count for state, count in record.delivery.items() if state != PENDING)
    return settled < record.recipients or not record.delivery


def _read(record: SendRecord, account: Account) -> SendRecord:
    assert record.uuid is not None  # `can_still_change` lets only sends with one through
    message = account.message(record.uuid)
    newer = refreshed_send(record, message)
    if message is None or newer.phase not in (SendPhase.STARTED, SendPhase.SENT):
        return newer
    return replace(newer, delivery=_delivery(message, account))


def _delivery(message: RemoteMessage, account: Account) -> Mapping[str, int]:
    """Counts by delivery state: from the message once it is done, else from the first page of its recipients."""
    counts = message.delivery or account.recipients(message.uuid).summary
    return MappingProxyType(dict(sorted(counts.items())))
