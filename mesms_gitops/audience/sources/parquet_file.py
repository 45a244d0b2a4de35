"""Parquet files, read a slice at a time: only the columns that are asked for, in bounded memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mesms_gitops.audience import codes
from mesms_gitops.audience.rules import PHONE
from mesms_gitops.audience.sources.batch import BATCH_ROWS, FAULT, KEPT, ROW, value_column
from mesms_gitops.audience.sources.frames import NoText, as_text, not_text
from mesms_gitops.audience.sources.packing import packed_with
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.text_file import label_of, refuse_non_file
from mesms_gitops.audience.sources.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars import DataFrame, Expr, LazyFrame, Schema

    from mesms_gitops.model.campaign import ListSource

_SIGNATURE = b"PAR1"
_ENCRYPTED = b"PARE"


class ParquetFile:
    """A Parquet file; rows are numbered from 1."""

    def __init__(self, source: ListSource) -> None:
        self._source = source
        self._wanted = Wanted.of(source)
        self.label = label_of(source.location)
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``."""
        path = Path(self._source.location)
        try:
            refuse_non_file(path, self._source.kind, self.label)
            self._check_signature(path)
            yield from self._batches(pl.scan_parquet(path, glob=False, hive_partitioning=False))
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unusable(Finding(codes.UNREADABLE, f"{self.label} cannot be read", self._source.kind, why)) from error
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise Unusable(self._broken("its pages cannot be read", "export it again")) from error

    def _batches(self, table: LazyFrame) -> Iterator[DataFrame]:
        schema = table.collect_schema()
        self._wanted.check([name.strip() for name in schema.names()], self.label)
        columns = {name.strip(): name for name in schema.names()}
        select = self._select(columns, schema)
        rows = table.select(pl.len()).collect().item()
        for start in range(0, rows, BATCH_ROWS):
            size = min(BATCH_ROWS, rows - start)
            some = table.slice(start, size).select(select).collect(engine="streaming")
            numbers = pl.int_range(start + 1, start + size + 1, dtype=pl.Int64).alias(ROW)
            yield some.with_columns(numbers, pl.lit(None, pl.String).alias(FAULT))

    def _select(self, columns: dict[str, str], schema: Schema) -> list[Expr]:
        """The cells that are asked for, as text."""
        wanted = self._wanted

        def text(key: str, column: str) -> Expr:
            name = columns[column]
            try:
                return as_text(name, schema[name], is_phone=key == "phone")
            except NoText as error:
                advice = "name a column with one text or figure a row, or export it as text"
                raise Unusable(not_text(self.label, key, column, error, advice)) from error

        kept = [text(f"where.{column}", column).is_in(sorted(allowed)) for column, allowed in wanted.where]
        values = zip(wanted.names, wanted.columns, strict=True)
        return [
            text("phone", wanted.phone).alias(PHONE),
            pl.all_horizontal(pl.lit(True), *kept).alias(KEPT),
            *(
                text(f"variables.{name}", column).alias(value_column(index))
                for index, (name, column) in enumerate(values)
            ),
        ]

    def _check_signature(self, path: Path) -> None:
        with path.open("rb") as raw:
            start = raw.read(len(_SIGNATURE))
        if start == _ENCRYPTED:
            raise Unusable(self._broken("it is encrypted", "export it without encryption"))
        if start != _SIGNATURE:
            packed = packed_with(path)
            why = f"it is compressed with {packed}" if packed else "its first bytes are not those of one"
            raise Unusable(
                self._broken(why, "unpack it: Parquet compresses by itself" if packed else "export it again")
            )

    def _broken(self, why: str, next_step: str) -> Finding:
        return Finding(codes.BROKEN, f"{self.label} is not a usable Parquet file", self._source.kind, why, next_step)
