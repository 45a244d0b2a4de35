"""What must hold of every state: checked when one is read (somebody may have edited it) and before one is written.

Only what this tool relies on is a rule here; a hand edit that breaks none of them is allowed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mesms_gitops.model.sends import LIVE, SendPhase
from mesms_gitops.model.suppression import is_entry
from mesms_gitops.store.fields import Surprise, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ACCEPTED = LIVE | {SendPhase.CANCELLED}
"""The phases that only a message ME-SMS has told us the uuid of can be in."""


def check_campaign(record: CampaignRecord, path: str) -> None:
    """Raises `Surprise` where ``record`` contradicts itself."""
    check_record(record, path)
    seen: set[tuple[int, str]] = set()
    for index, send in enumerate(record.sends):
        where = f"{path}.sends[{index}]"
        check_send(send, record.revision, where)
        if (send.revision, send.fingerprint) in seen:
            raise Surprise(f"{where}.fingerprint", f"{quoted(send.fingerprint)} stands twice in one revision")
        seen.add((send.revision, send.fingerprint))


def check_record(record: CampaignRecord, path: str) -> None:
    """Raises `Surprise` where ``record``, its sends apart, contradicts itself."""
    for name in (record.name, *([] if record.moved_to is None else [record.moved_to])):
        if not NAME.fullmatch(name):
            raise Surprise(path, f"{quoted(name)} is not a campaign name")
    if record.revision < 1:
        raise Surprise(f"{path}.revision", "a revision is 1 or more")
    if record.held_at is not None and record.held_at < 1:
        raise Surprise(f"{path}.held_at", "a revision is 1 or more")
    if record.moved_to is not None and record.sends:
        raise Surprise(f"{path}.sends", f"the campaign moved to {quoted(record.moved_to)} but still holds sends")
    if record.sketch is not None and not record.sketch.is_sound:
        raise Surprise(f"{path}.sketch", "it has more or fewer bits than an audience of its size")


def check_send(send: SendRecord, newest: int, path: str) -> None:
    """Raises `Surprise` where ``send``, of a campaign whose newest revision is given, contradicts itself."""
    if not send.fingerprint:
        raise Surprise(f"{path}.fingerprint", "a send is known by its fingerprint, and this one is empty")
    if not 1 <= send.revision <= newest:
        raise Surprise(f"{path}.revision", f"{send.revision} is not a revision of this campaign (1 to {newest})")
    if send.phase in ACCEPTED and not send.uuid:
        raise Surprise(f"{path}.uuid", f"a send that is {send.phase.value} has the uuid ME-SMS gave it")
    if send.uuid == "":
        raise Surprise(f"{path}.uuid", "a uuid is never empty; leave the key out where there is none")
    for name, moment in _moments(send):
        if moment is not None and moment.utcoffset() is None:
            raise Surprise(f"{path}.{name}", "a time without its zone")
    counts = {"recipients": send.recipients, "parts": send.parts, "credits": send.credits, **send.delivery}
    for name, count in counts.items():
        if count is not None and count < 0:
            raise Surprise(f"{path}.{name}", f"{count} is less than zero")


def _moments(send: SendRecord) -> Iterable[tuple[str, datetime | None]]:
    yield "intended_at", send.intended_at
    yield "scheduled_at", send.scheduled_at
    yield "cancel.at", send.cancel.at if send.cancel else None


def check_claims(uuids: Iterable[str]) -> None:
    """Raises `Surprise` where two sends claim the same message."""
    seen: set[str] = set()
    for uuid in uuids:
        if uuid in seen:
            raise Surprise("campaigns", f"two sends claim the message {quoted(uuid)}")
        seen.add(uuid)


def check_head(state: State) -> None:
    """Raises `Surprise` where what stands beside the campaigns breaks a rule."""
    if not state.lineage or not state.hash_key:
        raise Surprise("hash_key" if state.lineage else "lineage", "a name that is empty")
    if state.serial < 0:
        raise Surprise("serial", f"{state.serial} is less than zero")
    if not all(map(is_entry, state.suppressed)) or len(set(state.suppressed)) != len(state.suppressed):
        raise Surprise("suppressed", "not what stands for people to leave out, each once")
