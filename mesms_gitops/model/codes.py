"""What the number of a finding stands for. The rooms hold the entries, each for what it can find."""

from __future__ import annotations

from dataclasses import dataclass

MANIFEST = "campaigns/one.yaml"
PROJECT = "mesms.yaml"


@dataclass(frozen=True, slots=True)
class Example:
    """Lines that cause a finding, and the same lines as they should be. ``file`` is the file they stand in.

    Either is top-level keys of that file with their values; what else a campaign needs is left out.
    """

    bad: str
    good: str
    file: str = MANIFEST


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means: a ``title`` for lists, an ``explanation`` for whoever asks, lines as an ``example``."""

    title: str
    explanation: str
    example: Example | None = None
