"""Where requests go: the base URL, checked once, and what of it may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urlsplit

from mesms_gitops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEXT: Final = "set api.base_url in mesms.yaml or MESMS_BASE_URL to an address like https://me-sms.com/api/v2"
_UNPRINTABLE: Final = re.compile(r"[\s\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Address:
    """The base URL of ME-SMS's API, without its user and password: those are ``login``, and never shown."""

    url: str
    host: str
    is_loopback: bool
    is_encrypted: bool
    login: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, base_url: str) -> Address:
        """Read a base URL. Raises `ConfigError` unless it is https, or http on this machine: the key is in a header."""
        split = _split(base_url)
        host = split.hostname or ""
        loopback = _is_loopback(host)
        shown = _without_login(split)
        if split.scheme != "https" and not (split.scheme == "http" and loopback):
            raise ConfigError(
                f"the API key would travel unprotected to {host}",
                where=shown,
                why=f"{split.scheme}:// is not encrypted; only https, or http on this machine, is allowed",
                next_step=f"write https://{host}",
            )
        return cls(
            url=shown.rstrip("/"),
            host=split.netloc.rpartition("@")[2],
            is_loopback=loopback,
            is_encrypted=split.scheme == "https",
            login=_login(split),
        )


def _split(base_url: str) -> SplitResult:
    """The parts of a URL that has a scheme and a host and nothing that does not belong. Raises `ConfigError`."""
    faults = list(_faults(base_url))
    if faults:
        raise ConfigError(
            "the address of ME-SMS cannot be used", where="api.base_url", why="; ".join(faults), next_step=_NEXT
        )
    return urlsplit(base_url)


def _faults(base_url: str) -> Iterator[str]:
    # the URL itself is not quoted in any of these: it may hold a password
    if _UNPRINTABLE.search(base_url):
        yield "it contains a space, a line break or a control character"
        return
    try:
        split = urlsplit(base_url)
        _ = split.port
        (split.hostname or "").encode("idna")
    except ValueError:
        yield "it is not a URL"
        return
    if split.scheme not in ("http", "https"):
        yield "it does not start with https://"
    elif not split.hostname:
        yield "it names no host"
    if split.query or split.fragment:
        yield "it has a ? or # part"


def _without_login(split: SplitResult) -> str:
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}{split.path}"


def _login(split: SplitResult) -> tuple[str, str] | None:
    if split.username is None and split.password is None:
        return None
    return unquote(split.username or ""), unquote(split.password or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
