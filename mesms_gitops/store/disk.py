"""Every touch of the filesystem, one method a step: put another `Disk` in to crash between any two of them."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GUARD_PATIENCE = 10.0
"""Seconds to wait for a guard, which is only ever held for the instant of one write."""

_POLL = 0.005
_SECOND = 1_000_000_000  # nanoseconds


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells a file from one that was written to or replaced. ``changed`` in nanoseconds, by the disk's clock."""

    identity: tuple[int, ...]
    size: int
    changed: int

    def is_settled(self, later: Stamp) -> bool:
        """Whether a change made after ``later`` was last written to would show in this stamp.

        Clocks of filesystems tick: two changes within one tick look like one. A tick is some 10 ms at most where times
        have a fraction of a second, and up to 2 s (FAT) where they have none.
        """
        tick = _SECOND // 10 if self.changed % _SECOND else 3 * _SECOND
        return later.changed - self.changed > tick


class Disk:
    """The real filesystem. Methods raise `OSError`; `door` turns that into an error of ours."""

    def real_path(self, path: Path) -> Path:
        """``path`` with every symbolic link followed, whether or not anything stands there."""
        return Path(os.path.realpath(path))

    def exists(self, path: Path) -> bool:
        """Whether anything stands at ``path``."""
        return os.path.lexists(path)

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file; None where none stands."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def stamp(self, path: Path) -> Stamp | None:
        """The stamp of a file; None where none stands."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return Stamp((found.st_dev, found.st_ino, found.st_mtime_ns), found.st_size, found.st_ctime_ns)

    def names(self, folder: Path) -> list[str]:
        """What stands in a folder."""
        return sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths

    def make_folder(self, folder: Path) -> None:
        """Make ``folder`` and its parents, for this user alone, durably. Nothing happens where it stands already."""
        if folder.is_dir():
            return
        self.make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        self.sync_folder(folder.parent)

    def write_new(self, path: Path, body: bytes) -> None:
        """Make a file that does not stand yet, for this user alone, its bytes durable."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, body)
        finally:
            os.close(descriptor)

    def append(self, path: Path, body: bytes, size: int) -> None:
        """Make ``body`` durable at the end of a file of ``size`` bytes. Where that fails, it is cut off again."""
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            _write(descriptor, body, _SYNC_BYTES)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        finally:
            os.close(descriptor)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name, which must be free."""
        os.link(source, target)

    def replace(self, source: Path, target: Path) -> None:
        """Rename, over whatever stands at ``target``: all of it or nothing."""
        source.replace(target)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def discard(self, path: Path) -> None:
        """Remove a file; nothing happens where none stands."""
        path.unlink(missing_ok=True)

    @contextmanager
    def guard(self, path: Path) -> Iterator[None]:
        """Be the only one between these lines, on this machine: an advisory lock that the system drops with us.

        The file stays, empty: removing it would let two in. Raises `StateLocked` when somebody stays in too long.
        """
        descriptor = _enter(path)
        try:
            yield
        finally:
            os.close(descriptor)


_SYNC_BYTES: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
"""Bytes and what it takes to find them again, their number included; not times (fdatasync(2)); not on every system."""


def _write(descriptor: int, body: bytes, sync: Callable[[int], None] | None = None) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    (sync or os.fsync)(descriptor)


def _enter(path: Path) -> int:
    deadline = time.monotonic() + GUARD_PATIENCE
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(descriptor, path):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise _stuck(path) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        time.sleep(_POLL)


def _is_still(descriptor: int, path: Path) -> bool:
    # somebody may have removed the folder while we waited: then this guard guards nothing
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _stuck(path: Path) -> StateLocked:
    return StateLocked(
        "another process is in the middle of a write and does not come to its end",
        where=str(path),
        why=f"it has held this file for over {GUARD_PATIENCE:.0f} seconds; perhaps it is suspended, or the disk hangs",
        next_step="let it go on or end it (fuser on the file above names it), then run the same command again",
    )


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FILE = {errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTEMPTY}
_NO_GUARD = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


@contextmanager
def door(path: Path, doing: str) -> Iterator[None]:
    """Where `OSError` becomes `StateError`: ``doing`` completes "cannot …"."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"cannot {doing}",
            where=str(path),
            why=error.strerror or str(error),
            next_step=_next_step(error.errno),
        ) from error


def _next_step(number: int | None) -> str:
    if number in _NO_ROOM:
        return "make room on this disk (or raise the quota), then run the same command again"
    if number in _NO_RIGHT:
        return "make this file and its folder writable for this user, or set `state:` to a place that is"
    if number in _NO_FILE:
        return "set `state:` in mesms.yaml (or MESMS_STATE) to the path of a file"
    if number in _NO_GUARD:
        return "this filesystem cannot lock files: set `state:` to a local disk"
    return "mend this, then run the same command again"
