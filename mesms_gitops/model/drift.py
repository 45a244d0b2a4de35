"""Drift: what the account says of a message against what state has of it. Progress of delivery never is drift."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class DriftKind(StrEnum):
    """How recorded and observed differ. Stable: users filter on these."""

    UNKNOWN_MESSAGE = "unknown_message"
    STARTED_ELSEWHERE = "started_elsewhere"
    CANCELLED_ELSEWHERE = "cancelled_elsewhere"
    GONE = "gone"
    CHANGED_ELSEWHERE = "changed_elsewhere"


@dataclass(frozen=True, slots=True)
class Side:
    """One message as one side has it. ``phase`` is a word of that side, ``planned`` of a send that is still to be made.

    Times are UTC. None: that side does not say.
    """

    phase: str
    sender: str | None = None
    scheduled_at: datetime | None = None
    recipients: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """One message that is not on the account as state has it.

    Of an unknown message ``recorded`` is the send of ``campaign`` whose sender and text it has. ``observed`` is None
    where ME-SMS does not know the message. ``changed`` names what differs: recipients, sender, text, time. ``blocks``:
    the campaign waits for a person because of it.
    """

    campaign: str
    kind: DriftKind
    uuid: str
    recorded: Side
    observed: Side | None
    changed: tuple[str, ...] = ()
    blocks: bool = False
