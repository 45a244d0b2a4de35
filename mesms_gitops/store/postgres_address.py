"""What ``postgresql://…`` in ``state:`` means: everything libpq takes, and two words of ours.

``?state=NAME`` names one of several states in a database ("default" without it), ``?schema=NAME`` the schema our tables
are in (the first of the search path without it). The rest is libpq's:
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING, with its environment variables, service
files and ``~/.pgpass``. A password in the location is refused: it would stand in ``mesms.yaml``, in git and in logs.

TLS: to a host that is not this machine, ``sslmode=verify-full`` unless the location or ``PGSSLMODE`` says otherwise,
against the system's certificates unless one of the places libpq looks at has others. On loopback and Unix sockets
libpq's own default holds. A service file says it in neither of the two: such a host counts as far away.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode

from mesms_gitops.errors import ConfigError
from mesms_gitops.model.endpoints import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRETS = ("password", "sslpassword")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the state is. ``shown`` may be printed; ``is_our_tls`` says that nobody but us chose the ``sslmode``."""

    options: Mapping[str, str]
    state: str
    schema: str | None
    shown: str
    is_our_tls: bool = False


def split(location: str) -> tuple[str, dict[str, str]]:
    """The address as libpq takes it, and our own words. Raises `ConfigError` for a password and for empty words."""
    base, _, query = location.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    ours = {key: value for key, value in pairs if key in ("state", "schema")}
    userinfo, at, _ = base.partition("//")[2].partition("/")[0].rpartition("@")
    if (at and ":" in userinfo) or _is_cut_short(location) or any(key in _SECRETS for key, _ in pairs):
        raise ConfigError(
            "a password does not belong into `state`",
            where=f"state: {shown(location)}",
            why="it would stand in mesms.yaml, in git and in logs",
            next_step="leave it out, and write it into ~/.pgpass (host:port:database:user:password, mode 600) "
            "or the variable PGPASSWORD",
        )
    if not all(ours.values()):
        raise _wrong(location, "state= and schema= want a name")
    if sum(key in ours for key, _ in pairs) > len(ours):
        raise _wrong(location, "state= and schema= are each said once")
    rest = [(key, value) for key, value in pairs if key not in ours]
    return base + (f"?{urlencode(rest)}" if rest else ""), ours


def _is_cut_short(location: str) -> bool:
    """Whether a password that holds a / or a ? ends the host's part of ``location`` before its @ comes."""
    rest = location.partition("//")[2]
    authority = rest.partition("?")[0].partition("/")[0]
    if "@" in authority or ":" not in authority or authority.startswith("["):
        return False
    path, _, query = rest[len(authority) :].partition("?")
    if not authority.rpartition(":")[2].isdecimal():
        return "@" in path or "@" in query
    return "@" in path or any("@" in word and "=" not in word for word in query.split("&"))


def shown(location: str) -> str:
    """``location`` without what may be a password."""
    if _is_cut_short(location):
        return f"{location.partition('//')[0]}//…"
    base, _, query = location.partition("?")
    scheme, slashes, rest = base.partition("//")
    authority, slash, path = rest.partition("/")
    userinfo, at, host = authority.rpartition("@")
    words = [word for word in query.split("&") if word and unquote(word.partition("=")[0]) not in _SECRETS]
    user = userinfo.partition(":")[0]
    return f"{scheme}{slashes}{user}{at}{host}{slash}{path}" + (f"?{'&'.join(words)}" if words else "")


def address(location: str, environment: Mapping[str, str]) -> Address:
    """Where ``location`` leads. Raises `ConfigError` for what libpq does not understand."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    uri, ours = split(location)
    try:
        options = {key: str(value) for key, value in conninfo_to_dict(uri).items() if value is not None}
    except ProgrammingError as error:
        raise _wrong(location, " ".join(str(error).split())) from error
    standard = {"connect_timeout": "10", "application_name": "mesms-gitops", "client_encoding": "UTF8"}
    # a server that is gone is noticed within half a minute, not after the two hours of the system's default
    standard |= {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}
    standard |= {"tcp_user_timeout": "20000"}
    is_our_tls = "sslmode" not in options and not environment.get("PGSSLMODE") and not _is_here(options, environment)
    tls = _verified(options, environment) if is_our_tls else {}
    return Address(
        {**standard, **options, **tls}, ours.get("state", "default"), ours.get("schema"), shown(location), is_our_tls
    )


def _verified(options: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    own = Path("~/.postgresql/root.crt").expanduser()
    if "sslrootcert" in options or environment.get("PGSSLROOTCERT") or own.exists():
        return {"sslmode": "verify-full"}
    return {"sslmode": "verify-full", "sslrootcert": "system"}


def _is_here(options: Mapping[str, str], environment: Mapping[str, str]) -> bool:
    """Whether every host is this machine. What a service file names may be anywhere."""
    if options.get("service") or environment.get("PGSERVICE"):
        return False
    hosts = options.get("hostaddr") or options.get("host")
    hosts = hosts or environment.get("PGHOSTADDR") or environment.get("PGHOST") or ""
    return all(map(_is_inside, hosts.split(",")))


def _is_inside(host: str) -> bool:
    return not host or host.startswith(("/", "@")) or is_loopback(host)


def _wrong(location: str, why: str) -> ConfigError:
    return ConfigError(
        "`state` names no PostgreSQL database",
        where=f"state: {shown(location)}",
        why=why,
        next_step="write it like postgresql://user@host:5432/database?state=sms",
    )
