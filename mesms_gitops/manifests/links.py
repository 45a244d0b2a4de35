"""Where a text leads: every link in it, and whether this project may send it.

A phone makes a link out of more than ``https://``: ``bit.ly/x`` and ``www.siamcoffee.example`` become one too, so they
are found as well. Shorteners always fail: Thai operators refuse them since February 2025 (announced by the National
Cyber Security Agency; country pages of Sinch and ClickSend), because nobody can see where they lead.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHORTENERS: Final = frozenset(
    {
        "adf.ly", "amzn.to", "app.link", "bit.ly", "bitly.com", "bl.ink", "buff.ly", "clck.ru", "cutt.ly", "cutt.us",
        "dub.sh", "fb.me", "g.co", "goo.gl", "han.gl", "is.gd", "j.mp", "kutt.it", "lihi.cc", "lin.ee", "lnkd.in",
        "me2.do", "onelink.me", "ow.ly", "page.link", "ppt.cc", "pse.is", "qr.ae", "qrco.de", "rb.gy", "rebrand.ly",
        "reurl.cc", "s.id", "s.lazada.co.th", "s.shopee.co.th", "shope.ee", "short.gy", "shorturl.asia", "shorturl.at",
        "surl.li", "t.co", "t.ly", "t.me", "t2m.io", "tiny.cc", "tiny.one", "tinyurl.com", "tny.im", "u.to", "v.gd",
        "vt.tiktok.com", "wp.me", "x.gd", "youtu.be",
    }
)  # fmt: skip
"""Hosts whose links, and those of their subdomains, say nothing about where they lead."""

_BARE_ENDINGS: Final = frozenset(
    {
        "app", "asia", "biz", "blog", "cc", "club", "cloud", "co", "com", "dev", "edu", "eu", "example", "fun",
        "gg", "gl", "gov", "gy", "id", "info", "ink", "io", "is", "jp", "kr", "la", "li", "life", "link",
        "live", "ly", "me", "mobi", "my", "net", "news", "one", "online", "org", "page", "ph", "plus", "pro",
        "promo", "pw", "sg", "sh", "shop", "site", "social", "store", "tech", "tel", "th", "tips", "to",
        "today", "top", "tv", "tw", "uk", "us", "vip", "vn", "website", "win", "work", "world", "ws", "xyz",
    }
)  # fmt: skip
"""Endings after which phones see a link even without ``https://``. Any other needs a path (``host.ending/...``)."""

_DOTS: Final = "\u3002\uff0e\uff61"
"""What IDNA reads as a full stop (UTS 46, section 2.3)."""
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,11}://[^\s<>\"'“”]+", re.IGNORECASE)
_BARE = re.compile(
    r"@[a-z0-9_.-]++"  # what follows it is a mail address or somebody's name, no link
    r"|(?<![a-z0-9_.-])(?P<ends_thai>[a-z0-9_-]++(?:\.[a-z0-9_-]++)*+\.ไทย)(?![\u0e01-\u0e5b])"
    r"|(?<![a-z0-9_-])(?P<bare>[a-z0-9_-]++(?:\.[a-z0-9_-]++)++)(?P<more>[/:]?[0-9]?)"
    r"|(?P<thai>[^\x00-\x7f\s]\.(?:com|net|org|co|th|shop|store|xyz|info|me|link|app|site|online)(?![a-z0-9_.-])"
    r"|[^\x00-\x7f\s]\.ไทย(?=/))",
    re.IGNORECASE,
)
"""Possessive, so that a megabyte of dots takes one pass. The last: a Thai host without ``https://`` (ร้าน.com).
``.ไทย`` is an ending too; after a Thai word only with a path, for sentences end so as well."""
_OPENED_BY: Final = {")": "(", "]": "[", "}": "{"}
_MOST_TRAILING: Final = 16
_TRAILING: Final = ".,;:!?*"
"""What ends a sentence, and no link: phones leave it out."""


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
    found: list[Link] = []
    end = 0
    for match in _URL.finditer(text):
        found += _bare_links(text, end, match.start())
        url = _ended(match[0])
        found.append(Link(url, match.start(), _host(url)))
        end = match.end()
    return (*found, *_bare_links(text, end, len(text)))


def _bare_links(text: str, start: int, end: int) -> Iterator[Link]:
    for match in _BARE.finditer(text, start, end):
        if match["thai"] is not None:
            yield _thai_link(text, match.end())
        elif match["ends_thai"] is not None:
            yield Link(match["ends_thai"], match.start(), match["ends_thai"].lower())
        elif match["bare"] is not None and _leads_somewhere(match):
            bare = match["bare"].strip("-_")
            yield Link(bare, text.index(bare, match.start()), bare.lower())


def _thai_link(text: str, end: int) -> Link:
    least = max(0, end - _LONGEST_LABEL)
    first = max(least, *(text.rfind(blank, least, end) + 1 for blank in " \n\t"))
    return Link(text[first:end], first, text[first:end].lower())


_LONGEST_LABEL: Final = 63
_IP = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_ENDING = re.compile(r"[a-z]{2,24}", re.IGNORECASE)


def _leads_somewhere(match: re.Match[str]) -> bool:
    """Whether a phone makes a link out of words joined by full stops."""
    bare, more = match["bare"].strip("-_"), match["more"]
    last = bare[bare.rfind(".") + 1 :].lower()
    if last in _BARE_ENDINGS or _IP.fullmatch(bare):
        return True
    is_followed = more.startswith("/") or (more.startswith(":") and len(more) == 2)
    return is_followed and _ENDING.fullmatch(last) is not None


def _ended(url: str) -> str:
    """``url`` without the sentence's own signs; a bracket stays if it was opened in the link."""
    for _ in range(_MOST_TRAILING):
        last = url[-1]
        if last in _TRAILING or (last in _OPENED_BY and url.count(last) > url.count(_OPENED_BY[last])):
            url = url[:-1]
    return url


def _host(url: str) -> str:
    """The host a browser goes to, in small letters; empty where programs disagree about that."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if "\\" in url or "@" in authority:
        return ""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""
    return _as_browsers_read(host).rstrip(".")


_IGNORED = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")


def _as_browsers_read(host: str) -> str:
    """UTS 46 and the URL Standard: full-width letters, other full stops, ``%2e`` and invisible characters fall away."""
    if host.isascii() and "%" not in host:
        return host
    wide = unicodedata.normalize("NFKC", unquote(host, errors="replace"))
    return _IGNORED.sub("", re.sub(f"[{_DOTS}]", ".", wide)).lower()


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
    if not host:
        shown = link.text if len(link.text) <= 60 else link.text[:59] + "…"
        return LinkProblem("MS502", link, f"it cannot be told where {shown} leads", "write https://host/path")
    if _is_shortener(host):
        return LinkProblem(
            "MS503",
            link,
            f"{host} hides where the link leads",
            "write the full address; operators block shortened links",
        )
    if _ADDRESS.fullmatch(host):
        return LinkProblem("MS504", link, f"{host} is an address, not a name", "write the host's name")
    if allowed is not None and not any(_matches(host, entry) for entry in allowed):
        return LinkProblem(
            "MS502",
            link,
            f"{host} is not among the hosts this project may link to",
            f"link to {', '.join(allowed) or 'nothing'}, or add it under `policy.links` in mesms.yaml",
        )
    return None


def _is_shortener(host: str) -> bool:
    labels = host.split(".")
    return any(".".join(labels[-count:]) in SHORTENERS for count in (2, 3, 4) if count <= len(labels))


def _matches(host: str, entry: str) -> bool:
    entry = entry.lower()
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry
