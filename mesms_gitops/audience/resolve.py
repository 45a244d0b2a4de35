"""The whole of it: read every source of a campaign, and say who is texted or why that cannot be said.

In this order: normalise, ``where``, first mention wins across all sources, ``exclude``, group by personal values.
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.audience.findings import Findings
from mesms_gitops.audience.gathering import Crowd, OptOuts, Sieve
from mesms_gitops.audience.numbering import outside_known_blocks
from mesms_gitops.audience.rejects import Rejects
from mesms_gitops.audience.rules import SUBSCRIBER
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.outside import Outside, Step
from mesms_gitops.audience.sources.reader import Unusable
from mesms_gitops.audience.sources.text_file import NotUtf8
from mesms_gitops.audience.tally import Tally
from mesms_gitops.errors import ManifestError
from mesms_gitops.model.audience import Audience, AudienceCounts
from mesms_gitops.model.campaign import DeliverySource, GroupSource, ListSource, NumbersSource
from mesms_gitops.model.diagnostic import Severity

if TYPE_CHECKING:
    from polars import Series

    from mesms_gitops.audience.gathering import Gathered, Sink
    from mesms_gitops.audience.sources.reader import Reader
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.suppression import Suppression


def resolve(campaign: Campaign, outside: Outside | None = None, suppression: Suppression | None = None) -> Audience:
    """Who gets the message, everybody once.

    The same for any order of rows, unless one list gives a number several values (which is a warning). ``outside`` is
    what lists beyond this machine's files need; whom ``suppression`` covers is left out, whichever source names them.
    Raises ManifestError with every finding of every source as soon as one of them is an error.
    """
    audience = examine(campaign, outside, suppression)
    if any(diagnostic.is_error for diagnostic in audience.diagnostics):
        raise ManifestError(audience.diagnostics)
    return audience


def examine(campaign: Campaign, outside: Outside | None = None, suppression: Suppression | None = None) -> Audience:
    """Like ``resolve``, but errors stay among the diagnostics, and then the audience has nobody in it.

    For showing counts and masked rejects of lists that cannot be used: what was read up to the error still adds up.
    Never raises for what a list holds.
    """
    outside = outside or Outside()
    if outside.engine is not None and any(map(outside.engine.reads, (*campaign.sources, *campaign.exclude))):
        from mesms_gitops.audience.engines.spread import SpreadExamination

        return SpreadExamination(campaign, outside, suppression, outside.engine).audience()
    return Examination(campaign, outside, suppression).audience()


class Examination:
    """One reading of everything, from which the audience is made."""

    def __init__(self, campaign: Campaign, outside: Outside, suppression: Suppression | None) -> None:
        self._campaign = campaign
        self._outside = outside
        self._suppression = suppression
        self._findings = Findings(campaign)
        self._rejects = Rejects(campaign.name, outside.rejects)
        self._tallies: list[Tally] = []
        self._opt_out_tallies: list[Tally] = []

    def audience(self) -> Audience:
        gathered = self._gathered()
        self._findings.blank_values(gathered.blanks())
        self._findings.missing_values()
        self._findings.bad_numbers(self._tallies)
        unknown_block, starts = outside_known_blocks(gathered.people[SUBSCRIBER])
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
            rejects=self._rejects.in_order(),
        )

    def _gathered(self) -> Gathered:
        """Everybody who is left; what there is to say of the lists is in the tallies and among the findings."""
        # opt-outs first: rejects are bounded, and a bad number weighs more there
        opted_out = self._read_opt_outs()
        return self._read_recipients(opted_out)

    def _read_opt_outs(self) -> Series:
        opted_out = OptOuts()
        for index, source in enumerate(self._campaign.exclude):
            path = f"exclude.{index}"
            if isinstance(source, GroupSource):
                self._findings.excluded_group(source, path)
            elif tally := self._read(source, path, opted_out):
                self._opt_out_tallies.append(tally)
                if tally.is_whole:
                    self._findings.of_opt_outs(tally)
        return opted_out.numbers()

    def _read_recipients(self, opted_out: Series) -> Gathered:
        crowd = Crowd()
        for index, source in enumerate(self._campaign.sources):
            path = f"recipients.{index}"
            if isinstance(source, GroupSource):
                self._say_of_group(source, path)
            elif tally := self._read(source, path, crowd):
                self._tallies.append(tally)
        gathered = crowd.gathered(opted_out, self._suppression)
        for tally in self._tallies:
            if tally.is_whole:
                self._findings.of_recipients(tally)
        return gathered

    def _say_of_group(self, source: GroupSource, path: str) -> None:
        self._findings.unseen_group(source, path)
        if self._suppression:
            self._findings.unforgotten_group(source, path, len(self._suppression))

    def _read(self, source: ListSource | NumbersSource | DeliverySource, path: str, sink: Sink) -> Tally | None:
        """Hand the good rows of ``source`` to ``sink``; None if not one can be read. Why not is among the findings."""
        names = tuple(sorted(source.variables)) if isinstance(source, ListSource) else ()
        tally: Tally | None = None
        try:
            reader = reader_of(source, self._outside)
            tally = Tally(path, reader.label)
            try:
                self._pour(reader, tally, names, sink)
            except NotUtf8:
                tally = Tally(path, reader.label)
                self._pour(reader, tally, names, sink)
        except Unusable as unusable:
            for finding in unusable.findings:
                self._findings.relay(Severity.ERROR, finding, path)
            if tally:
                tally.is_whole = False
            return tally
        for finding in reader.remarks:
            self._findings.relay(Severity.WARNING, finding, path)
        if isinstance(source, NumbersSource):
            self._findings.bad_inline(source, path)
        return tally

    def _pour(self, reader: Reader, tally: Tally, names: tuple[str, ...], sink: Sink) -> None:
        self._rejects.begin(tally.path, tally.label)
        sink.begin(tally, names)
        sieve = Sieve(tally, self._rejects, in_order=bool(names))
        try:
            for batch in reader.batches():
                sink.add(sieve.sift(batch))
                self._outside.progress(Step(tally.label, tally.rows, None, "rows"))
        finally:  # what was read before a source turned out unusable still adds up
            if (rest := sieve.rest()).height:
                sink.add(rest)

    def _contact_groups(self) -> tuple[int, ...]:
        ids = (source.group_id for source in self._campaign.sources if isinstance(source, GroupSource))
        return tuple(dict.fromkeys(ids))

    def _counts(self, gathered: Gathered, unknown_block: int) -> AudienceCounts:
        invalid = sum((tally.invalid for tally in self._tallies), Counter())
        return AudienceCounts(
            rows=sum(tally.rows for tally in self._tallies),
            recipients=gathered.people.height,
            duplicates=sum(tally.duplicates for tally in self._tallies),
            excluded=gathered.excluded,
            filtered=sum(tally.filtered for tally in self._tallies),
            invalid=MappingProxyType({reason.value: invalid[reason] for reason in sorted(invalid)}),
            exclude_invalid=sum(tally.invalid.total() for tally in self._opt_out_tallies),
            unknown_block=unknown_block,
            suppressed=gathered.suppressed,
        )
