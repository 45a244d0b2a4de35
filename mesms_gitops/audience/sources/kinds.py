"""Which reader reads which source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mesms_gitops.audience import codes
from mesms_gitops.audience.sources.csv_file import CsvFile
from mesms_gitops.audience.sources.inline import Inline
from mesms_gitops.audience.sources.json_file import JsonFile
from mesms_gitops.audience.sources.ndjson_file import NdjsonFile
from mesms_gitops.audience.sources.reader import Finding, Reader, Unusable
from mesms_gitops.model.campaign import DeliverySource, ListSource, NumbersSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILES: Final[Mapping[str, Callable[[ListSource], Reader]]] = {
    "csv": CsvFile,
    "json": JsonFile,
    "ndjson": NdjsonFile,
}


def reader_of(source: ListSource | NumbersSource | DeliverySource) -> Reader:
    """The reader of ``source``. Raises Unusable for kinds and places that this version cannot read."""
    match source:
        case NumbersSource():
            return Inline(source)
        case DeliverySource():
            raise Unusable(_not_yet("delivery", "recipients of an earlier campaign"))
        case ListSource():
            return _reader_of_list(source)


def _reader_of_list(source: ListSource) -> Reader:
    if source.kind not in FILES:
        raise Unusable(_not_yet(source.kind, f"`{source.kind}:` lists"))
    if "://" in source.location:
        # nothing else of the address: it may carry credentials
        raise Unusable(_not_yet(source.kind, f"lists behind {urlsplit(source.location).scheme}://"))
    return FILES[source.kind](source)


def _not_yet(key: str, what: str) -> Finding:
    return Finding(
        codes.NOT_YET,
        f"{what} cannot be read in this version yet",
        key=key,
        why="this version reads csv, json and ndjson files, numbers and contact_group",
        next_step="export the list to a CSV file outside git, and name it with `csv:`",
    )
