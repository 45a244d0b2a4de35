"""Files that hold phone numbers: a shelf a campaign, for this user alone, replaced as a whole, out of git's sight.

A ``.gitignore`` in the folder itself keeps git away, whatever the project's own says. Whoever calls holds the state's
lock, so that nobody else writes here.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mesms_gitops.store.disk import Disk, door

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = ".part"
"""How the name of a file ends that is not whole yet; one that was left behind is of a run that died."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OWNER_ONLY = 0o700


class Shelves:
    """``folder`` is what git must not see; the shelves stand in ``place``, which is it or a folder in it.

    ``what`` is what errors call a file here. Every method raises `StateError` where the disk does not do it.
    """

    def __init__(self, folder: Path, place: Path, what: str, disk: Disk | None = None) -> None:
        """Nothing is touched yet."""
        self._folder = folder
        self._place = place
        self._what = what
        self._disk = disk or Disk()

    def at(self, campaign: str, name: str) -> Path:
        """Where a file stands, or would."""
        return self._place / campaign / name

    def write(self, path: Path, body: bytes) -> None:
        """Put ``body`` there, in place of what may be there: durable when this returns, all of it or nothing."""
        with door(path, f"write {self._what}"):
            self._prepare(path.parent)
            self._install(path, body)

    def read(self, path: Path) -> bytes | None:
        """What stands there; None where nothing does."""
        with door(path, f"read {self._what}"):
            return self._disk.read(path)

    def paths(self, *suffixes: str) -> Iterator[Path]:
        """Every file whose name ends so, and every one that is not whole; by campaign, then by name."""
        with door(self._place, f"look for {self._what}"):
            names = self._disk.names(self._place) if self._disk.exists(self._place) else []
            for shelf in names:
                if _NAME.fullmatch(shelf) and (self._place / shelf).is_dir():
                    found = self._disk.names(self._place / shelf)
                    yield from (self._place / shelf / name for name in found if name.endswith((*suffixes, PART)))

    def names(self, campaign: str) -> list[str]:
        """The names of all files of a campaign."""
        shelf = self.at(campaign, "")
        with door(shelf, f"look for {self._what}"):
            return self._disk.names(shelf) if self._disk.exists(shelf) else []

    def delete(self, path: Path) -> None:
        """Remove a file, durably."""
        with door(path, f"delete {self._what}"):
            self._disk.discard(path)
            self._disk.sync_folder(path.parent)

    def written_at(self, path: Path) -> datetime:
        """When the file was written, by this disk's clock."""
        with door(path, f"look at {self._what}"):
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _prepare(self, shelf: Path) -> None:
        """The folders, for this user alone even if somebody made them otherwise, and the word to git."""
        self._disk.make_folder(shelf)
        for folder in dict.fromkeys((self._folder, self._place, shelf)):
            if folder.stat().st_mode & 0o777 != _OWNER_ONLY:
                folder.chmod(_OWNER_ONLY)
        ignore = self._folder / ".gitignore"
        if self._disk.read(ignore) != b"*\n":
            self._install(ignore, b"*\n")

    def _install(self, path: Path, body: bytes) -> None:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
        try:
            self._disk.write_new(part, body)
            self._disk.replace(part, path)
        except BaseException:
            with suppress(OSError):
                self._disk.discard(part)
            raise
        self._disk.sync_folder(path.parent)
