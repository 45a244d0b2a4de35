"""What every kind of source offers: its rows, and what there is to say about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mesms_gitops.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars import DataFrame

    from mesms_gitops.audience.normalise import Reason


class Row(NamedTuple):
    """One row, as it was written.

    ``number`` is where a person finds it: the line a record starts at in CSV and NDJSON, else its place in the list,
    from 1. ``values`` are in the order of ``Wanted.names``. ``kept`` is false when ``where`` leaves the row out.
    ``fault`` is set when the row itself is no good, whatever its phone cell holds.
    """

    number: int
    phone: str
    values: tuple[str, ...] = ()
    kept: bool = True
    fault: Reason | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a reader found out; ``key`` is the manifest key below the source that it is about (``phone``, ``csv``)."""

    code: str
    message: str
    key: str = ""
    why: str | None = None
    next_step: str | None = None


class Unusable(SourceError):
    """A source that cannot be trusted, with every reason found. It never leaves the room: see ``resolve``."""

    def __init__(self, *findings: Finding) -> None:
        first = findings[0]
        super().__init__(first.message, why=first.why, next_step=first.next_step)
        self.findings = findings


class Reader(Protocol):
    """A source that can be read once, batch by batch; its columns are those of ``batch.schema``.

    ``label`` names it in messages without saying where on this machine it lies; ``remarks`` are warnings, complete
    when the rows are.
    """

    label: str
    remarks: list[Finding]

    def batches(self) -> Iterator[DataFrame]:
        """Every row in its order. Raises Unusable, at once or on the way; then no row counts.

        Raises `NotUtf8` where the encoding was misjudged: what was read is void, and it can be read once more.
        """
        ...
