"""Delivery of what has left, in three buckets for people above ME-SMS's seven states.

``delivered`` is what a carrier confirmed. ``failed`` is what certainly did not arrive. Everybody else is ``unknown``:
still pending, timed out without a report, not reported at all, or in a send of which nobody knows if it was made.
Nobody is called delivered while a report is merely missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignPhase, campaign_phase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State

DELIVERY_STATES = ("pending", "success", "failed", "invalid", "blocked", "expired", "timeout")
"""As the reference lists them."""
DELIVERED = frozenset({"success"})
FAILED = frozenset({"failed", "invalid", "blocked", "expired"})


@dataclass(frozen=True, slots=True)
class Standing:
    """One campaign as it stands: the sends that count, and their sums.

    A send that was cancelled, or refused before anybody had it, does not count once another came in its place.
    ``credits`` is None where ME-SMS has not said a figure for any of them.
    """

    name: str
    revision: int
    phase: CampaignPhase
    sends: tuple[SendRecord, ...]
    scheduled_at: datetime | None
    recipients: int
    credits: int | None
    delivery: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What became of the people of one campaign; the buckets add up to ``recipients``."""

    campaign: str
    revision: int
    phase: CampaignPhase
    scheduled_at: datetime | None
    recipients: int
    credits: int | None
    delivered: int
    failed: int
    unknown: int
    delivery: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """The campaigns of which anything may have left, by name."""

    lineage: str
    serial: int
    lines: tuple[ReportLine, ...]


def report_of(state: State, names: Collection[str] | None = None) -> Report:
    """The report of ``names``, or of every campaign that has left."""
    standings = [standing_of(record) for record in chosen(state, names)]
    lines = [_line(standing) for standing in standings if any(_counts_people(send) for send in standing.sends)]
    return Report(state.lineage, state.serial, tuple(lines))


def chosen(state: State, names: Collection[str] | None) -> list[CampaignRecord]:
    """The records of ``names``, or all; a name that was moved away is not a campaign any more."""
    wanted = state.campaigns.keys() if names is None else names
    records = [state.campaigns[name] for name in sorted(wanted) if name in state.campaigns]
    return [record for record in records if record.moved_to is None]


def standing_of(record: CampaignRecord) -> Standing:
    """The sums over the sends of the current revision that count."""
    revision = tuple(send for send in record.sends if send.revision == record.revision)
    sends = _standing_sends(revision)
    known = [send.credits for send in sends if send.credits is not None]
    return Standing(
        name=record.name,
        revision=record.revision,
        phase=campaign_phase(sends),
        sends=revision,
        scheduled_at=min((send.scheduled_at for send in sends if send.scheduled_at), default=None),
        recipients=sum(send.recipients for send in sends),
        credits=sum(known) if known else None,
        delivery=delivery_counts(sends),
    )


def _standing_sends(sends: tuple[SendRecord, ...]) -> tuple[SendRecord, ...]:
    standing = tuple(send for send in sends if not _is_superseded(send, sends))
    if standing or not sends:
        return standing
    newest = max(sends, key=lambda send: send.intended_at)
    return tuple(send for send in sends if send.run == newest.run)


def _is_superseded(send: SendRecord, sends: tuple[SendRecord, ...]) -> bool:
    """Whether ``send`` reaches nobody because another run put something in its place.

    Of two sends of one run, neither stands in for the other: if one is cancelled, that part of the people is left out.
    """
    if send.is_replaced:
        return True
    is_cancelled_by_us = send.phase is SendPhase.CANCELLED and send.cancel is not None
    is_void = is_cancelled_by_us or (send.phase is SendPhase.FAILED and send.uuid is None)
    return is_void and any(other.run != send.run and other.intended_at > send.intended_at for other in sends)


def delivery_counts(sends: Iterable[SendRecord]) -> dict[str, int]:
    """Counts by delivery state: the seven documented ones always, in their order, then any other by name."""
    total: Counter[str] = Counter()
    for send in sends:
        total.update(send.delivery)
    others = sorted(total.keys() - set(DELIVERY_STATES))
    return {word: total[word] for word in (*DELIVERY_STATES, *others)}


def _counts_people(send: SendRecord) -> bool:
    return send.is_final or send.is_unsettled


def _line(standing: Standing) -> ReportLine:
    sends = [send for send in standing.sends if _counts_people(send)]
    buckets = [_buckets(send) for send in sends]
    delivered, failed, unknown = (sum(column) for column in zip(*buckets, strict=True))
    known = [send.credits for send in sends if send.credits is not None]
    return ReportLine(
        campaign=standing.name,
        revision=standing.revision,
        phase=standing.phase,
        scheduled_at=standing.scheduled_at,
        recipients=delivered + failed + unknown,
        credits=sum(known) if known else None,
        delivered=delivered,
        failed=failed,
        unknown=unknown,
        delivery=delivery_counts(sends),
    )


def _buckets(send: SendRecord) -> tuple[int, int, int]:
    """Delivered, failed, unknown. Whoever no count speaks of is unknown; of a send that failed as a whole, failed."""
    counts = send.delivery
    delivered = sum(counts.get(word, 0) for word in DELIVERED)
    failed = sum(counts.get(word, 0) for word in FAILED)
    people = max(send.recipients, sum(counts.values()))
    rest = people - delivered - failed
    return (delivered, people - delivered, 0) if send.phase is SendPhase.FAILED else (delivered, failed, rest)


def share(count: int, people: int) -> str:
    """``96.2 %``, rounded so that neither 0 % nor 100 % is said of what is not; empty of nobody."""
    if people <= 0:
        return ""
    tenths = round(1000 * count / people)
    if 0 < count < people:
        tenths = min(max(tenths, 1), 999)
    return f"{tenths // 10}.{tenths % 10}%"


def total_of(report: Report) -> tuple[int, int, int, int]:
    """Recipients, delivered, failed and unknown over all campaigns."""
    lines = report.lines
    return (
        sum(line.recipients for line in lines),
        sum(line.delivered for line in lines),
        sum(line.failed for line in lines),
        sum(line.unknown for line in lines),
    )
