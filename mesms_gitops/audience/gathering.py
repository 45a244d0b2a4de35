"""Rows of many sources into one crowd: bad numbers counted, filters applied, the first mention of a number kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

import polars as pl

from mesms_gitops.audience.cells import cells_of
from mesms_gitops.audience.forgotten import suppressed_among
from mesms_gitops.audience.judging import Judge
from mesms_gitops.audience.normalise import Reason
from mesms_gitops.audience.rules import LOST_ZERO, PHONE, REASON, SUBSCRIBER
from mesms_gitops.audience.sources.batch import FAULT, KEPT, ROW, value_column
from mesms_gitops.model.audience import AudienceGroup
from mesms_gitops.model.numbers import Numbers

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Sequence

    from polars import DataFrame, Series

    from mesms_gitops.audience.rejects import Rejects
    from mesms_gitops.audience.tally import Tally
    from mesms_gitops.model.suppression import Suppression

_EXAMPLES_KEPT: Final = 100
_COMBINATION: Final = "combination"
_SOURCE: Final = "source"


class Sieve:
    """What is left of the rows of one source: those with a good number that ``where`` keeps; the others are counted.

    A bad number in a row that the filter leaves out is nobody's: ``where`` says which rows are meant, and only those
    are judged. A row that cannot be read as a row is judged whatever it holds.
    """

    def __init__(self, tally: Tally, rejects: Rejects, *, in_order: bool) -> None:
        """``in_order``: the order of rows matters, since they bring values."""
        self._tally = tally
        self._rejects = rejects
        self._judge = Judge(in_order=in_order)

    def sift(self, batch: DataFrame) -> DataFrame:
        """Good rows, with SUBSCRIBER; some may be held back for `rest`."""
        tally, faulty = self._tally, pl.col(FAULT).is_not_null()
        tally.rows += batch.height
        meant = batch if batch[KEPT].all() else batch.filter(pl.col(KEPT) | faulty)
        tally.filtered += batch.height - meant.height
        sound = meant
        if meant[FAULT].null_count() < meant.height:
            sound = meant.filter(~faulty)
            unreadable = meant.filter(faulty)
            self._reject(unreadable.with_columns(pl.col(FAULT).alias(REASON), pl.lit(None, pl.String).alias(PHONE)))
        return self._counted(*self._judge.judge(sound.drop(KEPT, FAULT)))

    def rest(self) -> DataFrame:
        """The good rows that were held back."""
        return self._counted(*self._judge.rest())

    def _counted(self, good: DataFrame, bad: DataFrame) -> DataFrame:
        self._reject(bad)
        self._tally.lost_zeros += int(good[LOST_ZERO].sum())
        return good.drop(PHONE, LOST_ZERO)

    def _reject(self, bad: DataFrame) -> None:
        for reason, count in bad[REASON].value_counts().iter_rows():
            self._tally.invalid[Reason(reason)] += count
        self._rejects.add(self._tally.label, bad)


@dataclass(slots=True)
class Combination:
    """The people whom one source gave the same values; ``rows`` are where some of them stand, if a value is blank."""

    path: str
    label: str
    names: tuple[str, ...]
    values: tuple[str, ...]
    people: int = 0
    rows: list[int] = field(default_factory=list)

    @property
    def blanks(self) -> tuple[str, ...]:
        """The variables that have nothing but white space for a value."""
        return tuple(name for name, value in zip(self.names, self.values, strict=True) if not value.strip())

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """What makes two sources' combinations one text."""
        return tuple(zip(self.names, self.values, strict=True))


class Sink(Protocol):
    """What good rows are poured into."""

    def begin(self, tally: Tally, names: tuple[str, ...]) -> None:
        """What is added from here on belongs to another source; one that is begun again starts anew."""

    def add(self, good: DataFrame) -> None:
        """Take in sifted rows of the source begun last."""


