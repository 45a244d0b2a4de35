"""What stands in a database, as a value: the model of PostgreSQL keeps it so, and a SQLite file is read as one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from mesms_gitops.store.row_reading import assembled
from mesms_gitops.store.rows import Head

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from mesms_gitops.model.state import State

NAME = "default"
"""The state that a location without ``?state=`` names."""
_SQLITE = b"SQLite format 3\0"
_MODEL = b'{"a model of": "PostgreSQL", '

HeadRow = tuple[str, int, str, str, str, str | None]
"""Lineage, serial, text, stamp, tally, where it was moved to."""
Line = tuple[str, int, str | None, str | None, str]
"""A line of the journal: state, serial, campaign, run, what was done."""


@dataclass(frozen=True)
class Tables:
    """The tables. ``rows`` are the campaigns by state and name, ``locks`` a generation and a holder a state."""

    is_made: bool = False
    heads: Mapping[str, HeadRow] = field(default_factory=dict)
    rows: Mapping[tuple[str, str], str] = field(default_factory=dict)
    journal: tuple[Line, ...] = ()
    stops: Mapping[str, str] = field(default_factory=dict)
    locks: Mapping[str, tuple[int, str | None]] = field(default_factory=dict)

    def newest(self, name: str) -> int | None:
        """The serial of the last line of the journal of state ``name``."""
        return next((serial for state, serial, *_ in reversed(self.journal) if state == name), None)

    def rows_of(self, name: str) -> list[tuple[str, str]]:
        """The campaigns of state ``name``."""
        return sorted((campaign, record) for (state, campaign), record in self.rows.items() if state == name)

    def head(self, name: str) -> tuple[Any, ...] | None:
        """The head of state ``name`` as it is asked for, with what the journal says of it."""
        found = self.heads.get(name)
        return None if found is None else (*found, self.newest(name))

    @property
    def stop(self) -> str | None:
        """The emergency stop."""
        return self.stops.get(NAME)

    @property
    def holder(self) -> str | None:
        """Who has the lock, by the row's word."""
        return self.locks.get(NAME, (0, None))[1]

    @cached_property
    def state(self) -> State | None:
        """The state that the rows stand for. Raises `StateUnreadable`."""
        head = self.head(NAME)
        return None if head is None else assembled(Head(*head), iter(self.rows_of(NAME)), "here", "mend it").state

    @cached_property
    def key(self) -> Hashable:
        """Equal for tables from which everything goes on alike.

        Stamps are drawn anew by each run; of the journal only its newest serial is ever asked for; a generation only
        has to be another one than before.
        """
        heads = tuple((*head[:3], *head[4:]) for head in self.heads.values())
        rows, stops = tuple(sorted(self.rows.items())), tuple(self.stops.items())
        return self.is_made, heads, rows, self.newest(NAME), stops, self.holder

    def body(self) -> bytes:
        """The tables as the bytes of a file."""
        tree = {
            "is_made": self.is_made,
            "heads": list(self.heads.items()),
            "rows": list(self.rows.items()),
            "journal": self.journal,
            "stops": list(self.stops.items()),
            "locks": list(self.locks.items()),
        }
        return _MODEL + json.dumps(tree, ensure_ascii=False)[1:].encode()


def is_database(body: bytes) -> bool:
    """Whether ``body`` are tables; an empty file is a SQLite database in which nothing stands yet."""
    return not body or body.startswith((_SQLITE, _MODEL))


@lru_cache(maxsize=256)
def read(body: bytes) -> Tables:
    """The tables in ``body``."""
    if not body:
        return Tables()
    return _of_sqlite(body) if body.startswith(_SQLITE) else _of_model(body)


def _of_model(body: bytes) -> Tables:
    tree = json.loads(body)
    return Tables(
        tree["is_made"],
        {name: tuple(head) for name, head in tree["heads"]},
        {(state, name): record for (state, name), record in tree["rows"]},
        tuple(tuple(line) for line in tree["journal"]),
        dict(tree["stops"]),
        {name: (generation, holder) for name, (generation, holder) in tree["locks"]},
    )


def _of_sqlite(body: bytes) -> Tables:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(body)
        ask = connection.execute
        if not ask("select 1 from sqlite_master where name = 'mesms_schema'").fetchone():
            return Tables()
        heads = ask("select name, lineage, serial, head, stamp, tally, moved_to from mesms_state")
        return Tables(
            is_made=True,
            heads={name: tuple(head) for name, *head in heads},
            rows={
                (state, name): record
                for state, name, record in ask("select state, name, record from mesms_campaign order by state, name")
            },
            journal=tuple(ask("select state, serial, campaign, run, what from mesms_journal order by id")),
            stops=dict(ask("select state, stop from mesms_freeze").fetchall()),
            locks={state: (0, holder) for state, holder in ask("select state, holder from mesms_lock")},
        )
