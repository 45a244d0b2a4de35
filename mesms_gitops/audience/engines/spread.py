"""An audience worked out on an engine: it reads and narrows tables, this machine reads the rest and takes the result.

What is said about lists, and when they stop a plan, is what ``resolve`` says; only where rows are worked on differs.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

import polars as pl

from mesms_gitops.audience import codes
from mesms_gitops.audience.engines import narrow
from mesms_gitops.audience.forgotten import suppressed_among
from mesms_gitops.audience.gathering import Gathered
from mesms_gitops.audience.kinds_of_people import KIND, SOURCE, Kinds
from mesms_gitops.audience.normalise import REJECTS_KEPT, Reason
from mesms_gitops.audience.reading import ListExamination
from mesms_gitops.audience.rules import PHONE, REASON, SUBSCRIBER
from mesms_gitops.audience.sources.batch import BATCH_ROWS, ROW, value_column
from mesms_gitops.audience.sources.outside import Step
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.wanted import Wanted
from mesms_gitops.audience.tally import Tally
from mesms_gitops.model.campaign import GroupSource, ListSource
from mesms_gitops.model.diagnostic import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from polars import DataFrame

    from mesms_gitops.audience.engines.engine import Engine, Lazy
    from mesms_gitops.audience.sources.outside import Outside
    from mesms_gitops.model.campaign import Campaign, Source
    from mesms_gitops.model.suppression import Suppression

_NOBODY: Final = pl.DataFrame(schema={SUBSCRIBER: pl.UInt32, KIND: pl.UInt32, SOURCE: pl.UInt32})
_NOBODY_AT_ALL: Final = Gathered(Kinds.of([]), pl.DataFrame(), (), _NOBODY, 0)


class SpreadExamination(ListExamination):
    """`ListExamination` with an engine between the lists and the crowd."""

    def __init__(self, campaign: Campaign, outside: Outside, suppression: Suppression | None, engine: Engine) -> None:
        super().__init__(campaign, outside, suppression)
        self._engine = engine
        lists = [source for source in campaign.sources if isinstance(source, ListSource)]
        self._names = tuple(sorted({name for source in lists for name in source.variables}))
        self._values = [value_column(index) for index in range(len(self._names))]
        self._tally_of: dict[int, Tally] = {}
        self._held: list[Lazy] = []

    def _gathered(self) -> Gathered:
        path = self._first_of_engine()
        try:
            self._engine.start(self._outside.environment)
            opted_out = list(self._opt_outs())
            mentioned = list(self._mentions())
            return self._worked_out(mentioned, opted_out)
        except Unusable as unusable:  # of no list in particular: of the engine, or of all lists together
            self._relay(unusable, path)
            return _NOBODY_AT_ALL
        finally:
            for frame in self._held:
                self._engine.release(frame)

    def _first_of_engine(self) -> str:
        """The manifest key of the first source that needs the engine."""
        every = [("recipients", self._campaign.sources), ("exclude", self._campaign.exclude)]
        return next(
            f"{key}.{index}"
            for key, sources in every
            for index, source in enumerate(sources)
            if self._engine.reads(source)
        )

    def _relay(self, unusable: Unusable, path: str) -> None:
        for finding in unusable.findings:
            self._findings.relay(Severity.ERROR, finding, path)

    def _opt_outs(self) -> Iterator[Lazy]:
        for index, source in enumerate(self._campaign.exclude):
            path = f"exclude.{index}"
            if isinstance(source, GroupSource):
                self._findings.excluded_group(source, path)
            elif found := self._rows(source, path, ()):
                tally, rows = found
                self._opt_out_tallies.append(tally)
                if tally.is_whole:
                    self._findings.of_opt_outs(tally)
                yield rows.select(SUBSCRIBER)

    def _mentions(self) -> Iterator[Lazy]:
        for index, source in enumerate(self._campaign.sources):
            path = f"recipients.{index}"
            if isinstance(source, GroupSource):
                self._say_of_group(source, path)
            elif found := self._rows(source, path, self._names, index):
                tally, rows = found
                self._tallies.append(tally)
                self._tally_of[index] = tally
                yield rows

    def _rows(self, source: Source, path: str, names: Sequence[str], index: int = 0) -> tuple[Tally, Lazy] | None:
        """The mentions of people in ``source``, which is read to be counted; None if it is unusable from the start."""
        assert not isinstance(source, GroupSource)
        values = [value_column(at) for at in range(len(names))]
        if not (isinstance(source, ListSource) and self._engine.reads(source)):
            here = _Here(index, self._names if names else ())
            tally = self._read(source, path, here)
            return (tally, self._engine.lazy(here.mentions())) if tally else None
        tally = Tally(path, self._engine.label(source))
        try:
            sifted = self._sifted(source, names, tally.label)
            self._count(sifted, tally)
        except Unusable as unusable:
            self._relay(unusable, path)
            return None
        return tally, narrow.mentions(sifted, index, values)

    def _sifted(self, source: ListSource, names: Sequence[str], label: str) -> Lazy:
        table = self._engine.table(source)
        return self._kept(narrow.sifted(table, Wanted.of(source), label, names))

    def _kept(self, frame: Lazy) -> Lazy:
        kept = self._engine.kept(frame)
        self._held.append(kept)
        return kept

    def _count(self, sifted: Lazy, tally: Tally) -> None:
        for fate, rows, lost_zeros in self._engine.few(narrow.fates(sifted)):
            tally.rows += rows
            tally.lost_zeros += lost_zeros
            if fate == narrow.FILTERED:
                tally.filtered += rows
            elif fate != narrow.GOOD:
                tally.invalid[Reason(fate)] += rows
        self._outside.progress(Step(tally.label, tally.rows, None, "rows"))
        self._rejects.begin(tally.path, tally.label)
        if tally.invalid:
            most = REJECTS_KEPT if self._outside.rejects is None else None
            self._reject(self._engine.rows(narrow.rejected(sifted, most)), tally.label)

    def _reject(self, rows: Iterator[tuple[str, str]], label: str) -> None:
        """A cluster's rows have no numbers: rejects are numbered in their sorted order."""
        start = 1
        while some := list(islice(rows, BATCH_ROWS)):
            frame = pl.DataFrame(some, schema={PHONE: pl.String, REASON: pl.String}, orient="row")
            self._rejects.add(label, frame.with_row_index(ROW, start))
            start += len(some)

    def _worked_out(self, mentioned: list[Lazy], opted_out: list[Lazy]) -> Gathered:
        if not mentioned:
            return _NOBODY_AT_ALL
        everybody = self._kept(narrow.people(mentioned, opted_out, self._values))
        excluded = self._learn(everybody)
        gathered = self._taken(narrow.texted(everybody), excluded)
        for tally in self._tallies:
            if tally.is_whole:
                self._findings.of_recipients(tally)
        return gathered

    def _learn(self, everybody: Lazy) -> int:
        """How many opted out; the tallies learn of duplicates and contradictions."""
        excluded = 0
        firsts = dict.fromkeys(self._tally_of, 0)
        for index, rows, out, others in self._engine.few(narrow.summary(everybody)):
            tally = self._tally_of[index]
            firsts[index] = rows
            excluded += out
            if not self._engine.reads(self._campaign.sources[index]):
                tally.contradictions = others
            elif others:
                self._findings.relay(Severity.ERROR, _no_first_row(tally.label, others), tally.path)
        for index, tally in self._tally_of.items():
            good = tally.rows - tally.filtered - tally.invalid.total()
            tally.duplicates = good - firsts[index]
        return excluded

    def _taken(self, texted: Lazy, excluded: int) -> Gathered:
        """The result, as it arrives in runs of people who share a text."""
        keys = [*self._values, narrow.SOURCE]
        known: dict[tuple[str | int | None, ...], int] = {}
        numbers, indices = array("I"), array("I")
        for key, some in self._engine.runs(texted, keys, SUBSCRIBER):
            index = known.setdefault(key, len(known))
            numbers.extend(some)
            indices.extend([index] * len(some))
            self._outside.progress(Step("what the cluster found", len(numbers), None, "rows"))
        kinds, places, sources = self._kinds(known)
        ranks, distinct = kinds.ranked()
        at = _column(indices)
        people = pl.DataFrame(
            {SUBSCRIBER: _column(numbers), KIND: ranks.gather(places.gather(at)), SOURCE: sources.gather(at)},
            schema=_NOBODY.schema,
        )
        left, forgotten = self._remembered(people)
        origins = [(tally.path, tally.label) for _, tally in sorted(self._tally_of.items())]
        return Gathered(kinds, distinct, origins, left, excluded, forgotten)

    def _kinds(self, known: Iterable[tuple[str | int | None, ...]]) -> tuple[Kinds, pl.Series, pl.Series]:
        """All of ``known`` (the values there are, and the source); for each its row, and the number of its source."""
        numbers = {index: number for number, index in enumerate(sorted(self._tally_of))}
        alike: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]] = {}
        sources = array("I")
        for place, (*values, index) in enumerate(known):
            assert isinstance(index, int)
            own = {name: str(value) for name, value in zip(self._names, values, strict=True) if value is not None}
            alike.setdefault(tuple(own), []).append((place, tuple(own.values())))
            sources.append(numbers[index])
        order = array("I", (place for rows in alike.values() for place, _ in rows))
        places = pl.DataFrame({"place": _column(order)}).with_row_index("row").sort("place")["row"]
        kinds = Kinds.of([(names, _table(names, [values for _, values in rows])) for names, rows in alike.items()])
        return kinds, places.cast(pl.UInt32), _column(sources)

    def _remembered(self, people: DataFrame) -> tuple[DataFrame, int]:
        """Those who did not ask to be forgotten, and how many did: their digests never leave this machine."""
        forgotten = suppressed_among(people[SUBSCRIBER], self._suppression) if self._suppression else []
        return people.filter(~pl.col(SUBSCRIBER).is_in(forgotten)) if forgotten else people, len(forgotten)


