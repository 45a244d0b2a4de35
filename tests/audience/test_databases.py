"""Queries against real databases: their rows stream, their sessions only read, their addresses stay secret."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import Reason, normalise
from mesms_gitops.audience.resolve import examine
from mesms_gitops.audience.sources.kinds import reader_of
from mesms_gitops.audience.sources.outside import Limits, Outside
from mesms_gitops.audience.sources.reader import Unusable
from mesms_gitops.audience.sources.statement import refused as refused_statement
from mesms_gitops.model.campaign import ListSource, NumbersSource
from tests.audience.conftest import here, need
from tests.audience.servers import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.audience.sources.reader import Finding
    from mesms_gitops.model.campaign import Campaign

    Database = Callable[..., ListSource]

EVERY = ("sqlite", "postgres", "mariadb", "sqlite-adbc", "postgres-adbc")
PEOPLE = ["drop table if exists people", "create table people (mobile varchar(20), n integer)"]
FILLED = [*PEOPLE, "insert into people values ('0800000001', 1)", "insert into people values ('0800000002', 2)"]
QUERY = "select mobile, n from people order by n"


@pytest.fixture(autouse=True)
def _library() -> None:
    need("sqlalchemy")


def frames(source: ListSource, outside: Outside | None = None) -> list[Any]:
    return list(reader_of(source, outside or here()).batches())


def phones(source: ListSource) -> list[str]:
    return [phone for frame in frames(source) for phone in frame["phone"]]


def refused(source: ListSource, outside: Outside | None = None) -> Finding:
    """The first finding, in which nothing of the address is, nor in any error behind it."""
    with pytest.raises(Unusable) as caught:
        frames(source, outside)
    found = caught.value.findings[0]
    behind = caught.value.__cause__ or (None if caught.value.__suppress_context__ else caught.value.__context__)
    for secret in (PASSWORD, f"{USER}:", "127.0.0.1"):
        assert secret not in f"{caught.value} {found} {behind}"
    return found


@pytest.mark.parametrize("kind", EVERY)
def test_rows_come_in_batches(kind: str, database: Database) -> None:
    numbers = [{"mobile": f"08{index:08}", "n": index} for index in range(45_000)]
    source = database(kind, [*PEOPLE, ("insert into people values (:mobile, :n)", numbers)], QUERY)
    found = frames(source)
    assert len(found) > 1
    assert max(frame.height for frame in found) < 45_000
    assert [row for frame in found for row in frame["row"]] == list(range(1, 45_001))
    assert found[-1]["phone"][-1] == "0800044999"


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    "query",
    [
        "delete from people returning mobile, n",
        "insert into people values ('0800000003', 3)",
        "update people set n = 0",
        "drop table people",
        "create table copy as select * from people",
        "select mobile, n from people; delete from people",
        "select 1; commit; delete from people",
        "commit",
        "call p()",
        "with gone as (delete from people returning mobile) select mobile from gone",
        "select mobile into copy from people",
        "select mobile into outfile 'x' from people",
        "/*!50000 delete from people */",
        "explain analyze delete from people",
        "set transaction read write",
        "pragma query_only = off",
        "attach database 'x' as y",
        "vacuum",
        "select 'open",
        "-- nothing\n",
        "",
    ],
)
def test_a_query_that_does_more_than_read_is_refused(kind: str, query: str, database: Database) -> None:
    assert refused(database(kind, FILLED, query)).code == codes.BAD_QUERY
    assert phones(database(kind, [], QUERY)) == ["0800000001", "0800000002"]


@pytest.mark.parametrize(
    ("kind", "before", "query"),
    [
        (
            "postgres",
            [
                """create or replace function wipe() returns text language plpgsql as
                $$ begin delete from people; return 'x'; end $$"""
            ],
            "select wipe() as mobile",
        ),
        ("postgres", [], "select set_config('transaction_read_only', 'off', false) as mobile, * from people"),
        ("postgres", [], "select nextval('counter')::text as mobile"),
        ("postgres-adbc", [], "select set_config('transaction_read_only', 'off', false) as mobile from people"),
        ("postgres-adbc", [], "select nextval('counter')::text as mobile"),
        (
            "mariadb",
            [
                "drop function if exists wipe",
                "create function wipe() returns int modifies sql data begin delete from people; return 1; end",
            ],
            "select wipe() as mobile",
        ),
    ],
)
def test_the_session_itself_only_reads(kind: str, before: list[str], query: str, database: Database) -> None:
    """What looks like reading, and writes: only the database can know."""
    counter = ["drop sequence if exists counter", "create sequence counter"] if kind.startswith("postgres") else []
    found = refused(database(kind, [*FILLED, *counter, *before], query))
    assert found.code == codes.BAD_QUERY
    assert phones(database(kind, [], QUERY)) == ["0800000001", "0800000002"]


@pytest.mark.parametrize(
    ("query", "dialect"),
    [
        ("select 1", "postgresql"),
        (" ( select 1 ) ; ", "postgresql"),
        ("-- delete\nselect 1 /* drop; */", "mysql"),
        ("# delete\nselect 1", "mysql"),
        ("select ';', 'delete', \"update\", `into`", "mysql"),
        ("select 'it''s; delete'", "sqlite"),
        (r"select 'it\'s; delete'", "mysql"),
        (r"select '\', 1", "postgresql"),
        (r"select e'it\'s; delete'", "postgresql"),
        ("select $$ ; delete $$, $a$ $$ ; $a$", "postgresql"),
        ("with a as (select 1) select * from a", "sqlite"),
        ("select replace(mobile, '-', ''), p.update, t.delete from p", "sqlite"),
        ("values (1)", "postgresql"),
        ("select mobile, ลูกค้า from ผู้ติดต่อ", "postgresql"),
        ("select deleted, updated_at, insert_date from people", "mysql"),
    ],
)
def test_a_query_that_reads_is_let_through(query: str, dialect: str) -> None:
    assert refused_statement(query, dialect) is None


@pytest.mark.parametrize(
    ("query", "dialect"),
    [
        (r"select 'it\'; delete from p; --'", "postgresql"),
        ("select 1 # ; delete from p", "postgresql"),
        ("select $$ ; $a$; delete from p", "postgresql"),
        ("select /* /* */ 1; delete from p */", "sqlite"),
        ("select 1 /* open", "sqlite"),
        ("SELECT 1;\nDELETE FROM p", "mssql"),
        ("exec wipe", "mssql"),
        ("select * into copy from p", "mssql"),
    ],
)
def test_a_query_that_might_do_more_is_not(query: str, dialect: str) -> None:
    assert refused_statement(query, dialect) is not None


@pytest.mark.parametrize("kind", EVERY)
def test_no_database_sees_a_query_that_does_more_than_read(kind: str, database: Database) -> None:
    found = refused(database(kind, FILLED, "select mobile from people; select 2"))
    assert (found.why, found.next_step) == ("it has 2 statements; sessions are read-only", "write one SELECT")


@pytest.mark.parametrize("kind", EVERY)
def test_a_percent_sign_and_a_colon_are_no_parameters(kind: str, database: Database) -> None:
    assert phones(database(kind, FILLED, "select mobile from people where mobile like '08%1' and mobile <> ':x'")) == [
        "0800000001"
    ]


@pytest.mark.parametrize("kind", EVERY)
def test_columns_that_are_missing_or_double_are_named(kind: str, database: Database) -> None:
    found = refused(database(kind, FILLED, QUERY, phone="phone"))
    assert (found.code, found.key, found.why) == (codes.MISSING_COLUMN, "phone", "it has: mobile, n")
    found = refused(database(kind, FILLED, "select mobile, n as mobile from people"))
    assert (found.code, found.key) == (codes.HEADER, "phone")


@pytest.mark.parametrize(
    ("kind", "expression", "text"),
    [
        ("postgres", "812345678::bigint", "812345678"),
        ("postgres", "66812345678::float8", "66812345678"),
        ("postgres", "20.50::numeric(6,2)", "20.50"),
        ("postgres", "true", "true"),
        ("postgres", "date '2027-04-10'", "2027-04-10"),
        ("postgres", "timestamptz '2027-04-10 10:00+07' at time zone 'UTC'", "2027-04-10T03:00:00"),
        ("postgres", "'ก'::bytea", None),
        ("postgres", "convert_to('ก', 'UTF8')", "ก"),
        ("postgres", "null::text", ""),
        ("postgres", "'2f1e7c1a-0000-4000-8000-000000000000'::uuid", "2f1e7c1a-0000-4000-8000-000000000000"),
        ("mariadb", "cast(812345678 as unsigned)", "812345678"),
        ("mariadb", "cast(66812345678 as double)", "66812345678"),
        ("mariadb", "cast('2027-04-10' as date)", "2027-04-10"),
        ("mariadb", "cast('ก' as binary)", "ก"),
        ("mariadb", "'ก'", "ก"),
        ("mariadb", "null", ""),
        ("sqlite", "812345678", "812345678"),
        ("sqlite", "66812345678.0", "66812345678"),
        ("sqlite", "'ก'", "ก"),
        ("sqlite", "null", ""),
        *(
            ("postgres-adbc", expression, text)
            for expression, text in (
                ("812345678::bigint", "812345678"),
                ("66812345678::float8", "66812345678"),
                ("20.50::numeric(6,2)", "20.50"),
                ("true", "true"),
                ("date '2027-04-10'", "2027-04-10"),
                ("convert_to('ก', 'UTF8')", "ก"),
                ("null::text", ""),
                ("'2f1e7c1a-0000-4000-8000-000000000000'::uuid", "2f1e7c1a-0000-4000-8000-000000000000"),
            )
        ),
        ("sqlite-adbc", "812345678", "812345678"),
        ("sqlite-adbc", "66812345678.0", "66812345678"),
        ("sqlite-adbc", "'ก'", "ก"),
        ("sqlite-adbc", "null", ""),
    ],
)
def test_values_are_text(kind: str, expression: str, text: str | None, database: Database) -> None:
    query = f"select '0800000001' as mobile, {expression} as v"
    source = database(kind, [], query, variables={"v": "v"})
    if text is not None:
        assert frames(source)[0]["value0"].to_list() == [text]


@pytest.mark.parametrize("kind", ["postgres", "postgres-adbc"])
@pytest.mark.parametrize("expression", ["array['a']", "interval '1 day'"])
def test_values_that_are_no_text_are_refused(kind: str, expression: str, database: Database) -> None:
    found = refused(database(kind, [], f"select {expression} as mobile"))
    assert (found.code, found.key) == (codes.BROKEN, "phone")


@pytest.mark.parametrize("kind", ["postgres", "mariadb", "postgres-adbc"])
def test_a_column_that_rounds_is_not_guessed(kind: str, database: Database) -> None:
    """812345678 in a 32-bit float is 812345700, which looks like a number."""
    make = ["drop table if exists rounding", "create table rounding (mobile float(24))"]
    source = database(kind, [*make, "insert into rounding values (812345678)"], "select mobile from rounding")
    assert [normalise(phone) for phone in phones(source)] == [Reason.EXPONENT]


@pytest.mark.parametrize("kind", EVERY)
def test_an_error_in_the_query_is_told(kind: str, database: Database) -> None:
    found = refused(database(kind, FILLED, "select nobody from people"))
    assert (found.code, found.key) == (codes.BAD_QUERY, "sql.query_file")
    assert "nobody" in (found.why or "")


def test_an_error_that_quotes_what_is_in_the_database_is_not_repeated(database: Database) -> None:
    found = refused(database("postgres", FILLED, "select (mobile || 'สมชาย')::int as mobile from people"))
    assert found.code == codes.BAD_QUERY
    assert "0800" not in f"{found}"
    assert "สมชาย" not in f"{found}"


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("postgres", "select pg_sleep(30)::text as mobile"),
        ("mariadb", "select sleep(30) as mobile from (select 1) x"),
        ("postgres", "select '08' as mobile from generate_series(1, 1000000000)"),
        ("mariadb", "select '08' as mobile from seq_1_to_100000000000"),
        ("sqlite", "with recursive n(i) as (select 1 union all select i + 1 from n) select '08' as mobile from n"),
        ("sqlite", "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as mobile from n"),
        ("postgres-adbc", "select pg_sleep(30)::text as mobile"),
        ("postgres-adbc", "select '08' as mobile from generate_series(1, 1000000000)"),
        (
            "sqlite-adbc",
            "with recursive n(i) as (select 1 union all select i + 1 from n) select '08' as mobile from n",
        ),
    ],
)
def test_a_query_without_end_is_ended(kind: str, query: str, database: Database) -> None:
    found = refused(database(kind, [], query), here(limits=Limits(total=1.0)))
    assert found.code == codes.NOT_RECEIVED


LEFT_BEHIND = """
from tests.audience import test_databases as here
source = here.ListSource("sql", "CRM_DSN", "mobile", query=here.sys.argv[1])
print(here.refused(source, here.here(limits=here.Limits(total=1.0))).code)
"""


def test_a_query_that_nothing_can_interrupt_ends_with_the_process(database: Database) -> None:
    """In a process of its own: in this one it would go on to the last test, and take a processor from all of them."""
    query = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as mobile from n"
    source = database("sqlite-adbc", [], query)
    ran = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND, source.query or ""],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ran.stdout.strip(), ran.stderr) == (codes.NOT_RECEIVED, "")


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_DSN", raising=False)
    found = refused(ListSource("sql", "CRM_DSN", "mobile", query="select 1"))
    assert (found.code, found.key) == (codes.NO_SETTING, "sql.url_env")
    assert "CRM_DSN" in found.message


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (f"nonsense {PASSWORD}", codes.NO_SETTING),
        (f"postgresql://{USER}:{PASSWORD}@127.0.0.1:x/crm", codes.NO_SETTING),
        (f"nosuchdatabase://{USER}:{PASSWORD}@127.0.0.1/crm", codes.LACKS_LIBRARY),
        (f"postgresql+psycopg2://{USER}:{PASSWORD}@127.0.0.1/crm", codes.LACKS_LIBRARY),
        ("sqlite:////nowhere/crm.db", codes.NOT_REACHED),
        ("sqlite://", codes.NOT_REACHED),
        ("adbc+sqlite:////nowhere/crm.db", codes.NOT_REACHED),
        ("adbc+sqlite:///", codes.NOT_REACHED),
        (f"adbc+postgresql://{USER}:{PASSWORD}@127.0.0.1:x/crm", codes.NOT_REACHED),
        (f"adbc+postgresql://{USER}:{PASSWORD}@127.0.0.1:1/crm", codes.NOT_REACHED),
        (f"adbc+../../driver://{USER}:{PASSWORD}@127.0.0.1/crm", codes.NO_SETTING),
        (f"adbc+nosuchdriver://{USER}:{PASSWORD}@127.0.0.1/crm", codes.LACKS_LIBRARY),
    ],
)
def test_an_address_that_leads_nowhere_is_not_shown(address: str, code: str) -> None:
    source = ListSource("sql", "CRM_DSN", "mobile", query="select 1")
    assert refused(source, Outside(environment={"CRM_DSN": address})).code == code


def test_a_missing_driver_comes_with_the_command() -> None:
    environment = {"CRM_DSN": "postgresql+psycopg2://127.0.0.1/crm"}
    found = refused(ListSource("sql", "CRM_DSN", "mobile", query="select 1"), Outside(environment=environment))
    assert found.next_step == "pip install psycopg2"


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "adbc+postgresql"])
def test_a_database_that_is_down_is_named(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    environment = {"CRM_DSN": f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{port}/crm"}
    found = refused(ListSource("sql", "CRM_DSN", "mobile", query="select 1"), Outside(environment=environment))
    assert (found.code, found.key) == (codes.NOT_REACHED, "sql.url_env")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "adbc+postgresql"])
def test_a_database_that_accepts_and_says_nothing_is_bounded(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        environment = {"CRM_DSN": f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{mute.getsockname()[1]}/crm"}
        outside = Outside(environment=environment, limits=Limits(connect=2.0, silence=2.0, total=2.0))
        found = refused(ListSource("sql", "CRM_DSN", "mobile", query="select 1"), outside)
    assert found.code == codes.NOT_REACHED


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_a_login_that_is_refused_and_a_database_that_is_not_there(kind: str, request: pytest.FixtureRequest) -> None:
    address: str = request.getfixturevalue(kind)
    source = ListSource("sql", "CRM_DSN", "mobile", query="select 1")
    for wrong, told in ((address.replace(PASSWORD, "wrong"), "refuses the login"), (f"{address}2", "no such database")):
        found = refused(source, Outside(environment={"CRM_DSN": wrong}))
        assert (found.code, told in found.message) == (codes.NOT_REACHED, True)
        if kind == "mariadb":
            continue
        found = refused(source, Outside(environment={"CRM_DSN": f"adbc+{wrong}"}))
        assert (found.code, told in found.message) == (codes.NOT_REACHED, True)


def test_sqlite_makes_no_file(tmp_path: Path) -> None:
    environment = {"CRM_DSN": f"sqlite:///{tmp_path}/new.db"}
    refused(ListSource("sql", "CRM_DSN", "mobile", query="select 1"), Outside(environment=environment))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", EVERY)
def test_an_opt_out_query_that_fails_stops_the_campaign(
    kind: str, database: Database, campaign: Callable[..., Campaign]
) -> None:
    source = database(kind, FILLED, "select mobile from nobody")
    found = examine(campaign(NumbersSource(("0800000001",)), exclude=(source,)), here())
    assert not found.groups
    assert [one.field for one in found.diagnostics if one.is_error] == ["exclude.0.sql.query_file"]
    assert found.diagnostics[0].position is not None
