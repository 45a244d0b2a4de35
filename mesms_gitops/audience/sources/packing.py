"""Lists that are compressed as files: known by their first bytes, whatever they are called."""

from __future__ import annotations

import gzip
import sys
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"


class NoZstd(ImportError):
    """A list is compressed with zstd, and nothing here can unpack it."""


def open_unpacked(path: Path) -> BinaryIO:
    """What is in the file at ``path``, from the start. Raises OSError and NoZstd; see `damages` for later."""
    raw = path.open("rb")
    start = raw.read(len(ZSTD))
    raw.seek(0)
    if not start.startswith((GZIP, ZSTD)):
        return raw
    raw.close()
    if start.startswith(GZIP):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    opened: Any = _zstd().ZstdFile(path, "rb")
    return opened  # type: ignore[no-any-return]


def packed_with(path: Path) -> str | None:
    """What the file at ``path`` is compressed with."""
    with path.open("rb") as raw:
        start = raw.read(len(ZSTD))
    return "gzip" if start.startswith(GZIP) else "zstd" if start == ZSTD else None


def damages() -> tuple[type[Exception], ...]:
    """What is raised while a damaged archive is read, or one that ends too early."""
    return (gzip.BadGzipFile, EOFError, zlib.error, *_zstd_errors())


def _zstd() -> ModuleType:
    try:
        return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError as error:
        raise NoZstd from error


def _zstd_errors() -> tuple[type[Exception], ...]:
    try:
        return (_zstd().ZstdError,)
    except NoZstd:
        return ()
