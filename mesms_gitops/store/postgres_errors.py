"""What PostgreSQL says, in our words: which setting is to be mended, and how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError

if TYPE_CHECKING:
    import psycopg

    from mesms_gitops.store.postgres_address import Address

_TABLES = "mesms_schema, mesms_state, mesms_campaign, mesms_journal, mesms_freeze, mesms_lock"

_CONNECTING = (
    (
        r"password authentication failed|no password supplied|authentication failed",
        "write the password into ~/.pgpass (host:port:database:user:password, mode 600), or PGPASSWORD",
    ),
    (r'database ".*" does not exist', "create it (createdb), or mend the database's name in `state:`"),
    (r'role ".*" does not exist', "mend the user's name in `state:`, or create it (createuser)"),
    (r"no pg_hba\.conf entry", "let the server's pg_hba.conf admit this user, database and host"),
    (
        r"too many clients|remaining connection slots",
        "wait until others have ended, or raise the server's max_connections",
    ),
    (r"read-only|in recovery|standby", "name the primary in `state:`; this server only follows it"),
    (
        r"invalid sslmode value",
        "mend ?sslmode= in `state:`, or PGSSLMODE: it is verify-full, require or another of libpq's",
    ),
    (
        r"certificate|SSL|TLS",
        "name the certificate that vouches for the server: ?sslrootcert=FILE in `state:`, or PGSSLROOTCERT",
    ),
)
_REACH = "see that the server runs, and mend host and port in `state:` (or PGHOST, PGPORT)"


def one_line(error: BaseException) -> str:
    """What the server or libpq said."""
    return " ".join(str(error).split())[:400]


def unreached(error: psycopg.Error, address: Address) -> StateError:
    """No connection came about."""
    said = one_line(error)
    step = next((step for pattern, step in _CONNECTING if re.search(pattern, said)), _REACH)
    if address.is_our_tls and re.search(r"certificate|SSL|TLS", said):
        said += "; sslmode=verify-full, since neither `state:` nor PGSSLMODE says otherwise"
    return StateError("cannot reach the state's database", where=address.shown, why=said, next_step=step)


def refused(error: psycopg.Error, address: Address, doing: str, role: str, schema: str) -> StateError:
    """A connection stands, but the server did not do as asked."""
    return StateError(
        f"cannot {doing}", where=address.shown, why=one_line(error), next_step=_step(error.sqlstate or "", role, schema)
    )


def grants(schema: str, role: str) -> str:
    """The SQL that gives ``role`` what it needs in ``schema``; both quoted already."""
    return (
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}; and where the tables stand already: "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_TABLES} TO {role}"
    )


def _step(code: str, role: str, schema: str) -> str:
    if code in ("42501", "3F000"):
        return f"let a role that may say: {grants(schema, role)}"
    if code == "25006":
        return "name the primary in `state:`; this server (or this user) only reads"
    if code.startswith("53"):
        return "make room on the server (disk, memory or connections), then run the same command again"
    if code in ("55P03", "57014", "40P01"):
        return "another session holds the rows of this state: end it (pg_stat_activity names it), then try again"
    if code in ("22021", "22P05"):
        return "keep state in a database whose encoding is UTF8 (createdb -E UTF8 -T template0)"
    if code == "42P01":
        return "the tables are gone or were renamed: restore them, or choose another ?schema= in `state:`"
    return "mend this on the server, then run the same command again"
