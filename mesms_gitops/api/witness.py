"""What answers look like, remembered without a single value of theirs: for `doctor`, and for nobody else."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.api.assumptions import FIELDS
from mesms_gitops.api.fields import to_instant
from mesms_gitops.api.wire import NotJson
from mesms_gitops.model.doctor import HIDDEN, AnswerShape, FieldUse, Met

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.api.wire import Call, Reply
    from mesms_gitops.model.doctor import Shape

_KEY: Final = re.compile(r"(?!.*[0-9]{4})[A-Za-z_$][A-Za-z0-9_$-]{0,39}")
"""A key that names a field. Whatever else is used as one may be a number or a person's name."""
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_PHONE: Final = re.compile(r"\+?(66|0)[ -]?[0-9][0-9 -]{7,10}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,23}")
_MESSAGE: Final = re.compile(r"/sms/(?!send$|preview-cost$|credit/)[^/]+")
_ROWS: Final = 100
_KEYS: Final = 60
_DEEP: Final = 6


class Witness:
    """Sees every answer and every field looked for, and keeps kinds and names of them."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, set[int], Shape | None, Shape | None]] = {}
        self._names: dict[str, dict[str, int]] = {}
        self._absent: dict[str, int] = {}
        self._headers: set[str] = set()

    def take(self, call: Call, reply: Reply) -> None:
        """An answer has arrived."""
        endpoint = f"{call.method} {_MESSAGE.sub('/sms/{uuid}', call.path)}"
        count, codes, shape, refusal = self._seen.get(endpoint, (0, set(), None, None))
        try:
            found = shape_of(reply.json())
        except NotJson:
            found = "a web page" if reply.is_page else "not JSON"
        if reply.is_success:
            shape = found if shape is None else _merged(shape, found)
        else:
            refusal = found if refusal is None else _merged(refusal, found)
        self._seen[endpoint] = (count + 1, codes | {reply.status}, shape, refusal)
        self._headers |= {name.lower() for name in reply.header_names}

    def field(self, wanted: str, name: str | None) -> None:
        """``wanted`` (``answer.field``) was looked for, and found under ``name``, or nowhere."""
        if name is None:
            self._absent[wanted] = self._absent.get(wanted, 0) + 1
        else:
            names = self._names.setdefault(wanted, {})
            names[name] = names.get(name, 0) + 1

    @property
    def has_seen_json(self) -> bool:
        """Whether anything but a web page has answered yet."""
        seen = (shape for _, _, *shapes in self._seen.values() for shape in shapes)
        return any(shape is not None and not isinstance(shape, str) for shape in seen)

    def met(self) -> Met:
        """All of it, as a value."""
        return Met(
            answers=tuple(
                AnswerShape(endpoint, count, tuple(sorted(codes)), shape, refusal)
                for endpoint, (count, codes, shape, refusal) in sorted(self._seen.items())
            ),
            fields=tuple(
                FieldUse(wanted, FIELDS[wanted][0], self._names_of(wanted), self._absent.get(wanted, 0))
                for wanted in FIELDS
                if wanted in self._names or wanted in self._absent
            ),
            headers=tuple(sorted(self._headers)),
        )

    def _names_of(self, wanted: str) -> Mapping[str, int]:
        return MappingProxyType(dict(sorted(self._names.get(wanted, {}).items())))


def shape_of(value: object, deep: int = _DEEP) -> Shape:
    """A JSON value with kinds in place of values; a key that may say something about a person is `HIDDEN`."""
    if isinstance(value, dict):
        if not deep:
            return "an object"
        shapes: dict[str, Shape] = {}
        for key, one in list(value.items())[:_KEYS]:
            name = key if _KEY.fullmatch(key) else HIDDEN
            found = shape_of(one, deep - 1)
            shapes[name] = _merged(shapes[name], found) if name in shapes else found
        return MappingProxyType(shapes)
    if isinstance(value, list):
        if not deep:
            return "a list"
        rows: Shape | None = None
        for one in value[:_ROWS]:
            found = shape_of(one, deep - 1)
            rows = found if rows is None else _merged(rows, found)
        return () if rows is None else (rows,)
    return _kind(value)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    text = str(value).strip()
    kinds = (("uuid", _UUID), ("phone number", _PHONE), ("number as text", _NUMBER), ("word", _WORD))
    for name, pattern in kinds:
        if pattern.fullmatch(text):
            return name
    if to_instant(text) is not None:
        return "time"
    return "text" if text else "empty text"


def _merged(one: Shape, other: Shape) -> Shape:
    """What both are: the keys of either, the kinds of either."""
    if isinstance(one, str) and isinstance(other, str):
        return " | ".join(sorted({*one.split(" | "), *other.split(" | ")}))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return (_merged(one[0], other[0]),) if one and other else one or other
    if not isinstance(one, (str, tuple)) and not isinstance(other, (str, tuple)):
        keys = {**one, **other}
        return MappingProxyType({key: _either(one.get(key), other.get(key)) for key in keys})
    # of different sorts: a list tells more than an object, and that more than a scalar
    return max(one, other, key=lambda shape: (isinstance(shape, tuple), not isinstance(shape, str)))


def _either(one: Shape | None, other: Shape | None) -> Shape:
    if one is None or other is None:
        return one if one is not None else other if other is not None else "null"
    return _merged(one, other)
