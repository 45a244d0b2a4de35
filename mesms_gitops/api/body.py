"""Request bodies, as JSON that is never whole in memory: two million numbers leave in slices of their 4-byte cells."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Final

from mesms_gitops.api.assumptions import SCHEDULE_ZONE
from mesms_gitops.model.numbers import COUNTRY_CODE, SUBSCRIBER_DIGITS
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND, TemplateContent, TextContent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.sends import Content, DesiredSend

NUMBERS_PER_SLICE: Final = 16_384
"""About 230 KB a slice: larger ones cost memory and are no faster."""
NUMBERS_PER_COLUMN: Final = 65_536
"""About 920 KB a slice where columns write it: smaller ones are slower, larger ones hardly faster."""
_ABROAD: Final = int(COUNTRY_CODE) * 10**SUBSCRIBER_DIGITS
_QUOTED: Final = f'"{COUNTRY_CODE}%0{SUBSCRIBER_DIGITS}d",'
_QUOTED_LENGTH: Final = len(f'"{COUNTRY_CODE}{"0" * SUBSCRIBER_DIGITS}",')


class Body:
    """A JSON object whose last member may be ``msisdns``. Iterating gives its bytes, as often as wanted."""

    __slots__ = ("_head", "_numbers", "length")

    def __init__(self, members: Mapping[str, object], numbers: Numbers | None) -> None:
        """``length`` is exact, in bytes, from the count of numbers alone: each takes the same room."""
        text = json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        if numbers is None:
            self._head = text.encode()
        else:
            joint = "," if members else ""
            self._head = f'{text[:-1]}{joint}"msisdns":['.encode()
        self._numbers = numbers
        # every number but the last is followed by a comma, and the list by two brackets
        self.length = len(self._head) + (0 if numbers is None else len(numbers) * _QUOTED_LENGTH - 1 + len("]}"))

    @property
    def people(self) -> int:
        """How many numbers it names."""
        return 0 if self._numbers is None else len(self._numbers)

    def __repr__(self) -> str:
        # never the text or the numbers: a repr ends in logs and tracebacks
        return f"<Body: {self.length} bytes, {self.people} numbers>"

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        if self._numbers is None:
            return
        written = _in_columns if "polars" in sys.modules else _one_by_one
        left = len(self._numbers) * _QUOTED_LENGTH
        for some in written(self._numbers):
            left -= len(some)
            yield some if left else some[:-1] + b"]}"


def _one_by_one(numbers: Numbers) -> Iterator[bytes]:
    """``numbers`` in quotes, with a comma after each."""
    for some in numbers.slices(NUMBERS_PER_SLICE):
        yield ((_QUOTED * len(some)) % tuple(some)).encode("ascii")


def _in_columns(numbers: Numbers) -> Iterator[bytes]:
    """The same by polars, four times as fast; but even two million numbers save no more than its import takes."""
    import polars as pl

    for some in numbers.slices(NUMBERS_PER_COLUMN):
        cells = pl.Series([some.native()], dtype=pl.Binary).bin.reinterpret(
            dtype=pl.Array(pl.UInt32, len(some)), endianness=sys.byteorder
        )
        msisdns = (cells.explode().cast(pl.Int64) + _ABROAD).to_frame()
        with io.BytesIO() as stream:
            msisdns.write_csv(stream, include_header=False, quote_style="always", line_terminator=",")
            yield stream.getvalue()


def send_body(send: DesiredSend, scheduled_at: datetime | None) -> Body:
    """The body of ``POST /sms/send``; ``scheduled_at`` is aware, None for "at once" (reference, "Body parameters").

    Raises `ValueError` for a send that no plan may hold: to nobody, to a group and numbers, to too many.
    """
    members: dict[str, object] = {"sender": send.sender, **_content(send.content)}
    if scheduled_at is not None:
        members["scheduledTime"] = scheduled_time(scheduled_at)
    return _addressed(members, send)


def preview_bodies(send: DesiredSend) -> tuple[Body, ...]:
    """The bodies to try for ``POST /sms/preview-cost``, the best first.

    The reference calls ``content`` required and ``templateId`` "instead of content": a template with a local copy is
    asked about with both, and, where ME-SMS refuses the pair, with the template alone.
    """
    content = send.content
    if isinstance(content, TextContent) or content.preview is None:
        return (_addressed(_content(content), send),)
    alone = _content(content)
    return _addressed({"content": content.preview, **alone}, send), _addressed(alone, send)


def scheduled_time(moment: datetime) -> str:
    """ISO 8601 at Bangkok's offset, to the second. Raises `ValueError` for a time without an offset."""
    if moment.tzinfo is None:
        raise ValueError("a scheduled time needs an offset")
    return moment.astimezone(SCHEDULE_ZONE).isoformat(timespec="seconds")


def _content(content: Content) -> dict[str, object]:
    match content:
        case TextContent():
            return {"content": content.content}
        case TemplateContent():
            variables = {"variables": dict(content.variables)} if content.variables else {}
            return {"templateId": content.template_id, **variables}


def _addressed(members: dict[str, object], send: DesiredSend) -> Body:
    """The body to the people of a send. Raises `ValueError`."""
    if (send.group_id is None) == (send.numbers is None):
        raise ValueError("a send goes either to numbers or to a contact group")
    if send.numbers is None:
        return Body({**members, "contactGroupId": send.group_id}, None)
    if not 0 < len(send.numbers) <= MAX_NUMBERS_PER_SEND:
        raise ValueError(f"a send goes to 1 to {MAX_NUMBERS_PER_SEND} numbers, not {len(send.numbers)}")
    return Body(members, send.numbers)
