"""The dresses an answer can wear: as expected, inside an envelope, or under the other names clients must accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Shape = Literal["plain", "envelope", "alias", "alias2", "alias3"]
SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
"""plain: the expected names. envelope: the same in {"success": true, "data": …}. alias, alias2, alias3: other names."""

Body = dict[str, object]

_RENAMED: Final[dict[str, dict[str, dict[str, str]]]] = {
    "alias": {
        "cost": {"parts": "messageParts", "total": "totalRecipients", "credits": "cost"},
        "list": {"data": "messages"},
        "recipients": {"data": "recipients"},
        "balance": {"balance": "credits"},
        "senders": {"data": "senders"},
    },
    "alias2": {
        "cost": {"parts": "messageParts", "total": "recipients", "credits": "totalCredits"},
        "list": {"data": "items"},
        "recipients": {"data": "items"},
        "balance": {"balance": "credit"},
        "senders": {"data": "items"},
    },
    "alias3": {
        "cost": {"credits": "totalCost"},
        "list": {"data": "results"},
    },
}


def dress(kind: str, body: Body, shape: Shape) -> Body:
    """The body of a 200 of this kind (send, cost, list, message, recipients, balance, senders, cancel) in a shape."""
    if shape == "plain":
        return body
    if shape == "envelope":
        return {"success": True, "data": body}
    names = _RENAMED[shape].get(kind, {})
    renamed = {names.get(name, name): value for name, value in body.items()}
    special = _SPECIAL.get((shape, kind))
    return renamed if special is None else special(renamed)


def renamed(kind: str, body: Body, names: Mapping[str, Mapping[str, str]]) -> Body:
    """The body of a 200 of this kind with names that no document has: ``{kind: {name: other}}``.

    ``{"list.rows": …}`` are the names within the rows of a list.
    """
    if not names:
        return body
    own, rows = names.get(kind, {}), names.get(f"{kind}.rows", {})
    return {own.get(name, name): _renamed_rows(value, rows) for name, value in body.items()}


def _renamed_rows(value: object, names: Mapping[str, str]) -> object:
    if not isinstance(value, list):
        return value
    return [{names.get(key, key): one for key, one in row.items()} if isinstance(row, dict) else row for row in value]


def _uuid_only(body: Body) -> Body:
    return {"data": {"uuid": body["uuid"]}}


def _inside_data(body: Body) -> Body:
    return {"data": body}


def _counts_as_object(body: Body) -> Body:
    rows = body["summary"]
    assert isinstance(rows, list)
    return {**body, "summary": {row["status"]: row["count"] for row in rows}}


def _counts_as_list(body: Body) -> Body:
    counts = body.get("drSummary")
    if not isinstance(counts, dict):
        return body
    return {**body, "drSummary": [{"status": status, "count": count} for status, count in counts.items()]}


_SPECIAL: Final[dict[tuple[str, str], Callable[[Body], Body]]] = {
    ("alias", "send"): _uuid_only,
    ("alias", "recipients"): _counts_as_object,
    ("alias", "message"): _counts_as_list,
    ("alias3", "balance"): _inside_data,
    ("alias3", "message"): _inside_data,
}
