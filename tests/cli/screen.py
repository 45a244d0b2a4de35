"""A terminal as a person sees it: what stands on the screen, and what has scrolled off its top."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import termios
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from .conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Project

_CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")
PATIENCE = 40.0


class Screen:
    """As much of a terminal as tables that are drawn anew need: cursor up, erasing, wrapping, scrolling."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self.rows = [""] * lines
        self.scrolled: list[str] = []
        self._x = self._y = 0

    def __str__(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows).rstrip()

    def show(self, text: str) -> None:
        """Take what a program writes; an escape sequence must be whole."""
        at = 0
        while at < len(text):
            control = _CONTROL.match(text, at)
            if control:
                self._obey(control[2], control[1])
                at = control.end()
                continue
            self._put(text[at])
            at += 1

    def _put(self, character: str) -> None:
        if character == "\r":
            self._x = 0
        elif character == "\n":
            self._down()
        else:
            if self._x == self.columns:
                self._x = 0
                self._down()
            row = self.rows[self._y].ljust(self._x)
            self.rows[self._y] = row[: self._x] + character + row[self._x + 1 :]
            self._x += 1

    def _down(self) -> None:
        if self._y == self.lines - 1:
            self.scrolled.append(self.rows.pop(0).rstrip())
            self.rows.append("")
        else:
            self._y += 1

    def _obey(self, what: str, amount: str) -> None:
        if what == "A":
            self._y = max(0, self._y - int(amount or 1))
        elif what == "K":
            self.rows[self._y] = "" if amount == "2" else self.rows[self._y][: self._x]
        else:
            assert what in "mhl", f"the test's terminal does not know {amount}{what}"


class OnTerminal:
    """A command that runs on a terminal of so many columns and lines; a context manager that ends it."""

    def __init__(self, project: Project, *arguments: str, columns: int = 100, lines: int = 30, **env: str) -> None:
        self.screen = Screen(columns, lines)
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (lines, columns))
        self.process = subprocess.Popen(
            [COMMAND, *arguments],
            cwd=project.root,
            env={**project.env, **project.extra, "TERM": "xterm-256color", **env},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._ear = threading.Thread(target=self._listen)
        self._ear.start()

    def __enter__(self) -> OnTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.ended()
        os.close(self._ours)

    def until(self, condition: Callable[[Screen], bool]) -> None:
        """Wait for something to stand on the screen."""
        end = time.monotonic() + PATIENCE
        while not condition(self.screen):
            assert time.monotonic() < end, str(self.screen)
            time.sleep(0.02)

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        code = self.process.wait(PATIENCE)
        self._ear.join()
        return code

    def _listen(self) -> None:
        begun = b""
        with suppress(OSError):  # the other end was closed: the process is over
            while piece := os.read(self._ours, 4096):
                whole, begun = _split(begun + piece)
                self.screen.show(whole.decode())


def _split(told: bytes) -> tuple[bytes, bytes]:
    """``told`` up to the last place where neither a character nor an escape sequence is cut, and the rest."""
    escape = told.rfind(b"\x1b")
    if escape >= 0 and not _CONTROL.match(told[escape:].decode(errors="ignore")):
        return told[:escape], told[escape:]
    for cut in range(len(told), max(-1, len(told) - 4), -1):
        with suppress(UnicodeDecodeError):
            told[:cut].decode()
            return told[:cut], told[cut:]
    raise AssertionError("not UTF-8")