class OptOuts:
    """Everybody who must not be texted."""

    def __init__(self) -> None:
        self._some: list[Series] = [pl.Series(dtype=pl.UInt32)]

    def begin(self, tally: Tally, names: tuple[str, ...]) -> None:
        """Nothing is forgotten: whoever was named once stays out."""

    def add(self, good: DataFrame) -> None:
        """See ``Sink``."""
        self._some.append(good[SUBSCRIBER])

    def numbers(self) -> Series:
        """Each once."""
        return pl.concat(self._some).unique()


class Crowd:
    """Everybody mentioned so far, each with the values of the first mention."""

    def __init__(self) -> None:
        self._tallies: list[Tally] = []
        self._mentions: list[list[DataFrame]] = []
        self._rows_of_blanks: list[DataFrame] = []
        self._combinations: list[Combination] = []
        self._alike: dict[int, int] = {}
        self._names: tuple[str, ...] = ()
        self._own: dict[tuple[str, ...], int] = {}

    def begin(self, tally: Tally, names: tuple[str, ...]) -> None:
        """See ``Sink``; the values of the rows belong to ``names``."""
        if self._tallies and self._tallies[-1].path == tally.path:
            self._tallies.pop()
            self._mentions.pop()
        self._tallies.append(tally)
        self._mentions.append([])
        self._names = names
        self._own = {}

    def add(self, good: DataFrame) -> None:
        """See ``Sink``."""
        columns = [value_column(index) for index in range(len(self._names))]
        if not columns:
            self._alike[len(self._mentions) - 1] = self._index_of(())
            self._mentions[-1].append(good.select(SUBSCRIBER))
            return
        distinct = good.select(columns).unique(maintain_order=True)
        indices = [self._index_of(values) for values in distinct.iter_rows()]
        numbered = distinct.with_columns(pl.Series(_COMBINATION, indices, pl.UInt32))
        known = good.join(numbered, on=columns, how="left", maintain_order="left")
        self._mentions[-1].append(known.select(SUBSCRIBER, _COMBINATION))
        if blank := [index for index in indices if self._combinations[index].blanks]:
            self._rows_of_blanks.append(
                known.filter(pl.col(_COMBINATION).is_in(blank)).select(SUBSCRIBER, _COMBINATION, ROW)
            )

    def _index_of(self, values: tuple[str, ...]) -> int:
        index = self._own.get(values)
        if index is None:
            index = self._own[values] = len(self._combinations)
            tally = self._tallies[-1]
            self._combinations.append(Combination(tally.path, tally.label, self._names, values))
        return index

    def gathered(self, opted_out: Series, suppression: Suppression | None = None) -> Gathered:
        """Everybody once, without ``opted_out`` and the suppressed; the tallies learn of duplicates.

        The crowd is spent.
        """
        people = self._firsts()
        left = people.filter(~pl.col(SUBSCRIBER).is_in(opted_out.implode())) if len(opted_out) else people
        excluded = people.height - left.height
        forgotten = suppressed_among(left[SUBSCRIBER], suppression) if suppression else []
        if forgotten:
            left = left.filter(~pl.col(SUBSCRIBER).is_in(forgotten))
        self._count(left)
        return Gathered(self._combinations, left.select(SUBSCRIBER, _COMBINATION), excluded, len(forgotten))

    def _firsts(self) -> DataFrame:
        """The first mention of everybody."""
        if len(self._combinations) <= 1:  # all mentions are alike
            return self._of_one_kind()
        mentions = self._all_mentions()
        people = mentions.unique(subset=SUBSCRIBER, keep="first", maintain_order=True)
        if people.height < mentions.height:
            self._duplicates(mentions, people)
        return people

    def _of_one_kind(self) -> DataFrame:
        """Everybody, where one source says nothing of them but their numbers."""
        some = [frame[SUBSCRIBER] for frames in self._mentions for frame in frames]
        self._mentions = []
        mentions = pl.concat([pl.Series(SUBSCRIBER, dtype=pl.UInt32), *some])
        some.clear()
        people = mentions.sort().unique().set_sorted()
        for combination in self._combinations:
            tally = next(tally for tally in self._tallies if tally.path == combination.path)
            tally.duplicates = len(mentions) - len(people)
        return people.to_frame().with_columns(pl.lit(0, pl.UInt32).alias(_COMBINATION))

    def _all_mentions(self) -> DataFrame:
        frames = [
            self._numbered(frame, source).with_columns(pl.lit(source, pl.UInt16).alias(_SOURCE))
            for source, some in enumerate(self._mentions)
            for frame in some
        ]
        self._mentions = []
        return pl.concat(frames)

    def _numbered(self, frame: DataFrame, source: int) -> DataFrame:
        if _COMBINATION in frame.columns:
            return frame
        return frame.with_columns(pl.lit(self._alike[source], pl.UInt32).alias(_COMBINATION))

    def _duplicates(self, mentions: DataFrame, people: DataFrame) -> None:
        for source, tally in enumerate(self._tallies):
            own, firsts = mentions.filter(pl.col(_SOURCE) == source), people.filter(pl.col(_SOURCE) == source)
            tally.duplicates = own.height - firsts.height
            if firsts[_COMBINATION].n_unique() > 1 or own[_COMBINATION].n_unique() > 1:
                again = own.join(firsts, on=SUBSCRIBER, suffix="_first")
                tally.contradictions = again.filter(pl.col(_COMBINATION) != pl.col(f"{_COMBINATION}_first")).height

    def _count(self, people: DataFrame) -> None:
        if len(self._combinations) == 1:
            self._combinations[0].people = people.height
        else:
            for index, count in people[_COMBINATION].value_counts().iter_rows():
                self._combinations[index].people = count
        if not self._rows_of_blanks:
            return
        found = pl.concat(self._rows_of_blanks).join(people, on=[SUBSCRIBER, _COMBINATION], how="semi")
        for (index,), rows in found.group_by(_COMBINATION, maintain_order=True):
            self._combinations[index].rows = rows[ROW].head(_EXAMPLES_KEPT).to_list()


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everybody left: ``people`` says of each in which of ``combinations``; ``excluded`` is how many opted out, and
    ``suppressed`` how many more asked to be forgotten.
    """

    combinations: Sequence[Combination]
    people: DataFrame
    excluded: int
    suppressed: int = 0

    def groups(self) -> tuple[AudienceGroup, ...]:
        """One group for each set of values, whichever sources gave them; sorted by values, numbers ascending."""
        keys = sorted({combination.key for combination in self.combinations if combination.people})
        rank = {key: place for place, key in enumerate(keys)}
        if len(keys) < 2:
            numbers = self.people[SUBSCRIBER].sort()
            return tuple(AudienceGroup(MappingProxyType(dict(key)), _numbers(numbers)) for key in keys)
        ranks = pl.Series([rank.get(combination.key, 0) for combination in self.combinations], dtype=pl.UInt32)
        ordered = self.people.select(pl.col(SUBSCRIBER), ranks.gather(self.people[_COMBINATION]).alias("rank"))
        ordered = ordered.sort("rank", SUBSCRIBER)
        sizes = ordered["rank"].rle().struct.field("len").to_list()
        return tuple(self._cut(keys, sizes, cells_of(ordered[SUBSCRIBER])))

    @staticmethod
    def _cut(keys: list[tuple[tuple[str, str], ...]], sizes: list[int], cells: array[int]) -> Iterator[AudienceGroup]:
        start = 0
        for key, size in zip(keys, sizes, strict=True):
            yield AudienceGroup(MappingProxyType(dict(key)), Numbers.from_sorted(cells[start : start + size]))
            start += size


def _numbers(subscribers: Series) -> Numbers:
    return Numbers.from_sorted(cells_of(subscribers))
