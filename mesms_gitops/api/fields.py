"""Single values out of a JSON body: found under one of their names, read exactly, or named as missing."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from mesms_gitops.api.assumptions import ENVELOPE, ENVELOPES_DEEP, FIELDS, ZONELESS
from mesms_gitops.errors import AnswerUnreadable, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Frame: TypeAlias = "Mapping[str, object]"
"""A JSON object."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_LARGEST: Final = 10**15
_LONGEST_TIME: Final = 40
_DIGITS: Final = re.compile(r"[0-9]{4,}")
_KEYS_SHOWN: Final = 20


class Rounding(Enum):
    """What to do with a fraction: a count has none, a cost is never understated, a balance never overstated."""

    EXACT = None
    UP = ROUND_CEILING
    DOWN = ROUND_FLOOR


@dataclass(frozen=True, slots=True)
class Lens:
    """How one answer is read: where it came from, a user's own names for fields, and how texts are made fit to show.

    Every method that cannot give a value raises `AnswerUnreadable`.
    """

    where: str
    field_map: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    clean: Callable[[str], str] = str
    seen: Callable[[str, str | None], None] | None = None
    """Told of each field that was looked for, and of the name it was found under."""

    def names(self, wanted: str) -> tuple[str, ...]:
        """The names that ``answer.field`` may have, the user's own first."""
        own = self.field_map.get(wanted) or self.field_map.get(wanted.partition(".")[2])
        return (own, *FIELDS[wanted]) if own else FIELDS[wanted]

    def find(self, frame: Frame, wanted: str) -> object | None:
        """The value under the first name that has one; None where there is none (or a null)."""
        name = self._name_in(frame, wanted)
        if self.seen is not None:
            self.seen(wanted, name)
        return None if name is None else frame[name]

    def _name_in(self, frame: Frame, wanted: str) -> str | None:
        """The first name of ``wanted`` under which ``frame`` has a value."""
        return next((name for name in self.names(wanted) if frame.get(name) is not None), None)

    def frame(self, body: object, *anchors: str) -> Frame:
        """The object that holds the answer: the outermost that has one of ``anchors``, else `AnswerUnreadable`."""
        self.refuse_failure(body)
        for frame in frames(body):
            if any(self._name_in(frame, anchor) is not None for anchor in anchors):
                return frame
        raise self.missing(body, *anchors)

    def rows(self, body: object, wanted: str) -> tuple[list[object], tuple[Frame, ...]]:
        """The list of a list answer, and the objects around it, the innermost first."""
        self.refuse_failure(body)
        if isinstance(body, list):
            return body, ()
        around: tuple[Frame, ...] = ()
        for frame in frames(body):
            around = (frame, *around)
            for name in self.names(wanted):
                value = frame.get(name)
                if isinstance(value, list):
                    if self.seen is not None:
                        self.seen(wanted, name)
                    return value, around
        raise self.missing(body, wanted)

    def find_around(self, around: tuple[Frame, ...], wanted: str) -> object | None:
        """A value that stands beside a list or beside its envelope."""
        best = next(
            (frame for frame in around if self._name_in(frame, wanted) is not None), around[0] if around else {}
        )
        return self.find(best, wanted)

    def refuse_failure(self, body: object) -> None:
        """Raise `AnswerUnreadable` for ``{"success": false}``, which no documented 2xx answer has."""
        if isinstance(body, dict) and body.get("success") is False:
            said = error_text(body)
            raise self.unreadable(
                "ME-SMS answered success: false under a success status",
                body,
                why=f"it said: {self.clean(said)}" if said else None,
            )

    def whole(self, frame: Frame, wanted: str, rounding: Rounding = Rounding.EXACT) -> int | None:
        """A number that is not negative, None where absent."""
        return self.as_whole(self.find(frame, wanted), wanted, frame, rounding)

    def as_whole(self, value: object, wanted: str, body: object, rounding: Rounding = Rounding.EXACT) -> int | None:
        """``value`` as a number that is not negative; None for None."""
        if value is None:
            return None
        number = to_whole(value, rounding)
        if number is None or number < 0:
            raise self.garbled(body, wanted, "a whole number")
        return number

    def text(self, frame: Frame, wanted: str) -> str | None:
        """A text, None where absent."""
        value = self.find(frame, wanted)
        if value is not None and not isinstance(value, str):
            raise self.garbled(frame, wanted, "a text")
        return value

    def instant(self, frame: Frame, wanted: str) -> datetime | None:
        """A time in UTC, None where absent or empty."""
        value = self.find(frame, wanted)
        if value is None or value == "":
            return None
        moment = to_instant(value)
        if moment is None:
            raise self.garbled(frame, wanted, "a time in ISO 8601")
        return moment

    def truth(self, around: tuple[Frame, ...], wanted: str) -> bool | None:
        """A yes or no, None where absent."""
        value = self.find_around(around, wanted)
        if value is None:
            return None
        truth = _TRUTHS.get(str(value).lower())
        if truth is None:
            raise self.garbled(around[0], wanted, "true or false")
        return truth

    def missing(self, body: object, *wanted: str) -> AnswerUnreadable:
        """The error for an answer that lacks a value."""
        if self.seen is not None:
            for one in wanted:
                self.seen(one, None)
        names = " or ".join(self.names(one)[0] for one in wanted)
        return self.unreadable(f"the answer of ME-SMS lacks {names}", body)

    def garbled(self, body: object, wanted: str, expected: str) -> AnswerUnreadable:
        """The error for a value that is not of its kind."""
        return self.unreadable(f"{self.names(wanted)[0]} in the answer of ME-SMS is not {expected}", body)

    def unreadable(self, what: str, body: object, *, why: str | None = None) -> AnswerUnreadable:
        """An `AnswerUnreadable` that shows the keys of ``body``, never its values."""
        seen = f"the answer was {self.clean(outline(body))}"
        return AnswerUnreadable(
            what,
            where=self.where,
            why=f"{why}; {seen}" if why else seen,
            next_step="run `mesms-gitops doctor`: it compares the shapes of all answers with what is expected",
        )


