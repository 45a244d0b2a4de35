"""One phone number on the command line, or on standard input, which keeps it out of the shell's history."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from typing import TextIO

_LONGEST_INPUT: Final = 4096
"""Characters of standard input that are looked at: a number has a dozen."""


def number_given(raw: str) -> tuple[int, str]:
    """The number that ``raw`` (or, for ``-``, standard input) holds, and how it is shown. Raises `UsageError`."""
    return _understood(_only_line(sys.stdin) if raw == "-" else raw)


def _only_line(given: TextIO) -> str:
    """What ``given`` holds. Raises `UsageError` for more than one line: nobody who asked is passed over in silence."""
    if given.isatty():
        return given.readline()
    lines = [line for line in given.read(_LONGEST_INPUT).splitlines() if line.strip()]
    if len(lines) > 1:
        raise UsageError(
            "more than one line on standard input",
            where="NUMBER",
            why="one number is taken at a time; nothing was done",
            next_step="run it once for each number",
        )
    return lines[0] if lines else ""


def _understood(raw: str) -> tuple[int, str]:
    """The number and how it is shown. Raises `UsageError`, which never holds more of it than its mask."""
    from mesms_gitops.audience.normalise import EXPLAINED, Reason, mask, normalise

    found = normalise(raw)
    if isinstance(found, Reason):
        raise UsageError(
            f"{mask(raw)} is not a Thai mobile number",
            where="NUMBER",
            why=EXPLAINED[found],
            next_step="write it as 08XXXXXXXX",
        )
    return found, mask(raw)
