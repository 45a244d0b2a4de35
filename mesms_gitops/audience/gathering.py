"""Rows of many sources into one crowd: bad numbers counted, filters applied, the first mention of a number kept."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from mesms_gitops.audience.normalise import Reason, lost_zero, mask, normalise
from mesms_gitops.model.audience import AudienceGroup
from mesms_gitops.model.numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from mesms_gitops.audience.sources.reader import Row

REJECTS_KEPT: Final = 1_000
_EXAMPLES_KEPT: Final = 100


@dataclass(slots=True)
class Rejects:
    """Masked examples of bad numbers, the first ``REJECTS_KEPT`` of them."""

    examples: list[tuple[str, int, str, str]] = field(default_factory=list)

    def add(self, label: str, row: Row, reason: Reason) -> None:
        """Remember ``row`` of the source called ``label``."""
        if len(self.examples) < REJECTS_KEPT:
            shown = "" if row.fault else mask(row.phone)
            self.examples.append((label, row.number, shown, reason.value))


@dataclass(slots=True)
class Tally:
    """What became of the rows of one source, which stands at ``path`` (``recipients.0``) in the manifest.

    ``is_whole`` is false for a source that turned out unusable on the way: then only what came before is counted.
    """

    path: str
    label: str
    rows: int = 0
    filtered: int = 0
    duplicates: int = 0
    contradictions: int = 0
    lost_zeros: int = 0
    invalid: Counter[Reason] = field(default_factory=Counter)
    is_whole: bool = True


Sifted: TypeAlias = "Iterator[tuple[int, int, tuple[str, ...]]]"
"""(row, subscriber, values) of good rows."""


def sift(rows: Iterable[Row], tally: Tally, rejects: Rejects) -> Sifted:
    """Each row with a good number that ``where`` keeps; the others are counted.

    A bad number in a row that the filter leaves out is nobody's: ``where`` says which rows are meant, and only those
    are judged. A row that cannot be read as a row is judged whatever it holds.
    """
    for row in rows:
        number, phone, values, kept, fault = row
        tally.rows += 1
        if not (kept or fault):
            tally.filtered += 1
            continue
        found = fault or normalise(phone)
        if isinstance(found, Reason):
            tally.invalid[found] += 1
            rejects.add(tally.label, row, found)
        else:
            if phone[0] != "0" and lost_zero(phone):
                tally.lost_zeros += 1
            yield number, found, values


@dataclass(slots=True)
class Combination:
    """The people whom one source gave the same values.

    ``examples`` are (subscriber, row) of the first of them, kept where a value is blank, to say in which row.
    """

    path: str
    label: str
    names: tuple[str, ...]
    values: tuple[str, ...]
    examples: list[tuple[int, int]] = field(default_factory=list)
    members: list[int] = field(default_factory=list)

    @property
    def blanks(self) -> tuple[str, ...]:
        """The variables that have nothing but white space for a value."""
        return tuple(name for name, value in zip(self.names, self.values, strict=True) if not value.strip())

    def remember(self, subscriber: int, row: int) -> None:
        """Keep an example, if there are not enough of them."""
        if len(self.examples) < _EXAMPLES_KEPT:
            self.examples.append((subscriber, row))

    def example_rows(self) -> list[int]:
        """Rows of the remembered examples that are still members."""
        left = set(self.members)
        return [row for subscriber, row in self.examples if subscriber in left]


class Crowd:
    """Everybody mentioned so far, each with the values of the first mention."""

    def __init__(self) -> None:
        self._combination_of: dict[int, int] = {}
        self._combinations: list[Combination] = []

    def add(self, rows: Sifted, names: tuple[str, ...], tally: Tally) -> None:
        """Take in the sifted rows of one source, whose values belong to ``names``."""
        own: dict[tuple[str, ...], int] = {}
        people = self._combination_of
        first_of_source = len(self._combinations)
        incomplete: set[int] = set()
        for row, subscriber, values in rows:
            index = own.get(values)
            if index is None:
                index = own[values] = len(self._combinations)
                self._combinations.append(combination := Combination(tally.path, tally.label, names, values))
                if combination.blanks:
                    incomplete.add(index)
            mentioned = people.get(subscriber)
            if mentioned is None:
                people[subscriber] = index
                if index in incomplete:
                    self._combinations[index].remember(subscriber, row)
            else:
                tally.duplicates += 1
                tally.contradictions += mentioned != index and mentioned >= first_of_source

    def leave_out(self, opted_out: Container[int]) -> tuple[list[Combination], int]:
        """The combinations that keep members without ``opted_out``, and how many are gone. The crowd is spent."""
        excluded = 0
        people, self._combination_of = self._combination_of, {}
        for subscriber, index in people.items():
            if subscriber in opted_out:
                excluded += 1
            else:
                self._combinations[index].members.append(subscriber)
        return [combination for combination in self._combinations if combination.members], excluded


def grouped(combinations: Iterable[Combination]) -> tuple[AudienceGroup, ...]:
    """One group for each set of values, whichever sources gave them; sorted by values, numbers ascending."""
    members: defaultdict[tuple[tuple[str, str], ...], list[int]] = defaultdict(list)
    for combination in combinations:
        members[tuple(zip(combination.names, combination.values, strict=True))] += combination.members
    return tuple(
        AudienceGroup(MappingProxyType(dict(values)), Numbers.from_sorted(array("I", sorted(members[values]))))
        for values in sorted(members)
    )
