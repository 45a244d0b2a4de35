"""Lists of any kind, read into columns: the examination that campaigns with more than numbers of their own need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.audience.examination import Examination
from mesms_gitops.audience.gathering import Crowd, OptOuts, Sieve
from mesms_gitops.audience.rejects import Rejects
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.outside import Outside, Step
from mesms_gitops.audience.sources.reader import Unusable
from mesms_gitops.audience.sources.text_file import NotUtf8
from mesms_gitops.audience.tally import Tally
from mesms_gitops.model.campaign import DeliverySource, ListSource, NumbersSource
from mesms_gitops.model.diagnostic import Severity

if TYPE_CHECKING:
    from mesms_gitops.audience.gathering import Gathered, Sink
    from mesms_gitops.audience.sources.reader import Reader
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.suppression import Suppression


class ListExamination(Examination):
    """`Examination` by readers of every kind of source, on this machine."""

    def __init__(self, campaign: Campaign, outside: Outside, suppression: Suppression | None) -> None:
        super().__init__(campaign, outside, suppression)
        self._rejects = Rejects(campaign.name, outside.rejects)
        self._kept_out = OptOuts()
        self._crowd = Crowd()

    def _read_opt_out(self, source: ListSource | NumbersSource | DeliverySource, path: str) -> Tally | None:
        return self._read(source, path, self._kept_out)

    def _read_recipient(self, source: ListSource | NumbersSource | DeliverySource, path: str) -> Tally | None:
        return self._read(source, path, self._crowd)

    def _everybody(self) -> Gathered:
        return self._crowd.gathered(self._kept_out.numbers(), self._suppression)

    def _rejected(self) -> tuple[tuple[str, int, str, str], ...]:
        return self._rejects.in_order()

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
