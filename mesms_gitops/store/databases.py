"""Which database a ``state:`` value names, each loaded where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mesms_gitops.store.sealed_bytes import SealedBytes
    from mesms_gitops.store.sql_store import SqlStore


def database_store(
    location: str, root: Path, *, environment: Mapping[str, str], on_note: Callable[[str], None], sealed: SealedBytes
) -> SqlStore:
    """The store at ``postgresql://…`` or ``sqlite:///…``. Nothing is touched yet. Raises `ConfigError`."""
    if sealed.seals:
        raise ConfigError(
            "a state in a database is not encrypted by mesms-gitops",
            where="mesms.yaml: encryption.state",
            why="a commit writes the rows it changes, and encrypted rows could not be compared",
            next_step="take `encryption.state` out and let the database, or its disk, encrypt; or keep state in a file",
        )
    if location.startswith("sqlite:"):
        from mesms_gitops.store.sqlite import sqlite_store

        return sqlite_store(location, root, on_note, environment)
    from mesms_gitops.store.postgres import postgres_store

    return postgres_store(location, on_note, environment)
