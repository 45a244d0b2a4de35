"""Many objects of a repository at once: commits taken apart, and files as of a commit. Only reads, only local ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.store.git_command import Git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

AT_ONCE: Final = 256
"""How many objects one call of git hands over: so many states are in memory, and a chain of 10,000 takes 40 calls."""
PATIENCE: Final = 300.0
"""Seconds for one call: a log of everything is longer than a push."""
LONGEST_MESSAGE: Final = 100_000
_NAME = re.compile(r"[0-9a-f]{7,64}")
_PERSON = re.compile(rb"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<at>-?[0-9]{1,12}) [+-][0-9]{4}")
_TRAILER = re.compile(r"(?P<key>[A-Za-z][A-Za-z0-9-]*): *(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who, and when, as a commit says it."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. ``trailers`` are the lines of its last paragraph, if all of them are some, in their order."""

    id: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    subject: str
    body: str = ""
    trailers: tuple[tuple[str, str], ...] = ()
    trailer: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Objects:
    """The objects of the repository around ``folder``."""

    def __init__(self, folder: Path, git: Git | None = None) -> None:
        """Nothing is touched yet."""
        self._git = git or Git(folder, PATIENCE)

    def lines(self, *arguments: str) -> list[str] | None:
        """What git prints, by line; None where it does not do that."""
        said = self._git.run(*arguments)
        return said.out.decode("utf-8", "surrogateescape").splitlines() if said.is_well else None

    def printed(self, *arguments: str) -> bytes | None:
        """What git prints; None where it does not do that."""
        said = self._git.run(*arguments)
        return said.out if said.is_well else None

    def bodies(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """What each of ``names`` holds (an object, or COMMIT:PATH); None for one that is not here. In their order."""
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            asked = "".join(f"{name}\n" for name in some).encode("utf-8", "surrogateescape")
            said = self._git.run("cat-file", "--batch", stdin=asked)
            yield from _answers(said.out, some) if said.is_well else [None] * len(some)

    def commits(self, names: Sequence[str]) -> Iterator[Commit | None]:
        """Each of ``names`` taken apart; None for one that is no commit that is here."""
        known = [name if _NAME.fullmatch(name) else "0" * 40 for name in names]
        for name, body in zip(known, self.bodies([f"{name}^{{commit}}" for name in known]), strict=True):
            yield None if body is None else commit_of(name, body)


def _answers(out: bytes, names: Sequence[str]) -> Iterator[bytes | None]:
    """The format of git-cat-file(1): ``<id> <type> <size>``, the content, a newline; or one line that says it is not.

    A name with a newline in it cannot be asked for, and git has no other answer than one for each line.
    """
    at = 0
    for name in names:
        if "\n" in name:
            raise ValueError("a name with a line end")
        end = out.index(b"\n", at)
        head = out[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(head) == 3 and head[1] in (b"blob", b"commit", b"tree", b"tag") and head[2].isdigit():
            size = int(head[2])
            yield out[at : at + size]
            at += size + 1
        else:
            yield None


def commit_of(name: str, body: bytes) -> Commit:
    """A raw commit object, taken apart. What cannot be read of it is empty, since anybody can make one."""
    head, _, message = body.partition(b"\n\n")
    rows = [row.partition(b" ") for row in head.split(b"\n") if not row.startswith(b" ")]
    fields: dict[bytes, bytes] = {}
    for key, _, value in rows:
        fields.setdefault(key, value)
    coding = fields.get(b"encoding", b"utf-8").decode("ascii", "replace")
    text = _text(message[:LONGEST_MESSAGE], coding)
    subject, _, rest = text.strip("\n").partition("\n\n")
    trailers = trailers_of(text)
    newest = {key.lower(): value for key, value in trailers}
    return Commit(
        id=name,
        parents=tuple(value.decode("ascii", "replace") for key, _, value in rows if key == b"parent"),
        author=_signature(fields.get(b"author", b""), coding),
        committer=_signature(fields.get(b"committer", b""), coding),
        subject=" ".join(subject.split("\n")),
        body=rest,
        trailers=trailers,
        trailer=MappingProxyType(newest),
    )


def trailers_of(message: str) -> tuple[tuple[str, str], ...]:
    """``Key: value`` of each line of the last paragraph; none where one of its lines is no such line, or it is all.

    As git-interpret-trailers(1), but for its exceptions: no line in between, no value on several lines.
    """
    paragraphs = [part for part in message.strip("\n").split("\n\n") if part.strip()]
    if len(paragraphs) < 2:
        return ()
    found = [_TRAILER.fullmatch(line) for line in paragraphs[-1].strip("\n").split("\n")]
    if not all(found):
        return ()
    return tuple((each["key"], each["value"].strip()) for each in found if each is not None)


def _signature(line: bytes, coding: str) -> Signature:
    found = _PERSON.match(line)
    if found is None:
        return Signature("", "", datetime.fromtimestamp(0, UTC))
    return Signature(_text(found["name"], coding), _text(found["email"], coding), _moment(int(found["at"])))


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _text(body: bytes, coding: str) -> str:
    try:
        return body.decode(coding, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
