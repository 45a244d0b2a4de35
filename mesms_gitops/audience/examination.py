"""What there is to say about an audience once its sources are read, whoever reads them; loads nothing that reads lists.

In this order: normalise, ``where``, first mention wins across all sources, ``exclude``, group by personal values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from mesms_gitops.audience.findings import Findings
from mesms_gitops.model.audience import Audience, AudienceCounts
from mesms_gitops.model.campaign import GroupSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mesms_gitops.audience.gathering import Blank
    from mesms_gitops.audience.sources.outside import Outside
    from mesms_gitops.audience.tally import Tally
    from mesms_gitops.model.audience import AudienceGroup
    from mesms_gitops.model.campaign import Campaign, DeliverySource, ListSource, NumbersSource
    from mesms_gitops.model.suppression import Suppression


class Everybody(Protocol):
    """Who is left: ``excluded`` is how many opted out, ``suppressed`` how many more asked to be forgotten."""

    @property
    def excluded(self) -> int: ...
    @property
    def suppressed(self) -> int: ...
    def __len__(self) -> int: ...

    def groups(self) -> Sequence[AudienceGroup]:
        """One group for each set of values, whichever sources gave them; sorted by values, numbers ascending."""

    def blanks(self) -> Iterable[Blank]:
        """What leaves somebody's text with nothing in it, in the order of sources and variables."""

    def outside_known_blocks(self) -> tuple[int, tuple[str, ...]]:
        """How many have a number that no operator has, and how the commonest of these begin."""


class Examination(ABC):
    """One reading of everything, from which the audience is made."""

    def __init__(self, campaign: Campaign, outside: Outside, suppression: Suppression | None) -> None:
        self._campaign = campaign
        self._outside = outside
        self._suppression = suppression
        self._findings = Findings(campaign)
        self._tallies: list[Tally] = []
        self._opt_out_tallies: list[Tally] = []

    @abstractmethod
    def _read_opt_out(self, source: ListSource | NumbersSource | DeliverySource, path: str) -> Tally | None:
        """Keep whom ``source`` names out; None if not one can be read. Why not is among the findings."""

    @abstractmethod
    def _read_recipient(self, source: ListSource | NumbersSource | DeliverySource, path: str) -> Tally | None:
        """Take in whom ``source`` names; None if not one can be read. Why not is among the findings."""

    @abstractmethod
    def _everybody(self) -> Everybody:
        """Whoever was taken in, once, without those who are kept out; the tallies learn of duplicates."""

    @abstractmethod
    def _rejected(self) -> tuple[tuple[str, int, str, str], ...]:
        """See `Audience.rejects`."""

    def audience(self) -> Audience:
        """Read everything, and say what came of it."""
        gathered = self._gathered()
        self._findings.blank_values(gathered.blanks())
        self._findings.missing_values()
        self._findings.bad_numbers(self._tallies)
        unknown_block, starts = gathered.outside_known_blocks()
        self._findings.unknown_blocks(unknown_block, starts)
        groups = gathered.groups()
        contact_groups = self._contact_groups()
        counts = self._counts(gathered, unknown_block)
        if not (groups or contact_groups or self._findings.stop):
            self._findings.nobody(counts.rows, counts.suppressed)
        stop = self._findings.stop
        return Audience(
            groups=() if stop else groups,
            contact_groups=() if stop else contact_groups,
            counts=counts,
            diagnostics=tuple(self._findings.diagnostics),
            rejects=self._rejected(),
        )

    def _gathered(self) -> Everybody:
        """Everybody who is left; what there is to say of the lists is in the tallies and among the findings."""
        # opt-outs first: rejects are bounded, and a bad number weighs more there
        self._read_opt_outs()
        return self._read_recipients()

    def _read_opt_outs(self) -> None:
        for index, source in enumerate(self._campaign.exclude):
            path = f"exclude.{index}"
            if isinstance(source, GroupSource):
                self._findings.excluded_group(source, path)
            elif tally := self._read_opt_out(source, path):
                self._opt_out_tallies.append(tally)
                if tally.is_whole:
                    self._findings.of_opt_outs(tally)

    def _read_recipients(self) -> Everybody:
        for index, source in enumerate(self._campaign.sources):
            path = f"recipients.{index}"
            if isinstance(source, GroupSource):
                self._say_of_group(source, path)
            elif tally := self._read_recipient(source, path):
                self._tallies.append(tally)
        everybody = self._everybody()
        for tally in self._tallies:
            if tally.is_whole:
                self._findings.of_recipients(tally)
        return everybody

    def _say_of_group(self, source: GroupSource, path: str) -> None:
        self._findings.unseen_group(source, path)
        if self._suppression:
            self._findings.unforgotten_group(source, path, len(self._suppression))

    def _contact_groups(self) -> tuple[int, ...]:
        ids = (source.group_id for source in self._campaign.sources if isinstance(source, GroupSource))
        return tuple(dict.fromkeys(ids))

    def _counts(self, gathered: Everybody, unknown_block: int) -> AudienceCounts:
        invalid = sum((tally.invalid for tally in self._tallies), Counter())
        return AudienceCounts(
            rows=sum(tally.rows for tally in self._tallies),
            recipients=len(gathered),
            duplicates=sum(tally.duplicates for tally in self._tallies),
            excluded=gathered.excluded,
            filtered=sum(tally.filtered for tally in self._tallies),
            invalid=MappingProxyType({reason.value: invalid[reason] for reason in sorted(invalid)}),
            exclude_invalid=sum(tally.invalid.total() for tally in self._opt_out_tallies),
            unknown_block=unknown_block,
            suppressed=gathered.suppressed,
        )
