"""A table as blocks of whole records, so that a list of any length is read in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK: Final = 8 << 20
LONGEST_RECORD: Final = 4 * BLOCK


class Endless(ValueError):
    """A record of more than ``LONGEST_RECORD`` bytes: not a table, or one with a quote that is never closed."""


def blocks(read: Callable[[int], bytes], size: int = BLOCK) -> Iterator[bytes]:
    """What ``read`` gives, cut after line ends outside of quotes; the last block may end without one.

    A line end is outside where the number of quotes before it is even: a doubled quote counts twice. Raises Endless.
    """
    rest = b""
    while more := read(size):
        rest += more
        end = _last_record_end(rest)
        if end:
            yield rest[:end]
            rest = rest[end:]
        if len(rest) > LONGEST_RECORD:
            raise Endless
    if rest:
        yield rest


def _last_record_end(block: bytes) -> int:
    """Where the last whole record ends, 0 if there is none."""
    end = block.rfind(b"\n") + 1
    if not end or not block.count(b'"', 0, end) & 1:
        return end
    while (end := block.rfind(b"\n", 0, end - 1) + 1) and block.count(b'"', 0, end) & 1:
        pass
    return end


def first_record_end(block: bytes) -> int:
    """Where the first record of ``block`` ends: the first line end outside of quotes, or its end."""
    end = 0
    while end := block.find(b"\n", end) + 1:
        if not block.count(b'"', 0, end) & 1:
            return end
    return len(block)


def with_line_feeds(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """``read``, with the lone carriage returns of a very old Mac as line feeds, judged by the first block."""
    first = [read(BLOCK)]
    is_old = b"\r" in first[0] and b"\n" not in first[0]

    def reading(size: int) -> bytes:
        some = first.pop() if first else read(size)
        return some.replace(b"\r", b"\n") if is_old else some

    return reading
