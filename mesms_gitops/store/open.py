"""Which backend a ``state:`` value names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mesms_gitops.errors import ConfigError
from mesms_gitops.store.file import FileStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.store.port import Store

_LATER = re.compile(r"git:|(s3|gs|az|postgresql|postgres|sqlite)://")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FILE_NEXT = "set `state:` in mesms.yaml (or MESMS_STATE) to the path of a file, for example .mesms/state.json"


def open_store(location: str, root: Path, on_note: Callable[[str], None]) -> Store:
    """The store at ``location``, a path being relative to ``root``. Nothing is touched yet.

    ``on_note`` is told what a person should know but need not act on. Raises `ConfigError` for what names no store.
    """
    if location.isprintable():
        store = _elsewhere(location, root, on_note)
        if store is not None:
            return store
    why = _no_file(location)
    if why:
        raise ConfigError("`state` names no file", where=f"state: {masked(location)}", why=why, next_step=_FILE_NEXT)
    return FileStore(root / location, on_note=on_note)


def _elsewhere(location: str, root: Path, on_note: Callable[[str], None]) -> Store | None:
    """The store of a location that is no path; each backend is loaded where it is used. None for a path."""
    if _LATER.match(location):
        raise ConfigError(
            "this kind of state is not in this version of mesms-gitops yet",
            where=f"state: {masked(location)}",
            why="this version keeps state in a file",
            next_step=_FILE_NEXT,
        )
    return None


def _no_file(location: str) -> str | None:
    if not location.strip():
        return "it is empty"
    if not location.isprintable():
        return "it holds a control character"
    if _SCHEME.match(location):
        return "no backend has this scheme"
    if location.startswith("~"):
        return "~ is not expanded here: the same project file is read by other users and machines"
    if location in (".", "..") or location.endswith(("/", "/.", "/..")):
        return "it is a folder"
    return None


def masked(location: str) -> str:
    """``location`` without what may be a password: a connection string ends in logs."""
    return re.sub(r"//[^/@]*@", "//…@", location) if location.isprintable() else repr(location)
