"""A commit to the model of PostgreSQL, which is one statement: how it is read, and what it does to the tables."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from mesms_gitops.store import postgres_sql as sql
from mesms_gitops.store.rows import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .tables import HeadRow, Tables


class Refused(AssertionError):
    """The backend says something that the model does not know: the model is to be brought up to it."""


def written(tables: Tables, statement: str, given: Mapping[str, Any]) -> tuple[Tables, int]:
    """The tables after `FIRST_WRITE` or `WRITE`, and how many heads moved.

    The conditions under which the head moves are read from the statement itself, so that one that was left out is one
    that is not held.
    """
    conditions, name = conditions_of(statement), given["state"]
    row: HeadRow = (given["lineage"], given["serial"], given["head"], given["stamp"], given["tally"], None)
    if conditions is None:
        moves = name not in tables.heads
    else:
        moves = name in tables.heads and all(HOLDS[each](tables, given) for each in conditions)
        if moves:
            lineage, _, text, _, _, moved_to = tables.heads[name]
            row = (lineage, given["serial"], given["head"] or text, given["stamp"], given["tally"], moved_to)
    if not moves:
        return tables, 0
    rows = {**tables.rows, **{(name, each): text for each, text in zip(given["names"], given["records"], strict=True)}}
    for gone in given["gone"]:
        rows.pop((name, gone), None)
    notes = zip(given["campaigns"], given["runs"], given["whats"], strict=True)
    lines = tuple((name, given["serial"], *note) for note in notes)
    return replace(tables, heads={**tables.heads, name: row}, rows=rows, journal=(*tables.journal, *lines)), 1


def flat(statement: str) -> str:
    return " ".join(statement.split())


_ON_NOTHING = flat(
    """
    insert into mesms_state (name, lineage, serial, head, stamp, tally)
    values (%(state)s, %(lineage)s, %(serial)s, %(head)s, %(stamp)s, %(tally)s)
    on conflict (name) do nothing returning 1
    """
)
_REST = tuple(flat(sql.FIRST_WRITE).split(_ON_NOTHING))
_ON_WHAT_STANDS = flat(
    """
    update mesms_state
    set serial = %(serial)s, head = coalesce(%(head)s, head), stamp = %(stamp)s, tally = %(tally)s,
        committed_at = now()
    where name = %(state)s
    """
)


@cache
def conditions_of(statement: str) -> tuple[str, ...] | None:
    """Under which a head moves, besides its name; None where it must not stand yet. Raises `Refused`."""
    head = _between(flat(statement), *_REST)
    if head == _ON_NOTHING:
        return None
    rest, found = _between(head, _ON_WHAT_STANDS, " returning 1"), []
    while rest:
        text = next((text for text in HOLDS if rest.startswith(f" and {text}")), None)
        if text is None:
            raise Refused(f"an unknown condition: {rest}")
        found.append(text)
        rest = rest[len(f" and {text}") :]
    return tuple(found)


def _between(text: str, before: str, after: str) -> str:
    if not (text.startswith(before) and text.endswith(after)):
        raise Refused(f"the model does not know this: {text}")
    return text[len(before) : -len(after)]


def _touched(tables: Tables, given: Mapping[str, Any]) -> bool:
    stored = (tables.rows.get((given["state"], name)) for name in given["touched"])
    return bool(given["digests"] == [None if text is None else digest(text) for text in stored])


HOLDS: dict[str, Callable[[Tables, Mapping[str, Any]], bool]] = {
    "lineage = %(lineage)s": lambda tables, given: tables.heads[given["state"]][0] == given["lineage"],
    "serial = %(expected)s": lambda tables, given: tables.heads[given["state"]][1] == given["expected"],
    "moved_to is null": lambda tables, given: tables.heads[given["state"]][5] is None,
    "sha256(convert_to(head, 'UTF8')) = %(head_before)s": lambda tables, given: (
        digest(tables.heads[given["state"]][2]) == given["head_before"]
    ),
    "tally = %(tally_before)s": lambda tables, given: tables.heads[given["state"]][4] == given["tally_before"],
    flat(
        """
        not exists (
            select from unnest(%(touched)s::text[], %(digests)s::bytea[]) as should (name, digest)
            left join mesms_campaign as stored on stored.state = %(state)s and stored.name = should.name
            where sha256(convert_to(stored.record, 'UTF8')) is distinct from should.digest)
        """
    ): _touched,
}
