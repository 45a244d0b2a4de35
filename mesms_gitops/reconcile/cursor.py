"""One chain of pages, from the first cursor to the end; a cursor that leads anywhere but on is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.model.numbers import subscriber_of
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.model.observation import RecipientPage
    from mesms_gitops.reconcile.ports import Recipients

_SPARE = 10
"""Pages more than can be expected: counts move while pages are read."""
WHERE = "GET /sms/{uuid}/recipients"


def pages(
    account: Recipients,
    uuid: str,
    delivery_state: str | None = None,
    before_each: Callable[[], None] = lambda: None,
    recipients: int = 0,
) -> Iterator[RecipientPage]:
    """The recipients of a message (in one delivery state), page by page. ``before_each`` request, which may raise.

    ``recipients`` is how many there should be, 0 where nobody knows.

    Rows that cannot be read are in the pages of all states; in one state they are an error, for whoever asks for one
    takes whom it lists for all there are. Raises `ApiError`, also where a cursor repeats, jumps back or leads to a page
    without rows, and where there are far more rows than a message can have. Whether it ends early can be told by counts
    only.
    """
    after = listed = 0
    while True:
        before_each()
        page = account.recipients(uuid, after=after, delivery_state=delivery_state)
        if delivery_state is not None and page.unreadable:
            raise broken(uuid, f"{page.unreadable} of {len(page.rows)} rows on a page cannot be read")
        listed += len(page.rows)
        yield page
        if page.next_cursor is None:
            return
        if page.next_cursor <= after or not page.rows:
            raise broken(uuid, f"after cursor {after} comes {page.next_cursor}, with {len(page.rows)} rows")
        told = 0 if delivery_state else sum(page.summary.values())
        most = max(recipients, told) if recipients else MAX_NUMBERS_PER_SEND
        if listed > 2 * most + _SPARE * len(page.rows):  # a cursor that always leads on, to the same rows
            raise broken(uuid, f"{listed:,} rows are listed, and there is no end")
        after = page.next_cursor


def subscribers(page: RecipientPage) -> list[tuple[int, str]]:
    """The rows of a page with their numbers understood, without those that name no Thai number."""
    found = ((subscriber_of(msisdn), delivery_state) for msisdn, delivery_state in page.rows)
    return [(subscriber, state) for subscriber, state in found if subscriber is not None]


def masked(uuid: str, page: RecipientPage) -> AnswerUnreadable:
    """Rows of which none names a number."""
    return broken(uuid, f"{len(page.rows)} of {len(page.rows)} rows name no Thai number (perhaps they are masked)")


def broken(uuid: str, why: str) -> AnswerUnreadable:
    """Pages that do not make a whole."""
    return AnswerUnreadable(
        f"the recipients of message {uuid} break off",
        where=WHERE,
        why=why,
        next_step="try again; mesms-gitops doctor shows how this account pages; nothing was stored",
    )
