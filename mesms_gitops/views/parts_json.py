"""Counted texts as JSON."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from mesms_gitops.views.diagnostics_json import diagnostic_object
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.planning.counted import Counted, Foreign


def parts_json(counts: Iterable[Counted]) -> str:
    """``{"format_version": "1.0", "texts": [...]}``, in the order given."""
    return json_text({"format_version": FORMAT_VERSION, "texts": [_text_object(one) for one in counts]})


def _text_object(counted: Counted) -> dict[str, Any]:
    return {
        "file": counted.name,
        "encoding": counted.size.encoding,
        "units": counted.size.units,
        "parts": counted.size.parts,
        "units_per_part": counted.room,
        "units_left": counted.left,
        "recipients": counted.recipients,
        "credits": counted.credits,
        "split": [{"text": text, "units": units} for text, units in counted.pieces],
        "unicode": [_foreign_object(one) for one in counted.foreign],
        "diagnostics": [diagnostic_object(found) for found in counted.diagnostics],
    }


def _foreign_object(foreign: Foreign) -> dict[str, Any]:
    return {
        "character": foreign.character,
        "codepoint": f"U+{ord(foreign.character):04X}",
        "name": unicodedata.name(foreign.character, None),
        "line": foreign.line,
        "column": foreign.column,
        "times": foreign.times,
    }
