"""Lists of every kind that says the same, and campaigns that read them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.model.campaign import (
    Campaign,
    DeclaredState,
    ListSource,
    LocalTemplate,
    MessageClass,
)
from mesms_gitops.model.diagnostic import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mesms_gitops.model.campaign import Source

Table = list[dict[str, str]]


def position(line: int) -> Position:
    """A place in a manifest, told apart by its line."""
    return Position("campaigns/sale.yaml", line, 3, line, 9)


def _csv(delimiter: str, encoding: str) -> Callable[[Table, list[str]], bytes]:
    def written(table: Table, columns: list[str]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(table)
        return text.getvalue().encode(encoding)

    return written


def _json(table: Table, columns: list[str]) -> bytes:
    return json.dumps(table, ensure_ascii=False).encode()


def _ndjson(table: Table, columns: list[str]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode()


def _zipped(write: Callable[[Table, list[str]], bytes]) -> Callable[[Table, list[str]], bytes]:
    return lambda table, columns: gzip.compress(write(table, columns))


@dataclass(frozen=True)
class Kind:
    """One way to write a table; ``header_rows`` is how far its row numbers are ahead."""

    name: str
    key: str
    file: str
    write: Callable[[Table, list[str]], bytes]
    header_rows: int


KINDS = (
    Kind("csv", "csv", "list.csv", _csv(",", "utf-8"), 1),
    Kind("semicolon", "csv", "list.csv", _csv(";", "utf-8"), 1),
    Kind("tab", "csv", "list.tsv", _csv("\t", "utf-8"), 1),
    Kind("pipe", "csv", "list.txt", _csv("|", "utf-8"), 1),
    Kind("csv-bom", "csv", "list.csv", _csv(",", "utf-8-sig"), 1),
    Kind("csv-utf16", "csv", "list.csv", _csv("\t", "utf-16"), 1),
    Kind("csv-cp874", "csv", "list.csv", _csv(",", "cp874"), 1),
    Kind("csv-gz", "csv", "list.csv.gz", _zipped(_csv(",", "utf-8")), 1),
    Kind("csv-cp874-gz", "csv", "list.csv.gz", _zipped(_csv(";", "cp874")), 1),
    Kind("json", "json", "list.json", _json, 0),
    Kind("json-gz", "json", "list.json.gz", _zipped(_json), 0),
    Kind("ndjson", "ndjson", "list.ndjson", _ndjson, 0),
    Kind("ndjson-gz", "ndjson", "list.ndjson.gz", _zipped(_ndjson), 0),
)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Every kind of list file, one after the other."""
    found: Kind = request.param
    return found


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., ListSource]:
    """Write a table as a list of some kind, and give the source that reads it."""

    def make(
        kind: Kind, table: Table, columns: Sequence[str] = ("mobile", "first_name", "consent"), **more: Any
    ) -> ListSource:
        path = tmp_path / kind.file
        path.write_bytes(kind.write(table, list(columns)))
        return ListSource(kind=kind.key, location=str(path), phone="mobile", position=position(5), **more)

    return make


@pytest.fixture
def csv_list(tmp_path: Path) -> Callable[..., ListSource]:
    """Write bytes or text as a CSV file, and give the source that reads it."""
    made = 0

    def make(content: str | bytes, *, kind: str = "csv", phone: str = "phone", **more: Any) -> ListSource:
        nonlocal made
        made += 1
        path = tmp_path / f"list{made}.{kind}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return ListSource(kind=kind, location=str(path), phone=phone, position=position(5 + made), **more)

    return make


@pytest.fixture
def campaign() -> Callable[..., Campaign]:
    """A campaign that texts the given sources."""

    def make(*sources: Source, text: str = "sale", **more: Any) -> Campaign:
        return Campaign(
            name="sale",
            file="campaigns/sale.yaml",
            state=DeclaredState.ACTIVE,
            message_class=MessageClass.MARKETING,
            sender="SiamCoffee",
            body=LocalTemplate(text),
            sources=sources,
            **more,
        )

    return make
