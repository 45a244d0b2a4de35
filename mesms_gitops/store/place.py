"""A file that is only ever replaced as a whole, and the names of what stands beside it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mesms_gitops.store.disk import Disk
    from mesms_gitops.store.host import Host


class Place:
    """``path`` and its side files. Methods raise `OSError`; whoever calls them stands in a `disk.door`."""

    def __init__(self, path: Path, disk: Disk, host: Host) -> None:
        """``path`` must be free of symbolic links: a link is followed, never replaced by what it points at."""
        self.path = path
        self._disk = disk
        self._host = host
        self._swept = False

    def beside(self, suffix: str) -> Path:
        """The path of a side file."""
        return self.path.with_name(self.path.name + suffix)

    def guard(self) -> AbstractContextManager[None]:
        """Be the only one, on this machine, that changes this place. Makes the folder first."""
        self._disk.make_folder(self.path.parent)
        return self._disk.guard(self.beside(".guard"))

    def temp(self) -> Path:
        """A new name that nobody else uses."""
        return self.path.with_name(f"{self._temp_prefix()}{self._host.token()}.tmp")

    def _temp_prefix(self) -> str:
        return f".{self.path.name}.{self._host.tag()}."

    def install(self, body: bytes, *, keep: tuple[bytes, str] | None = None) -> None:
        """Put ``body`` in place of whatever stands there, durably: a crash leaves the old bytes or the new ones.

        ``keep`` are the old bytes and the suffix under which they stay. Nothing moves before the new ones are safe.
        """
        temp = self.temp()
        try:
            self._disk.write_new(temp, body)
            if keep is not None:
                self._keep(*keep)
            self._disk.replace(temp, self.path)
        except BaseException:
            with suppress(OSError):
                self._disk.discard(temp)
            raise
        self._disk.sync_folder(self.path.parent)

    def install_beside(self, suffix: str, body: bytes) -> None:
        """Put ``body`` in place of the side file of that suffix, durably."""
        temp = self.temp()
        try:
            self._disk.write_new(temp, body)
            self._disk.replace(temp, self.beside(suffix))
        except BaseException:
            with suppress(OSError):
                self._disk.discard(temp)
            raise
        self._disk.sync_folder(self.path.parent)

    def _keep(self, body: bytes, suffix: str) -> None:
        temp = self.temp()
        try:
            self._second_name(temp, body)
            self._disk.replace(temp, self.beside(suffix))
        finally:
            # a rename between two names of one file does nothing at all, and leaves the temp
            with suppress(OSError):
                self._disk.discard(temp)

    def _second_name(self, name: Path, body: bytes) -> None:
        try:
            self._disk.link(self.path, name)
        except OSError:
            # some filesystems know no second names, some systems do not allow them
            self._disk.write_new(name, body)

    def sweep(self) -> None:
        """Remove what runs of this machine left when they died. Only within `guard`: there, none of them lives."""
        if self._swept:
            return
        with suppress(OSError):
            prefix = self._temp_prefix()
            for name in self._disk.names(self.path.parent):
                if name.startswith(prefix) and name.endswith(".tmp"):
                    self._disk.discard(self.path.with_name(name))
            self._swept = True
