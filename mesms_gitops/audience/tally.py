"""What became of the rows of one source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesms_gitops.audience.normalise import Reason


@dataclass(slots=True)
class Tally:
    """What became of the rows of one source, which stands at ``path`` (``recipients.0``) in the manifest.

    ``is_whole`` is false for a source that turned out unusable on the way: then only what came before is counted.
    """

    path: str
    label: str
    rows: int = 0
    filtered: int = 0
    duplicates: int = 0
    contradictions: int = 0
    lost_zeros: int = 0
    invalid: Counter[Reason] = field(default_factory=Counter)
    is_whole: bool = True
