"""What the terminal can do, and how long work is told on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_WIDTH = 40
MAX_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Terminal:
    """Width in cells, whether stdout and stderr take colour, and whether a person can answer."""

    width: int
    colour_stdout: bool
    colour_stderr: bool
    can_ask: bool
    animates: bool

    @classmethod
    def of_process(cls) -> Terminal:
        """Look at this process's streams and environment (NO_COLOR, FORCE_COLOR, TERM, CI, MESMS_IN_AUTOMATION)."""
        automation = in_automation()
        return cls(
            width=max(MIN_WIDTH, min(MAX_WIDTH, shutil.get_terminal_size((80, 24)).columns)),
            colour_stdout=_colour(sys.stdout.isatty()),
            colour_stderr=_colour(sys.stderr.isatty()),
            can_ask=sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty() and not automation,
            animates=sys.stderr.isatty() and not automation,
        )


def in_automation() -> bool:
    """Whether nobody is there to answer: ``CI`` or ``MESMS_IN_AUTOMATION`` is set to anything but no."""
    return any(
        os.environ.get(name, "").lower() not in ("", "0", "false", "no") for name in ("CI", "MESMS_IN_AUTOMATION")
    )


def _colour(is_terminal: bool) -> bool:
    """https://no-color.org and https://force-color.org: set and not empty."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal and os.environ.get("TERM") != "dumb"


class Teller:
    """Progress on stderr: one line that is rewritten on a terminal, plain lines elsewhere if they are wanted."""

    def __init__(self, terminal: Terminal, *, verbose: bool) -> None:
        """``verbose`` also tells where nothing can be rewritten."""
        self._terminal = terminal
        self._verbose = verbose
        self._open = False
        self._other: Callable[[str], None] | None = None

    @contextmanager
    def told_by(self, other: Callable[[str], None]) -> Iterator[None]:
        """Have ``other`` tell what is being done: it keeps the terminal's lines itself."""
        self._other = other
        try:
            yield
        finally:
            self._other = None

    def say(self, text: str) -> None:
        """Tell what is being done."""
        if self._other is not None:
            self._other(text)
            return
        if self._verbose or not self._terminal.animates:
            if self._verbose:
                print(text, file=sys.stderr, flush=True)
            return
        cut = text[: self._terminal.width - 1]
        print(f"\r\x1b[K{cut}", end="", file=sys.stderr, flush=True)
        self._open = True

    @property
    def pace(self) -> float:
        """Seconds between two lines about the same long work: short where one line is rewritten, else long."""
        if self._terminal.animates and not self._verbose:
            return 0.2
        return 10.0 if self._verbose else 30.0

    def so_far(self, text: str) -> None:
        """Tell how far long work is, wherever stderr goes; not more often than every ``pace`` seconds."""
        if self._terminal.animates or self._verbose:
            self.say(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """Tell what should be known, wherever stderr goes."""
        self.done()
        print(f"note: {text}", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Clear the line."""
        if self._open:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._open = False
