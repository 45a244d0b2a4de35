"""A file as it is on disk, edited without touching what is not meant: byte order mark, line ends, mode, all the rest.

An edit is made in the text as the parser sees it (LF, no mark) and carried over to the bytes.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.errors import ConfigError
from mesms_gitops.manifests.spots import starts_of_lines
from mesms_gitops.manifests.text_file import TextFile, decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.manifests.findings import Findings


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """What stands from ``start`` to ``end`` (exclusive) of a text becomes ``better``."""

    start: int
    end: int
    better: str


_LINE_END = re.compile("\r\n?|\n")


@dataclass(frozen=True)
class RawFile:
    """``raw`` is the whole file as it is decoded; ``path`` has no links in it."""

    path: str
    name: str
    raw: str

    @cached_property
    def file(self) -> TextFile:
        """The text as the parser sees it."""
        return TextFile(self.name, _LINE_END.sub("\n", self.raw.removeprefix("\ufeff")))

    def edited(self, edits: Iterable[Edit]) -> RawFile:
        """The same file after ``edits``, which must not overlap."""
        mark = 1 if self.raw.startswith("\ufeff") else 0
        in_text = starts_of_lines(self.file.text)
        in_raw = [mark, *(match.end() for match in _LINE_END.finditer(self.raw))]

        def place(index: int) -> int:
            line = bisect_right(in_text, index) - 1
            return in_raw[line] + index - in_text[line]

        pieces: list[str] = []
        end = 0
        for edit in sorted(edits):
            pieces += (self.raw[end : place(edit.start)], edit.better)
            end = place(edit.end)
        return RawFile(self.path, self.name, "".join((*pieces, self.raw[end:])))


def read_raw(root: Path, path: str, name: str, findings: Findings) -> RawFile | None:
    """The file at ``path``, all links followed; None and a finding if it is outside ``root`` or no UTF-8 text."""
    real = os.path.realpath(path)
    if not real.startswith(os.path.realpath(root).rstrip(os.sep) + os.sep):
        findings.in_file(
            name, "MS008", f"{name} is a link that leads out of the project", next_step="edit what it leads to there"
        )
        return None
    body = read_bytes(real, name, findings)
    if body is None or decode(body, name, findings) is None:
        return None
    return RawFile(real, name, body.decode("utf-8"))


def write_raw(before: RawFile, after: RawFile) -> None:
    """Put ``after`` in the place of ``before``: all of it or nothing, with the same mode.

    Raises `ConfigError` if the file is not what was read any more, or cannot be written.
    """
    path = Path(before.path)
    try:
        # another name for a link that was put here meanwhile must not be followed
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            now = os.read(descriptor, len(before.raw) * 4 + 1)
        finally:
            os.close(descriptor)
        if now != before.raw.encode():
            raise _not_written(before, "it changed while it was being mended")
        _replace(path, after.raw.encode(), mode)
    except OSError as error:
        raise _not_written(before, error.strerror or str(error)) from error


def _replace(path: Path, body: bytes, mode: int) -> None:
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(fresh).unlink()
        raise


def _not_written(file: RawFile, why: str) -> ConfigError:
    return ConfigError(
        f"{file.name} was not written",
        where=file.name,
        why=why,
        next_step="run the same command again; what was written before it is whole",
    )
