"""What the two databases have in common on a machine: where they stand among its files, and what is looked at there.

The tables are the machine's file `STATE`; beside it stand lock and emergency stop as the tables tell them, so that
whoever looks at them need not know of databases.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateUnreadable
from tests.store.memory_disk import Content

from .branch import FREEZE
from .machine import LOCK, STATE, Backend
from .tables import Tables, read

if TYPE_CHECKING:
    from pathlib import Path

    from .machine import Machine


def standing(machine: Machine) -> Tables:
    """What stands in the database now."""
    content = machine.disk.entries.get(STATE)
    return Tables() if content is None else read(content.seen)


def install(machine: Machine, body: bytes) -> Content:
    """A transaction is durable, and ``body`` the database: it must follow what stood there before."""
    entries = machine.disk.entries
    former, after = standing(machine), read(body)
    content = entries[STATE] = Content(body, body)
    mirror(machine)
    machine.disk.settle()
    try:
        if former.heads or after.heads:
            machine.check_written(former.state, after.state, body)
    except StateUnreadable as error:
        machine.complaints.append(f"what was written cannot be read: {error.why}")
    return content


def mirror(machine: Machine) -> None:
    """Have lock and stop stand beside the tables as these tell them."""
    tables = standing(machine)
    for path, text in ((LOCK, tables.holder), (FREEZE, tables.stop)):
        _put(machine, path, text)


def without_head(machine: Machine) -> None:
    """Somebody deletes the head, and with it every campaign; the journal still tells of them."""
    if STATE in machine.disk.entries:
        body = machine.disk.entries[STATE].seen
        gone = _sqlite_without(body) if machine.backend is Backend.SQLITE else _without(read(body)).body()
        machine.disk.entries[STATE] = Content(gone, gone)


def _without(tables: Tables) -> Tables:
    return replace(tables, heads={}, rows={})


def _sqlite_without(body: bytes) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(body)
        for table in ("mesms_state", "mesms_campaign"):
            connection.execute(f"delete from {table}")  # one of these two
        return connection.serialize()


def _put(machine: Machine, path: Path, text: str | None) -> None:
    entries = machine.disk.entries
    if text is None:
        entries.pop(path, None)
    elif path not in entries or entries[path].seen != text.encode():
        entries[path] = Content(text.encode(), text.encode())
