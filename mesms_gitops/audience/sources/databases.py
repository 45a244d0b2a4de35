"""Connections that can only read: what is particular to each kind of database, and nothing of a DSN in any message.

PostgreSQL (psycopg), MySQL and MariaDB (PyMySQL) and SQLite are held to it by tests with the real servers. Any other
address that SQLAlchemy understands works too; there nothing but the user's rights and `statement` keeps a query from
writing.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from mesms_gitops.audience import codes
from mesms_gitops.audience.normalise import mask
from mesms_gitops.audience.sources.extras import DISTRIBUTION, install, lacking
from mesms_gitops.audience.sources.reader import Finding, Unusable

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

    from mesms_gitops.audience.sources.outside import Limits

_DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_OURS: Final = {"psycopg", "pymysql"}
_SINGLE_FLOATS: Final = {"postgresql": 700, "mysql": 4, "mariadb": 4}
"""The type codes of 32-bit floats in `cursor.description`: pg_type.dat, and field_types.h of MySQL."""


def address(given: str | None, name: str) -> URL:
    """The address in the environment variable ``name``. Raises Unusable."""
    if not given:
        what = f"the environment variable {name} is not set"
        advice = f"set it to the address of the database: export {name}=postgresql://user@host/database"
        raise Unusable(Finding(codes.NO_SETTING, what, "sql.url_env", next_step=advice))
    try:
        from sqlalchemy import exc, make_url
    except ImportError as error:
        raise lacking("databases", "sql", "sql") from error
    try:
        url = make_url(given)
    except (exc.ArgumentError, ValueError):
        what = f"the environment variable {name} holds no address of a database"
        advice = "write it like postgresql://user:password@host:5432/database; percent-encode @ : / in the password"
        raise Unusable(Finding(codes.NO_SETTING, what, "sql.url_env", next_step=advice)) from None
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def engine(url: URL, label: str, limits: Limits) -> Engine:
    """What opens a connection to ``url`` on demand. Raises Unusable if its driver is missing."""
    from sqlalchemy import create_engine, exc, pool

    try:
        return create_engine(
            url, poolclass=pool.NullPool, hide_parameters=True, **_arguments(url.get_backend_name(), limits)
        )
    except ModuleNotFoundError as error:
        raise Unusable(_no_driver(label, (error.name or "").partition(".")[0])) from error
    except exc.NoSuchModuleError:
        what = f"{label}: SQLAlchemy knows no database called {url.drivername.partition('+')[0]}"
        advice = "check how the address begins; other databases need their SQLAlchemy dialect installed"
        raise Unusable(Finding(codes.LACKS_LIBRARY, what, "sql.url_env", next_step=advice)) from None
    except (exc.ArgumentError, TypeError, ValueError):
        what = f"{label}: the address of the database has parameters that its driver does not know"
        raise Unusable(
            Finding(codes.NO_SETTING, what, "sql.url_env", next_step="take out what follows the ?")
        ) from None


def _no_driver(label: str, module: str) -> Finding:
    command = install("sql") if module in _OURS else f"pip install {module}"
    return Finding(codes.LACKS_LIBRARY, f"{label}: the database driver {module} is not installed", "sql", None, command)


def _arguments(backend: str, limits: Limits) -> dict[str, Any]:
    connect, silence = max(2, round(limits.connect)), round(limits.silence)
    match backend:
        case "postgresql":
            settings = f"-c default_transaction_read_only=on -c statement_timeout={round(limits.total * 1000)}"
            connecting = {
                "connect_timeout": connect,
                "options": settings,
                "tcp_user_timeout": silence * 1000,
                "application_name": DISTRIBUTION,
            }
            return {"connect_args": connecting, "execution_options": {"postgresql_readonly": True}}
        case "mysql" | "mariadb":
            waiting = round(limits.total)
            return {"connect_args": {"connect_timeout": connect, "read_timeout": waiting, "write_timeout": waiting}}
        case _:
            return {}


def make_read_only(connection: Connection, url: URL, limits: Limits) -> None:
    """Let nothing be written by what runs on ``connection``, and nothing run for longer than ``limits``."""
    match url.get_backend_name():
        case "mysql" | "mariadb":
            unit = ("max_statement_time", limits.total) if _is_mariadb(connection) else _mysql_limit(limits)
            connection.exec_driver_sql(f"SET SESSION {unit[0]} = {unit[1]:g}")
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.rollback()
            connection.exec_driver_sql("START TRANSACTION READ ONLY")
        case "sqlite":
            _guard_sqlite(connection)
        case _:
            pass


def _is_mariadb(connection: Connection) -> bool:
    return bool(getattr(connection.dialect, "is_mariadb", False))


def _mysql_limit(limits: Limits) -> tuple[str, float]:
    return "max_execution_time", limits.total * 1000


def _guard_sqlite(connection: Connection) -> None:
    import sqlite3

    raw: Any = connection.connection.driver_connection
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
    forbidden_functions = {"load_extension", "fts3_tokenizer", "writefile", "edit"}

    def judge(action: int, _: str | None, name: str | None, *__: str | None) -> int:
        is_fine = action in allowed and name not in forbidden_functions
        return sqlite3.SQLITE_OK if is_fine else sqlite3.SQLITE_DENY

    raw.execute("PRAGMA query_only = ON")
    raw.set_authorizer(judge)


def hang_up(connection: Connection, cursor: Any) -> None:
    """End ``connection`` in the middle of a result, without asking for the rest of it.

    PyMySQL would read to the end, which may be far, before it closes; it has no public way to be told not to.
    """
    unread: Any = getattr(cursor, "_result", None)
    if hasattr(unread, "unbuffered_active"):
        unread.unbuffered_active = False
    with suppress(Exception):  # whatever the driver says to it, the connection is given up next
        cursor.close()
    connection.invalidate()


def has_single_floats(backend: str, type_code: object) -> bool:
    """Whether a column of this type rounds to 32 bits."""
    return type_code is not None and _SINGLE_FLOATS.get(backend) == type_code


class Named(Protocol):
    """The address of a database in its parts, none of which is ever shown."""

    @property
    def host(self) -> str | None: ...
    @property
    def username(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def database(self) -> str | None: ...
    def get_backend_name(self) -> str:
        """The database's kind: ``postgresql``."""


