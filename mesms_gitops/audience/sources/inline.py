"""Numbers written in the manifest itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.audience.sources.batch import batches_of
from mesms_gitops.audience.sources.reader import Finding, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars import DataFrame

    from mesms_gitops.model.campaign import NumbersSource


class Inline:
    """The ``numbers:`` of a manifest."""

    def __init__(self, source: NumbersSource) -> None:
        self._numbers = source.numbers
        self.label = "numbers"
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``."""
        return batches_of(self.rows(), 0)

    def rows(self) -> Iterator[Row]:
        """Each number, counted from 1."""
        for number, phone in enumerate(self._numbers, start=1):
            yield Row(number, phone)
