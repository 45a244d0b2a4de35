"""A query by way of ADBC: rows come as Arrow columns and are never made into Python's objects.

The address in the variable that ``url_env`` names begins with ``adbc+``: ``adbc+postgresql://…``,
``adbc+sqlite:///file.db``, ``adbc+DRIVER://…``, or ``adbc+DRIVER+SCHEME://…`` for a driver whose addresses begin
otherwise. What keeps PostgreSQL and SQLite from writing is the session; of other drivers nothing is known, so there it
is the screening of the statement, and the rights of the login.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import polars as pl

from mesms_gitops.audience import codes
from mesms_gitops.audience.rules import PHONE
from mesms_gitops.audience.sources.batch import FAULT, KEPT, ROW, value_column
from mesms_gitops.audience.sources.bounded import Bounded
from mesms_gitops.audience.sources.databases import told_by, writes
from mesms_gitops.audience.sources.extras import DISTRIBUTION, install, lacking
from mesms_gitops.audience.sources.frames import NoText, as_text, not_text
from mesms_gitops.audience.sources.outside import Step
from mesms_gitops.audience.sources.reader import Finding, Unusable
from mesms_gitops.audience.sources.spool import too_slow
from mesms_gitops.audience.sources.statement import refused
from mesms_gitops.audience.sources.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars import DataFrame, Series

    from mesms_gitops.audience.sources.outside import Limits, Outside
    from mesms_gitops.model.campaign import ListSource

PREFIX: Final = "adbc+"
_FORM: Final = re.compile(r"adbc\+([a-z][a-z0-9_]{0,40})(?:\+([a-z][a-z0-9]{0,40}))?://(.+)", re.DOTALL)
_POSTGRES: Final = {"postgres", "postgresql"}
_BATCHES: Final = {
    "postgresql": {"adbc.postgresql.batch_size_hint_bytes": str(1 << 19)},
    "sqlite": {"adbc.sqlite.query.batch_rows": "20000"},
}
"""SQLite's driver takes a column's type from its first batch."""


@dataclass(frozen=True, slots=True)
class AdbcAddress:
    """Where a driver finds its database. ``uri`` may hold a password; nothing prints it."""

    driver: str
    uri: str
    host: str | None
    username: str | None
    password: str | None
    database: str | None

    @classmethod
    def of(cls, given: str, name: str) -> AdbcAddress:
        """``given``, the value of the environment variable ``name``. Raises Unusable, quoting nothing of it."""
        form = _FORM.fullmatch(given)
        if form is None:
            raise Unusable(_no_address(name))
        driver = "postgresql" if form[1] in _POSTGRES else form[1]
        if driver == "sqlite":
            return cls(driver, form[3].removeprefix("/"), None, None, None, form[3].removeprefix("/"))
        uri = f"{form[2] or driver}://{form[3]}"
        try:
            parts = urlsplit(uri)
            password = unquote(parts.password) if parts.password else None
            return cls(driver, uri, parts.hostname, parts.username, password, parts.path.strip("/") or None)
        except ValueError:
            raise Unusable(_no_address(name)) from None

    def get_backend_name(self) -> str:
        """The dialect, in SQLAlchemy's word."""
        return self.driver

    def options(self, limits: Limits) -> dict[str, str]:
        """What the driver is told: a session that only reads, where that can be said, and how long to wait."""
        match self.driver:
            case "postgresql":
                return {"uri": _bounded(self.uri, limits)}
            case "sqlite":
                return {"uri": f"file:{quote(self.uri)}?mode=ro"}
            case _:
                return {"uri": self.uri}


def _no_address(name: str) -> Finding:
    return Finding(
        codes.NO_SETTING,
        f"the environment variable {name} holds no address of a database",
        "sql.url_env",
        next_step="write it like adbc+postgresql://user:password@host:5432/database or adbc+sqlite:///file.db",
    )


def _bounded(uri: str, limits: Limits) -> str:
    parts = urlsplit(uri)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    own = f"-c default_transaction_read_only=on -c statement_timeout={round(limits.total * 1000)}"
    settings = {
        "connect_timeout": str(max(2, round(limits.connect))),
        "tcp_user_timeout": str(round(limits.silence) * 1000),
        "application_name": DISTRIBUTION,
        **given,
        "options": f"{given.get('options', '')} {own}".strip(),  # of two settings the later holds
    }
    return parts._replace(query=urlencode(settings, quote_via=quote)).geturl()


