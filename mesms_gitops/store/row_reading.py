"""Rows put together again: given to `codec.decode` some hundred at a time, so that each is read as strictly as a file.

A row that is no record is named. Rows that are records, and still not all that were committed, are told by the tally of
their head; a head that is not the newest, by the journal.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateUnreadable
from mesms_gitops.model.state import STATE_VERSION
from mesms_gitops.store.codec import decode
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.rows import CHUNK, Known, digest, line
from mesms_gitops.store.rules import check_claims
from mesms_gitops.store.tally import Tally, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.model.state import CampaignRecord
    from mesms_gitops.store.rows import Head


def assembled(head: Head, rows: Iterable[tuple[str, str]], where: str, remedy: str) -> Known:
    """What the rows say. Raises `StateUnreadable`, naming the row and ``remedy`` as what to do next."""
    top = decode(_head_body(head), origin=f"{where}: the head row", remedy=lambda: remedy)
    committed = _committed(head, where, remedy)
    campaigns: dict[str, CampaignRecord] = {}
    digests: dict[str, bytes] = {}
    pending = iter(rows)
    while chunk := dict(islice(pending, CHUNK)):
        campaigns |= _campaigns(chunk, where, remedy)
        digests |= {name: digest(text) for name, text in chunk.items()}
    state = replace(top, campaigns=MappingProxyType({name: campaigns[name] for name in sorted(campaigns)}))
    try:
        check_claims(send.uuid for _, send in state.sends() if send.uuid)
    except Surprise as surprise:
        raise _unreadable(where, surprise.why, remedy) from surprise
    tally = Tally().moved((), digests.items())
    if tally.text != committed:
        raise _unreadable(f"{where}: the rows of mesms_campaign", _otherwise(tally, committed), remedy)
    return Known(state, head.text, digests, tally)


def _committed(head: Head, where: str, remedy: str) -> str:
    """The text of the tally of the rows that were committed with ``head``. Raises `StateUnreadable`."""
    origin = f"{where}: the head row"
    rows = rows_of(head.tally, head.lineage, head.serial, digest(head.text))
    if rows is None:
        why = f"it is not as it was committed with serial {head.serial}: somebody edited it, or parts of it"
        raise _unreadable(origin, why, remedy)
    if head.noted is not None and head.noted > head.serial:
        why = f"it is of serial {head.serial}, and the journal tells of {head.noted}: it was put back"
        raise _unreadable(origin, why, remedy)
    return rows


def _otherwise(tally: Tally, committed: str) -> str:
    count = int(committed.partition(" ")[0])
    if tally.count == count:
        return (
            f"all {count} are there, but one or more are not as they were committed: somebody edited or replaced them"
        )
    verb = "deleted" if tally.count < count else "added"
    return f"{tally.count} are there, and {count} were committed: somebody {verb} some"


def _head_body(head: Head) -> bytes:
    try:
        tree = json.loads(head.text)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        return head.text.encode("utf-8")
    return line({**tree, "campaigns": {}, "lineage": head.lineage, "serial": head.serial}).encode("utf-8")


def _campaigns(rows: Mapping[str, str], where: str, remedy: str) -> Mapping[str, CampaignRecord]:
    try:
        found = decode(_body(rows)).campaigns
        if set(found) == set(rows):
            return found
    except StateUnreadable:
        pass
    # one of them is not a record: find out which
    return {name: _campaign(name, text, where, remedy) for name, text in rows.items()}


def _campaign(name: str, text: str, where: str, remedy: str) -> CampaignRecord:
    origin = f"{where}: campaign {name}"
    found = decode(_body({name: text}), origin=origin, remedy=lambda: remedy).campaigns
    if set(found) != {name}:
        raise _unreadable(origin, "the row holds more than one record", remedy)
    return found[name]


def _body(rows: Mapping[str, str]) -> bytes:
    members = ",".join(f"{json.dumps(name)}:{text}" for name, text in rows.items())
    return f'{{"campaigns":{{{members}}},"lineage":"rows","serial":0,"version":{STATE_VERSION}}}'.encode()


def _unreadable(where: str, why: str, remedy: str) -> StateUnreadable:
    return StateUnreadable(
        "the state cannot be read; nothing was sent or changed", where=where, why=why, next_step=remedy
    )
