"""The eight endpoints of the reference, and the way from a request to one of them."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from mesms_gitops.sandbox import assumptions, checks
from mesms_gitops.sandbox.parts import count_parts
from mesms_gitops.sandbox.refusals import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mesms_gitops.sandbox.account import Key
    from mesms_gitops.sandbox.message import Message
    from mesms_gitops.sandbox.msisdns import Numbers
    from mesms_gitops.sandbox.world import World

    Query = Mapping[str, str]
    Body = dict[str, object]
    Endpoint = Callable[[World, Key, str, Query, object], tuple[str, Body]]

# Each takes the world, the key, the uuid of the path ("" where there is none), the query and the body, and returns the
# kind of its answer (see ``shapes``) and the answer in its plain shape. A RefusalError comes before any change.


def _send(world: World, key: Key, _uuid: str, _query: Query, body: object) -> tuple[str, Body]:
    if not key.may_send:
        raise RefusalError(403, "FORBIDDEN", "The API key lacks the sms:send scope")
    account = world.accounts[key.owner]
    order = checks.read_order(body, account, world.now)
    cost = _cost(order.content, order.numbers)
    if order.dry_run:
        return "cost", cost
    price = count_parts(order.content) * len(order.numbers)
    if price > account.balance:
        raise RefusalError(402, "INSUFFICIENT_CREDITS", "Insufficient credits")
    message = world.accept(account, order, price)
    return "send", {"uuid": message.uuid, "status": message.status_at(world.now), **cost}


def _preview(world: World, key: Key, _uuid: str, _query: Query, body: object) -> tuple[str, Body]:
    preview = checks.read_preview(body, world.accounts[key.owner])
    return "cost", _cost(preview.content, preview.numbers)


def _cancel(world: World, key: Key, uuid: str, _query: Query, _body: object) -> tuple[str, Body]:
    message = _own(world, key, uuid)
    had_schedule = message.scheduled_at is not None
    refused = assumptions.cancel_refusal(message.status_at(world.now), had_schedule=had_schedule)
    if refused is not None:
        status, code = refused
        raise RefusalError(status, code, f"The message cannot be cancelled: {code.lower().replace('_', ' ')}")
    world.call_off(message)
    return "cancel", {"uuid": uuid, "status": "cancelled", "refunded": message.credits}


def _list(world: World, key: Key, _uuid: str, query: Query, _body: object) -> tuple[str, Body]:
    page, limit = _page(query), _limit(query, assumptions.LIST_DEFAULT_LIMIT, assumptions.LIST_MAX_LIMIT)
    found = list(filter(_wanted(world, key.owner, query), reversed(world.messages.values())))
    if any(a.created_at < b.created_at for a, b in pairwise(found)):  # only after the clock was moved back
        found.sort(key=lambda message: message.created_at, reverse=True)
    rows = [message.row_at(world.now) for message in found[(page - 1) * limit : page * limit]]
    return "list", {"data": rows, "page": page, "limit": limit, "total": len(found)}


def _wanted(world: World, owner: str, query: Query) -> Callable[[Message], bool]:
    """The filter that a list request asks for."""
    status = checks.choice(query, "status", assumptions.MESSAGE_STATUSES)
    sender = query.get("sender")
    since, until = checks.moment(query, "from"), checks.moment(query, "to")
    search = query.get("search", "").lower()
    now = world.now

    def wanted(message: Message) -> bool:
        return (
            message.owner == owner
            and message.listed_at <= now
            and (sender is None or message.sender == sender)
            and (since is None or message.created_at >= since)
            and (until is None or message.created_at <= until)
            and (status is None or message.status_at(now) == status)
            and (not search or search in message.content.lower() or search in message.ref_no.lower())
        )

    return wanted


def _one(world: World, key: Key, uuid: str, _query: Query, _body: object) -> tuple[str, Body]:
    message = _own(world, key, uuid)
    row = message.row_at(world.now)
    if row["status"] == "sent":
        row["drSummary"] = message.summary_at(world.now)
    return "message", row


def _recipients(world: World, key: Key, uuid: str, query: Query, _body: object) -> tuple[str, Body]:
    message = _own(world, key, uuid)
    limit = _limit(query, assumptions.RECIPIENTS_DEFAULT_LIMIT, assumptions.RECIPIENTS_MAX_LIMIT)
    status = checks.choice(query, "status", assumptions.REPORT_STATUSES)
    page, after = _page(query), checks.integer(query, "after", 0, least=0)
    report = message.reports_at(world.now)
    positions = _positions(message.numbers, report, status, query.get("search", ""), after)
    shown, place = _cursor_page(positions, limit) if "after" in query else _numbered_page(positions, page, limit)
    rows = [{"msisdn": message.numbers[position], "status": report(position)} for position in shown]
    summary = [{"status": name, "count": count} for name, count in message.summary_at(world.now).items()]
    return "recipients", {"data": rows, **place, "summary": summary}


def _balance(world: World, key: Key, _uuid: str, _query: Query, _body: object) -> tuple[str, Body]:
    return "balance", {"balance": world.accounts[key.owner].balance}


def _senders(world: World, key: Key, _uuid: str, _query: Query, _body: object) -> tuple[str, Body]:
    senders = world.accounts[key.owner].senders.items()
    rows = [{"name": name, "status": sender.standing, "shared": sender.shared} for name, sender in senders]
    return "senders", {"data": rows}


# --- what they share --------------------------------------------------------------------------------------------------


def _own(world: World, key: Key, uuid: str) -> Message:
    """The message of a uuid, if it is the key's owner's. Raises a 404 or 403 refusal."""
    message = world.messages.get(uuid)
    if message is None:
        raise RefusalError(404, "NOT_FOUND", "Message not found")
    if message.owner != key.owner:
        raise RefusalError(assumptions.FOREIGN_MESSAGE_STATUS, "FORBIDDEN", "Not the owner of this message")
    return message


def _cost(content: str, numbers: Numbers) -> Body:
    parts = count_parts(content)
    return {"parts": parts, "total": len(numbers), "credits": parts * len(numbers)}


def _page(query: Query) -> int:
    return checks.integer(query, "page", 1, least=1)


def _limit(query: Query, default: int, most: int) -> int:
    return checks.integer(query, "limit", default, least=1, most=most)


def _positions(
    numbers: Numbers, report: Callable[[int], str], status: str | None, search: str, start: int
) -> Iterable[int]:
    """Positions of the recipients that a request asks for, in order, from ``start`` on; a range where all are."""
    positions = numbers.containing(search, start) if search else range(start, len(numbers))
    return positions if status is None else (position for position in positions if report(position) == status)


def _cursor_page(positions: Iterable[int], limit: int) -> tuple[Sequence[int], Body]:
    """The positions shown, and how to go on."""
    rest = iter(positions)
    shown = list(islice(rest, limit))
    more = next(rest, None) is not None
    return shown, {"nextCursor": shown[-1] + 1 if more else None, "hasMore": more}


def _numbered_page(positions: Iterable[int], page: int, limit: int) -> tuple[Sequence[int], Body]:
    """The positions shown, and which page of how many rows that is."""
    found = positions if isinstance(positions, range) else list(positions)
    shown = found[(page - 1) * limit : page * limit]
    return shown, {"page": page, "limit": limit, "total": len(found)}


# --- the way to them --------------------------------------------------------------------------------------------------

ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "POST /sms/send": _send,
    "POST /sms/preview-cost": _preview,
    "POST /sms/{uuid}/cancel": _cancel,
    "GET /sms": _list,
    "GET /sms/{uuid}": _one,
    "GET /sms/{uuid}/recipients": _recipients,
    "GET /sms/credit/balance": _balance,
    "GET /senders": _senders,
}
"""By method and path template."""

_METHODS: Final = {path: method for method, _, path in (name.partition(" ") for name in ENDPOINTS)}


def route(method: str, path: str) -> tuple[str, str]:
    """The name of a request's endpoint and the uuid in its path. Raises a 404 or 405 refusal."""
    template, uuid = (path, "") if path in _METHODS else _template(path)
    allowed = _METHODS.get(template)
    if allowed is None:
        raise RefusalError(404, "NOT_FOUND", "No such path")
    if method != allowed:
        error = f"{method} is not allowed here; use {allowed}"
        raise RefusalError(405, "METHOD_NOT_ALLOWED", error, (("allow", allowed),))
    return f"{method} {template}", uuid


def _template(path: str) -> tuple[str, str]:
    """A path with its uuid taken out: ``/sms/1dd6…/cancel`` -> ``/sms/{uuid}/cancel`` and the uuid."""
    head, _, rest = path.removeprefix("/").partition("/")
    uuid, slash, tail = rest.partition("/")
    return (f"/sms/{{uuid}}{slash}{tail}", uuid) if head == "sms" and uuid else ("", "")