class AdbcQuery:
    """The rows of a query, numbered from 1 as they come."""

    def __init__(self, source: ListSource, outside: Outside) -> None:
        self._source = source
        self._outside = outside
        self._wanted = Wanted.of(source)
        self._until = 0.0
        self._is_connected = False
        self.label = f"sql {source.location}"
        self.remarks: list[Finding] = []

    def batches(self) -> Iterator[DataFrame]:
        """See ``Reader``."""
        limits = self._outside.limits
        self._until = self._outside.clock() + limits.total
        address = AdbcAddress.of(self._outside.environment.get(self._source.location, ""), self._source.location)
        query = self._query(address)
        dbapi = _library()
        driver = _driver(address.driver)

        def arriving() -> Iterator[Any]:
            with self._foreign_errors_named(address, is_connected=False):
                _refuse_missing_file(address)
                connection = self._connect(dbapi, driver, address)
            self._is_connected = True
            with connection, self._foreign_errors_named(address, is_connected=True), connection.cursor() as cursor:
                cursor.adbc_statement.set_options(**_BATCHES.get(address.driver, {}))
                cursor.execute(query)
                reader = cursor.fetch_record_batch()
                yield reader.schema.names
                yield from reader

        # no driver can be told how long a query may take, but PostgreSQL's; SQLite's cannot even be interrupted
        try:
            yield from self._batches(Bounded(arriving, self._until, self._outside.clock).items())
        except TimeoutError:
            raise Unusable(self._too_long(address)) from None

    def _query(self, address: AdbcAddress) -> str:
        query = self._source.query or ""
        if why := refused(query, address.driver):
            raise Unusable(writes(self.label, why))
        return query.strip().rstrip(";") + "\n"  # a comment at its end would swallow what a driver puts behind it

    def _connect(self, dbapi: Any, driver: str, address: AdbcAddress) -> Any:
        try:
            return dbapi.connect(driver=driver, db_kwargs=address.options(self._outside.limits))
        except dbapi.ProgrammingError as error:
            if "dlopen" not in str(error) and "Could not load" not in str(error):
                raise
            raise Unusable(_no_driver(self.label, address.driver)) from None

    def _batches(self, arriving: Iterator[Any]) -> Iterator[DataFrame]:
        columns = [str(name).strip() for name in next(arriving)]
        self._wanted.check(columns, self.label)
        first = 1
        for batch in arriving:
            if batch.num_rows:
                yield self._batch(batch, columns, first)
            first += batch.num_rows
            self._outside.progress(Step(self.label, first - 1, None, "rows"))
            if self._outside.clock() > self._until:
                raise Unusable(too_slow(self.label, "sql", self._outside.limits))

    def _batch(self, batch: Any, columns: list[str], first: int) -> DataFrame:
        wanted = self._wanted

        def text(key: str, column: str) -> Series:
            try:
                return _text_of(batch.column(columns.index(column)), is_phone=key == "phone")
            except NoText as error:
                raise Unusable(not_text(self.label, key, column, error, "cast it in the query")) from error

        frame = pl.DataFrame({PHONE: text("phone", wanted.phone)})
        kept = [text(f"where.{column}", column).is_in(sorted(allowed)) for column, allowed in wanted.where]
        values = zip(wanted.names, wanted.columns, strict=True)
        return frame.with_columns(
            pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(ROW),
            pl.all_horizontal(pl.lit(True), *kept).alias(KEPT),
            pl.lit(None, pl.String).alias(FAULT),
            *(text(f"variables.{name}", column).alias(value_column(at)) for at, (name, column) in enumerate(values)),
        )

    def _too_long(self, address: AdbcAddress) -> Finding:
        if not self._is_connected:
            return self._told(TimeoutError(), address, is_connected=False)
        what = f"{self.label}: the query takes longer than {self._outside.limits.total:g} s"
        return Finding(codes.NOT_RECEIVED, what, "sql.query_file", next_step="narrow it, or add an index")

    @contextmanager
    def _foreign_errors_named(self, address: AdbcAddress, *, is_connected: bool) -> Iterator[None]:
        from adbc_driver_manager import Error

        arrow = import_module("pyarrow")
        try:
            yield
        except Unusable:
            raise
        except (Error, arrow.ArrowException, OSError) as error:
            found = self._told(error, address, is_connected=is_connected)
        else:
            return
        raise Unusable(found) from None  # the cause's text has the address of the database

    def _told(self, error: Exception, address: AdbcAddress, *, is_connected: bool) -> Finding:
        if "Type mismatch in column" in str(error):
            what = f"{self.label}: a column has values of several types"
            return Finding(codes.BROKEN, what, "sql.query_file", next_step="cast it in the query: cast(… as text)")
        if "PGRES_FATAL_ERROR" in str(error) and "read-" in str(error):
            return writes(self.label, "the database refused to write for it")
        return told_by(error, address, self.label, self._outside.limits, is_connected=is_connected)


def _library() -> Any:
    try:
        import_module("pyarrow")  # which the driver manager hands rows over in
        from adbc_driver_manager import dbapi
    except ImportError as error:
        raise lacking("databases with an ADBC driver", "adbc", "sql") from error
    return dbapi


def _driver(name: str) -> str:
    """The library of a driver that is a Python package, else its name, by which the driver manager looks for it."""
    try:
        path: str = import_module(f"adbc_driver_{name}")._driver_path()
    except (ImportError, AttributeError):
        return name
    return path


def _no_driver(label: str, name: str) -> Finding:
    command = f"{install('adbc')} adbc-driver-{name.replace('_', '-')}"
    what = f"{label}: the ADBC driver {name} is not installed"
    return Finding(codes.LACKS_LIBRARY, what, "sql.url_env", next_step=command)


def _refuse_missing_file(address: AdbcAddress) -> None:
    from pathlib import Path

    if address.driver == "sqlite" and not Path(address.uri).is_file():
        raise FileNotFoundError


def _text_of(column: Any, *, is_phone: bool) -> Series:
    """An Arrow column as text. Raises NoText."""
    series = pl.Series("cell", _plain(column), strict=False)
    if series.dtype == pl.Binary and series.null_count() < len(series):
        try:
            return series.cast(pl.String).fill_null("")
        except pl.exceptions.PolarsError:
            raise NoText("bytes that are not UTF-8 text") from None
    return series.to_frame().select(as_text("cell", series.dtype, is_phone=is_phone)).to_series()


def _plain(column: Any) -> Any:
    """``column`` without the type that its database calls it by."""
    pa = import_module("pyarrow")
    kind = column.type
    if isinstance(kind, pa.UuidType):
        return [None if one is None else str(one) for one in column.to_pylist()]
    if isinstance(kind, pa.BaseExtensionType):
        if not (pa.types.is_string(kind.storage_type) or pa.types.is_large_string(kind.storage_type)):
            raise NoText(f"values of type {getattr(kind, 'type_name', kind.extension_name)}")
        return column.storage
    if pa.types.is_interval(kind):
        raise NoText("durations")
    return column
