"""Reading JSON that must be exactly what this tool writes: every surprise is named with its place."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeGuard

from mesms_gitops.model.sketch import AudienceSketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")
_SIZE = re.compile(r"0|[1-9][0-9]{0,9}")
_SHOWN = 60


class Surprise(Exception):
    """Something that this tool would not have written. ``path`` says where in the document, "" for all of it.

    ``next_step`` is what to do about it, where that is not to bring back a backup.
    """

    def __init__(self, path: str, why: str, next_step: str | None = None) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why
        self.next_step = next_step


def parse(body: bytes) -> object:
    """One JSON document: UTF-8, no duplicate keys. Raises `Surprise`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Surprise(f"byte {error.start}", "not UTF-8") from error
    if not text.strip():
        raise Surprise("", "the file is empty")
    try:
        tree: object = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise Surprise(f"{error.lineno}:{error.colno}", f"not JSON, or cut short: {error.msg}") from error
    except RecursionError as error:
        raise Surprise("", "nested too deeply") from error
    except ValueError as error:
        raise Surprise("", f"a number that cannot be meant: {error}") from error
    return tree


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Surprise("", f"the key {quoted(twice)} stands twice in one object")
    return found


def _constant(word: str) -> object:
    raise Surprise("", f"{word} is not a number")


def quoted(value: object) -> str:
    """``value`` as JSON, short enough for a sentence."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def moment_text(moment: datetime) -> str:
    """An aware time as it is written: ISO 8601 in UTC with a Z, microseconds only where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def sketch_text(sketch: AudienceSketch) -> str:
    """A sketch as it is written: how many people, a colon, and its bits in base64; one line of a state."""
    return f"{sketch.size}:{b64encode(sketch.bits).decode()}"


def sketch_of_text(found: str, path: str) -> AudienceSketch:
    """What `sketch_text` wrote. Raises `Surprise`."""
    size, colon, bits = found.partition(":")
    surprise = Surprise(path, f"{quoted(found)} is not a sketch of an audience")
    if not colon or not _SIZE.fullmatch(size):
        raise surprise
    try:
        sketch = AudienceSketch(int(size), b64decode(bits, validate=True))
    except ValueError as error:
        raise surprise from error
    if not sketch.is_sound or sketch_text(sketch) != found:
        raise surprise
    return sketch


class Fields:
    """One JSON object, taken apart by name. Every getter raises `Surprise` where the value is not of its kind."""

    def __init__(self, value: object, path: str, *, required: frozenset[str], optional: frozenset[str]) -> None:
        """Check that ``value`` is an object with all ``required`` keys and none beyond the ``optional`` ones."""
        self._found = mapping(value, path)
        self._path = path
        names = self._found.keys()
        if required <= names and len(names) == len(required) + len(optional & names):
            return
        missing, foreign = required - names, names - required - optional
        if missing:
            raise Surprise(path, f"the key {quoted(min(missing))} is missing")
        if foreign:
            raise Surprise(path, f"the key {quoted(min(foreign))} is not known")

    def at(self, name: str) -> str:
        """The path of one member."""
        return f"{self._path}.{name}" if self._path else name

    def has(self, name: str) -> bool:
        """Whether the member is there."""
        return name in self._found

    def all(self) -> Mapping[str, object]:
        """Every member as it was parsed."""
        return self._found

    def raw(self, name: str) -> object:
        """The member as it was parsed."""
        return self._found[name]

    def text(self, name: str) -> str:
        """A text."""
        found = self._found[name]
        return found if _is_text(found) else text(found, self.at(name))

    def maybe_text(self, name: str) -> str | None:
        """A text, or None where there is none."""
        return self.text(name) if name in self._found else None

    def maybe_sketch(self, name: str) -> AudienceSketch | None:
        """A sketch of an audience, or None where there is none."""
        return sketch_of_text(self.text(name), self.at(name)) if self.has(name) else None

    def whole(self, name: str) -> int:
        """A whole number, zero or more."""
        found = self._found[name]
        return found if type(found) is int and found >= 0 else whole(found, self.at(name))

    def maybe_whole(self, name: str) -> int | None:
        """A whole number, or None where there is none."""
        return self.whole(name) if name in self._found else None

    def flag(self, name: str) -> bool:
        """A boolean; False where there is none."""
        found = self._found.get(name, False)
        if not isinstance(found, bool):
            raise Surprise(self.at(name), f"{quoted(found)} is not true or false")
        return found

    def moment(self, name: str) -> datetime:
        """A time in UTC."""
        found = self.text(name)
        try:
            if _MOMENT.fullmatch(found):
                return datetime.fromisoformat(found)
        except ValueError:
            pass
        raise Surprise(self.at(name), f"{quoted(found)} is not a time like 2027-04-10T03:00:00Z")

    def maybe_moment(self, name: str) -> datetime | None:
        """A time in UTC, or None where there is none."""
        return self.moment(name) if self.has(name) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where there is none."""
        found = self._found.get(name)
        if found is None and name not in self._found:
            return ()
        if isinstance(found, list) and _are_texts(found):
            return tuple(found)
        return tuple(text(each, path) for each, path in items(found, self.at(name)))

    def text_table(self, name: str) -> dict[str, str]:
        """Text by name; empty where there is none."""
        found = mapping(self._found.get(name, {}), self.at(name))
        if _are_texts(found.values()):
            return dict(found)  # type: ignore[arg-type]  # all of them are texts
        return {
            key: value if _is_text(value) else text(value, f"{self.at(name)}.{key}") for key, value in found.items()
        }

    def count_table(self, name: str) -> dict[str, int]:
        """Counts by name; empty where there is none."""
        found = mapping(self._found.get(name, {}), self.at(name))
        return {key: whole(value, f"{self.at(name)}.{key}") for key, value in found.items()}


def mapping(value: object, path: str) -> Mapping[str, object]:
    """An object. Raises `Surprise`."""
    if not isinstance(value, dict):
        raise Surprise(path, f"{quoted(value)} is not an object")
    if not _are_texts(value):
        for key in value:
            text(key, path)
    return value


def items(value: object, path: str) -> list[tuple[object, str]]:
    """A list, each item with its path. Raises `Surprise`."""
    if not isinstance(value, list):
        raise Surprise(path, f"{quoted(value)} is not a list")
    return [(each, f"{path}[{index}]") for index, each in enumerate(value)]


def _is_text(value: object) -> TypeGuard[str]:
    """Whether ``value`` is a text that is quickly seen to be one; of any other, `text` says."""
    return type(value) is str and value.isascii()


def _are_texts(values: Iterable[object]) -> bool:
    """Whether all of ``values`` are such texts: one look at all of them takes a tenth of a look at each."""
    try:
        return "".join(values).isascii()  # type: ignore[arg-type]  # what is no text is what is asked here
    except TypeError:
        return False


def text(value: object, path: str) -> str:
    """A text that can be written as UTF-8 again. Raises `Surprise`."""
    if not isinstance(value, str):
        raise Surprise(path, f"{quoted(value)} is not a text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Surprise(path, f"{quoted(value)} holds half a surrogate pair") from error
    return value


def whole(value: object, path: str) -> int:
    """A whole number, zero or more. Raises `Surprise`."""
    if type(value) is not int or value < 0:
        raise Surprise(path, f"{quoted(value)} is not a whole number of zero or more")
    return value
