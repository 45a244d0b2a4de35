"""What a send is known by: digests, equal wherever the same thing would be sent, and keyed where they must be."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import (
    At,
    DeliverySource,
    GroupSource,
    ListSource,
    LocalTemplate,
    NumbersSource,
)
from mesms_gitops.model.numbers import keyed_digest
from mesms_gitops.model.sends import TextContent
from mesms_gitops.model.state import ManifestRecord
from mesms_gitops.planning.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.model.campaign import Campaign, Schedule, Source, When
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.sends import Content
    from mesms_gitops.planning.canonical import Json

SAMPLE_SIZE = 50
"""How many of the lowest numbers an intent keeps keyed digests of: one page of ``GET /recipients``."""

_NUMBER_LIKE = re.compile(r"[\d๐-๙][\d๐-๙ ().-]{6,}[\d๐-๙]")


def text_digest(key: HashKey, text: str) -> str:
    """The keyed digest of a text as it arrives on a phone."""
    return keyed_digest(key.secret, b"text", text.encode())


def when_identity(when: When) -> Json:
    """What a schedule contributes to a fingerprint: the absolute time, or the word now with its undo window."""
    if isinstance(when, At):
        return when.at.isoformat(timespec="seconds")
    return {"now": int(when.undo_window.total_seconds())}


def content_identity(content: Content) -> Json:
    """What a message body contributes to a fingerprint: exactly what the request would carry."""
    if isinstance(content, TextContent):
        return {"content": content.content}
    return {"template": content.template_id, "variables": dict(content.variables)}


def send_fingerprint(key: HashKey, *, sender: str, content: Content, when: When, audience: Json) -> str:
    """The identity of one request. ``audience`` is the audience digest, or ``{"group": id}``."""
    return keyed_digest(
        key.secret,
        b"send",
        canonical(
            {
                "sender": sender,
                "body": content_identity(content),
                "when": when_identity(when),
                "audience": audience,
            }
        ),
    )


def fingerprints(key: HashKey, *, sender: str, when: When) -> Callable[[Content, Json], str]:
    """`send_fingerprint` for many sends of one campaign, which differ only in content and audience."""
    rest = canonical({"sender": sender, "when": when_identity(when)})[1:]

    def fingerprint(content: Content, audience: Json) -> str:
        if not isinstance(audience, str):
            return send_fingerprint(key, sender=sender, content=content, when=when, audience=audience)
        if isinstance(content, TextContent):
            body = f'{{"content":{encode_basestring(content.content)}}}'.encode()
        else:
            body = canonical(content_identity(content))
        # the keys of canonical JSON are sorted: audience, body, sender, when
        return keyed_digest(key.secret, b"send", b'{"audience":"%b","body":%b,%b' % (audience.encode(), body, rest))

    return fingerprint


def masked(text: str) -> str:
    """``text`` with every run of digits that could be a phone number replaced, fit for state, plans and comments."""
    return _NUMBER_LIKE.sub("(number hidden)", text)


def manifest_record(campaign: Campaign, key: HashKey, root: str) -> ManifestRecord:
    """What of the manifest is compared once its messages exist, and how it is shown.

    ``root`` is the project's folder: paths below it count from there, so that every machine sees the same manifest.
    Opt-outs, tolerances, limits, owner and labels are left out on purpose: they change after a campaign has left
    (often through ``defaults``) without anybody asking for another message.
    """
    return ManifestRecord(shown=_shown(campaign), digests=manifest_digests(campaign, key, root))


def manifest_digests(campaign: Campaign, key: HashKey, root: str) -> dict[str, str]:
    """The digests of a `manifest_record`, without what is shown of it."""
    exact: dict[str, Json] = {
        "sender": campaign.sender,
        "content": _body(campaign),
        "variables": dict(campaign.variables),
        "recipients": [_source(source, root) for source in campaign.sources],
        "schedule": when_identity(campaign.schedule.when) if campaign.schedule else None,
    }
    return {name: keyed_digest(key.secret, b"manifest", canonical(value)) for name, value in exact.items()}


def _body(campaign: Campaign) -> Json:
    if isinstance(campaign.body, LocalTemplate):
        return campaign.body.source
    return {"template": campaign.body.template_id}


def _source(source: Source, root: str) -> Json:
    match source:
        case ListSource():
            return {
                "kind": source.kind,
                "location": _location(source.location, root),
                "phone": source.phone,
                "variables": dict(source.variables),
                "where": {column: list(values) for column, values in source.where.items()},
                "query": source.query,
            }
        case NumbersSource():
            return {"numbers": list(source.numbers)}
        case GroupSource():
            return {"group": source.group_id}
        case DeliverySource():
            less = {"except_reached_by": list(source.except_reached_by)} if source.except_reached_by else {}
            return {"campaign": source.campaign, "delivery": list(source.delivery_states), **less}


def _location(location: str, root: str) -> str:
    """A path as it is seen from the project, on every machine the same; anything else as it is written."""
    return _seen_from(root, location) if location.startswith("/") else location


@lru_cache(maxsize=1024)  # thousands of campaigns share a few lists
def _seen_from(root: str, location: str) -> str:
    return posixpath.relpath(location, root)


def _shown(campaign: Campaign) -> Mapping[str, str]:
    body = campaign.body
    shown = {
        "sender": campaign.sender,
        "content": body.source if isinstance(body, LocalTemplate) else f"template {body.template_id} on ME-SMS",
        "recipients": ", ".join(_source_shown(source) for source in campaign.sources),
    }
    if campaign.variables:
        shown["variables"] = ", ".join(f"{name}={value}" for name, value in sorted(campaign.variables.items()))
    shown = {name: masked(text) for name, text in shown.items()}
    if campaign.schedule:
        shown["schedule"] = schedule_shown(campaign.schedule)  # not masked: a date has as many digits as a number
    return shown


def schedule_shown(schedule: Schedule) -> str:
    """The time of a manifest as a `manifest_record` shows it."""
    when = schedule.when
    return when.at.isoformat(timespec="minutes") if isinstance(when, At) else "now"


def _source_shown(source: Source) -> str:
    match source:
        case ListSource():
            place = source.location.partition("?")[0]  # what follows in an URL may be a secret
            return f"{source.kind}:{place.rpartition('/')[2]}"
        case NumbersSource():
            many = len(source.numbers)
            return "1 number in the manifest" if many == 1 else f"{many:,} numbers in the manifest"
        case GroupSource():
            return f"contact group {source.group_id}"
        case DeliverySource():
            less = f", except reached by {', '.join(source.except_reached_by)}" if source.except_reached_by else ""
            return f"delivery of {source.campaign}: {', '.join(source.delivery_states)}{less}"
