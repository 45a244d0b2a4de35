"""Which columns the manifest asks of a list, and what to say when they are not there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import Reason, mask, normalise
from mesms_gitops.audience.sources.reader import Finding, Unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mesms_gitops.model.campaign import ListSource

_COLUMNS_SHOWN = 20
_DIGITS_IN_A_NAME = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns of one source: ``columns[i]`` holds the value of template variable ``names[i]``, sorted by name."""

    phone: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    where: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, source: ListSource) -> Wanted:
        """What ``source`` asks for."""
        variables = sorted(source.variables.items())
        return cls(
            phone=source.phone,
            names=tuple(name for name, _ in variables),
            columns=tuple(column for _, column in variables),
            where=tuple((column, frozenset(values)) for column, values in sorted(source.where.items())),
        )

    def keys(self) -> Iterator[tuple[str, str]]:
        """(manifest key, column) of every column asked for."""
        yield "phone", self.phone
        for name, column in zip(self.names, self.columns, strict=True):
            yield f"variables.{name}", column
        for column, _ in self.where:
            yield f"where.{column}", column

    def check(self, present: Sequence[str], label: str) -> None:
        """Raise Unusable unless every column asked for is ``present``, and once."""
        times = Counter(present)
        absent = [(key, column) for key, column in self.keys() if not times[column]]
        double = [(key, column) for key, column in self.keys() if times[column] > 1]
        if absent and looks_like_recipient(present):
            raise Unusable(_no_header(label))
        findings = [_missing(key, column, present, label) for key, column in absent]
        findings += [_twice(key, column, label) for key, column in double]
        if findings:
            raise Unusable(*findings)


def looks_like_recipient(cells: Iterable[str]) -> bool:
    """Whether a row holds a phone number: then it is a person and no header, and must not be shown."""
    return any(normalise(cell) not in _NOT_EVEN_NEARLY for cell in cells)


_NOT_EVEN_NEARLY = frozenset({Reason.EMPTY, Reason.MALFORMED, Reason.TOO_SHORT})


def _no_header(label: str) -> Finding:
    return Finding(
        codes.HEADER,
        f"{label} has no header row: its first row is a recipient",
        key="phone",
        next_step="put the names of the columns into the first row",
    )


def _missing(key: str, column: str, present: Sequence[str], label: str) -> Finding:
    near = get_close_matches(column.casefold(), [name.casefold() for name in present], n=1)
    meant = next((name for name in present if near and name.casefold() == near[0]), None)
    listed = ", ".join(map(_shown, present[:_COLUMNS_SHOWN])) + (", …" if len(present) > _COLUMNS_SHOWN else "")
    return Finding(
        codes.MISSING_COLUMN,
        f"{label} has no column “{column}”",
        key=key,
        why=f"it has: {listed}",
        next_step=f"did you mean “{_shown(meant)}”?" if meant else "name one of its columns",
    )


def _shown(name: str) -> str:
    """A column's name, unless it may hold a number: what should be a header may be anything."""
    return mask(name) if sum(map(str.isdigit, name)) > _DIGITS_IN_A_NAME else name


def _twice(key: str, column: str, label: str) -> Finding:
    return Finding(
        codes.HEADER,
        f"{label} has more than one column “{column}”",
        key=key,
        next_step="give each column a name of its own",
    )
