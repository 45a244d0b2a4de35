"""Delivery of what has left, in three buckets for people above ME-SMS's seven states.

``delivered`` is what a carrier confirmed. ``failed`` is what certainly did not arrive. Everybody else is ``unknown``:
still pending, timed out without a report, not reported at all, or in a send of which nobody knows if it was made.
Nobody is called delivered while a report is merely missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mesms_gitops.model.delivery import (
    DELIVERY_STATES,
    NOT_REACHED,
    SUCCESS,
    DeliveryNote,
    is_failed_in_part,
    recipients_of,
)
from mesms_gitops.model.sends import LEFT, SendPhase
from mesms_gitops.model.state import CampaignPhase, campaign_phase
from mesms_gitops.views.delivery_notes import all_settled, sentences
from mesms_gitops.views.report_doubts import NO_DOUBTS, doubt_sentence, doubts_about

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from mesms_gitops.model.results import Doubt
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.views.report_doubts import Doubts

DELIVERED = frozenset({SUCCESS})
FAILED = NOT_REACHED


class Money(NamedTuple):
    """Credits: what previews asked when the sends were approved, what ME-SMS charged, and how much more that was.

    ``planned`` is None unless it is recorded of every send, ``charged`` where ME-SMS has not said a figure for any;
    ``difference`` is None unless both are known of every send.
    """

    planned: int | None
    charged: int | None
    difference: int | None


NO_MONEY = Money(None, None, None)


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
    money: Money = NO_MONEY


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What became of the people of one campaign; the buckets add up to ``people``.

    Those are its ``recipients``, unless ME-SMS counts more than the message is for: then counts stay as they came, and
    ``notes`` say so. ``is_settled``: nothing new is to come. ``sends`` are those counted.
    """

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
    money: Money = NO_MONEY
    is_settled: bool = False
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    sends: tuple[SendRecord, ...] = ()

    @property
    def people(self) -> int:
        """Everybody in a bucket: what shares are of."""
        return self.delivered + self.failed + self.unknown

    @property
    def left_at(self) -> datetime | None:
        """When the first of it left, or was to leave; of a message sent at once, when it was asked for.

        None where nobody knows whether any was made.
        """
        return self.scheduled_at or min((one.intended_at for one in self.sends if one.phase in LEFT), default=None)


@dataclass(frozen=True, slots=True)
class Report:
    """The campaigns of which anything may have left, by name."""

    lineage: str
    serial: int
    lines: tuple[ReportLine, ...]


def report_of(state: State, names: Collection[str] | None = None, doubts: Doubts = NO_DOUBTS) -> Report:
    """The report of ``names``, or of every campaign that has left; ``doubts`` is what is in doubt about who got it."""
    standings = [standing_of(record) for record in chosen(state, names)]
    lines = [_line(standing, doubts) for standing in standings if any(_counts_people(send) for send in standing.sends)]
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
    money = money_of(sends)
    return Standing(
        name=record.name,
        revision=record.revision,
        phase=campaign_phase(sends),
        sends=revision,
        scheduled_at=min((send.scheduled_at for send in sends if send.scheduled_at), default=None),
        recipients=sum(map(recipients_of, sends)),
        credits=money.charged,
        delivery=delivery_counts(sends),
        money=money,
    )


def money_of(sends: Collection[SendRecord]) -> Money:
    """What ``sends`` cost."""
    known = [send.credits for send in sends if send.credits is not None]
    quoted = [send.quoted for send in sends if send.quoted is not None]
    planned = sum(quoted) if quoted and len(quoted) == len(sends) else None
    charged = sum(known) if known else None
    is_whole = planned is not None and len(known) == len(sends)
    return Money(planned, charged, sum(known) - sum(quoted) if is_whole else None)


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
    # of a message that cannot be read nobody knows that it has not left
    return send.is_final or send.is_unsettled or DeliveryNote.UNREAD in send.notes


def _line(standing: Standing, doubts: Doubts) -> ReportLine:
    sends = [send for send in standing.sends if _counts_people(send)]
    buckets = [buckets_of_send(send) for send in sends]
    delivered, failed, unknown = (sum(column) for column in zip(*buckets, strict=True))
    money = money_of(sends)
    doubted = doubts_about(sends, doubts)
    return ReportLine(
        campaign=standing.name,
        revision=standing.revision,
        phase=standing.phase,
        scheduled_at=standing.scheduled_at,
        recipients=sum(map(recipients_of, sends)),
        credits=money.charged,
        delivered=delivered,
        failed=failed,
        unknown=unknown,
        delivery=delivery_counts(sends),
        money=money,
        is_settled=all_settled(sends),
        notes=(*sentences(sends), *map(doubt_sentence, doubted)),
        doubts=doubted,
        sends=tuple(sends),
    )


def failed_as_a_whole(send: SendRecord) -> bool:
    """Whether ``send`` failed, and nothing that ME-SMS counts speaks against that."""
    return send.phase is SendPhase.FAILED and not is_failed_in_part(send)


def buckets_of_send(send: SendRecord) -> tuple[int, int, int]:
    """Delivered, failed, unknown. Whoever no count speaks of is unknown; of a send that failed as a whole, failed.

    They add up to the recipients, or to what ME-SMS counts where that is more.
    """
    counts = send.delivery
    delivered = sum(counts.get(word, 0) for word in DELIVERED)
    failed = sum(counts.get(word, 0) for word in FAILED)
    people = max(send.recipients, sum(counts.values()))
    rest = people - delivered - failed
    return (delivered, people - delivered, 0) if failed_as_a_whole(send) else (delivered, failed, rest)


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


def money_in_all(report: Report) -> Money:
    """The sums; each only where it is known of every campaign."""
    return Money(*map(_sum, zip(*(line.money for line in report.lines), strict=True))) if report.lines else NO_MONEY


def _sum(some: Iterable[int | None]) -> int | None:
    known = tuple(some)
    figures = [each for each in known if each is not None]
    return sum(figures) if len(figures) == len(known) else None


def signed(difference: int) -> str:
    """``+480``, ``-12``, ``0``."""
    return f"{difference:+,}" if difference else "0"


def credits_words(money: Money) -> str:
    """``12,480 charged, as planned`` or ``12,960 charged, 12,480 planned (+480)``, as far as it is known."""
    planned, charged, difference = money
    if charged is None:
        return f"{planned:,} planned, not yet charged" if planned is not None else "?"
    if difference is None:
        return f"{charged:,} charged" + (f", {planned:,} planned" if planned is not None else "")
    return f"{charged:,} charged, " + (f"{planned:,} planned ({signed(difference)})" if difference else "as planned")