def _table(names: Sequence[str], rows: list[tuple[str, ...]]) -> DataFrame:
    schema = dict.fromkeys(names, pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row") if names else pl.DataFrame({"": [None] * len(rows)})


def _column(cells: array[int]) -> pl.Series:
    return pl.Series(memoryview(cells), dtype=pl.UInt32)


def _no_first_row(label: str, people: int) -> Finding:
    return Finding(
        codes.NO_FIRST_ROW,
        f"{label} gives {people:,} {'number' if people == 1 else 'numbers'} several different values",
        why="a cluster keeps no order of rows, so none of them is the first",
        next_step="keep one row a number: in the table, in a view, or with `where`",
    )


@dataclass(slots=True)
class _Here:
    """A list that this machine reads, as mentions for the engine: its rows have an order, so the first one wins."""

    source: int
    names: tuple[str, ...]
    _own: tuple[str, ...] = ()
    _some: list[DataFrame] = field(default_factory=list)

    def begin(self, tally: Tally, names: tuple[str, ...]) -> None:  # noqa: ARG002  a Sink is told whose rows follow
        """See ``Sink``."""
        self._own = names
        self._some = []

    def add(self, good: DataFrame) -> None:
        """See ``Sink``."""
        self._some.append(good.select(SUBSCRIBER, *self._columns()))

    def _columns(self) -> list[str]:
        return [value_column(index) for index in range(len(self._own))] if self.names else []

    def mentions(self) -> DataFrame:
        """One row a number, in the columns of `narrow.mentions`; OTHERS is how many rows differ from its first."""
        own = self._columns()
        every = pl.concat([pl.DataFrame(schema={SUBSCRIBER: pl.UInt32, **dict.fromkeys(own, pl.String)}), *self._some])
        firsts = [pl.col(name).first().over(SUBSCRIBER) for name in own]
        differs = pl.any_horizontal(
            pl.lit(False), *(pl.col(name) != first for name, first in zip(own, firsts, strict=True))
        )
        counted = every.with_columns(differs.cast(pl.Int64).sum().over(SUBSCRIBER).alias(narrow.OTHERS))
        once = counted.unique(SUBSCRIBER, keep="first", maintain_order=True)
        values = {
            value_column(index): pl.col(value_column(self._own.index(name)))
            if name in self._own
            else pl.lit(None, pl.String)
            for index, name in enumerate(self.names)
        }
        return once.select(
            pl.col(SUBSCRIBER).cast(pl.Int64),
            pl.lit(self.source, pl.Int64).alias(narrow.SOURCE),
            *(expression.alias(name) for name, expression in values.items()),
            pl.col(narrow.OTHERS),
        )
