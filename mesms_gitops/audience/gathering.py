"""Rows of many sources into one crowd: bad numbers counted, filters applied, the first mention of a number kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

import polars as pl

from mesms_gitops.audience.forgotten import suppressed_among
from mesms_gitops.audience.judging import Judge
from mesms_gitops.audience.kinds_of_people import KIND, SOURCE, Kinds, groups_of, is_blank
from mesms_gitops.audience.normalise import Reason
from mesms_gitops.audience.numbering import outside_known_blocks
from mesms_gitops.audience.rules import LOST_ZERO, PHONE, REASON, SUBSCRIBER
from mesms_gitops.audience.sources.batch import FAULT, KEPT, ROW, value_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from polars import DataFrame, Series

    from mesms_gitops.audience.rejects import Rejects
    from mesms_gitops.audience.tally import Tally
    from mesms_gitops.model.audience import AudienceGroup
    from mesms_gitops.model.suppression import Suppression

_EXAMPLES_KEPT: Final = 5
_BLANK: Final = "blank"
_NAME: Final = "name"


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


@dataclass(slots=True)
class _Source:
    """What one source gave: mentions by piece, each with the row of ``kinds`` that has its values, if it has any."""

    tally: Tally
    names: tuple[str, ...]
    mentions: list[DataFrame] = field(default_factory=list)
    kinds: list[DataFrame] = field(default_factory=list)
    rows_of_blanks: list[DataFrame] = field(default_factory=list)
    many: int = 0

    def add(self, good: DataFrame) -> None:
        if not self.names:
            self.mentions.append(good.select(SUBSCRIBER, pl.lit(0, pl.UInt32).alias(KIND)))
            return
        columns = [value_column(index) for index in range(len(self.names))]
        distinct = good.select(columns).unique(maintain_order=True)
        blank = pl.any_horizontal(*(is_blank(pl.col(column)) for column in columns))
        numbered = distinct.with_row_index(KIND, self.many).with_columns(
            pl.col(KIND).cast(pl.UInt32), blank.alias(_BLANK)
        )
        known = good.join(numbered, on=columns, how="left", maintain_order="left", nulls_equal=True)
        self.kinds.append(distinct)
        self.many += distinct.height
        self.mentions.append(known.select(SUBSCRIBER, KIND))
        if numbered[_BLANK].any():
            self.rows_of_blanks.append(known.filter(_BLANK).select(SUBSCRIBER, KIND, ROW))

    def values(self) -> DataFrame:
        """The row of each kind; of a source without values one row of none."""
        if self.names:
            columns = [value_column(index) for index in range(len(self.names))]
            return pl.concat([pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), *self.kinds])
        return pl.DataFrame({"": [None] * bool(self.mentions)})


class Crowd:
    """Everybody mentioned so far, each with the values of the first mention."""

    def __init__(self) -> None:
        self._sources: list[_Source] = []

    def begin(self, tally: Tally, names: tuple[str, ...]) -> None:
        """See ``Sink``; the values of the rows belong to ``names``."""
        if self._sources and self._sources[-1].tally.path == tally.path:
            self._sources.pop()
        self._sources.append(_Source(tally, names))

    def add(self, good: DataFrame) -> None:
        """See ``Sink``."""
        self._sources[-1].add(good)

    def gathered(self, opted_out: Series, suppression: Suppression | None = None) -> Gathered:
        """Everybody once, without ``opted_out`` and the suppressed; the tallies learn of duplicates.

        The crowd is spent.
        """
        kinds = Kinds.of([(source.names, source.values()) for source in self._sources])
        ranks, distinct = kinds.ranked()
        people = self._firsts(kinds, ranks)
        left = people.filter(~pl.col(SUBSCRIBER).is_in(opted_out.implode())) if len(opted_out) else people
        excluded = people.height - left.height
        forgotten = suppressed_among(left[SUBSCRIBER], suppression) if suppression else []
        if forgotten:
            left = left.filter(~pl.col(SUBSCRIBER).is_in(forgotten))
        blanks = [
            _ranked(frame, ranks, at, start)
            for at, (source, start) in enumerate(zip(self._sources, self._starts(), strict=True))
            for frame in source.rows_of_blanks
        ]
        origins = tuple((source.tally.path, source.tally.label) for source in self._sources)
        return Gathered(kinds, distinct, origins, left, excluded, len(forgotten), tuple(blanks))

    def _starts(self) -> list[int]:
        """Where each source's kinds begin among all of them."""
        heights = [source.values().height for source in self._sources]
        return list(accumulate(heights, initial=0))[:-1]

    def _firsts(self, kinds: Kinds, ranks: Series) -> DataFrame:
        """The first mention of everybody."""
        if len(ranks.unique()) < 2 and kinds.frame[SOURCE].n_unique() < 2:  # all mentions are alike
            return self._of_one_kind()
        mentions = self._all_mentions(ranks)
        people = mentions.unique(subset=SUBSCRIBER, keep="first", maintain_order=True)
        if people.height < mentions.height:
            self._duplicates(mentions, people)
        return people

    def _of_one_kind(self) -> DataFrame:
        """Everybody, where one source says nothing of them but their numbers, or the same of all."""
        some = [frame[SUBSCRIBER] for source in self._sources for frame in source.mentions]
        at = next((at for at, source in enumerate(self._sources) if source.mentions), 0)
        for source in self._sources:
            source.mentions = []
        mentions = pl.concat([pl.Series(SUBSCRIBER, dtype=pl.UInt32), *some])
        some.clear()
        people = mentions.sort().unique().set_sorted()
        if self._sources:
            self._sources[at].tally.duplicates = len(mentions) - len(people)
        return people.to_frame().with_columns(pl.lit(0, pl.UInt32).alias(KIND), pl.lit(at, pl.UInt32).alias(SOURCE))

    def _all_mentions(self, ranks: Series) -> DataFrame:
        frames = [
            _ranked(frame, ranks, at, start)
            for at, (source, start) in enumerate(zip(self._sources, self._starts(), strict=True))
            for frame in source.mentions
        ]
        for source in self._sources:
            source.mentions = []
        return pl.concat(frames)

    def _duplicates(self, mentions: DataFrame, people: DataFrame) -> None:
        for at, source in enumerate(self._sources):
            own, firsts = mentions.filter(pl.col(SOURCE) == at), people.filter(pl.col(SOURCE) == at)
            tally = source.tally
            tally.duplicates = own.height - firsts.height
            if firsts[KIND].n_unique() > 1 or own[KIND].n_unique() > 1:
                again = own.join(firsts, on=SUBSCRIBER, suffix="_first")
                tally.contradictions = again.filter(pl.col(KIND) != pl.col(f"{KIND}_first")).height


