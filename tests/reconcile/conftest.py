"""A bench for every test of this folder."""

from __future__ import annotations

import pytest

from .bench import Bench


@pytest.fixture
def bench() -> Bench:
    """An empty account with 1,000 credits, no state, and ten o'clock in the morning."""
    return Bench()
