"""Numbers written in the manifest itself: few, and looked at without anything that reads lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.audience.findings import Findings
from mesms_gitops.audience.normalise import Reason, lost_zero, normalise
from mesms_gitops.audience.tally import Tally
from mesms_gitops.model.campaign import NumbersSource

if TYPE_CHECKING:
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic


def inline_findings(campaign: Campaign) -> tuple[Diagnostic, ...]:
    """What `examine` would find in a campaign whose only recipients are `numbers`, opt-outs apart.

    Nothing for a campaign that has other sources: who is left of it cannot be told from here.
    """
    sources = [source for source in campaign.sources if isinstance(source, NumbersSource)]
    if not sources or len(sources) != len(campaign.sources):
        return ()
    findings = Findings(campaign)
    tallies = [_tally(source, f"recipients.{index}") for index, source in enumerate(sources)]
    for source, tally in zip(sources, tallies, strict=True):
        findings.bad_inline(source, tally.path)
    for tally in tallies:
        findings.of_recipients(tally)
    if not findings.stop and all(tally.rows == tally.invalid.total() for tally in tallies):
        findings.nobody(sum(tally.rows for tally in tallies))
    return tuple(findings.diagnostics)


def _tally(source: NumbersSource, path: str) -> Tally:
    tally = Tally(path, "numbers", rows=len(source.numbers))
    for raw in source.numbers:
        found = normalise(raw)
        if isinstance(found, Reason):
            tally.invalid[found] += 1
        else:
            tally.lost_zeros += lost_zero(raw)
    return tally
