"""How JSON is written here: readable Thai, two spaces, a newline at the end, and nothing a terminal would obey."""

from __future__ import annotations

import json
import re
from typing import Any

FORMAT_VERSION = "1.0"
_BACKSLASH_U = re.compile(r"##\[|[^\n\x20-\x7e]")


def json_text(document: dict[str, Any]) -> str:
    """``document`` as JSON. Characters that are not printable are escaped: no value changes by it."""
    return _BACKSLASH_U.sub(_escape, json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    if found == "##[":  # a command to a GitHub runner, wherever it stands
        return "\\u0023#["
    return found if found.isprintable() else json.dumps(found)[1:-1]
