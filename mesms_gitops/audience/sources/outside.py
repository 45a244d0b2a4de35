"""What a source beyond this machine's files needs from whoever reads it: settings, a clock, bounds, an ear."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from polars import DataFrame

    from mesms_gitops.audience.engines.engine import Engine
    from mesms_gitops.audience.sources.delivered import Past


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a place is waited for, in seconds, and how many bytes are taken from it.

    ``silence`` is between two pieces, ``total`` for the whole of it. ``size`` is what is stored in the folder for
    temporary files: four GiB are some hundred million rows, more than the country has numbers.
    """

    connect: float = 10.0
    silence: float = 30.0
    total: float = 1800.0
    size: int = 4 << 30


@dataclass(frozen=True, slots=True)
class Step:
    """How far a source is: ``done`` of ``total`` ``unit``, which are bytes or rows; None where nobody knows the end."""

    label: str
    done: int
    total: int | None
    unit: str


def _nobody_listens(step: Step) -> None:
    """The progress of a run that shows none."""


class RejectSink(Protocol):
    """Where rows without a usable number go, all of them; what arrives is masked already."""

    def begin(self, campaign: str, path: str, label: str) -> None:
        """What is added from here on belongs to the source ``label`` at the manifest's ``path``.

        A source that is begun again at once starts anew: what was added of it is void.
        """

    def add(self, rejects: DataFrame) -> None:
        """Take in some, in the order they were found: row, masked number, reason, and a sentence for people."""


@dataclass(frozen=True, slots=True)
class Outside:
    """``environment`` holds DSNs and names the netrc file; ``progress`` hears of every piece that arrives.

    Nothing is in the environment unless it is handed in. ``rejects`` takes every row without a usable number.
    ``engine`` narrows the lists that it can read; without one, this machine does. ``past`` knows earlier campaigns.

    Libraries of object stores, proxies and TLS read the process's own environment besides, as their users expect.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    progress: Callable[[Step], None] = _nobody_listens
    clock: Callable[[], float] = time.monotonic
    limits: Limits = Limits()
    rejects: RejectSink | None = None
    engine: Engine | None = None
    past: Past | None = None


MIB: Final = 1 << 20


def size_shown(size: int) -> str:
    """``size`` bytes as a person reads it."""
    return f"{size / (MIB << 10):.3g} GiB" if size >= MIB << 10 else f"{size / MIB:.3g} MiB"
