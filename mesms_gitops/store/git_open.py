"""The store that a ``state:`` value beginning with ``git:`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.store.git_address import read_address
from mesms_gitops.store.git_repository import Repository
from mesms_gitops.store.git_store import GitStore
from mesms_gitops.store.provenance import provenance_of
from mesms_gitops.store.sealed_bytes import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mesms_gitops.store.sealed_bytes import SealedBytes


def git_store(
    location: str,
    root: Path,
    *,
    environment: Mapping[str, str],
    on_note: Callable[[str], None],
    sealed: SealedBytes = OPEN,
) -> GitStore:
    """The store at ``location``, ``root`` being in the repository. Nothing is touched yet. Raises `ConfigError`.

    ``environment`` says who runs this; git itself has that of the process.
    """
    address = read_address(location)
    repository = Repository(root, address)
    return GitStore(repository, address, provenance=provenance_of(environment), on_note=on_note, sealed=sealed)
