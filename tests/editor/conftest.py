"""One language server for the tests of this folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .language_server import LanguageServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests/node/node_modules/yaml-language-server/bin/yaml-language-server"


def lacking() -> str | None:
    """What the language server needs and this machine does not have."""
    if shutil.which("node") is None:
        return "node is not installed"
    return None if PROGRAM.is_file() else "yaml-language-server is not installed: npm ci in tests/node"


@pytest.fixture(scope="module")
def editor() -> Iterator[LanguageServer]:
    """An editor's YAML server with this repository open. In CI it must be there."""
    reason = lacking()
    if reason and not os.environ.get("CI"):
        pytest.skip(reason)
    assert reason is None, reason
    server = LanguageServer(PROGRAM, ROOT)
    try:
        yield server
    finally:
        server.stop()
