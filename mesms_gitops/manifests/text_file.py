"""Bytes -> text that can be pointed into: size, encoding and line ends are settled before anything is parsed."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.diagnostic import Position

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.manifests.findings import Findings

MAX_BYTES = 1 << 20
"""A manifest is a page of text; a megabyte of it is a list that belongs into a file of its own."""

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What no manifest may hold: control characters, the line separators that editors do not show as such, lone surrogates
and byte order marks anywhere but at the very start. Tab, LF and CR are not among them."""

_LINE_END = re.compile("\r\n?")
STDIN_NAME: Final = "standard input"
"""How diagnostics call what was piped in: it has no name that a command could be given."""


class TextFile:
    """One file as text with LF line ends; ``name`` is how diagnostics call it."""

    __slots__ = ("_lines", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """The text line by line; split once, and only when something is pointed at."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        return self._lines

    def span_at(self, index: int, length: int = 1) -> Span:
        """Where the ``length`` characters from ``index`` stand; for a few look-ups, each reads the text up to there."""
        line = self.text.count("\n", 0, index)
        column = index - (self.text.rfind("\n", 0, index) + 1)
        return Span(self, line, column, line, column + length)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file, counted from 0 as parsers do; `position` is what people see."""

    file: TextFile
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def position(self) -> Position:
        """Counted from 1, end exclusive."""
        return Position(self.file.name, self.line + 1, self.column + 1, self.end_line + 1, self.end_column + 1)

    @property
    def excerpt(self) -> str | None:
        """The first line of it."""
        lines = self.file.lines
        return lines[self.line] if self.line < len(lines) else None


def read_text_file(path: Path | str, name: str, findings: Findings) -> TextFile | None:
    """The text of ``path``, or None and a finding: unreadable, not a regular file, too large or not UTF-8."""
    body = read_bytes(path, name, findings)
    if body is None:
        return None
    findings.rests_on.append((name, digest_of(body)))
    return decode(body, name, findings)


def digest_of(body: bytes) -> str:
    """What a file is known by: its content, never its time or size."""
    return hashlib.sha256(body).hexdigest()


def read_bytes(path: Path | str, name: str, findings: Findings) -> bytes | None:
    """At most `MAX_BYTES` of a regular file; a larger one is refused without being read."""
    try:
        # O_NONBLOCK: opening a FIFO must not wait for a writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            return _read_regular(descriptor, name, findings)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as reason:
        findings.in_file(name, "MS007", f"{name} cannot be read", why=_reason(reason), next_step=_READABLE)
        return None


def _read_regular(descriptor: int, name: str, findings: Findings) -> bytes | None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        findings.in_file(name, "MS007", f"{name} is not a regular file", next_step=_READABLE)
        return None
    size = found.st_size
    body = b""
    if size <= MAX_BYTES:
        body = os.read(descriptor, size + 1)  # not a byte of memory more: a megabyte for each of thousands takes time
        while len(body) < size and (more := os.read(descriptor, MAX_BYTES + 1)):
            body += more
    if max(size, len(body)) > MAX_BYTES:  # the second: it grew after it was measured
        _too_large(name, max(size, len(body)), findings)
        return None
    return body


_READABLE = "make it a regular file that this user may read, or remove it"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _too_large(name: str, size: int, findings: Findings) -> None:
    findings.in_file(
        name,
        "MS103",
        f"{name} has {size:,} bytes; at most {MAX_BYTES:,} are read",
        next_step="move long lists of numbers into a CSV file and name it under `recipients:`",
    )


def decode(body: bytes, name: str, findings: Findings) -> TextFile | None:
    """UTF-8, with or without a byte order mark, any line ends; None and a finding for anything else."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        _not_utf8(name, "UTF-16", 0, body, findings)
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        guess = _guess_encoding(body)
        # some pairs of Thai bytes happen to be UTF-8 too: point at the first Thai one
        first = _HIGH.search(body)
        _not_utf8(name, guess, first.start() if guess and first else error.start, body, findings)
        return None
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    if "\x00" in text and len(text) >= _SHORTEST_UTF16 and text.count("\x00") * 3 > len(text):
        _not_utf8(name, "UTF-16", 0, body, findings)
        return None
    return TextFile(name, text)


_SHORTEST_UTF16: Final = 4
"""Characters: a NUL that stands alone is a stray byte, and said to be one."""
_HIGH = re.compile(rb"[\x80-\xff]")


def _guess_encoding(body: bytes) -> str | None:
    """``cp874`` if that reading gives mostly Thai beside ASCII: what Windows editors in Thailand save by default."""
    high = [byte for byte in body[:4096] if byte >= 0x80]
    thai = sum(0xA1 <= byte <= 0xDA or 0xDF <= byte <= 0xFB for byte in high)
    return "cp874" if high and thai >= 0.9 * len(high) else None


def _not_utf8(name: str, guess: str | None, at: int, body: bytes, findings: Findings) -> None:
    line = body.count(b"\n", 0, at)
    start = body.rfind(b"\n", 0, at) + 1
    before = body[start:at].decode("utf-8", "replace").removeprefix("\ufeff") if guess != "UTF-16" else ""
    codec = {"cp874": "cp874", "UTF-16": "utf-16"}.get(guess or "", "latin-1")
    shown = TextFile(name, "\n" * line + body[start : start + 200].decode(codec, "replace").split("\n")[0])
    source = "FILE" if name == STDIN_NAME else shlex.quote(name)
    findings.error(
        "MS100",
        f"{name} is not UTF-8" + (f"; it looks like {guess}" if guess else ""),
        at=Span(shown, line, len(before), line, len(before) + 1),
        next_step=f"save it as UTF-8: iconv -f {guess or 'OLD'} -t UTF-8 {source} > NEW",
    )
