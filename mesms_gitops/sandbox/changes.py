"""Looking at a world and changing it from outside, as JSON: what the provider's console and back office would do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from mesms_gitops.sandbox.account import Key, Sender
from mesms_gitops.sandbox.faults import MAX_SECONDS
from mesms_gitops.sandbox.msisdns import Numbers
from mesms_gitops.sandbox.shapes import SHAPES
from mesms_gitops.sandbox.world import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.sandbox.account import Account
    from mesms_gitops.sandbox.world import LedgerEntry, World


class BadChangeError(ValueError):
    """A change that makes no sense; its text says which field and why."""


STANDINGS: Final = ("approved", "pending", "rejected")


def ledger(world: World, *, numbers: bool = False) -> dict[str, object]:
    """Every message ever accepted, requests by endpoint, and each owner's credits."""
    return {
        "now": iso(world.now),
        "messages": [_entry(entry, numbers=numbers) for entry in world.ledger(everything=True)],
        "requests": dict(world.calls),
        "credits": {owner: world.credits(owner)._asdict() for owner in world.accounts},
    }


def _entry(entry: LedgerEntry, *, numbers: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "uuid": entry.uuid,
        "owner": entry.owner,
        "sender": entry.sender,
        "content": entry.content,
        "recipients": entry.total,
        "credits": entry.credits,
        "status": entry.status,
        "delivers": entry.delivers,
        "createdAt": iso(entry.created_at),
        "scheduledTime": None if entry.scheduled_at is None else iso(entry.scheduled_at),
    }
    return {**row, "numbers": list(entry.numbers)} if numbers else row


def describe(world: World, owner: str | None) -> dict[str, object]:
    """What an owner has; the first owner if None. Groups by their size. Raises BadChangeError for an unknown owner."""
    account = _account(world, owner)
    return {
        "owner": account.owner,
        **world.credits(account.owner)._asdict(),
        "senders": {name: sender._asdict() for name, sender in account.senders.items()},
        "templates": {str(number): text for number, text in account.templates.items()},
        "groups": {str(number): len(numbers) for number, numbers in account.groups.items()},
        "blocklist": [f"66{national:09d}" for national in sorted(account.blocklist)],
        "shape": world.shape,
        "rate_limit": world.rate_limit,
        "listing_lag": world.listing_lag.total_seconds(),
    }


def apply(world: World, owner: str | None, wanted: Mapping[str, Any]) -> None:
    """Change what is named and leave the rest. Raises BadChangeError, having changed nothing, for anything unknown.

    Of the owner: ``balance`` (credits), ``senders`` {name: "approved" | "pending" | "rejected" | null to remove},
    ``templates`` {id: text | null}, ``groups`` {id: [numbers] | null}, ``blocklist`` [numbers] (all of it),
    ``keys`` {key: [scopes] | null}. Of the whole world: ``shape``, ``rate_limit`` (a second, or null),
    ``listing_lag`` (seconds, at most four months).
    """
    account = _account(world, owner)
    unknown = wanted.keys() - _CHANGES.keys()
    if unknown:
        raise BadChangeError(f"unknown field {min(unknown)!r}; known: {', '.join(_CHANGES)}")
    for change in [_CHANGES[name](world, account, value) for name, value in wanted.items()]:
        change()


def _account(world: World, owner: str | None) -> Account:
    if owner is None:
        return next(iter(world.accounts.values()))
    if owner not in world.accounts:
        raise BadChangeError(f"unknown owner {owner!r}; known: {', '.join(world.accounts)}")
    return world.accounts[owner]


# Each of these checks a value and returns the change to make, so that all are checked before the first is made.


def _balance(_world: World, account: Account, value: object) -> Callable[[], None]:
    return _setter(account, "balance", _whole(value, "balance"))


def _senders(_world: World, account: Account, value: object) -> Callable[[], None]:
    senders = dict(account.senders)
    for name, standing in _mapping(value, "senders").items():
        if standing is None:
            senders.pop(name, None)
        elif standing in STANDINGS:
            senders[name] = Sender(standing, shared=name in senders and senders[name].shared)
        else:
            raise BadChangeError(f"senders.{name} must be null or one of {', '.join(STANDINGS)}")
    return _setter(account, "senders", senders)


def _templates(_world: World, account: Account, value: object) -> Callable[[], None]:
    templates = dict(account.templates)
    for number, text in _mapping(value, "templates").items():
        if text is None:
            templates.pop(int(number), None)
        elif isinstance(text, str):
            templates[int(number)] = text
        else:
            raise BadChangeError(f"templates.{number} must be a string or null")
    return _setter(account, "templates", templates)


def _groups(_world: World, account: Account, value: object) -> Callable[[], None]:
    groups = dict(account.groups)
    for number, members in _mapping(value, "groups").items():
        if members is None:
            groups.pop(int(number), None)
        else:
            groups[int(number)] = _numbers(members, f"groups.{number}")
    return _setter(account, "groups", groups)


def _blocklist(_world: World, account: Account, value: object) -> Callable[[], None]:
    return _setter(account, "blocklist", frozenset(_numbers(value, "blocklist").national))


def _keys(world: World, account: Account, value: object) -> Callable[[], None]:
    keys = dict(world.keys)
    for key, scopes in _mapping(value, "keys").items():
        if scopes is None:
            keys.pop(key, None)
        elif isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes):
            keys[key] = Key(account.owner, frozenset(scopes))
        else:
            raise BadChangeError("keys must map each key to a list of scopes or null")
    return _setter(world, "keys", keys)


def _shape(world: World, _account: Account, value: object) -> Callable[[], None]:
    if value not in SHAPES:
        raise BadChangeError(f"shape must be one of {', '.join(SHAPES)}")
    return _setter(world, "shape", value)


def _rate_limit(world: World, _account: Account, value: object) -> Callable[[], None]:
    return _setter(world, "rate_limit", None if value is None else _whole(value, "rate_limit"))


def _listing_lag(world: World, _account: Account, value: object) -> Callable[[], None]:
    return _setter(world, "listing_lag", timedelta(seconds=min(_whole(value, "listing_lag"), MAX_SECONDS)))


_CHANGES: Final = {
    "balance": _balance,
    "senders": _senders,
    "templates": _templates,
    "groups": _groups,
    "blocklist": _blocklist,
    "keys": _keys,
    "shape": _shape,
    "rate_limit": _rate_limit,
    "listing_lag": _listing_lag,
}


def _setter(target: object, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(target, name, value)


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadChangeError(f"{name} must be a whole number, not negative")
    return value


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadChangeError(f"{name} must be an object")
    return cast("Mapping[str, Any]", value)


def _numbers(value: object, name: str) -> Numbers:
    if not isinstance(value, list):
        raise BadChangeError(f"{name} must be a list of numbers")
    return Numbers.parse(value)
