"""Recipients of an earlier campaign, by what became of its message: for a second try, reviewed like the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.reader import Finding, Row, Unusable
from mesms_gitops.errors import MesmsError
from mesms_gitops.model.delivery import PENDING, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from polars import DataFrame

    from mesms_gitops.model.campaign import DeliverySource


@dataclass(frozen=True, slots=True)
class Told:
    """Whose delivery is in some states, as far as it can be known, and why it is not known better.

    ``doubts`` are sentences; as a rule there are none. ``has_all``: in spite of them nobody in those states is missing.
    """

    msisdns: Iterable[str]
    doubts: tuple[str, ...] = ()
    has_all: bool = True


class Past(Protocol):
    """What is known of campaigns that were sent."""

    @property
    def can_be_asked(self) -> bool:
        """Whether the account may be asked at all: not offline."""

    def left(self, campaign: str) -> tuple[str, ...] | None:
        """The uuids of the messages of ``campaign`` that have left; None where there is no such campaign."""

    def is_settled(self, campaign: str) -> bool:
        """Whether every message of ``campaign`` is done: nobody's delivery is still open."""

    def is_unsettled(self, campaign: str) -> bool:
        """Whether nobody knows of some message of ``campaign`` whether it was sent."""

    def is_to_come(self, campaign: str) -> bool:
        """Whether some message of ``campaign`` has not left yet."""

    def is_known(self, uuid: str) -> bool:
        """Whether what became of everybody is kept here, so that nobody need be asked about that message."""

    def told(self, uuid: str, delivery_states: Collection[str]) -> Told:
        """The recipients of one message whose delivery is in one of the states. Raises `MesmsError`."""


class Delivered:
    """The ``delivery:`` of a manifest."""

    def __init__(self, source: DeliverySource, past: Past | None) -> None:
        """Raises Unusable if nothing of the campaign has left, or nobody can be asked."""
        self._source = source
        self.label = f"delivery of {source.campaign}"
        self.remarks: list[Finding] = []
        if past is None:
            raise Unusable(_offline(source))
        self._past = past
        self._uuids = self._left(source.campaign)
        if not self._uuids:
            raise Unusable(_nothing(source.campaign, is_known=True))
        self._later = later = {name: self._left(name) for name in source.except_reached_by}
        unsettled = [_unknown(name) for name in later if past.is_unsettled(name)]
        if unsettled:
            raise Unusable(*unsettled)
        asked = (*self._uuids, *(uuid for uuids in later.values() for uuid in uuids))
        if not past.can_be_asked and not all(map(past.is_known, asked)):
            raise Unusable(_offline(source))
        if not past.is_settled(source.campaign):
            self.remarks.append(_unsettled(source))
        self.remarks += [
            _unreached(name) if past.is_to_come(name) else _open(name) for name in later if not past.is_settled(name)
        ]

    def _left(self, campaign: str) -> tuple[str, ...]:
        """The messages of ``campaign`` that have left. Raises Unusable where there is no such campaign."""
        uuids = self._past.left(campaign)
        if uuids is None:
            raise Unusable(_nothing(campaign, is_known=False))
        return uuids

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``."""
        from mesms_gitops.audience.sources.batch import batches_of  # polars: every plan loads this module

        try:
            yield from batches_of(self._rows(), 0)
        except Unusable:
            raise
        except MesmsError as error:
            raise Unusable(
                Finding(
                    codes.NOT_REACHED,
                    f"what became of {self._source.campaign} could not be read from ME-SMS",
                    key="delivery",
                    why=error.what + (f": {error.why}" if error.why else ""),
                    next_step=error.next_step or "try again; nothing was sent",
                )
            ) from error

    def _rows(self) -> Iterator[Row]:
        reached = self._reached()
        doubts: dict[str, None] = {}
        number = 0
        for uuid in self._uuids:
            told = self._past.told(uuid, self._source.delivery_states)
            doubts.update(dict.fromkeys(told.doubts))
            for msisdn in told.msisdns:
                if msisdn not in reached:
                    number += 1
                    yield Row(number, msisdn)
        self.remarks += [_doubtful(self._source.campaign, doubt) for doubt in doubts]

    def _reached(self) -> set[str]:
        """Whom a later campaign reached, or still may. Raises Unusable where that may lack somebody."""
        reached: set[str] = set()
        for campaign, uuids in self._later.items():
            for uuid in uuids:
                told = self._past.told(uuid, (SUCCESS, PENDING))
                if not told.has_all:
                    raise Unusable(*(_not_left_out(campaign, doubt) for doubt in told.doubts))
                reached.update(told.msisdns)
        return reached


def _offline(source: DeliverySource) -> Finding:
    return Finding(
        codes.NO_DELIVERY,
        f"what became of {source.campaign} is known to ME-SMS only, and it is not asked",
        key="delivery",
        next_step="plan without --offline",
    )


def _nothing(campaign: str, *, is_known: bool) -> Finding:
    return Finding(
        codes.NO_DELIVERY,
        f"nothing of {campaign} has left yet" if is_known else f"state knows no campaign {campaign}",
        key="delivery",
        why=None if is_known else "a name is known once its campaign was applied",
        next_step="write state: draft until it has" if is_known else "check the name (mesms-gitops status)",
    )


def _unsettled(source: DeliverySource) -> Finding:
    return Finding(
        codes.DELIVERY_OPEN,
        f"{source.campaign} is still being delivered: whoever fails later is not among these recipients",
        key="delivery",
        next_step="wait until it is done (mesms-gitops refresh), or accept that the list is not complete",
    )


def _unreached(campaign: str) -> Finding:
    return Finding(
        codes.DELIVERY_OPEN,
        f"{campaign} is still to come, in part at least: whoever it reaches later is not left out here",
        key="delivery",
        next_step="wait until it is done (mesms-gitops refresh), or somebody may be texted once more",
    )


def _open(campaign: str) -> Finding:
    return Finding(
        codes.DELIVERY_OPEN,
        f"{campaign} is still being delivered: whoever is pending there is left out here, and may fail all the same",
        key="delivery",
        next_step="wait until it is done (mesms-gitops refresh), or accept that the list is not complete",
    )


def _unknown(campaign: str) -> Finding:
    return Finding(
        codes.DELIVERY_DOUBTFUL,
        f"whom {campaign} reached is in doubt: nobody knows whether a message of it was sent",
        key="delivery",
        why="whoever that message reached would be texted again",
        next_step=f"settle it first: mesms-gitops resolve {campaign}",
    )


def _doubtful(campaign: str, doubt: str) -> Finding:
    return Finding(
        codes.DELIVERY_DOUBTFUL,
        f"who got {campaign} is in doubt: {doubt}",
        key="delivery",
        why="the rows are taken as they came, so whoever is texted again may have been reached",
        next_step=f"look at them (mesms-gitops report {campaign} --recipients FILE.csv), and approve this only if "
        "texting somebody twice is no harm",
    )


def _not_left_out(campaign: str, doubt: str) -> Finding:
    return Finding(
        codes.DELIVERY_DOUBTFUL,
        f"whom {campaign} reached is in doubt: {doubt}",
        key="delivery",
        why="whoever it reached and is not listed as that would be texted again",
        next_step="read it again later; or take it out of `except_reached_by`, and name a list that you have checked "
        f"under `exclude` (mesms-gitops report {campaign} --recipients FILE.csv --status {SUCCESS} writes one)",
    )
