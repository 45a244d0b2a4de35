"""What an engine offers that narrows lists somewhere else: the port that ``spread`` works through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from narwhals import LazyFrame
    from polars import DataFrame

    from mesms_gitops.model.campaign import ListSource, Source

    Lazy = LazyFrame[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A list as the engine sees it: ``names[i]`` is what its owner calls the column ``column(i)`` of ``frame``.

    Columns are renamed by their place: an engine may take ``Name`` and ``name``, or ``a.b``, for something else.
    """

    names: tuple[str, ...]
    frame: Lazy


def column(index: int) -> str:
    """What the column at ``index`` of a `Table` is called."""
    return f"c{index}"


class Engine(Protocol):
    """Lazy frames in, few rows out. Every method may raise Unusable, whose words hold no cell of any list."""

    def reads(self, source: Source) -> bool:
        """Whether the engine reads ``source`` itself; every other list is read by this machine."""
        ...

    def label(self, source: ListSource) -> str:
        """What ``source`` is called in messages."""
        ...

    def start(self, environment: Mapping[str, str]) -> None:
        """Be ready to read; at no cost the second time."""
        ...

    def table(self, source: ListSource) -> Table:
        """The list that ``source`` names."""
        ...

    def lazy(self, frame: DataFrame) -> Lazy:
        """Rows that this machine read."""
        ...

    def kept(self, frame: Lazy) -> Lazy:
        """The same rows, worked out once although they are asked for several times."""
        ...

    def few(self, frame: Lazy) -> list[tuple[Any, ...]]:
        """The rows of ``frame``, which are a handful, in any order."""
        ...

    def rows(self, frame: Lazy) -> Iterator[tuple[Any, ...]]:
        """The rows of ``frame`` in its order, never many of them in memory."""
        ...

    def runs(self, frame: Lazy, keys: Sequence[str], number: str) -> Iterable[tuple[tuple[Any, ...], Sequence[int]]]:
        """The column ``number`` sorted by ``keys`` and itself, in runs of rows that share their keys."""
        ...

    def release(self, frame: Lazy) -> None:
        """What was `kept` is no longer needed."""
        ...
