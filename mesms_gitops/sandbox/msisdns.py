"""Numbers of a message, four bytes each, and the strict reading of what a client sent."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Final

from mesms_gitops.sandbox import assumptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mesms_gitops.sandbox.reports import Reports

_MSISDN: Final = re.compile(r"(?:66|0)([0-9]{9})")
_LAST_ITEM: Final = re.compile(rb'[ \t\r\n]*"(?:66|0)[0-9]{9}"[ \t\r\n]*\Z')
_ARRAY_RUN: Final = re.compile(rb'(?:[ \t\r\n]*"(?:66|0)[0-9]{9}"[ \t\r\n]*,)+')
_NINE_DIGITS: Final = re.compile(rb'"(?:66|0)([0-9]{9})"')
_CHUNK: Final = 1 << 20


class BadNumberError(ValueError):
    """A number that is neither 66XXXXXXXXX nor 0XXXXXXXXX; ``index`` says which of the list, from 0."""

    def __init__(self, index: int) -> None:
        super().__init__(f"msisdns[{index}] is not a number of the form 66XXXXXXXXX or 0XXXXXXXXX")
        self.index = index


class Numbers:
    """An immutable sequence of numbers in the order sent, duplicates kept. Copies of a world share it."""

    __slots__ = ("_national", "reports")

    def __init__(self, national: array[int]) -> None:
        self._national = national
        self.reports: Reports | None = None
        """Filled by ``reports.reports_of`` at first need."""

    @classmethod
    def parse(cls, texts: Iterable[object]) -> Numbers:
        """Read strings as a client sends them. Raises BadNumberError at the first one that is not a number."""
        national = array("I")
        append, fullmatch = national.append, _MSISDN.fullmatch
        for index, text in enumerate(texts):
            matched = fullmatch(text) if isinstance(text, str) else None
            if matched is None:
                raise BadNumberError(index)
            append(int(matched[1]))
        return cls(national)

    @classmethod
    def parse_json_items(cls, items: memoryview) -> Numbers | None:
        """Read the inside of a JSON array of strings without building the strings; None unless all are numbers."""
        national = array("I")
        position = 0
        while position < len(items):
            matched = _ARRAY_RUN.match(items, position, position + _CHUNK) or _LAST_ITEM.match(items, position)
            if matched is None or (matched.end() == len(items)) != (matched.re is _LAST_ITEM):
                return None  # not a number, or a comma with nothing after it
            national.extend(map(int, _NINE_DIGITS.findall(items, matched.start(), matched.end())))
            position = matched.end()
        return cls(national)

    @property
    def national(self) -> Sequence[int]:
        """The nine digits after 66 or 0, as integers."""
        return self._national

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers) and self._national == other._national

    def __hash__(self) -> int:
        return hash(self._national.tobytes())

    def __len__(self) -> int:
        return len(self._national)

    def __getitem__(self, index: int) -> str:
        return f"{assumptions.STORED_PREFIX}{self._national[index]:09d}"

    def __iter__(self) -> Iterator[str]:
        return (f"{assumptions.STORED_PREFIX}{national:09d}" for national in self._national)

    def containing(self, digits: str, start: int) -> Iterator[int]:
        """Positions from ``start`` on whose 66XXXXXXXXX form contains the digits."""
        national = self._national
        if len(digits) == 11 and _MSISDN.fullmatch(digits) and digits.startswith(assumptions.STORED_PREFIX):
            wanted = int(digits[2:])
            return (index for index in range(start, len(national)) if national[index] == wanted)
        return (index for index in range(start, len(national)) if digits in self[index])
