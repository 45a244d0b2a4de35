"""Lists of every kind that says the same, and campaigns that read them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.audience.sources.outside import Outside
from mesms_gitops.model.campaign import (
    Campaign,
    DeclaredState,
    ListSource,
    LocalTemplate,
    MessageClass,
)
from mesms_gitops.model.diagnostic import Position
from tests.audience import servers
from tests.audience.web_server import serving, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mesms_gitops.model.campaign import Source

Table = list[dict[str, str]]


def here(**more: Any) -> Outside:
    """The outside as the command line hands it in: with this process's environment."""
    return Outside(environment=os.environ, **more)


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


def _zstd(table: Table, columns: list[str]) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    packed: bytes = zstd.compress(_csv(",", "utf-8")(table, columns))
    return packed


def _parquet(table: Table, columns: list[str]) -> bytes:
    import polars

    file = io.BytesIO()
    polars.DataFrame(table, schema=dict.fromkeys(columns, polars.String)).write_parquet(file)
    return file.getvalue()


def _xlsx(table: Table, columns: list[str]) -> bytes:
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([columns, *([line[column] for column in columns] for line in table)]):
            for column, cell in enumerate(cells):
                sheet.write_string(row, column, cell)
    return file.getvalue()


@dataclass(frozen=True)
class Kind:
    """One way to keep a table; ``header_rows`` is how far its row numbers are ahead.

    ``place`` is where it is kept: a file, an address, or a database. ``needs`` is a library that not everybody has.
    """

    name: str
    key: str
    file: str
    write: Callable[[Table, list[str]], bytes]
    header_rows: int
    place: str = "file"
    needs: str | None = None


