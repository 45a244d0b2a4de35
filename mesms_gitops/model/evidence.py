"""What can be shown to a person who has to settle an unknown send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import SendRecord


class People(Enum):
    """Whether a message goes to the people a send of ours would go to."""

    SAME = "the same"
    DIFFERENT = "others"
    UNCLEAR = "not readable yet"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message on the account that could be the send."""

    message: RemoteMessage
    people: People


@dataclass(frozen=True, slots=True)
class Evidence:
    """One unsettled send: what was asked, and what the account lists now (``listed`` messages of its sender)."""

    campaign: str
    record: SendRecord
    looked_at: datetime
    listed: int
    candidates: tuple[Candidate, ...]
