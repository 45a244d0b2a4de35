"""Which backend a ``state:`` value names."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import ConfigError
from mesms_gitops.store.file import FileStore
from mesms_gitops.store.host import Host
from mesms_gitops.store.provenance import provenance_of
from mesms_gitops.store.sealed_bytes import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mesms_gitops.store.port import Store
    from mesms_gitops.store.sealed_bytes import SealedBytes

_NOTHING: Mapping[str, str] = MappingProxyType({})

_DATABASES = re.compile(r"(postgresql|postgres|sqlite)://")
_OBJECTS = re.compile(r"(s3|gs|az)://")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""Two letters at least: one is the drive of a path."""
_KNOWN = ("git", "s3", "gs", "az", "postgresql", "postgres", "sqlite")
_SETTINGS = re.compile(r"\w+\s*=")
"""How a connection string of libpq begins."""
_FILE_NEXT = "set `state:` in mesms.yaml (or MESMS_STATE) to the path of a file, for example .mesms/state.json"


def open_store(
    location: str,
    root: Path,
    on_note: Callable[[str], None],
    *,
    environment: Mapping[str, str] = _NOTHING,
    sealed: SealedBytes = OPEN,
) -> Store:
    """The store at ``location``, a path being relative to ``root``. Nothing is touched yet.

    ``on_note`` is told what a person should know but need not act on. ``environment`` is where settings and credentials
    of engines are looked for; ``sealed`` is how a state rests. Raises `ConfigError` for what names no store.
    """
    if location.isprintable():
        store = _elsewhere(location, root, on_note, environment, sealed)
        if store is not None:
            return store
        _check_scheme(location)
    why = _no_file(location)
    if why:
        raise ConfigError("`state` names no file", where=f"state: {masked(location)}", why=why, next_step=_FILE_NEXT)
    return FileStore(root / location, on_note=on_note, host=Host(provenance_of(environment)), sealed=sealed)


def _elsewhere(
    location: str, root: Path, on_note: Callable[[str], None], environment: Mapping[str, str], sealed: SealedBytes
) -> Store | None:
    """The store of a location that is no path; each backend is loaded where it is used. None for a path."""
    if _OBJECTS.match(location):
        from mesms_gitops.store.object_store import ObjectStore

        return ObjectStore(location, environment=environment, on_note=on_note, sealed=sealed)
    if location.startswith("git:"):
        from mesms_gitops.store.git_open import git_store

        return git_store(location, root, environment=environment, on_note=on_note, sealed=sealed)
    if _DATABASES.match(location):
        from mesms_gitops.store.databases import database_store

        return database_store(location, root, environment=environment, on_note=on_note, sealed=sealed)
    return None


def _check_scheme(location: str) -> None:
    """Raises `ConfigError` for an address that no backend has: as a path it would be an empty state of its own."""
    found = _SCHEME.match(location)
    if found is None and _SETTINGS.match(location) is None:
        return
    raise ConfigError(
        "`state` names no backend",
        where=f"state: {masked(location)}",
        why=_no_backend(location, "" if found is None else found[1]),
        next_step="set `state:` in mesms.yaml (or MESMS_STATE) to one that is: a file (.mesms/state.json), git:BRANCH, "
        "s3://BUCKET/KEY (also gs://, az://), postgresql://USER@HOST/DATABASE or sqlite:///FILE; a file of such a name "
        "is written ./NAME",
    )


def _no_backend(location: str, scheme: str) -> str:
    if not scheme:
        return "settings of a connection are no address, and no path"
    if scheme.lower().partition("+")[0] in ("mysql", "mariadb"):
        return "recipients can be read from MySQL, but it is not a state backend"
    if scheme.lower() in _KNOWN:
        is_lower = scheme == scheme.lower()
        return f"{scheme}: is followed by // in an address" if is_lower else f"{scheme}: is written {scheme.lower()}:"
    return f"no backend has the scheme {scheme}{'://' if '://' in location else ':'}"


def _no_file(location: str) -> str | None:
    if not location.strip():
        return "it is empty"
    if not location.isprintable():
        return "it holds a control character"
    if location.startswith("~"):
        return "~ is not expanded here: the same project file is read by other users and machines"
    if location in (".", "..") or location.endswith(("/", "/.", "/..")):
        return "it is a folder"
    return None


def masked(location: str) -> str:
    """``location`` without what may be a password: a connection string ends in logs."""
    if not location.isprintable():
        return repr(location)
    if _SETTINGS.match(location):
        return "…"
    # to the last @: a password may hold a / and an @ itself
    return re.sub(r"//.*@", "//…@", location)
