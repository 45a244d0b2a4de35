"""The emergency stop: first nothing new may leave, durably; then all that can still be cancelled is cancelled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError, StateLocked
from mesms_gitops.model.plan import CancelStep
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase
from mesms_gitops.model.state import Freeze
from mesms_gitops.reconcile.cancel import CancelResult, cancel_send
from mesms_gitops.reconcile.tools import Journal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.ports import Ledger
    from mesms_gitops.reconcile.tools import Tools

LOCK_PATIENCE = 30.0
"""Seconds to wait for a running apply, which stops at its next send, before it is written down without it."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of one message."""

    campaign: str
    uuid: str
    result: CancelResult | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class StopOutcome:
    """What a stop did. ``written`` is False where a running apply held the lock to the end."""

    messages: tuple[Stopped, ...]
    written: bool

    @property
    def is_complete(self) -> bool:
        """Whether everything that was scheduled is cancelled, and state knows it."""
        return self.written and all(item.result is CancelResult.CANCELLED for item in self.messages)


def frozen(former: Freeze, names: Collection[str], *, everything: bool, moment: datetime, by: str) -> Freeze:
    """``former`` with ``names`` (or everything) stopped as well."""
    return Freeze(
        everything=former.everything or everything,
        campaigns=former.campaigns | frozenset(names),
        released=frozenset() if everything else former.released - frozenset(names),
        asked=former.asked,
        since=former.since or moment,
        by=by,
    )


def released(former: Freeze, names: Collection[str]) -> Freeze:
    """``former`` without ``names``; without any names, nothing is stopped any more. What it asked for is kept."""
    if not names:
        return Freeze(asked=former.asked)
    return replace(
        former,
        campaigns=former.campaigns - frozenset(names),
        released=former.released | frozenset(names) if former.everything else former.released,
    )


def stop(ledger: Ledger, freeze: Freeze, blank: State, tools: Tools) -> StopOutcome:
    """Freeze, then cancel. Never waits for the lock before the first cancel.

    ``blank`` is used where no state exists yet. What is already cancelled when the lock is had is only written down.
    """
    standing = ledger.read_freeze()
    freeze = replace(freeze, asked=freeze.asked | standing.asked)
    if standing != freeze:
        ledger.write_freeze(freeze)
    asked = set(freeze.asked)
    for _, record in _covered(ledger.read() or blank, freeze):
        assert record.uuid is not None  # scheduled sends have one
        # unwritten on purpose: the freeze is the intent, and the second pass below writes down what became of it
        if _cancelled(record.uuid, tools):
            asked.add(record.uuid)
    # durable, so that a stop that cannot be written into state now is understood by the next
    if asked != freeze.asked:
        ledger.write_freeze(replace(ledger.read_freeze(), asked=frozenset(asked)))
    try:
        with ledger.lock("stop", LOCK_PATIENCE):
            journal = Journal(ledger, ledger.read() or blank)
            stopped = (*_cancel_all(journal, freeze, asked, tools), *_unsettled(journal.state, freeze))
            return StopOutcome(stopped, written=True)
    except StateLocked:
        return StopOutcome((), written=False)


def _cancelled(uuid: str, tools: Tools) -> bool:
    """One cancel, and whether ME-SMS said that it carried it out: only then it was us, whatever is seen later."""
    try:
        tools.account.cancel(uuid)
    except ApiError:
        return False
    return True


def _covered(state: State, freeze: Freeze) -> Iterator[tuple[CampaignRecord, SendRecord]]:
    for campaign, record in state.sends():
        if freeze.covers(campaign.name) and record.phase is SendPhase.SCHEDULED and record.uuid:
            yield campaign, record


def _unsettled(state: State, freeze: Freeze) -> Iterator[Stopped]:
    """Sends that may be on the account: nobody can cancel what nobody can name."""
    for campaign, record in state.sends():
        if freeze.covers(campaign.name) and record.is_unsettled:
            why = f"unknown whether it was sent: mesms-gitops resolve {campaign.name}"
            yield Stopped(campaign.name, record.uuid or "no uuid", None, why)


def _cancel_all(journal: Journal, freeze: Freeze, asked: Collection[str], tools: Tools) -> Iterator[Stopped]:
    for campaign, record in list(_covered(journal.state, freeze)):
        uuid = record.uuid
        assert uuid is not None  # scheduled sends have one
        if uuid in asked and record.cancel is None:
            record = replace(record, cancel=CancelIntent(tools.run, tools.clock.now(), CancelReason.STOP))  # noqa: PLW2901
        try:
            result = cancel_send(campaign.name, CancelStep(record, CancelReason.STOP), journal, tools)
        except ApiError as error:
            yield Stopped(campaign.name, uuid, None, error.what)
        else:
            tools.progress.say(f"{campaign.name}: {result.value}")
            yield Stopped(campaign.name, uuid, result)
