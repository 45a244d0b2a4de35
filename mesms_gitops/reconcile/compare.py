"""Are these the same people? Recipients of a message on the account against the digests an intent keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.errors import ApiError
from mesms_gitops.model.evidence import People
from mesms_gitops.model.numbers import Numbers, number_digest, subscriber_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.planning.matching import Suspect
    from mesms_gitops.reconcile.ports import Account

FULL_COMPARISON = 10_000
"""Up to so many recipients all are compared (200 pages of 50); beyond, the sample that the intent keeps."""


def compare(account: Account, suspect: Suspect, key: HashKey) -> People:
    """Compare the recipients of ``suspect``'s message with those it would have if it were ours.

    A contact group has no recipients that could be compared: sender, text, time and count have to do.
    """
    if suspect.audience_digest is None:
        return People.SAME
    try:
        if suspect.recipients <= FULL_COMPARISON:
            return _all(account, suspect, key)
        return _sample(account, suspect, key)
    except ApiError:
        return People.UNCLEAR


def _all(account: Account, suspect: Suspect, key: HashKey) -> People:
    seen: list[int] = []
    for msisdn in msisdns(account, suspect.message.uuid):
        subscriber = subscriber_of(msisdn)
        if subscriber is None:
            return People.UNCLEAR
        seen.append(subscriber)
        if len(seen) > suspect.recipients:
            return People.DIFFERENT
    if len(seen) < max(1, suspect.message.recipients or 0):
        return People.UNCLEAR  # a listing that lacks rows says nothing about who the others are
    return People.SAME if Numbers(seen).digest(key.secret) == suspect.audience_digest else People.DIFFERENT


def _sample(account: Account, suspect: Suspect, key: HashKey) -> People:
    wanted = set(suspect.sample)
    if not wanted:
        return People.UNCLEAR
    for position, msisdn in enumerate(msisdns(account, suspect.message.uuid)):
        if position >= FULL_COMPARISON:
            break
        subscriber = subscriber_of(msisdn)
        if subscriber is None:
            return People.UNCLEAR
        wanted.discard(number_digest(key.secret, subscriber))
        if not wanted:
            return People.SAME
    return People.UNCLEAR


def msisdns(account: Account, uuid: str) -> Iterator[str]:
    """Every number of a message, page by page; ends when the cursor does not move on."""
    after = 0
    while True:
        page = account.recipients(uuid, after=after)
        yield from (msisdn for msisdn, _ in page.rows)
        if page.next_cursor is None or page.next_cursor <= after or not page.rows:
            return
        after = page.next_cursor
