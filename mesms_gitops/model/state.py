"""The recorded side: what this tool did, and what it last saw of it. No phone number and no personal text, ever."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.sends import LEFT, SendPhase, SendRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mesms_gitops.model.sketch import AudienceSketch

STATE_VERSION = 1
SKETCHES_KEPT = 20
"""Of how many campaigns a state keeps the sketch of the audience: 80 kilobytes at most."""


class CampaignPhase(StrEnum):
    """Where a campaign stands, derived from its sends."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    STARTED = "started"
    SENT = "sent"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    FAILED = "failed"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class ManifestRecord:
    """What the manifest said when its sends were made: enough to see an edit and to show it.

    ``shown`` maps a field to a short text fit for people (digits that look like a phone number masked);
    ``digests`` maps the same fields to keyed digests of their exact value, which decide.
    """

    shown: Mapping[str, str]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """One campaign as state remembers it.

    ``retired``: its manifest is gone and nothing of it can still be cancelled; the name stays reserved.
    ``moved_to``: the name it goes by now; this record holds no sends any more. ``held_at``: the revision that was held
    back because the account already held the messages ``held_for``; one raised above it is sent beside them.
    ``sketch`` is of the whole audience for which a message was last intended; kept of the newest campaigns alone.
    """

    name: str
    file: str
    revision: int
    manifest: ManifestRecord | None = None
    sends: tuple[SendRecord, ...] = ()
    retired: bool = False
    moved_to: str | None = None
    held_at: int | None = None
    held_for: tuple[str, ...] = ()
    sketch: AudienceSketch | None = None

    @property
    def current(self) -> tuple[SendRecord, ...]:
        """The sends of the newest revision, without those that were cancelled to make room for others."""
        return tuple(send for send in self.sends if send.revision == self.revision and not send.is_replaced)

    @property
    def has_left(self) -> bool:
        """Whether anybody was, or may right now be, texted by any revision."""
        return any(send.is_final for send in self.sends)

    @property
    def phase(self) -> CampaignPhase:
        """Derived, never stored. Where all was cancelled to make room for what never came, it is cancelled."""
        if self.sends and not self.current:
            return CampaignPhase.CANCELLED
        return campaign_phase(self.current)

    def with_send(self, record: SendRecord) -> CampaignRecord:
        """The same campaign with ``record`` in place of the send of its revision and fingerprint, or added."""
        key = (record.revision, record.fingerprint)
        kept = [send for send in self.sends if (send.revision, send.fingerprint) != key]
        return replace(self, sends=(*kept, record))


def campaign_phase(sends: tuple[SendRecord, ...]) -> CampaignPhase:
    """One word for several sends: trouble first, then what is still to come, then what is over."""
    phases = {SendPhase.UNKNOWN if send.is_unsettled else send.phase for send in sends}
    if not phases:
        return CampaignPhase.DRAFT
    if SendPhase.UNKNOWN in phases:
        return CampaignPhase.UNKNOWN
    if len(phases) == 1:
        return CampaignPhase(next(iter(phases)).value)
    if phases <= LEFT:
        return CampaignPhase.STARTED
    return CampaignPhase.PARTIAL


@dataclass(frozen=True, slots=True)
class Approval:
    """The apply that is under way or was the last: a runner that died may be followed by one that finishes it.

    ``digest`` is the approved plan's, ``steps`` the digests of each of its actions. ``is_finished``: every one of them
    was carried out, so that nothing of this approval is left to give.
    """

    digest: str
    run: str
    steps: tuple[str, ...]
    is_finished: bool = False


def _newest_intent(record: CampaignRecord) -> tuple[float, str]:
    return max((send.intended_at.timestamp() for send in record.sends), default=0.0), record.name


@dataclass(frozen=True, slots=True)
class State:
    """Everything recorded. Equal states are equal bytes when written (see ``store.codec``).

    ``hash_key`` names the key under which the digests were made: "lineage", or the identity of ``MESMS_HASH_KEY``.
    ``suppressed`` are the people who asked to be forgotten, sorted, each as `suppression.Suppression.entry` has them.
    """

    lineage: str
    serial: int = 0
    hash_key: str = "lineage"
    campaigns: Mapping[str, CampaignRecord] = field(default_factory=lambda: MappingProxyType({}))
    approval: Approval | None = None
    suppressed: tuple[str, ...] = ()

    def with_campaign(self, record: CampaignRecord) -> State:
        """The same state with ``record`` in place of the campaign of that name, or added."""
        return replace(self, campaigns=MappingProxyType({**self.campaigns, record.name: record}))

    def without_campaign(self, name: str) -> State:
        """The same state without the campaign of that name."""
        rest = {key: record for key, record in self.campaigns.items() if key != name}
        return replace(self, campaigns=MappingProxyType(rest))

    def with_newest_sketches(self) -> State:
        """The same state with the sketches of the ``SKETCHES_KEPT`` campaigns for which a message was last intended."""
        sketched = [record for record in self.campaigns.values() if record.sketch is not None]
        older = sorted(sketched, key=_newest_intent)[:-SKETCHES_KEPT]
        if not older:
            return self
        bare = {record.name: replace(record, sketch=None) for record in older}
        return replace(self, campaigns=MappingProxyType({**self.campaigns, **bare}))

    def sends(self) -> Iterator[tuple[CampaignRecord, SendRecord]]:
        """Every send of every campaign, campaigns by name."""
        for name in sorted(self.campaigns):
            record = self.campaigns[name]
            for send in record.sends:
                yield record, send

    @property
    def claimed(self) -> frozenset[str]:
        """The uuids that some send of ours already is."""
        return frozenset(send.uuid for _, send in self.sends() if send.uuid)

    @property
    def claimed_live(self) -> frozenset[str]:
        """The uuids that state believes to be on their way or out. One it believes cancelled may be live all the same,
        where state was edited or restored: such a message is nobody's as far as doubles go."""
        return frozenset(send.uuid for _, send in self.sends() if send.uuid and send.is_live)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was ever sent from here: a new project, or a lost state."""
        return not any(record.sends for record in self.campaigns.values())


@dataclass(frozen=True, slots=True)
class Freeze:
    """The emergency stop: while it holds, nothing new leaves. ``everything`` also covers names not yet in state.

    ``released`` are the exceptions from ``everything``; ``asked`` the messages that the stop itself asked ME-SMS to
    cancel: found cancelled, they were cancelled by us.
    """

    everything: bool = False
    campaigns: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    since: datetime | None = None
    by: str | None = None

    def covers(self, name: str) -> bool:
        """Whether campaign ``name`` may not send."""
        return name in self.campaigns or (self.everything and name not in self.released)

    @property
    def is_active(self) -> bool:
        """Whether anything is frozen."""
        return self.everything or bool(self.campaigns)
