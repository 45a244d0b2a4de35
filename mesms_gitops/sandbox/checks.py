"""From what a client sent to what it may mean: strict readings of bodies and queries, each failing with a 400."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from mesms_gitops.sandbox import assumptions
from mesms_gitops.sandbox.msisdns import BadNumberError, Numbers
from mesms_gitops.sandbox.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.sandbox.account import Account

UNREADABLE: Final = object()
"""Stands for a body that is not JSON."""

_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_TEXT_FIELDS: Final = frozenset({"content", "templateId", "variables", "msisdns", "contactGroupId"})
_SEND_FIELDS: Final = _TEXT_FIELDS | {"sender", "scheduledTime", "dryRun"}
_INTEGER: Final = re.compile(r"[0-9]{1,9}")


class Preview(NamedTuple):
    """What a preview asks the price of."""

    content: str
    numbers: Numbers


class Order(NamedTuple):
    """What a send asks for, fully checked against the account; ``scheduled_at`` None means at once."""

    sender: str
    content: str
    numbers: Numbers
    scheduled_at: datetime | None
    dry_run: bool


def read_preview(body: object, account: Account) -> Preview:
    """The body of ``POST /sms/preview-cost``. Raises a refusal."""
    fields = _fields(body, _TEXT_FIELDS)
    return Preview(_content(fields, account, assumptions.MAX_PREVIEW_CHARACTERS), _numbers(fields, account))


def read_order(body: object, account: Account, now: datetime) -> Order:
    """The body of ``POST /sms/send``. Raises a refusal."""
    fields = _fields(body, _SEND_FIELDS)
    sender = _sender(fields, account)
    content = _content(fields, account, assumptions.MAX_CONTENT_CHARACTERS)
    numbers = _numbers(fields, account)
    scheduled_at = _scheduled_at(fields, now)
    dry_run = fields.get("dryRun", False)
    if not isinstance(dry_run, bool):
        raise invalid("dryRun must be a boolean")
    return Order(sender, content, numbers, scheduled_at, dry_run)


def instant(text: object, name: str) -> datetime:
    """An ISO 8601 time with an offset, to the millisecond, in UTC. Raises a refusal that names the parameter."""
    matched = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise invalid(f"{name} must be an ISO 8601 time with an offset, e.g. 2026-06-01T10:00:00+07:00")
    clock, fraction, offset = matched.groups("")
    try:
        moment = datetime.fromisoformat(clock + offset).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(f"{name} is not a time that exists") from error
    return moment + timedelta(milliseconds=int(f"{fraction:0<3}"[:3]))


def integer(query: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None) -> int:
    """A whole number of a query within its bounds. Raises a refusal."""
    text = query.get(name)
    if text is None:
        return default
    value = int(text) if _INTEGER.fullmatch(text) else -1
    if value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise invalid(f"{name} must be an integer {bounds}")
    return value


def choice(query: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    """One of a few words of a query, or None when absent. Raises a refusal."""
    text = query.get(name)
    if text is not None and text not in allowed:
        raise invalid(f"{name} must be one of: {', '.join(allowed)}")
    return text


def moment(query: Mapping[str, str], name: str) -> datetime | None:
    """A time of a query, or None when absent. Raises a refusal."""
    text = query.get(name)
    return None if text is None else instant(text, name)


def _fields(body: object, known: frozenset[str]) -> Mapping[str, object]:
    if body is UNREADABLE:
        raise invalid("The body is not JSON", "INVALID_JSON")
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object", "INVALID_JSON")
    unknown = body.keys() - known
    if unknown and assumptions.UNKNOWN_FIELDS_REFUSED:
        raise invalid(f"Unknown parameter: {min(unknown)!r}")
    return cast("Mapping[str, object]", body)


def _sender(fields: Mapping[str, object], account: Account) -> str:
    sender = fields.get("sender")
    if not isinstance(sender, str) or not 0 < len(sender) <= assumptions.MAX_SENDER_CHARACTERS:
        raise invalid(f"sender is required: a string of 1 to {assumptions.MAX_SENDER_CHARACTERS} characters")
    if not account.approves(sender):
        raise invalid(f"Sender {sender!r} is not an approved sender of this account", "SENDER_NOT_APPROVED")
    return sender


def _content(fields: Mapping[str, object], account: Account, most: int) -> str:
    """The text to send, from ``content`` or a filled template."""
    if "templateId" in fields:
        if "content" in fields and assumptions.BOTH_ALTERNATIVES_REFUSED:
            raise invalid("Give either content or templateId, not both")
        text = account.fill(_identifier(fields, "templateId"), _variables(fields))
    else:
        _variables(fields)
        text = _plain_text(fields)
    if not text or len(text) > most:
        raise invalid(f"content must have 1 to {most} characters, not {len(text)}")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise invalid("content holds half of a surrogate pair")
    return text


def _plain_text(fields: Mapping[str, object]) -> str:
    text = fields.get("content")
    if not isinstance(text, str):
        raise invalid("content (a string) or templateId is required")
    return text


def _variables(fields: Mapping[str, object]) -> dict[str, str]:
    variables = fields.get("variables", {})
    if not isinstance(variables, dict):
        raise invalid("variables must be an object")
    for name, value in variables.items():
        if isinstance(value, bool) or not isinstance(value, assumptions.TEMPLATE_VALUES):
            raise invalid(f"variables.{name} must be a string or a number")
    return {name: str(value) for name, value in variables.items()}


def _identifier(fields: Mapping[str, object], name: str) -> int:
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{name} must be an integer")
    return value


def _numbers(fields: Mapping[str, object], account: Account) -> Numbers:
    """The numbers to text, from ``msisdns`` or a contact group."""
    if "contactGroupId" in fields:
        if "msisdns" in fields and assumptions.BOTH_ALTERNATIVES_REFUSED:
            raise invalid("Give either msisdns or contactGroupId, not both")
        return account.group(_identifier(fields, "contactGroupId"))
    given = fields.get("msisdns")
    if not isinstance(given, (list, Numbers)):
        raise invalid("msisdns (an array of strings) or contactGroupId is required")
    if not len(given) and assumptions.EMPTY_LIST_REFUSED:
        raise invalid("msisdns is empty")
    if len(given) > assumptions.MAX_NUMBERS:
        raise invalid(f"msisdns holds {len(given)} numbers; at most {assumptions.MAX_NUMBERS} a request")
    try:
        return given if isinstance(given, Numbers) else Numbers.parse(given)
    except BadNumberError as error:
        raise invalid(str(error), "INVALID_NUMBER") from error


def _scheduled_at(fields: Mapping[str, object], now: datetime) -> datetime | None:
    if "scheduledTime" not in fields:
        return None
    scheduled_at = instant(fields["scheduledTime"], "scheduledTime")
    ahead = scheduled_at - now
    if ahead <= assumptions.MIN_SCHEDULE_AHEAD:
        raise invalid("scheduledTime must be in the future")
    if assumptions.MAX_SCHEDULE_AHEAD is not None and ahead > assumptions.MAX_SCHEDULE_AHEAD:
        raise invalid("scheduledTime is too far in the future")
    return scheduled_at
