"""A bench for each backend: every test that asks for one runs on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .benches import BENCHES

if TYPE_CHECKING:
    from pathlib import Path

    from .benches import Bench


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An empty place for state, of each backend in turn."""
    made = BENCHES[request.param](tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made
