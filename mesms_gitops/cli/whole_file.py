"""Files that commands write for people: as a whole, and never in place of what is no file (``/dev/null``)."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def no_file_at(path: Path) -> str | None:
    """What stands at ``path`` that a file must not take the place of; None for a file, or nothing. Raises `OSError`.

    A rename over a device or a link takes the name away from it, for everybody where the user is root.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "this is a symbolic link"
    return "this is a folder" if stat.S_ISDIR(mode) else "this is a device or a pipe"


def put_whole(path: Path, body: bytes, mode: int) -> None:
    """Put ``body`` in place of the file at ``path``, with the rights ``mode`` less the umask. Raises `OSError`.

    Until it is whole its name ends in ``.part``, and it is nobody's who looks for ``path``.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
