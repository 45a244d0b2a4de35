"""Which reader reads which source: a kind of list is a line in `FILES`, a place of lists one in `PLACES`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.adbc_query import PREFIX, AdbcQuery
from mesms_gitops.audience.sources.csv_file import CsvFile
from mesms_gitops.audience.sources.delivered import Delivered
from mesms_gitops.audience.sources.fetched import Fetched
from mesms_gitops.audience.sources.inline import Inline
from mesms_gitops.audience.sources.json_file import JsonFile
from mesms_gitops.audience.sources.ndjson_file import NdjsonFile
from mesms_gitops.audience.sources.outside import Outside
from mesms_gitops.audience.sources.parquet_file import ParquetFile
from mesms_gitops.audience.sources.reader import Finding, Reader, Unusable
from mesms_gitops.audience.sources.sql_query import SqlQuery
from mesms_gitops.audience.sources.xlsx_file import XlsxFile
from mesms_gitops.model.campaign import DeliverySource, ListSource, NumbersSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.audience.sources.spool import Spool

FILES: Final[Mapping[str, Callable[[ListSource], Reader]]] = {
    "csv": CsvFile,
    "json": JsonFile,
    "ndjson": NdjsonFile,
    "parquet": ParquetFile,
    "xlsx": XlsxFile,
}


def _from_web(source: ListSource, label: str, spool: Spool, outside: Outside) -> None:
    from mesms_gitops.audience.sources.web import fetch

    fetch(source, label, spool, outside)


def _from_store(source: ListSource, label: str, spool: Spool, outside: Outside) -> None:
    from mesms_gitops.audience.sources.stores import fetch

    fetch(source, label, spool, outside)


PLACES: Final[Mapping[str, Callable[[ListSource, str, Spool, Outside], None]]] = {
    "https": _from_web,
    "http": _from_web,  # this machine only
    "s3": _from_store,
    "gs": _from_store,
    "az": _from_store,
}


def reader_of(source: ListSource | NumbersSource | DeliverySource, outside: Outside | None = None) -> Reader:
    """The reader of ``source``. Raises Unusable for kinds and places that this version cannot read."""
    match source:
        case NumbersSource():
            return Inline(source)
        case DeliverySource():
            return Delivered(source, outside.past if outside else None)
        case ListSource():
            return _reader_of_list(source, outside or Outside())


def _reader_of_list(source: ListSource, outside: Outside) -> Reader:
    if source.kind == "sql":
        is_adbc = outside.environment.get(source.location, "").startswith(PREFIX)
        return AdbcQuery(source, outside) if is_adbc else SqlQuery(source, outside)
    if source.kind == "table":
        raise Unusable(_needs_cluster(source.location))
    if source.kind not in FILES:
        raise Unusable(_not_yet(source.kind, f"`{source.kind}:` lists"))
    if "://" not in source.location:
        return FILES[source.kind](source)
    scheme = urlsplit(source.location.partition("://")[0] + "://").scheme
    if scheme not in PLACES:
        # nothing else of the address: it may carry credentials
        raise Unusable(_not_yet(source.kind, f"lists behind {scheme}://"))
    return Fetched(source, FILES[source.kind], PLACES[scheme], outside)


def _needs_cluster(table: str) -> Finding:
    return Finding(
        codes.NEEDS_CLUSTER,
        f"{table} is a table of a cluster, and lists are worked on by this machine",
        key="table",
        next_step="write `audience: {engine: spark}` in mesms.yaml, or name a file or a query",
    )


def _not_yet(key: str, what: str) -> Finding:
    return Finding(
        codes.NOT_YET,
        f"{what} cannot be read in this version yet",
        key=key,
        next_step="export the list to a CSV file outside git, and name it with `csv:`",
    )
