"""Hypothesis strategies for what state holds. `states` gives states in canonical order: reading one back gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from types import MappingProxyType

from hypothesis import strategies as st

from mesms_gitops.model.delivery import DeliveryNote
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase, SendRecord
from mesms_gitops.model.sketch import AudienceSketch, Shape
from mesms_gitops.model.state import Approval, CampaignRecord, Freeze, ManifestRecord, State
from mesms_gitops.store.codec import canonical
from mesms_gitops.store.rules import ACCEPTED

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,12}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["สวัสดีคุณ", 'a "b"\n\t\\', "\u2028\x7f\x00"]
)
digests = st.text("0123456789abcdef", min_size=1, max_size=8)
counts = st.integers(0, 2_000_000)
_instants = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
moments = _instants | _instants.map(lambda moment: moment.replace(microsecond=0))
lineages = texts.filter(bool)
serials = st.integers(0, 10**9)


def tables(values: st.SearchStrategy) -> st.SearchStrategy:
    """Frozen mappings from text to ``values``."""
    return st.dictionaries(texts, values, max_size=3).map(MappingProxyType)


cancel_intents = st.builds(CancelIntent, run=texts, at=moments, reason=st.sampled_from(CancelReason))
manifest_records = st.builds(ManifestRecord, shown=tables(texts), digests=tables(digests))
approvals = st.builds(Approval, digest=digests, run=texts, steps=st.lists(digests, max_size=3).map(tuple))
suppressions = st.from_regex(r"[0-9a-f]{4}:[0-9a-f]{16}", fullmatch=True)
freezes = st.builds(
    Freeze,
    everything=st.booleans(),
    campaigns=st.frozensets(names, max_size=3),
    since=st.none() | moments,
    by=st.none() | texts,
)


first_revision = st.just(1)
uuids = st.none() | st.uuids().map(str)


@st.composite
def send_records(draw, revisions=first_revision) -> SendRecord:
    """One send that keeps the rules."""
    uuid = draw(uuids)
    phases = [phase for phase in SendPhase if uuid is not None or phase not in ACCEPTED]
    return draw(
        st.builds(
            SendRecord,
            fingerprint=digests,
            revision=revisions,
            phase=st.sampled_from(phases),
            run=texts,
            intended_at=moments,
            scheduled_at=st.none() | moments,
            sender=texts,
            recipients=counts,
            parts=counts,
            credits=st.none() | counts,
            uuid=st.just(uuid),
            text_digest=st.none() | digests,
            audience_digest=st.none() | digests,
            sample=st.lists(digests, max_size=3).map(tuple),
            group_id=st.none() | counts,
            template_id=st.none() | counts,
            undo_window=st.none() | counts,
            delivery=tables(counts),
            cancel=st.none() | cancel_intents,
            reason=st.none() | texts,
            quoted=st.none() | counts,
            notes=st.sets(st.sampled_from(DeliveryNote), max_size=3).map(sorted).map(tuple),
        )
    )


@st.composite
def sketches(draw) -> AudienceSketch:
    """One of an audience of any size; bits as a hash makes them."""
    size = draw(st.integers(0, 200) | counts)
    return AudienceSketch(size, Random(size).randbytes(Shape.of_size(size).octets))


@st.composite
def campaign_records(draw, name: str = "songkran") -> CampaignRecord:
    """One campaign that keeps the rules, its sends in any order."""
    revision = draw(st.integers(1, 3))
    moved_to = draw(st.none() | names)
    sends = send_records(revisions=st.integers(1, revision))
    unique = st.lists(sends, max_size=0 if moved_to else 3, unique_by=lambda send: (send.revision, send.fingerprint))
    return CampaignRecord(
        name=name,
        file=draw(texts),
        revision=revision,
        manifest=draw(st.none() | manifest_records),
        sends=tuple(draw(unique)),
        retired=draw(st.booleans()),
        moved_to=moved_to,
        held_at=draw(st.none() | st.integers(1, 9)),
        held_for=draw(st.lists(texts, max_size=2).map(tuple)),
        sketch=draw(st.none() | sketches()),
    )


@st.composite
def states(draw, lineages=lineages, serials=serials) -> State:
    """One state that keeps the rules, in canonical order."""
    records = [draw(campaign_records(name)) for name in draw(st.lists(names, max_size=3, unique=True))]
    claims = [send.uuid for record in records for send in record.sends if send.uuid]
    if len(set(claims)) != len(claims):
        records = []
    return canonical(
        State(
            lineage=draw(lineages),
            serial=draw(serials),
            hash_key=draw(st.just("lineage") | digests),
            campaigns=MappingProxyType({record.name: record for record in records}),
            approval=draw(st.none() | approvals),
            suppressed=draw(st.sets(suppressions, max_size=3).map(tuple)),
        )
    )
