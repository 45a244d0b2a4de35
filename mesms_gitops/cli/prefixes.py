"""People by the first three digits of their numbers, counted where numbers are kept: nothing but the counts leaves."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError
from mesms_gitops.model.snapshot import Snapshot
from mesms_gitops.views.report import report_of
from mesms_gitops.views.report_prefixes import Prefixes, PrefixLine
from mesms_gitops.views.report_reasons import Bucket, bucket_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.store.results import ResultFolder

WIDE = 10_000_000
"""Subscriber numbers that share a prefix: 812345678 is one of 081."""

Tally = Counter[tuple[int, Bucket | None]]
"""People by prefix (81) and bucket; None where only the number is at hand."""


def prefixes_of(place: Workplace, state: State, names: Collection[str] | None) -> Prefixes:
    """Counts of everybody in the report whose result, or else whose number, is kept on this machine.

    What is kept and cannot be opened is said (-v) and left out: a report is no reason to stop.
    """
    snapshots, results = _snapshots(place), place.results()
    total: Tally = Counter()
    for line in report_of(state, names).lines:
        for send in line.sends:
            try:
                total += _with_results(results, line.campaign, send) or _without(place, snapshots.get(send.fingerprint))
            except MesmsError as error:
                place.teller.say(f"not counted by prefix: {error.what} ({error.where})")
    found = sorted({prefix for prefix, _ in total})
    return Prefixes(tuple(_line(prefix, total) for prefix in found))


def _line(prefix: int, total: Tally) -> PrefixLine:
    buckets = [total[prefix, bucket] for bucket in Bucket]
    return PrefixLine(f"0{prefix:02}", sum(buckets) + total[prefix, None], *buckets)


def _snapshots(place: Workplace) -> Mapping[str, Snapshot]:
    try:
        return {one.fingerprint: one for one in place.snapshots().all() if isinstance(one, Snapshot)}
    except MesmsError as error:
        place.teller.say(f"not counted by prefix: {error.what} ({error.where})")
        return {}


def _with_results(results: ResultFolder, campaign: str, send: SendRecord) -> Tally:
    """From what ME-SMS said of each recipient; of nobody where that was not read, or of another message."""
    kept = results.kept(campaign, send.fingerprint)
    if kept is None or kept.head.uuid != send.uuid:
        return Counter()
    import polars as pl

    from mesms_gitops.store.result_form import NUMBER, STATUS

    states = pl.col(STATUS).cast(pl.String)
    counted = kept.frame.group_by(pl.col(NUMBER) // WIDE, states).agg(pl.len())
    tally: Tally = Counter()
    for prefix, word, people in counted.rows():
        tally[prefix, bucket_of(word)] += people
    return tally


def _without(place: Workplace, snapshot: Snapshot | None) -> Tally:
    """From the numbers alone."""
    return Counter() if snapshot is None else by_prefix(place.snapshots().numbers_of(snapshot))


def by_prefix(numbers: Numbers) -> Tally:
    """How many of ``numbers`` have each prefix, without looking at each: they are sorted."""
    cells = memoryview(numbers.native()).cast("I")
    tally: Tally = Counter()
    start = 0
    while start < len(cells):
        prefix = cells[start] // WIDE
        end = bisect_left(cells, (prefix + 1) * WIDE, start)
        tally[prefix, None] = end - start
        start = end
    return tally
