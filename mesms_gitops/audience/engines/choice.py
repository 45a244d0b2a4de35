"""Which engine a project works on: a new one is a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesms_gitops.audience.engines.engine import Engine


def engine_for(name: str, master: str | None = None) -> Engine | None:
    """The engine called ``name``, not started yet; None for ``local``, which is this machine."""
    if name == "local":
        return None
    from mesms_gitops.audience.engines.spark import SparkEngine

    return SparkEngine(master)
