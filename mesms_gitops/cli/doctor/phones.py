"""How many Thai mobile numbers a file holds. They are counted and never kept."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final

LIST_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".xlsx", ".parquet")
"""Files that lists come as."""
MOST_BYTES: Final = 16_000_000
"""Of one file, so much is looked at."""
_MOBILE: Final = re.compile(rb"(?<![0-9A-Fa-f.])(?:\+?66|0)[ -]?([689])[ -]?([0-9]{4})[ -]?([0-9]{4})(?![0-9A-Fa-f])")
"""Thai mobile numbers begin with 06, 08 or 09 (NBTC numbering plan)."""
_BARE: Final = re.compile(rb">([689][0-9]{8})<")
"""As a spreadsheet keeps one whose first zero it has dropped."""
_SCHEMA: Final = re.compile(rb"""\s*\{\s*"\$schema"\s*:\s*"https?://json-schema\.org/""")
_ROWS: Final = 100_000


def mobiles(name: str, body: bytes) -> int:
    """How many different mobile numbers ``body``, the content of a file called ``name``, shows; 0 if unreadable."""
    if name.endswith(".xlsx"):
        return len(_of_workbook(body))
    if name.endswith(".parquet"):
        return len(_in_text(_of_parquet(body)))
    return len(_in_text(body[:MOST_BYTES]))


def is_schema(name: str, body: bytes) -> bool:
    """Whether ``body`` is a JSON Schema, as `init` writes them: the numbers in it are examples of how to write one."""
    return name.endswith(".schema.json") and _SCHEMA.match(body) is not None


def _in_text(body: bytes) -> set[bytes]:
    return {b"".join(match.groups()) for match in _MOBILE.finditer(body)}


def _of_workbook(body: bytes) -> set[bytes]:
    found: set[bytes] = set()
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            for part in book.infolist():
                if part.filename.endswith(".xml") and part.file_size <= MOST_BYTES:
                    text = book.read(part)
                    found |= _in_text(text) | set(_BARE.findall(text))
    except (OSError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return found
    return found


def _of_parquet(body: bytes) -> bytes:
    import polars as pl

    try:
        table = pl.read_parquet(io.BytesIO(body), n_rows=_ROWS)
        return table.cast(pl.String, strict=False).write_csv().encode()
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return b""
