"""Where a text leads: every link in it, and whether this project may send it.

A phone makes a link out of more than ``https://``: ``bit.ly/x`` and ``www.siamcoffee.example`` become one too, so they
are found as well. Shorteners always fail: Thai operators refuse them since February 2025 (announced by the National
Cyber Security Agency; country pages of Sinch and ClickSend), because nobody can see where they lead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTENERS: Final = frozenset(
    {
        "bit.ly", "bitly.com", "buff.ly", "cutt.ly", "cutt.us", "dub.sh", "goo.gl", "g.co", "is.gd", "j.mp", "lin.ee",
        "lnkd.in", "ow.ly", "qr.ae", "rb.gy", "rebrand.ly", "s.id", "shope.ee", "short.gy", "shorturl.asia",
        "shorturl.at", "surl.li", "t.co", "t.ly", "t.me", "tiny.cc", "tinyurl.com", "tny.im", "u.to", "v.gd", "wp.me",
        "youtu.be",
    }
)  # fmt: skip
"""Hosts whose links say nothing about where they lead."""

_BARE_ENDINGS: Final = (
    "app|asia|biz|blog|cc|club|cloud|co|com|dev|edu|eu|example|fun|gg|gl|gov|gy|id|info|ink|io|is|jp|kr|la|li|life|link"
    "|live|ly|me|mobi|my|net|news|one|online|org|page|ph|plus|pro|promo|pw|sg|sh|shop|site|social|store|tech|tel|th|tips"
    "|to|today|top|tv|tw|uk|us|vip|vn|website|win|work|world|ws|xyz"
)
"""Endings after which phones see a link even without ``https://``. Any other needs a path (``host.ending/...``)."""

_LINK = re.compile(
    r"(?P<url>[a-z][a-z0-9+.-]*://[^\s<>\"'“”]+)"
    r"|(?<![a-z0-9_@.-])(?P<bare>(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.){1,6}(?:"
    + _BARE_ENDINGS
    + r")(?![a-z0-9_-])(?!\.[a-z0-9])"
    r"|(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.){1,6}[a-z]{2,24}(?=/|:[0-9])"
    r"|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![a-z0-9_.]))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands at ``index`` of a text; ``host`` in small letters, empty if none can be made out."""

    text: str
    index: int
    host: str


@dataclass(frozen=True, slots=True)
class LinkProblem:
    """A link that must not be sent."""

    code: str
    link: Link
    message: str
    next_step: str


def find_links(text: str) -> tuple[Link, ...]:
    """Every link a phone would make out of ``text``."""
    if "." not in text and "://" not in text:
        return ()
    return tuple(Link(match[0], match.start(), _host(match)) for match in _LINK.finditer(text))


def _host(match: re.Match[str]) -> str:
    if match["url"] is None:
        return match["bare"].lower()
    if "\\" in match["url"] or "@" in match["url"].partition("://")[2].partition("/")[0]:
        return ""  # programs disagree about where such a link leads
    try:
        return (urlsplit(match["url"]).hostname or "").rstrip(".")
    except ValueError:
        return ""


def check_links(text: str, allowed: Sequence[str] | None, *, unknown: str | None = None) -> tuple[LinkProblem, ...]:
    """What is wrong with the links of ``text``: MS503 shorteners, MS504 addresses, MS502 hosts not ``allowed``.

    ``allowed`` holds hosts, ``*.host`` for the subdomains of one; None allows any. A host that contains ``unknown``
    depends on a value nobody knows yet: it is checked when the text is rendered.
    """
    found = []
    for link in find_links(text):
        if unknown is not None and (unknown in link.host or unknown in link.text.partition("://")[2].partition("/")[0]):
            continue
        problem = _problem(link, allowed)
        if problem is not None:
            found.append(problem)
    return tuple(found)


_ADDRESS = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)|.*:.*")
"""WHATWG URL Standard, "ends in a number": such a host is an IPv4 address, however it is written. A colon: IPv6."""


def _problem(link: Link, allowed: Sequence[str] | None) -> LinkProblem | None:
    host = link.host
    shown = link.text if len(link.text) <= 60 else link.text[:59] + "…"
    if not host:
        return LinkProblem("MS502", link, f"it cannot be told where {shown} leads", "write https://host/path")
    if host.removeprefix("www.") in SHORTENERS:
        return LinkProblem(
            "MS503",
            link,
            f"{host} hides where the link leads",
            "write the full address; operators block shortened links",
        )
    if _ADDRESS.fullmatch(host):
        return LinkProblem("MS504", link, f"{shown} leads to an address, not to a name", "write the host's name")
    if allowed is not None and not any(_matches(host, entry) for entry in allowed):
        return LinkProblem(
            "MS502",
            link,
            f"{host} is not among the hosts this project may link to",
            f"link to {', '.join(allowed) or 'nothing'}, or add it under `policy.links` in mesms.yaml",
        )
    return None


def _matches(host: str, entry: str) -> bool:
    entry = entry.lower()
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry
