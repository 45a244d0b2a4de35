"""Snapshots compared byte for byte: whole outputs, never parts of them.

``UPDATE_SNAPSHOTS=1 pytest tests/views`` writes them anew; read the diff before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """``snapshot(name, text)``: ``text`` is byte for byte what it was when somebody last read it."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"no snapshot {name}: UPDATE_SNAPSHOTS=1 writes it"
        assert path.read_bytes().decode() == text

    return compare
