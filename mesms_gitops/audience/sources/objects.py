"""What JSON and NDJSON share: rows that are objects, in which a missing key is an empty cell."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.reader import Finding, Row, Unusable

if TYPE_CHECKING:
    from mesms_gitops.audience.sources.wanted import Wanted

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object's keys and values. Raises ValueError for a key that stands twice: which one is meant is not guessed."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has one key twice")
    return found


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
"""Figures stay as they were written: ``0812345678`` is no JSON, but ``812345678`` and ``6.68E+10`` are."""


class ObjectRows:
    """Turns objects into rows and remembers which keys there were."""

    def __init__(self, wanted: Wanted, kind: str, label: str) -> None:
        self._wanted = wanted
        self._kind = kind
        self._label = label
        self._seen: dict[str, None] = {}

    def row(self, number: int, parsed: object) -> Row:
        """One object as a row. Raises Unusable if it is no object, or nests where text is asked for."""
        if not isinstance(parsed, dict):
            raise Unusable(self._broken(number, "it is not an object"))
        self._seen.update(dict.fromkeys(parsed))
        wanted = self._wanted
        return Row(
            number,
            self._text(number, parsed, wanted.phone),
            tuple(self._whole(number, parsed, column) for column in wanted.columns),
            all(self._whole(number, parsed, column) in allowed for column, allowed in wanted.where),
        )

    def check(self) -> None:
        """Raise Unusable if a column that is asked for was in no object at all; nothing to say about no objects."""
        if self._seen:
            self._wanted.check(list(self._seen), self._label)

    def _text(self, number: int, parsed: dict[str, object], column: str) -> str:
        cell = parsed.get(column)
        if isinstance(cell, str):
            return cell
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return "true" if cell else "false"
        raise Unusable(self._broken(number, f"“{column}” is a list or an object, not text"))

    def _whole(self, number: int, parsed: dict[str, object], column: str) -> str:
        """The cell as it would be sent or compared: a lone surrogate is no character, and none is made up for it."""
        cell = self._text(number, parsed, column)
        if not cell.isascii() and _SURROGATE.search(cell):
            raise Unusable(
                Finding(
                    codes.BROKEN,
                    f"{self._label} has half a character in “{column}”",
                    key=self._kind,
                    why=f"row {number}: an escape of \\ud800 to \\udfff alone, as text has that was cut",
                    next_step="mend the value, or export the list again",
                )
            )
        return cell

    def _broken(self, number: int, why: str) -> Finding:
        return Finding(
            codes.BROKEN,
            f"{self._label} is not a list of flat objects",
            key=self._kind,
            why=f"row {number}: {why}",
            next_step='write each recipient as an object of its own, {"phone": "08…", …}',
        )
