"""Numbers written in the manifest itself: few, and looked at without what reads lists, which takes long to load.

``tests/audience/test_inline.py`` holds what is found here to what the examination of lists finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.audience.examination import Examination
from mesms_gitops.audience.findings import Findings
from mesms_gitops.audience.normalise import REJECTS_KEPT, Reason, lost_zero, mask, normalise
from mesms_gitops.audience.numbering import commonest_starts, in_known_block
from mesms_gitops.audience.sources.outside import Outside, Step
from mesms_gitops.audience.tally import Tally
from mesms_gitops.model.audience import AudienceGroup
from mesms_gitops.model.campaign import DeliverySource, GroupSource, ListSource, NumbersSource
from mesms_gitops.model.numbers import Numbers

if TYPE_CHECKING:
    from mesms_gitops.audience.gathering import Blank
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.suppression import Suppression


def is_inline(campaign: Campaign) -> bool:
    """Whether every source and opt-out is written in the manifest, or is a contact group, which nobody here reads."""
    return all(isinstance(source, NumbersSource | GroupSource) for source in (*campaign.sources, *campaign.exclude))


def inline_findings(campaign: Campaign) -> tuple[Diagnostic, ...]:
    """What `examine` would find in a campaign whose only recipients are `numbers`, opt-outs apart.

    Nothing for a campaign that has other sources: who is left of it cannot be told from here.
    """
    sources = [source for source in campaign.sources if isinstance(source, NumbersSource)]
    if not sources or len(sources) != len(campaign.sources):
        return ()
    findings = Findings(campaign)
    tallies = [_sifted(source, f"recipients.{index}")[0] for index, source in enumerate(sources)]
    for source, tally in zip(sources, tallies, strict=True):
        findings.bad_inline(source, tally.path)
    for tally in tallies:
        findings.of_recipients(tally)
    if not findings.stop and all(tally.rows == tally.invalid.total() for tally in tallies):
        findings.nobody(sum(tally.rows for tally in tallies))
    return tuple(findings.diagnostics)


class InlineExamination(Examination):
    """`Examination` of a campaign that `is_inline`."""

    def __init__(self, campaign: Campaign, outside: Outside, suppression: Suppression | None) -> None:
        super().__init__(campaign, outside, suppression)
        self._kept_out: set[int] = set()
        self._mentioned: list[int] = []
        self._rejects: list[tuple[str, int, str, str]] = []

    def _read_opt_out(self, source: ListSource | NumbersSource | DeliverySource, path: str) -> Tally | None:
        tally, good = self._read(source, path)
        self._kept_out.update(good)
        return tally

    def _read_recipient(self, source: ListSource | NumbersSource | DeliverySource, path: str) -> Tally | None:
        tally, good = self._read(source, path)
        self._mentioned += good
        return tally

    def _read(self, source: ListSource | NumbersSource | DeliverySource, path: str) -> tuple[Tally, list[int]]:
        assert isinstance(source, NumbersSource)
        tally, good = _sifted(source, path)
        for row, raw in enumerate(source.numbers, start=1):
            if isinstance(found := normalise(raw), Reason):
                self._rejects.append((tally.label, row, mask(raw), found.value))
        if tally.rows:
            self._outside.progress(Step(tally.label, tally.rows, None, "rows"))
        self._findings.bad_inline(source, path)
        return tally, good

    def _everybody(self) -> Few:
        once = set(self._mentioned)
        # one text for all, so which source's mention is the duplicate is nobody's question: only their sum is told
        if self._tallies:
            self._tallies[0].duplicates = len(self._mentioned) - len(once)
        left = once - self._kept_out
        covers = self._suppression.covers if self._suppression else None
        texted = {one for one in left if not covers(one)} if covers else left
        return Few(Numbers(texted), len(once) - len(left), len(left) - len(texted))

    def _rejected(self) -> tuple[tuple[str, int, str, str], ...]:
        return tuple(self._rejects[:REJECTS_KEPT])


@dataclass(frozen=True, slots=True)
class Few:
    """See ``Everybody``: people who all get one text."""

    numbers: Numbers
    excluded: int
    suppressed: int

    def __len__(self) -> int:
        return len(self.numbers)

    def groups(self) -> tuple[AudienceGroup, ...]:
        """See ``Everybody``."""
        return (AudienceGroup(MappingProxyType({}), self.numbers),) if self.numbers else ()

    def blanks(self) -> tuple[Blank, ...]:
        """See ``Everybody``: numbers in a manifest bring no values."""
        return ()

    def outside_known_blocks(self) -> tuple[int, tuple[str, ...]]:
        """See ``Everybody``."""
        outside = [number for number in self.numbers if not in_known_block(number)]
        return len(outside), commonest_starts(outside)


def _sifted(source: NumbersSource, path: str) -> tuple[Tally, list[int]]:
    """What became of the numbers of ``source``, and the good ones."""
    tally = Tally(path, "numbers", rows=len(source.numbers))
    good: list[int] = []
    for raw in source.numbers:
        found = normalise(raw)
        if isinstance(found, Reason):
            tally.invalid[found] += 1
        else:
            good.append(found)
            tally.lost_zeros += lost_zero(raw)
    return tally, good
