"""The listing, one message of it and its recipients: what recovery and reports stand on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.doctor.looking import fail, looked, ok, warn
from mesms_gitops.errors import AnswerUnreadable, ApiRefusal
from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.views.layout import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.model.doctor import CheckLine
    from mesms_gitops.model.observation import MessagePage, RecipientPage, RemoteMessage
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State

_LARGEST_PAGE: Final = 100
_LARGEST_RECIPIENTS: Final = 50
_PROBE: Final = 2
"""Messages on each page of the paging probe."""
_REPORT: Final = "report this with --bundle"


def listing_lines(account: MesmsClient, state: State | None) -> Iterator[CheckLine]:
    """Lines about the newest messages of the account."""
    page = account.messages(page=1, leaves_out=True)
    found = page.messages
    if page.left_out:
        yield from _unreadable(account, page)
    else:
        count = counted(len(found), "message")
        yield ok("account.listing", f"listing: {count} on the first page, in a shape that is read")
    yield from _order_and_words(found)
    if len(found) > _LARGEST_PAGE:
        advice = f"nothing breaks; {_REPORT}, so that pages can be counted right"
        yield warn("account.paging", f"paging: asked for 100 messages, {len(found)} came", advice)
    elif len(found) > _PROBE:
        yield from looked("account.paging", lambda: _paging(account))
    else:
        yield ok("account.paging", "paging: fewer than three messages, so pages were not tried")
    newest = next((one for one in found if one.created_at is not None), None)
    if newest is not None:
        yield from looked("account.window", lambda: _window(account, newest))
    if found:
        shown = next((one for one in found if one.phase is RemotePhase.SENT), found[0])
        yield from looked("account.message", lambda: _message(account, shown))
        yield from looked("account.recipients", lambda: _recipients(account, shown))
    else:
        yield ok("account.message", "messages and recipients: none on this account, so their shapes were not met")
    yield from looked("account.lag", lambda: _lag(account, page, state))


def _unreadable(account: MesmsClient, page: MessagePage) -> Iterator[CheckLine]:
    """What the first row lacks that cannot be read; the other looks go on with those that can."""
    why = "asked again, all could be read"
    try:
        account.messages(page=1)
    except AnswerUnreadable as error:
        why = f"{error.what}; {error.why}" if error.why else error.what
    rows = len(page.messages) + page.left_out
    found = f"listing: {page.left_out} of {counted(rows, 'message')} on the first page cannot be read ({why})"
    advice = f"plan and apply stop at such a one, refresh flags it: see what the shapes below lack, or {_REPORT}"
    yield fail("account.listing", found, advice)


def _order_and_words(found: tuple[RemoteMessage, ...]) -> Iterator[CheckLine]:
    times = [one.created_at for one in found if one.created_at is not None]
    if times != sorted(times, reverse=True):
        advice = f"{_REPORT}: a search by time reads more pages than it needs"
        yield warn("account.order", "listing: not newest first, as the reference says", advice)
    words = sorted({one.remote_word for one in found if one.phase is RemotePhase.OTHER})
    if words:
        found_words = f"listing: states of messages that the reference does not have: {', '.join(words)}"
        advice = f"they count as on their way, never as cancelled; {_REPORT}"
        yield warn("account.words", found_words, advice, *words)


def _paging(account: MesmsClient) -> Iterator[CheckLine]:
    """Two pages of two. A message that arrives in between may shift one from the first page to the second."""
    first = account.few_messages(1, _PROBE)
    second = account.few_messages(2, _PROBE)
    ids, following = _uuids(first), _uuids(second)
    if len(ids) > _PROBE or len(following) > _PROBE:
        advice = "nothing breaks: pages of 100 are asked for"
        yield warn(
            "account.paging", f"paging: asked for {_PROBE} messages, {max(len(ids), len(following))} came", advice
        )
    elif not following:
        advice = f"{_REPORT}: beyond the first page nothing can be found, so an unknown send needs `resolve`"
        yield fail("account.paging", "paging: the second page is empty, though there are more messages", advice)
    elif ids == following:
        advice = f"{_REPORT}: beyond the first page nothing can be found, so an unknown send needs `resolve`"
        yield fail("account.paging", "paging: the second page is the first again", advice)
    else:
        end = "a total tells the end" if first.more and not second.more else "the end is told by an empty page"
        yield ok(
            "account.paging", f"paging: pages move on and keep to the limit; {end if len(ids) else ''}".rstrip("; ")
        )


def _window(account: MesmsClient, newest: RemoteMessage) -> Iterator[CheckLine]:
    """Whether a search around the time of a message finds it: that is how an unknown send is looked for."""
    made = newest.created_at
    assert made is not None
    second = timedelta(seconds=1)
    day = timedelta(days=1)
    around = account.messages(created_from=made - second, created_to=made + second, leaves_out=True)
    later = account.messages(created_from=made + day, created_to=made + day + 3600 * second, leaves_out=True)
    if newest.uuid not in _uuids(around):
        found = "listing: a search around the time of a message does not find it (from, to)"
        advice = f"{_REPORT}: an unknown send could not be found by its time and would need `resolve`"
        yield fail("account.window", found, advice)
    elif newest.uuid in _uuids(later):
        advice = f"nothing breaks, more pages are read than needed; {_REPORT}"
        yield warn("account.window", "listing: from and to are not kept to", advice)
    else:
        yield ok("account.window", "listing: a search by time finds what it should")


def _message(account: MesmsClient, shown: RemoteMessage) -> Iterator[CheckLine]:
    one = account.message(shown.uuid)
    if one is None:
        advice = f"{_REPORT}: what is listed should be known"
        yield warn("account.message", "message: one that is listed is not known when it is asked for", advice)
        return
    if one.phase is RemotePhase.SENT and not one.delivery:
        found = "message: a sent one has no drSummary, so delivery is read from its recipients"
        yield warn("account.message", found, f"map it under api.fields if it has another name, or {_REPORT}")
        return
    strange = sorted(set(one.delivery) - set(DELIVERY_STATES))
    if strange:
        found = f"message: delivery states that the reference does not have: {', '.join(strange)}"
        yield warn("account.message", found, f"they are shown as they came; {_REPORT}", *strange)
    else:
        yield ok("account.message", f"message: read alone as well ({one.phase.value})")


def _recipients(account: MesmsClient, shown: RemoteMessage) -> Iterator[CheckLine]:
    page = account.recipients(shown.uuid)
    if len(page.rows) > _LARGEST_RECIPIENTS:
        advice = f"nothing breaks: pages are read as they come; {_REPORT}"
        yield warn("account.recipients", f"recipients: {len(page.rows)} on a page of 50", advice)
    if page.next_cursor is not None:
        following = account.recipients(shown.uuid, after=page.next_cursor)
        if ({number for number, _ in page.rows} & {number for number, _ in following.rows}) - {""}:
            advice = f"{_REPORT}: results by recipient would be counted twice"
            yield fail("account.recipients", "recipients: the second page repeats numbers of the first", advice)
            return
    yield ok("account.recipients", f"recipients: {counted(len(page.rows), 'row')} read{_pages(page)}")
    if page.unreadable:
        found = f"recipients: {page.unreadable} of {counted(len(page.rows), 'row')} cannot be read"
        yield warn("account.recipients", found, f"results leave them out and say so; {_REPORT}")
    yield from _sums(page, shown)
    state = next((word for word, count in sorted(page.summary.items()) if count and len(page.summary) > 1), None)
    if state is not None and state in DELIVERY_STATES:
        some = account.recipients(shown.uuid, delivery_state=state)
        if any(word != state for _, word in some.rows):
            advice = f"results are read in full, which takes more requests; {_REPORT}"
            yield warn("account.recipients", f"recipients: asked for {state} alone, others came too", advice)


def _pages(page: RecipientPage) -> str:
    return "" if page.next_cursor is None else ", and the cursor leads on"


def _sums(page: RecipientPage, shown: RemoteMessage) -> Iterator[CheckLine]:
    total = sum(page.summary.values())
    if page.summary and shown.recipients is not None and total != shown.recipients:
        found = f"recipients: the summary counts {total:,}, the message {shown.recipients:,}"
        yield warn("account.recipients", found, f"reports flag it; {_REPORT}")


def _lag(account: MesmsClient, page: MessagePage, state: State | None) -> Iterator[CheckLine]:
    """Whether the newest message of ours is in the listing yet."""
    ours = _newest_of_ours(state)
    if ours is None or ours.uuid is None:
        yield ok("account.lag", "listing lag: no message of ours to look for yet")
        return
    if ours.uuid in _uuids(page):
        yield ok("account.lag", "listing lag: the newest message of ours is listed")
        return
    try:
        there = account.message(ours.uuid)
    except ApiRefusal as refusal:
        if refusal.status != 403:
            raise
        advice = "use a key of the account that sent it: with this one nothing of ours can be read or cancelled"
        yield fail("account.lag", "listing lag: the newest message of ours is of another account (HTTP 403)", advice)
        return
    if there is None:
        advice = "`mesms-gitops refresh` notes it; nothing is sent again"
        yield warn("account.lag", "listing lag: the newest message of ours is not known to this account", advice)
        return
    made = there.created_at or ours.intended_at
    around = timedelta(minutes=1)
    if ours.uuid in _uuids(account.messages(created_from=made - around, created_to=made + around, leaves_out=True)):
        yield ok("account.lag", "listing lag: the newest message of ours is listed, beyond the first page")
        return
    now = account.server_time()
    minutes = round((now - made).total_seconds() / 60) if now is not None else 0
    found = f"listing lag: the newest message of ours, {counted(minutes, 'minute')} old, is known but not listed"
    yield warn("account.lag", found, "an unknown send may be found late: let `plan` look again later, or use `resolve`")


def _newest_of_ours(state: State | None) -> SendRecord | None:
    records = [send for _, send in state.sends() if send.uuid and send.is_live] if state is not None else []
    return max(records, key=lambda send: send.intended_at, default=None)


def _uuids(page: MessagePage) -> list[str]:
    return [one.uuid for one in page.messages]
