"""Whether a query is one SELECT, found out before any database sees it.

The session can only read, and that is what protects the database; this protects from what a read-only session still
lets through (several statements of which one ends the transaction, SELECT … INTO OUTFILE, a procedure), and gives the
better message. In doubt a query is refused.
"""

from __future__ import annotations

import re
from typing import Final

_READS: Final = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_WRITES: Final = frozenset(
    {"INTO", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE", "DROP", "ALTER", "CREATE"}
)
_SPOKEN_LIKE_A_FUNCTION: Final = frozenset({"INSERT", "REPLACE", "TRUNCATE"})
_LOCKS: Final = re.compile(r"FOR\s+(?:NO\s+KEY\s+)?UPDATE\b|ON\s+UPDATE\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d]\w*")

_DOUBLED: Final = r"'(?:[^']|'')*'"
_ESCAPED: Final = r"'(?:[^'\\]|\\.|'')*'"
_REST: Final = r""""(?:[^"]|"")*"|`(?:[^`]|``)*`|--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/"""
_POSTGRES: Final = re.compile(rf"[eE]{_ESCAPED}|{_DOUBLED}|(\$[^\W\d]?\w*\$).*?\1|{_REST}", re.DOTALL)
_MYSQL: Final = re.compile(rf'{_ESCAPED}|"(?:[^"\\]|\\.|"")*"|#[^\n]*|{_REST}', re.DOTALL)
_OTHER: Final = re.compile(rf"{_DOUBLED}|{_REST}", re.DOTALL)
_LEFT_OPEN: Final = re.compile(r"['\"`]|/\*|\*/")


def refused(query: str, dialect: str) -> str | None:
    """Why ``query`` is not run; None for a single statement that reads. ``dialect`` is SQLAlchemy's word."""
    if "/*!" in query or "/*M!" in query:
        return "it has a comment that is run (/*! … */)"
    bare = _bare(query, dialect)
    if _LEFT_OPEN.search(bare):
        return "it has a quote or a comment that is never closed"
    statements = [part for part in bare.split(";") if part.strip()]
    if len(statements) != 1:
        return "it is empty" if not statements else f"it has {len(statements)} statements"
    words = [(match[0].upper(), match.end()) for match in _WORD.finditer(statements[0])]
    first = words[0][0] if words else ""
    if first not in _READS:
        return f"it begins with {first}" if first.isascii() and first else "it begins with no word"
    writing = (word for word, end in words if word in _WRITES and not _is_harmless(statements[0], word, end))
    return next((f"it says {word}" for word in writing), None)


def _bare(query: str, dialect: str) -> str:
    """``query`` without quoted text, names and comments."""
    quoted = {"postgresql": _POSTGRES, "mysql": _MYSQL, "mariadb": _MYSQL}.get(dialect, _OTHER)
    return quoted.sub(lambda match: " " if match[0].startswith(("-", "/", "#")) else " 0 ", query)


def _is_harmless(statement: str, word: str, end: int) -> bool:
    """replace(…) is a function, FOR UPDATE only locks, and a column may be called `update`.d or t.update."""
    start = end - len(word)
    if word in _SPOKEN_LIKE_A_FUNCTION and statement[end:].lstrip().startswith("("):
        return True
    return statement[:start].endswith(".") or any(match.end() == end for match in _LOCKS.finditer(statement))
