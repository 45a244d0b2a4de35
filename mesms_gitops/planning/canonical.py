"""One byte string for one value: the part of RFC 8785 (JSON canonicalisation) that strings and whole numbers need.

Only str, int, bool, None, lists and string-keyed mappings may enter. Keys are ASCII here, where sorting by code point
and by UTF-16 unit (as the RFC asks) is the same; a test holds the output against an independent implementation.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"


_FORM: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Json) -> bytes:
    """``value`` as canonical JSON in UTF-8. Raises TypeError or ValueError for what canonical JSON cannot hold."""
    return _FORM.encode(value).encode()


def sha256_of(value: Json) -> str:
    """``sha256:`` and the hex digest of the canonical form."""
    return f"sha256:{sha256(canonical(value)).hexdigest()}"
