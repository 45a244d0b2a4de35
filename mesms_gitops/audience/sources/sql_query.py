"""A query against a database: its address is in the environment, its rows are streamed, its session can only read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from mesms_gitops.audience.rules import PHONE
from mesms_gitops.audience.sources.batch import FAULT, KEPT, ROW, value_column
from mesms_gitops.audience.sources.databases import (
    address,
    engine,
    hang_up,
    has_single_floats,
    make_read_only,
    told_by,
    writes,
)
from mesms_gitops.audience.sources.frames import NoText, not_text, of_single, phone_of, text_of
from mesms_gitops.audience.sources.outside import Step
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.spool import too_slow
from mesms_gitops.audience.sources.statement import refused
from mesms_gitops.audience.sources.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from polars import DataFrame
    from sqlalchemy import URL, Connection, CursorResult

    from mesms_gitops.audience.sources.outside import Outside
    from mesms_gitops.model.campaign import ListSource

_ROWS: Final = 20_000
"""Rows a batch; Python's objects of that many are some ten megabytes."""
_INSTRUCTIONS: Final = 100_000


class SqlQuery:
    """The rows of a query, numbered from 1 as they come."""

    def __init__(self, source: ListSource, outside: Outside) -> None:
        self._source = source
        self._outside = outside
        self._wanted = Wanted.of(source)
        self._until = 0.0
        self.label = f"sql {source.location}"
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``."""
        limits = self._outside.limits
        self._until = self._outside.clock() + limits.total
        url = address(self._outside.environment.get(self._source.location), self._source.location)
        query = self._query(url)
        opener = engine(url, self.label, limits)
        with self._foreign_errors_named(url, is_connected=False):
            _refuse_missing_file(url)
            connection = opener.connect()
        with connection, self._foreign_errors_named(url, is_connected=True):
            make_read_only(connection, url, limits)
            self._bound(connection, url)
            yield from self._batches(connection, url, query)
            connection.rollback()

    def _query(self, url: URL) -> str:
        query = self._source.query or ""
        if why := refused(query, url.get_backend_name()):
            raise Unusable(writes(self.label, why))
        return query.strip().rstrip(";")

    def _bound(self, connection: Connection, url: URL) -> None:
        """Stop SQLite, which has no time limit of its own, when time is up."""
        if url.get_backend_name() == "sqlite":
            raw: Any = connection.connection.driver_connection
            raw.set_progress_handler(lambda: self._outside.clock() > self._until, _INSTRUCTIONS)

    def _batches(self, connection: Connection, url: URL, query: str) -> Iterator[DataFrame]:
        options: Any = {"stream_results": True, "no_parameters": True, "max_row_buffer": _ROWS}
        result = connection.execution_options(**options).exec_driver_sql(query)
        if not result.returns_rows:
            raise Unusable(writes(self.label, "it gives no rows"))
        cursor: Any = result.cursor
        try:
            yield from self._rest(result, cursor, url)
        except BaseException:
            hang_up(connection, cursor)
            raise

    def _rest(self, result: CursorResult[Any], cursor: Any, url: URL) -> Iterator[DataFrame]:
        columns = [str(column[0]).strip() for column in cursor.description]
        self._wanted.check(columns, self.label)
        is_single = [has_single_floats(url.get_backend_name(), column[1]) for column in cursor.description]
        first = 1
        while rows := result.fetchmany(_ROWS):
            yield self._batch(rows, columns, is_single, first)
            first += len(rows)
            self._outside.progress(Step(self.label, first - 1, None, "rows"))
            if self._outside.clock() > self._until:
                raise Unusable(too_slow(self.label, "sql", self._outside.limits))

    def _batch(self, rows: Sequence[Any], columns: list[str], is_single: list[bool], first: int) -> DataFrame:
        wanted = self._wanted
        cells = dict(zip(columns, zip(*rows, strict=True), strict=False))
        single = dict(zip(columns, is_single, strict=False))

        def text(key: str, column: str, write: Callable[[object], str] = text_of) -> pl.Series:
            try:
                return _series(cells[column], of_single if single[column] else write)
            except NoText as error:
                advice = "cast it in the query"
                raise Unusable(not_text(self.label, key, column, error, advice)) from error

        frame = pl.DataFrame({PHONE: text("phone", wanted.phone, phone_of)})
        kept = [text(f"where.{column}", column).is_in(sorted(allowed)) for column, allowed in wanted.where]
        values = zip(wanted.names, wanted.columns, strict=True)
        return frame.with_columns(
            pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(ROW),
            pl.all_horizontal(pl.lit(True), *kept).alias(KEPT),
            pl.lit(None, pl.String).alias(FAULT),
            *(text(f"variables.{name}", column).alias(value_column(at)) for at, (name, column) in enumerate(values)),
        )

    @contextmanager
    def _foreign_errors_named(self, url: URL, *, is_connected: bool) -> Iterator[None]:
        from sqlalchemy import exc

        try:
            yield
        except Unusable:
            raise
        except (exc.SQLAlchemyError, OSError) as error:
            limits = self._outside.limits
            found = told_by(error, url, self.label, limits, is_connected=is_connected)
        except Exception as error:
            if not _is_of_a_driver(error):
                raise
            found = told_by(error, url, self.label, self._outside.limits, is_connected=is_connected)
        else:
            return
        raise Unusable(found) from None  # the cause's text has the address of the database


def _series(cells: tuple[object, ...], write: Callable[[object], str]) -> pl.Series:
    if all(type(cell) is str and cell.isascii() for cell in cells):
        return pl.Series(cells, dtype=pl.String)
    return pl.Series([write(cell) for cell in cells], dtype=pl.String)


def _is_of_a_driver(error: Exception) -> bool:
    """Whether a class of PEP 249, whatever the driver, is among the bases."""
    return any(base.__name__ in {"DatabaseError", "InterfaceError"} for base in type(error).__mro__)


def _refuse_missing_file(url: URL) -> None:
    """SQLite makes a database that is not there, which is a write."""
    from pathlib import Path

    file = url.database or ""
    is_file = url.get_backend_name() == "sqlite" and not file.startswith("file:")
    if is_file and not (file and file != ":memory:" and Path(file).is_file()):
        raise FileNotFoundError