def check_field_map(field_map: Mapping[str, str]) -> Mapping[str, str]:
    """A read-only copy of a user's names for fields. Raises `ConfigError` for one that no answer has."""
    known = {*FIELDS, *(name.partition(".")[2] for name in FIELDS)}
    strange = sorted(set(field_map) - known)
    if strange or not all(field_map.values()):
        raise ConfigError(
            "a field name is mapped that no answer has" if strange else "a field is mapped to no name",
            where="api.fields",
            why=f"not known: {', '.join(strange)}" if strange else None,
            next_step=f"use names among: {', '.join(sorted(FIELDS))}",
        )
    return MappingProxyType(dict(field_map))


def frames(body: object) -> Iterator[Frame]:
    """``body`` and the objects enveloped in it, the outermost first."""
    for _ in range(ENVELOPES_DEEP):
        if not isinstance(body, dict):
            return
        yield body
        body = body.get(ENVELOPE)


def to_whole(value: object, rounding: Rounding = Rounding.EXACT) -> int | None:
    """A JSON number, or a text of one, as an int within 10^15; None if it is none. Fractions as ``rounding`` says."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and math.isfinite(value):
        number = Decimal(str(value))
    elif isinstance(value, int) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        number = Decimal(value.strip() if isinstance(value, str) else value)
    else:
        return None
    if abs(number) > _LARGEST:
        return None
    whole = number.to_integral_value(rounding.value or ROUND_FLOOR)
    return None if rounding is Rounding.EXACT and whole != number else int(whole)


def to_instant(value: object) -> datetime | None:
    """An ISO 8601 date and time in UTC, None if it is none. Without an offset it is read as `assumptions.ZONELESS`."""
    if not isinstance(value, str) or ":" not in value or len(value) > _LONGEST_TIME:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZONELESS)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def error_text(body: object) -> str | None:
    """What a body says went wrong: ``error``, a text or an object with a ``message``."""
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if isinstance(error, dict):
        error = error.get("message")
    said = error if isinstance(error, str) else body.get("message")
    return said if isinstance(said, str) else None


def outline(body: object, depth: int = 3) -> str:
    """The keys of a body and the kinds of its values; never a value, and no digits of a key that may be a number."""
    match body:
        case dict() if depth:
            shown = [f"{_DIGITS.sub('…', key)}: {outline(value, depth - 1)}" for key, value in body.items()]
            more = [f"{len(shown) - _KEYS_SHOWN} more"] if len(shown) > _KEYS_SHOWN else []
            return f"{{{', '.join(shown[:_KEYS_SHOWN] + more)}}}"
        case dict():
            return "{…}"
        case list():
            return f"[{len(body)} × {outline(body[0], depth - 1)}]" if body and depth else "[]"
        case _:
            return _KINDS.get(type(body), "a value")


_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    bool: "true or false",
    int: "number",
    float: "number",
    type(None): "null",
}
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
