"""A disk in memory that forgets what was not made durable, breaks where it is told to, and dies at any step.

It stands in for `mesms_gitops.store.disk.Disk`. Every effect is one or more numbered steps; `worlds` are the contents
that a machine may find after the power went: a killed process loses nothing, a power cut loses any part of what no
fsync has covered.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, product
from typing import TYPE_CHECKING

from mesms_gitops.store.disk import Disk, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Died(BaseException):
    """The process is no more: nothing that stands in an ``except OSError`` or a ``finally`` has an effect now."""


@dataclass(eq=False)
class Content:
    """The bytes of one file: as processes see them, and as the platter holds them. ``number`` is the file's own."""

    seen: bytes
    durable: bytes
    number: int = field(default_factory=count().__next__)


class MemoryDisk(Disk):
    """``die_at``: the number of the step before which the process dies. ``fail_at``: the one that raises ``number``."""

    def __init__(
        self,
        files: Mapping[Path, bytes] | None = None,
        *,
        die_at: int | None = None,
        fail_at: int | None = None,
        number: int = errno.EIO,
    ) -> None:
        self.entries = {path: Content(body, body) for path, body in (files or {}).items()}
        self.steps: list[str] = []
        self._durable = dict(self.entries)
        self._pending: list[dict[Path, Content | None]] = []
        self._die_at, self._fail_at, self._number = die_at, fail_at, number
        self._guarded: set[Path] = set()

    def step(self, name: str, path: Path) -> None:
        """Count one step; perhaps die before it, perhaps fail in it."""
        if self._die_at is not None and len(self.steps) >= self._die_at:
            raise Died
        self.steps.append(f"{name} {path.name}")
        if len(self.steps) - 1 == self._fail_at:
            raise OSError(self._number, os.strerror(self._number), str(path))

    def _entry(self, *changes: tuple[Path, Content | None]) -> None:
        for path, content in changes:
            if content is None:
                self.entries.pop(path, None)
            else:
                self.entries[path] = content
        self._pending.append(dict(changes))

    def real_path(self, path: Path) -> Path:
        return path

    def exists(self, path: Path) -> bool:
        return path in self.entries

    def read(self, path: Path) -> bytes | None:
        self.step("read", path)
        content = self.entries.get(path)
        return None if content is None else content.seen

    def stamp(self, path: Path) -> Stamp | None:
        """Exact: other bytes are another stamp. A file made later counts as changed long after."""
        self.step("stat", path)
        content = self.entries.get(path)
        if content is None:
            return None
        return Stamp((content.number, hash(content.seen)), len(content.seen), content.number * 10**10 + 1)

    def names(self, folder: Path) -> list[str]:
        self.step("list", folder)
        return sorted(path.name for path in self.entries if path.parent == folder)

    def make_folder(self, folder: Path) -> None:
        self.step("make folder", folder)

    def write_new(self, path: Path, body: bytes) -> None:
        self.step("create", path)
        if path in self.entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        content = Content(b"", b"")
        self._entry((path, content))
        self.step("write half of", path)
        content.seen = body[: len(body) // 2]
        self.step("write the rest of", path)
        content.seen = body
        self.sync(path, content)

    def append(self, path: Path, body: bytes, size: int) -> None:
        content = self.entries[path]
        before = content.seen
        assert len(before) == size
        try:
            self.step("append to", path)
            content.seen = before + body[: len(body) // 2]
            self.step("append the rest to", path)
            content.seen = before + body
            self.sync(path, content)
        except OSError:
            content.seen = before
            raise

    def sync(self, path: Path, content: Content) -> None:
        """Make the bytes of a file durable."""
        self.step("sync", path)
        content.durable = content.seen

    def link(self, source: Path, target: Path) -> None:
        self.step("link", target)
        if target in self.entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        self._entry((target, self.entries[source]))

    def replace(self, source: Path, target: Path) -> None:
        self.step("replace", target)
        content = self.entries[source]
        if self.entries.get(target) is not content:  # rename(2): two names of one file, nothing is done
            self._entry((source, None), (target, content))

    def sync_folder(self, folder: Path) -> None:
        self.step("sync folder", folder)
        self._durable = dict(self.entries)
        self._pending = []

    def discard(self, path: Path) -> None:
        self.step("discard", path)
        if path in self.entries:
            self._entry((path, None))

    @contextmanager
    def guard(self, path: Path) -> Iterator[None]:
        self.step("enter", path)
        assert path not in self._guarded, "the guard would wait for itself"
        self._guarded.add(path)
        try:
            yield
        finally:
            self._guarded.discard(path)

    def killed(self) -> dict[Path, bytes]:
        """What stands there when only the process died."""
        return {path: content.seen for path, content in self.entries.items()}

    def worlds(self) -> Iterator[dict[Path, bytes]]:
        """What may stand there when the power went: any of the changes since the last fsync, and any bytes likewise."""
        yield self.killed()
        for taken in product((False, True), repeat=len(self._pending)):
            entries = dict(self._durable)
            for change, happened in zip(self._pending, taken, strict=True):
                for path, content in change.items() if happened else ():
                    if content is None:
                        entries.pop(path, None)
                    else:
                        entries[path] = content
            yield {path: content.durable for path, content in entries.items()}
            yield {path: content.seen for path, content in entries.items()}
            yield {path: torn(content) for path, content in entries.items()}


def torn(content: Content) -> bytes:
    """As far as an append came that no fsync has covered: nearly to its end."""
    is_longer = content.seen.startswith(content.durable) and len(content.seen) > len(content.durable) > 0
    return content.seen[:-1] if is_longer else content.durable