_ZSTD = None if sys.version_info >= (3, 14) else "backports.zstd"
TEXTS = (
    Kind("csv", "csv", "list.csv", _csv(",", "utf-8"), 1),
    Kind("semicolon", "csv", "list.csv", _csv(";", "utf-8"), 1),
    Kind("tab", "csv", "list.tsv", _csv("\t", "utf-8"), 1),
    Kind("pipe", "csv", "list.txt", _csv("|", "utf-8"), 1),
    Kind("csv-bom", "csv", "list.csv", _csv(",", "utf-8-sig"), 1),
    Kind("csv-utf16", "csv", "list.csv", _csv("\t", "utf-16"), 1),
    Kind("csv-cp874", "csv", "list.csv", _csv(",", "cp874"), 1),
    Kind("csv-gz", "csv", "list.csv.gz", _zipped(_csv(",", "utf-8")), 1),
    Kind("csv-cp874-gz", "csv", "list.csv.gz", _zipped(_csv(";", "cp874")), 1),
    Kind("csv-zst", "csv", "list.csv.zst", _zstd, 1, needs=_ZSTD),
    Kind("json", "json", "list.json", _json, 0),
    Kind("json-gz", "json", "list.json.gz", _zipped(_json), 0),
    Kind("ndjson", "ndjson", "list.ndjson", _ndjson, 0),
    Kind("ndjson-gz", "ndjson", "list.ndjson.gz", _zipped(_ndjson), 0),
)
FILES = (
    *TEXTS,
    Kind("parquet", "parquet", "list.parquet", _parquet, 0),
    Kind("xlsx", "xlsx", "list.xlsx", _xlsx, 1, needs="python_calamine"),
)
PLACES = (
    Kind("csv-web", "csv", "list.csv", _csv(",", "cp874"), 1, "web"),
    Kind("ndjson-web", "ndjson", "list.ndjson.gz", _zipped(_ndjson), 0, "web"),
    Kind("parquet-web", "parquet", "list.parquet", _parquet, 0, "web"),
    Kind("xlsx-web", "xlsx", "list.xlsx", _xlsx, 1, "web", "python_calamine"),
    Kind("csv-s3", "csv", "list.csv", _csv(",", "utf-8"), 1, "s3", "obstore"),
    Kind("parquet-s3", "parquet", "list.parquet", _parquet, 0, "s3", "obstore"),
    Kind("sqlite", "sql", "", _csv(",", "utf-8"), 0, "sqlite", "sqlalchemy"),
    Kind("postgres", "sql", "", _csv(",", "utf-8"), 0, "postgres", "sqlalchemy"),
    Kind("sqlite-adbc", "sql", "", _csv(",", "utf-8"), 0, "sqlite-adbc", "adbc_driver_sqlite"),
    Kind("postgres-adbc", "sql", "", _csv(",", "utf-8"), 0, "postgres-adbc", "adbc_driver_postgresql"),
    Kind("mariadb", "sql", "", _csv(",", "utf-8"), 0, "mariadb", "sqlalchemy"),
)
EVERY_KIND = (*FILES, *PLACES)
OF_EVERY_KIND = {
    "test_a_reader_gives_each_row_as_written",
    "test_every_kind_gives_the_same_audience",
    "test_a_missing_column_is_named_with_the_columns_there_are",
    "test_a_list_without_recipients_stops_the_campaign",
    "test_an_unreadable_opt_out_list_stops_the_campaign",
}
OF_TEXTS = {"test_bytes_of_no_known_encoding_are_refused", "test_bytes_that_belie_their_mark_are_refused"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every kind for what holds of all, files for what is about bytes, texts for what is about encodings."""
    own = (marker.args[0] for marker in metafunc.definition.iter_markers("parametrize"))
    if "kind" not in metafunc.fixturenames or any("kind" in names for names in own):
        return
    name = metafunc.function.__name__
    kinds = EVERY_KIND if name in OF_EVERY_KIND else TEXTS if name in OF_TEXTS else FILES
    metafunc.parametrize("kind", kinds, ids=[kind.name for kind in kinds])


def need(library: str | None) -> None:
    """Skip the test, or in CI fail it, if ``library`` is not there."""
    if library and (find_spec(library.partition(".")[0]) is None or find_spec(library) is None):
        message = f"{library} is not installed"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL."""
    need("psycopg")
    with servers.postgres() as address:
        yield address


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """The address of a real MariaDB."""
    need("pymysql")
    with servers.mariadb() as address:
        yield address


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of a real store that speaks S3."""
    need("moto")
    with servers.s3() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], str]:
    """Put bytes under a key of a bucket, and give their address; credentials are in the environment."""
    from obstore.store import S3Store

    settings = {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "sesame",
        "AWS_REGION": "us-east-1",
    }
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    _make_bucket(s3_endpoint)

    def put(key: str, content: bytes) -> str:
        S3Store("lists", client_options={"allow_http": True}).put(key, content)
        return f"s3://lists/{key}"

    return put


def _make_bucket(endpoint: str) -> None:
    import httpx2

    httpx2.put(f"{endpoint}/lists", trust_env=False).raise_for_status()


@pytest.fixture
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ListSource]:
    """Run statements in a database of some kind, and give the source that queries it."""

    def make(kind: str, statements: Sequence[Any], query: str, *, phone: str = "mobile", **more: Any) -> ListSource:
        from sqlalchemy import create_engine, pool, text

        need("sqlalchemy")
        server, _, way = kind.partition("-")
        address = f"sqlite:///{tmp_path}/crm.db" if server == "sqlite" else request.getfixturevalue(server)
        ours = address.replace("postgresql:", "postgresql+psycopg:").replace("mysql:", "mysql+pymysql:")
        with create_engine(ours, poolclass=pool.NullPool).begin() as connection:
            for statement, *values in (one if isinstance(one, tuple) else (one,) for one in statements):
                if values != [[]]:
                    connection.execute(text(statement), *values)
        monkeypatch.setenv("CRM_DSN", f"adbc+{address}" if way else address)
        return ListSource("sql", "CRM_DSN", phone, query=query, position=position(5), **more)

    return make


def _in_database(
    make: Callable[..., ListSource], kind: Kind, table: Table, columns: list[str], more: Any
) -> ListSource:
    cells = ", ".join(f"{column} varchar(100)" for column in columns)
    places = ", ".join(f":{column}" for column in columns)
    statements = ["drop table if exists people", f"create table people (id integer, {cells})"]
    filling = (f"insert into people values (:id, {places})", [{"id": at, **row} for at, row in enumerate(table)])
    query = f"select {', '.join(columns)} from people order by id;\n"
    return make(kind.place, [*statements, filling], query, **more)


@pytest.fixture
def listed(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., ListSource]]:
    """Keep a table as a list of some kind, and give the source that reads it."""
    with ExitStack() as stack:
        yield partial(_listed, tmp_path, request, stack)


def _listed(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    stack: ExitStack,
    kind: Kind,
    table: Table,
    columns: Sequence[str] = ("mobile", "first_name", "consent"),
    **more: Any,
) -> ListSource:
    need(kind.needs)
    if kind.key == "sql":
        return _in_database(request.getfixturevalue("database"), kind, table, list(columns), more)
    content = kind.write(table, list(columns))
    match kind.place:
        case "web":
            location = stack.enter_context(serving(whole(content))).url(f"/lists/{kind.file}")
        case "s3":
            location = request.getfixturevalue("bucket")(f"lists/{kind.file}", content)
        case _:
            (tmp_path / kind.file).write_bytes(content)
            location = str(tmp_path / kind.file)
    return ListSource(kind=kind.key, location=location, phone="mobile", position=position(5), **more)


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
