"""Libraries that are installed only where they are asked for, and the exact command that installs them."""

from __future__ import annotations

from typing import Final

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.reader import Finding, Unusable

DISTRIBUTION: Final = "mesms-gitops"


def install(extra: str) -> str:
    """The command that installs the libraries of ``extra``."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def lacking(what: str, extra: str, key: str) -> Unusable:
    """The error for a source whose library is not there."""
    return Unusable(
        Finding(
            codes.LACKS_LIBRARY,
            f"the library that reads {what} is not installed",
            key=key,
            next_step=install(extra),
        )
    )
