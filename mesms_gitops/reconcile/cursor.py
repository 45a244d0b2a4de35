"""One chain of pages, from the first cursor to the end; a cursor that leads anywhere but on is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.model.numbers import subscriber_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.model.observation import RecipientPage
    from mesms_gitops.reconcile.ports import Recipients

WHERE = "GET /sms/{uuid}/recipients"


def pages(
    account: Recipients, uuid: str, delivery_state: str | None = None, before_each: Callable[[], None] = lambda: None
) -> Iterator[RecipientPage]:
    """The recipients of a message (in one delivery state), page by page. ``before_each`` request, which may raise.

    Raises `ApiError`, also where a cursor repeats, jumps back or leads to a page without rows: a list that breaks off
    is none. Whether it ends early can be told by counts only.
    """
    after = 0
    while True:
        before_each()
        page = account.recipients(uuid, after=after, delivery_state=delivery_state)
        yield page
        if page.next_cursor is None:
            return
        if page.next_cursor <= after or not page.rows:
            raise broken(uuid, f"after cursor {after} comes {page.next_cursor}, with {len(page.rows)} rows")
        after = page.next_cursor


def subscribers(uuid: str, page: RecipientPage) -> list[tuple[int, str]]:
    """The rows of a page with their numbers understood. Raises `AnswerUnreadable` for a number that is none."""
    found = [(subscriber_of(msisdn), delivery_state) for msisdn, delivery_state in page.rows]
    if any(subscriber is None for subscriber, _ in found):
        bad = sum(subscriber is None for subscriber, _ in found)
        raise broken(uuid, f"{bad} of {len(found)} rows name no Thai number (perhaps they are masked)")
    return [(subscriber, state) for subscriber, state in found if subscriber is not None]


def broken(uuid: str, why: str) -> AnswerUnreadable:
    """Pages that do not make a whole."""
    return AnswerUnreadable(
        f"the recipients of message {uuid} break off",
        where=WHERE,
        why=why,
        next_step="try again; mesms-gitops doctor shows how this account pages; nothing was stored",
    )