_LOGIN: Final = {"28P01", "28000", "1045", "1698"}
_NO_DATABASE: Final = {"3D000", "1049"}
_NO_RIGHT: Final = {"42501", "1044", "1142", "1143", "1227", "1370"}
_WRITING: Final = {"25006", "1792", "1290", "1836"}
_TOO_LONG: Final = {"57014", "1969", "3024", "1317"}
_QUOTABLE: Final = re.compile(r"42\w{3}|1054|1064|1146|1305|1052|1055|1582")
"""About the text of the query: a syntax error, an unknown table. Other messages may quote what is in the database."""
_UNDECODABLE: Final = re.compile(r"Could not decode to UTF-8 column ('[^']*') with text")
"""What Python's sqlite3 says, and goes on with the text itself: somebody's name."""


def told_by(error: BaseException, url: Named, label: str, limits: Limits, *, is_connected: bool) -> Finding:
    """What a database objected to, in words that hold nothing of its address nor of its contents."""
    original = getattr(error, "orig", None) or error
    number = _number(original)

    def finding(code: str, what: str, key: str, why: str | None = None, next_step: str | None = None) -> Finding:
        return Finding(code, f"{label}: {what}", key, why, next_step)

    if number in _WRITING or _says(original, "readonly database", "not authorized", "prohibited"):
        return writes(label, "the database refused to write for it")
    if number in _TOO_LONG or _says(original, "interrupted"):
        what = f"the query takes longer than {limits.total:g} s"
        return finding(codes.NOT_RECEIVED, what, "sql.query_file", next_step="narrow it, or add an index")
    if number in _LOGIN or _says(original, "password authentication failed", "no password supplied"):
        return finding(
            codes.NOT_REACHED, "the database refuses the login", "sql.url_env", None, "check user and password in it"
        )
    if number in _NO_DATABASE or (_says(original, "does not exist") and not is_connected):
        return finding(codes.NOT_REACHED, "there is no such database", "sql.url_env", None, "check the name in it")
    if number in _NO_RIGHT:
        advice = "grant it SELECT, and no more"
        return finding(codes.NOT_REACHED, "the user may not read what the query reads", "sql.query_file", None, advice)
    if not is_connected:
        why = "it does not answer, or not there" if url.get_backend_name() != "sqlite" else "there is no such file"
        return finding(
            codes.NOT_REACHED, "the database cannot be reached", "sql.url_env", why, "check host, port and file"
        )
    if column := _UNDECODABLE.match(_message(original)):
        why = f"column {_harmless(column[1], url)} has text that is not UTF-8"
        advice = "mend it, or leave such rows out in the query"
        return finding(codes.BAD_QUERY, "the result cannot be read", "sql.query_file", why, advice)
    if _QUOTABLE.fullmatch(number) or url.get_backend_name() == "sqlite":
        why = _harmless(_message(original), url)
        return finding(codes.BAD_QUERY, "the query cannot be run", "sql.query_file", why, "try it in a database client")
    if number.startswith(("08", "57P")) or number in {"2006", "2013", "2014", "0", ""}:
        return finding(codes.NOT_RECEIVED, "the connection broke off", "sql", None, "try again")
    why = f"{type(original).__name__} {number}".strip()
    return finding(codes.BAD_QUERY, "the query cannot be run", "sql.query_file", why, "try it in a database client")


def writes(label: str, why: str) -> Finding:
    """The error for a query that does more than read."""
    return Finding(
        codes.BAD_QUERY,
        f"{label}: the query is not one that only reads",
        "sql.query_file",
        f"{why}; sessions are read-only",
        "write one SELECT",
    )


def _number(error: BaseException) -> str:
    """The server's error number, which says more where there is one, or the SQLSTATE."""
    first = error.args[0] if error.args else ""
    return str(first) if isinstance(first, int) else str(getattr(error, "sqlstate", None) or "")


def _says(error: BaseException, *words: str) -> bool:
    told = str(error)
    return any(word in told for word in words)


def _message(error: BaseException) -> str:
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if details := getattr(error, "details", None):  # ADBC's
        primary = dict(details).get("PG_DIAG_MESSAGE_PRIMARY", b"").decode(errors="replace")
    return str(primary or error.args[-1])


def _harmless(message: str, url: Named) -> str:
    """``message`` in one line, without long figures and without anything of the address."""
    line = " ".join(message.split())[:300]
    for secret in (url.password, url.username, url.host, url.database):
        if secret and len(str(secret)) > 2:
            line = line.replace(str(secret), "***")
    return re.sub(r"[0-9๐-๙][0-9๐-๙ -]{4,}", lambda match: mask(match[0]), line)
