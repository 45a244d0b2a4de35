"""What an approval promised: the part of a plan that is held against what an apply would do later."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mesms_gitops.model.sketch import AudienceSketch


@dataclass(frozen=True, slots=True)
class PromisedAction:
    """One action that changes something. ``sends`` and ``cancels`` are fingerprints; ``manifest`` maps a field of the
    manifest to its keyed digest, ``shown`` to words fit for people."""

    campaign: str
    verb: str
    revision: int
    sender: str
    scheduled_at: datetime | None
    timezone: str
    recipients: int
    requests: int
    credits: int
    sends: frozenset[str] = frozenset()
    cancels: frozenset[str] = frozenset()
    adopts: frozenset[str] = frozenset()
    moved_from: str | None = None
    manifest: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    shown: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sketch: AudienceSketch | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A plan, as far as it was promised. ``policy`` is the digest of the policy it was held against."""

    digest: str
    lineage: str
    serial: int
    commit: str | None
    policy: str
    credits: int
    expires_at: datetime
    actions: Mapping[str, PromisedAction]


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing that is not as it was promised; ``campaign`` is None for the plan as a whole."""

    campaign: str | None
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Leeway:
    """How far a plan may have moved since it was approved, as shares (0.05 is 5 %). Default: not at all.

    ``credits`` is how much dearer it may be; cheaper it may always be. ``audience`` is how many people may have come or
    gone, counted in full for each campaign; it needs a saved plan, which has sketches.
    """

    credits: float = 0.0
    audience: float = 0.0


NO_LEEWAY = Leeway()
