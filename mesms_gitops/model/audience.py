"""Who is texted: the result of reading every recipient source of one campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, overload

from mesms_gitops.model.numbers import Numbers

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Mapping

    from mesms_gitops.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class AudienceGroup:
    """The people who share one combination of per-recipient variable values."""

    values: Mapping[str, str]
    numbers: Numbers


class Column(Protocol):
    """Texts in a row, asked for one by one or in slices: a list, or what a library holds them in."""

    def __getitem__(self, at: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True, repr=False)
class ManyGroups(Sequence[AudienceGroup]):
    """Groups by the hundred thousand, each made when it is asked for: what they say stays in columns.

    ``columns`` are the values of each of ``names``, one for every group; ``ends`` says where the numbers of each end
    among all ``cells``; ``everybody`` are the same numbers together.
    """

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: array[int]
    ends: array[int]
    everybody: Numbers

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, at: int) -> AudienceGroup: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[AudienceGroup, ...]: ...
    def __getitem__(self, at: int | slice) -> AudienceGroup | tuple[AudienceGroup, ...]:
        if isinstance(at, slice):
            return tuple(self[each] for each in range(*at.indices(len(self))))
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        at %= len(self)
        return self._group(at, [column[at] for column in self.columns])

    def __iter__(self) -> Iterator[AudienceGroup]:
        for start in range(0, len(self), _AT_ONCE):
            some = (tuple(column[start : start + _AT_ONCE]) for column in self.columns)
            for at, values in enumerate(zip(*some, strict=True), start=start):
                yield self._group(at, values)

    def _group(self, at: int, values: Sequence[str]) -> AudienceGroup:
        first = self.ends[at - 1] if at else 0
        numbers = Numbers.from_sorted(self.cells[first : self.ends[at]])
        return AudienceGroup(MappingProxyType(dict(zip(self.names, values, strict=True))), numbers)


_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class AudienceCounts:
    """What became of the rows that were read.

    ``rows`` = ``recipients`` + ``duplicates`` + ``excluded`` + ``suppressed`` + ``filtered`` (by ``where``) + all
    of ``invalid``, which counts bad numbers by reason. ``suppressed`` are people who asked to be forgotten.
    ``exclude_invalid`` are bad numbers in opt-out lists: counted, not fatal.
    ``unknown_block`` are those of ``recipients`` whose block no operator is known to have.
    """

    rows: int = 0
    recipients: int = 0
    duplicates: int = 0
    excluded: int = 0
    filtered: int = 0
    invalid: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    exclude_invalid: int = 0
    suppressed: int = 0
    unknown_block: int = 0

    @property
    def invalid_total(self) -> int:
        """Bad numbers for any reason."""
        return sum(self.invalid.values())


@dataclass(frozen=True, slots=True)
class Audience:
    """Every recipient once, grouped by the values that make texts differ; and the groups ME-SMS resolves itself.

    ``rejects`` are masked examples of bad numbers: (source, row, masked number, reason).
    """

    groups: Sequence[AudienceGroup] = ()
    contact_groups: tuple[int, ...] = ()
    counts: AudienceCounts = AudienceCounts()
    diagnostics: tuple[Diagnostic, ...] = ()
    rejects: tuple[tuple[str, int, str, str], ...] = ()

    def numbers(self) -> Iterator[Numbers]:
        """Everybody, in sets that share nobody: those of the groups, or one of all."""
        if isinstance(self.groups, ManyGroups):
            return iter((self.groups.everybody,))
        return (group.numbers for group in self.groups)
