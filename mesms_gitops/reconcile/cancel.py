"""Cancelling one scheduled message, until the account itself says what became of it (contract §8.6)."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiRefusal, NoAnswer
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import TRANSITIONS, CancelIntent, SendEvent
from mesms_gitops.planning.situation import CANCEL_REFUSED, CANCEL_UNSEEN, CANCELLED_ELSEWHERE, GONE, refreshed_send

if TYPE_CHECKING:
    from mesms_gitops.model.plan import CancelStep
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.reconcile.tools import Journal, Tools

TRIES = 3
PAUSE = 1.0
"""Seconds between two tries of one cancel."""


class CancelResult(Enum):
    """What became of a cancel."""

    CANCELLED = "cancelled"
    TOO_LATE = "too late"
    REFUSED = "refused"
    UNCLEAR = "unclear"


def cancel_send(campaign: str, step: CancelStep, journal: Journal, tools: Tools) -> CancelResult:
    """Cancel one send and write down what became of it. Only ``CANCELLED`` means that it is certain.

    A cancel may be repeated: after an unclear answer `GET` decides. Raises `NotReached` and read errors of the
    account; the recorded intent then explains a message that is found cancelled later.
    """
    record = replace(step.record, cancel=CancelIntent(tools.run, tools.clock.now(), step.reason))
    journal.write_send(campaign, record)
    result, record = _until_certain(record, tools, asked_before=step.record.cancel is not None)
    journal.write_send(campaign, record)
    return result


def _until_certain(record: SendRecord, tools: Tools, *, asked_before: bool) -> tuple[CancelResult, SendRecord]:
    assert record.uuid is not None  # only a send that ME-SMS accepted can be scheduled
    for attempt in range(TRIES):
        if attempt:
            tools.clock.sleep(PAUSE)
        is_accepted, refusal = _try(record.uuid, tools)
        by_us = is_accepted or asked_before or attempt > 0
        if refusal is not None and refusal.code == "ALREADY_CANCELLED":
            return CancelResult.CANCELLED, _cancelled(record, by_us=by_us)
        message = tools.account.message(record.uuid)
        if message is None:
            return CancelResult.UNCLEAR, replace(record, reason=GONE)
        seen = refreshed_send(record, message)
        if message.phase is RemotePhase.CANCELLED:
            whose = None if by_us else CANCEL_UNSEEN if refusal is None else CANCELLED_ELSEWHERE
            return CancelResult.CANCELLED, replace(seen, reason=whose)
        if message.phase is not RemotePhase.SCHEDULED:
            return CancelResult.TOO_LATE, seen
        if refusal is not None:
            return CancelResult.REFUSED, replace(seen, reason=CANCEL_REFUSED)
    return CancelResult.UNCLEAR, record


def _try(uuid: str, tools: Tools) -> tuple[bool, ApiRefusal | None]:
    """One request: whether ME-SMS said that it was carried out, and its refusal if it refused.

    Neither means that the answer is unclear; `GET` is asked in any case.
    """
    try:
        tools.account.cancel(uuid)
    except ApiRefusal as refusal:
        return False, refusal
    except NoAnswer:
        return False, None
    return True, None


def _cancelled(record: SendRecord, *, by_us: bool) -> SendRecord:
    reason = None if by_us else CANCELLED_ELSEWHERE
    return replace(record, phase=TRANSITIONS[record.phase, SendEvent.SEEN_CANCELLED], reason=reason)
