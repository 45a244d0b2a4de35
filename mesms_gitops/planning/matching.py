"""Which message on the account could be one of ours: sender, text, time and count. People are compared elsewhere.

What matches here is only a *candidate*. Nothing is adopted, and nothing blocks, before its recipients were compared
too: somebody may have sent the same text to others by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import At
from mesms_gitops.planning.fingerprint import text_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.sends import DesiredSend, SendRecord

CLOCK_SLACK = timedelta(minutes=5)
"""How far the server's clock and the time written in an intent may disagree."""

AT_ONCE_WINDOW = timedelta(hours=1)
"""How long after its intent a message that leaves at once may have been created: longer than any request can hang."""

NOW_MEMORY = timedelta(hours=24)
"""How far back a ``now`` message still counts as the same one (contract §8.9)."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A message that could be a send of ours; ``owner`` names that send (`record_key` or `desired_key`)."""

    owner: str
    message: RemoteMessage
    recipients: int
    audience_digest: str | None
    sample: tuple[str, ...]


def record_key(campaign: str, record: SendRecord) -> str:
    """The name of a recorded send."""
    return f"{campaign}/{record.revision}/{record.fingerprint}"


def desired_key(campaign: str, send: DesiredSend) -> str:
    """The name of a send that is still to be made."""
    return f"{campaign}/new/{send.fingerprint}"


def suspects_of_record(
    campaign: str, record: SendRecord, listing: Iterable[RemoteMessage], claimed: frozenset[str], key: HashKey
) -> Iterator[Suspect]:
    """Messages that could be the unsettled ``record``. Without a text digest nothing can: that is for a person."""
    if record.text_digest is None:
        return
    for message in listing:
        if (
            message.uuid not in claimed
            and message.sender == record.sender
            and _same_text(message, record.text_digest, key)
            and _same_count(message, record.recipients)
            and is_its_time(message, record)
            and not _was_over(message, record)
        ):
            yield Suspect(
                record_key(campaign, record), message, record.recipients, record.audience_digest, record.sample
            )


def suspects_of_send(
    campaign: str,
    send: DesiredSend,
    listing: Iterable[RemoteMessage],
    claimed: frozenset[str],
    key: HashKey,
    now: datetime,
) -> Iterator[Suspect]:
    """Live messages that no send of ours claims and that already are what ``send`` would become."""
    if send.text_digest is None:
        return
    for message in listing:
        if (
            message.is_live
            and message.uuid not in claimed
            and message.sender == send.sender
            and _same_text(message, send.text_digest, key)
            and _same_count(message, send.recipients)
            and _time_of_send(message, send, now)
        ):
            yield Suspect(desired_key(campaign, send), message, send.recipients, send.audience_digest, send.sample)


def _same_text(message: RemoteMessage, digest: str, key: HashKey) -> bool:
    return message.content is not None and text_digest(key, message.content) == digest


def _same_count(message: RemoteMessage, recipients: int) -> bool:
    """Zero recipients is a contact group, whose size is ME-SMS's to know."""
    return recipients == 0 or message.recipients is None or message.recipients == recipients


def is_its_time(message: RemoteMessage, record: SendRecord) -> bool:
    """Whether ``message`` was made after the intent of ``record`` and leaves when that asked for."""
    created = message.created_at
    if created is not None and created < record.intended_at - CLOCK_SLACK:
        return False
    if record.scheduled_at is not None:
        return _same_second(message.scheduled_at, record.scheduled_at)
    if created is None or created > record.intended_at + AT_ONCE_WINDOW:
        return False
    return message.scheduled_at is None or message.scheduled_at <= created + CLOCK_SLACK


def _was_over(message: RemoteMessage, record: SendRecord) -> bool:
    """Whether it is an earlier message with the same text that was cancelled (an edit that was taken back)."""
    return not message.is_live and message.created_at is not None and message.created_at < record.intended_at


def _time_of_send(message: RemoteMessage, send: DesiredSend, now: datetime) -> bool:
    if isinstance(send.when, At):
        return _same_second(message.scheduled_at, send.when.at)
    return message.created_at is not None and message.created_at >= now - NOW_MEMORY


def _same_second(one: datetime | None, other: datetime) -> bool:
    return one is not None and abs((one - other).total_seconds()) < 1
