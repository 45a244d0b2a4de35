"""Settling one unknown send: look for its message, and adopt it only if exactly one is certain (contract §8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError
from mesms_gitops.model.evidence import People
from mesms_gitops.model.plan import Adoption
from mesms_gitops.planning.adoption import adopted
from mesms_gitops.planning.matching import CLOCK_SLACK, record_key, suspects_of_record
from mesms_gitops.reconcile.compare import compare
from mesms_gitops.reconcile.observe import messages_since

if TYPE_CHECKING:
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.tools import Journal, Tools

WAITS = (1.0, 2.0, 4.0)
"""Seconds between looks at a listing that may lag. After the last the send stays unknown: waiting proves nothing."""


def settle(campaign: str, record: SendRecord, journal: Journal, tools: Tools) -> SendRecord:
    """The record after looking: adopted if exactly one message is this send, else unchanged. Never "not sent"."""
    for wait in WAITS:
        tools.clock.sleep(wait)
        found = matches(campaign, record, journal.state.claimed, tools)
        if len(found) > 1 or any(_is_contested(message, campaign, record, journal.state, tools) for message in found):
            return record
        if found:
            settled = adopted(Adoption(record, found[0]))
            journal.write_send(campaign, settled)
            return settled
    return record


def _is_contested(message: RemoteMessage, campaign: str, record: SendRecord, state: State, tools: Tools) -> bool:
    """Whether another unsettled send could be the same message: one message is never two sends."""
    mine = record_key(campaign, record)
    return any(
        suspect.owner != mine and compare(tools.account, suspect, tools.key) is not People.DIFFERENT
        for other, send in state.sends()
        if send.is_unsettled
        for suspect in suspects_of_record(other.name, send, [message], state.claimed, tools.key)
    )


def matches(campaign: str, record: SendRecord, claimed: frozenset[str], tools: Tools) -> list[RemoteMessage]:
    """The messages that are this send for certain; none where the account cannot be read right now."""
    try:
        listing = messages_since(tools.account, record.sender, record.intended_at - 2 * CLOCK_SLACK)
        suspects = suspects_of_record(campaign, record, listing, claimed, tools.key)
        return [suspect.message for suspect in suspects if compare(tools.account, suspect, tools.key) is People.SAME]
    except ApiError:
        return []
