"""A place for a list while it is read: a file without a name, for nobody else's eyes, gone when it is closed."""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.outside import size_shown
from mesms_gitops.audience.sources.reader import Finding, Unusable

if TYPE_CHECKING:
    from mesms_gitops.audience.sources.outside import Limits


class Spool:
    """Bytes that arrive, and a ``path`` under which they can be opened any number of times until `close`.

    On Linux the file never has a name, so that not even a crash leaves phone numbers behind. Elsewhere it has one in a
    folder that only the owner can enter, until it is closed or the program ends.
    """

    def __init__(self) -> None:
        self.size = 0
        if sys.platform == "linux":
            with tempfile.TemporaryFile(prefix="mesms-") as file:
                self._descriptor = os.dup(file.fileno())
            self.path = f"/proc/self/fd/{self._descriptor}"
            self._end = weakref.finalize(self, os.close, self._descriptor)
        else:
            self._descriptor, self.path = tempfile.mkstemp(prefix="mesms-")
            self._end = weakref.finalize(self, _remove, self._descriptor, self.path)

    def write(self, piece: bytes) -> None:
        """Add ``piece``. Raises OSError if the disk is full."""
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self.size += len(piece)

    def become(self, other: Spool) -> None:
        """Hold what ``other`` holds, which is spent."""
        self.close()
        self.size, self.path, self._descriptor = other.size, other.path, other._descriptor
        if taken := other._end.detach():
            _, end, arguments, _ = taken
            self._end = weakref.finalize(self, end, *arguments)

    def close(self) -> None:
        """Forget everything; a second time does nothing."""
        self._end()


def _remove(descriptor: int, path: str) -> None:
    os.close(descriptor)
    Path(path).unlink(missing_ok=True)


def take(spool: Spool, piece: bytes, label: str, kind: str, limits: Limits) -> None:
    """Add ``piece`` to ``spool``. Raises Unusable where a bound or the disk ends."""
    if spool.size + len(piece) > limits.size:
        raise Unusable(too_large(label, kind, limits))
    try:
        spool.write(piece)
    except OSError as error:
        raise Unusable(
            Finding(
                codes.NOT_RECEIVED,
                f"{label} cannot be kept while it is read",
                key=kind,
                why=f"{error.strerror}: in the folder for temporary files",
                next_step="make room there, or name a folder with more in TMPDIR",
            )
        ) from error


def too_large(label: str, kind: str, limits: Limits) -> Finding:
    """The error for a list that does not end where any list would have."""
    return Finding(
        codes.NOT_RECEIVED,
        f"{label} has more than {size_shown(limits.size)}",
        key=kind,
        why="no list of recipients is that long",
        next_step="export only the columns that are needed, compressed, or download it and name the file",
    )


def too_slow(label: str, kind: str, limits: Limits) -> Finding:
    """The error for a list that was still arriving when time was up."""
    return Finding(
        codes.NOT_RECEIVED,
        f"{label} did not arrive within {limits.total:g} s",
        key=kind,
        next_step="try again, or download it and name the file",
    )
