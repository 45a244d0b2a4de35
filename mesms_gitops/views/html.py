"""HTML as strings. Everything here returns markup; `shown` and `said` are the only doors for other people's text."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from mesms_gitops.views.layout import printable, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable

VOID = frozenset({"meta", "br", "input"})
DRAWN = frozenset({"rect", "line", "use"})
"""Elements without children: of HTML, which have no end, and of SVG, which must have one."""
NO_OUTSIDE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The page may load nothing and run nothing, whatever stands in it."""
ONLY_THESE = "default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'"
"""The page may load nothing, and run only the one script whose digest this is."""


def shown(text: str) -> str:
    """Names and the like: every character that a browser would obey is an entity, what nobody sees is an escape."""
    return escape(printable(text), quote=True)


def said(text: str) -> str:
    """Free text: as `shown`, and without phone numbers."""
    return escape(spoken(text), quote=True)


def element(tag: str, *children: str, **attributes: str | None) -> str:
    """``<tag …>children</tag>``. Children are markup already; of attributes the values are text, None leaves one out.

    ``class_`` is ``class``, ``aria_label`` is ``aria-label``.
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in DRAWN:
        return f"<{tag}{named}/>"
    return f"<{tag}{named}>" if tag in VOID else f"<{tag}{named}>{''.join(children)}</{tag}>"


def items(tag: str, entries: Iterable[str], **attributes: str | None) -> str:
    """A list whose entries are markup, one a line; empty for none."""
    inner = "\n".join(element("li", entry) for entry in entries)
    return element(tag, "\n", inner, "\n", **attributes) if inner else ""


def page(title: str, style: str, body: str, *, script: str = "") -> str:
    """A document that needs nothing but itself. ``title`` is text, ``style`` and ``script`` ours, ``body`` is markup.

    With a script, style and script are known to the page's policy by their digests, so that no other is obeyed.
    """
    styled = f"\n{style}"
    policy = ONLY_THESE.format(style=_digest(styled), script=_digest(script)) if script else NO_OUTSIDE
    head = "\n".join(
        [
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", shown(title)),
            element("style", styled),
        ]
    )
    end = f"\n{element('script', script)}" if script else ""
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}{end}\n</body>\n</html>\n'


def _digest(text: str) -> str:
    """As a Content-Security-Policy names what it allows (CSP 3, hash-source)."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
