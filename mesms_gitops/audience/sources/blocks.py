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
        end = _last_record_end(rest, more)
        if end:
            block = b"".join((rest, memoryview(more)[:end]))  # copied once: a block is large
            rest, more = more[end:], b""
            yield block
        else:
            rest += more
        if len(rest) > LONGEST_RECORD:
            raise Endless
    if rest:
        yield rest


def _last_record_end(rest: bytes, more: bytes) -> int:
    """Where in ``more`` the last whole record of ``rest + more`` ends, 0 if there is none.

    ``rest`` has no such end itself.
    """
    end = more.rfind(b"\n") + 1
    if not end:
        return 0
    is_odd = (rest.count(b'"') + more.count(b'"', 0, end)) & 1
    while is_odd and end:
        before = more.rfind(b"\n", 0, end - 1) + 1
        is_odd ^= more.count(b'"', before, end) & 1
        end = before
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