def _ranked(frame: DataFrame, ranks: Series, at: int, start: int) -> DataFrame:
    """``frame`` of the source ``at``, whose kinds begin at ``start``, with the rank of each kind in its place."""
    return frame.with_columns(ranks.gather(frame[KIND] + start).alias(KIND), pl.lit(at, pl.UInt32).alias(SOURCE))


@dataclass(frozen=True, slots=True)
class Blank:
    """A variable that has nothing but white space for ``people`` of the source at ``path``; ``rows`` are the first."""

    path: str
    label: str
    name: str
    people: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everybody left: ``people`` says of each which source they are of, by its number among ``origins`` (its path and
    label), and which row of ``distinct`` has their values; ``excluded`` is how many opted out, ``suppressed`` how many
    more asked to be forgotten. ``rows_of_blanks`` are mentions with a blank value, and where they stand.
    """

    kinds: Kinds
    distinct: DataFrame
    origins: Sequence[tuple[str, str]]
    people: DataFrame
    excluded: int
    suppressed: int = 0
    rows_of_blanks: tuple[DataFrame, ...] = ()

    def __len__(self) -> int:
        return self.people.height

    def outside_known_blocks(self) -> tuple[int, tuple[str, ...]]:
        """How many have a number that no operator has, and how the commonest of these begin."""
        return outside_known_blocks(self.people[SUBSCRIBER])

    def groups(self) -> Sequence[AudienceGroup]:
        """One group for each set of values, whichever sources gave them; sorted by values, numbers ascending."""
        return groups_of(self.kinds, self.distinct, self.people, SUBSCRIBER)

    def blanks(self) -> Iterator[Blank]:
        """What leaves somebody's text with nothing in it, in the order of sources and variables."""
        people = self._blank_people()
        if not people.height:
            return
        rows = self._blank_rows(people)
        counts = people.group_by(SOURCE, _NAME).len().sort(SOURCE, _NAME)
        for at, name, many in counts.iter_rows():
            path, label = self.origins[at]
            shown = rows.filter((pl.col(SOURCE) == at) & (pl.col(_NAME) == name))[ROW].sort().head(_EXAMPLES_KEPT)
            yield Blank(path, label, self.kinds.names[name], many, tuple(shown))

    def _blank_people(self) -> DataFrame:
        """SUBSCRIBER, SOURCE, KIND, and the name that is blank for them; a row for each such name."""
        numbered = self.distinct.with_row_index(KIND).with_columns(pl.col(KIND).cast(pl.UInt32))
        frames = [pl.DataFrame(schema={KIND: pl.UInt32, _NAME: pl.UInt32})]
        for at in range(len(self.kinds.keys) // 2):
            blank = numbered.filter(is_blank(pl.col(f"value_{at}")))
            frames.append(blank.select(KIND, pl.col(f"name_{at}").alias(_NAME)))
        return self.people.join(pl.concat(frames), on=KIND)

    def _blank_rows(self, people: DataFrame) -> DataFrame:
        if not self.rows_of_blanks:
            return pl.DataFrame(schema={SOURCE: pl.UInt32, _NAME: pl.UInt32, ROW: pl.Int64})
        return pl.concat(self.rows_of_blanks).join(people, on=[SUBSCRIBER, SOURCE, KIND])
