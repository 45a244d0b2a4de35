"""What a rule can ask about a planned campaign: every field, its type, what it says, and where it comes from.

This table is the language: rules are type-checked against it, evaluated with it, and documented from it. A value that
a campaign does not have is empty (``""``, 0, ``[]``, ``{}``), never missing, so a rule need not guard for it; only the
keys of ``labels`` and ``variables`` can be missing: ask ``"team" in campaign.labels`` or ``has(campaign.labels.team)``.
No field holds a phone number or a text made for one person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from mesms_gitops.manifests.links import find_links
from mesms_gitops.model.campaign import DeliverySource, GroupSource, ListSource, NumbersSource, SavedTemplate
from mesms_gitops.model.sends import TextContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mesms_gitops.model.campaign import Source
    from mesms_gitops.model.rules import Planned

Value: TypeAlias = "str | int | bool | datetime | list[str] | dict[str, str]"
TEXT, INT, BOOL, TIME, LIST, MAP = "string", "int", "bool", "timestamp", "list(string)", "map(string, string)"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to ask: its type in CEL, one line about it, and how it is read."""

    kind: str
    says: str
    read: Callable[[Planned], Value]


def _content(planned: Planned) -> str:
    body = planned.campaign.body
    return (body.text or "") if isinstance(body, SavedTemplate) else body.source


def _template_id(planned: Planned) -> int:
    body = planned.campaign.body
    return body.template_id if isinstance(body, SavedTemplate) else 0


def _texts(planned: Planned) -> Iterator[str]:
    for send in planned.action.sends:
        if send.desired is not None:
            content = send.desired.content
            yield content.content if isinstance(content, TextContent) else content.preview or ""


def _links(planned: Planned) -> list[str]:
    return sorted({link.host or "?" for text in _texts(planned) for link in find_links(text)})


def _encodings(planned: Planned) -> list[str]:
    return sorted({send.desired.encoding for send in planned.action.sends if send.desired and send.desired.encoding})


def _kinds(sources: tuple[Source, ...]) -> list[str]:
    return [_kind(source) for source in sources]


def _kind(source: Source) -> str:
    match source:
        case ListSource():
            return source.kind
        case NumbersSource():
            return "numbers"
        case GroupSource():
            return "contact_group"
        case DeliverySource():
            return "delivery"


def _minutes_ahead(planned: Planned) -> int:
    return int((planned.leaves - planned.now).total_seconds() // 60)


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "name": Field(TEXT, "its name", lambda it: it.campaign.name),
        "file": Field(TEXT, "its file, relative to mesms.yaml", lambda it: it.campaign.file),
        "class": Field(TEXT, "marketing or transactional", lambda it: it.campaign.message_class.value),
        "owner": Field(TEXT, 'its owner, "" if none is named', lambda it: it.campaign.owner or ""),
        "labels": Field(MAP, "its labels", lambda it: dict(it.campaign.labels)),
        "revision": Field(INT, "1 unless raised", lambda it: it.campaign.revision),
        "action": Field(TEXT, "send (now), schedule or replace", lambda it: it.action.verb),
        "reason": Field(TEXT, "why, as in the plan: new, content_changed …", lambda it: it.action.reason.value),
        "sender": Field(TEXT, "the sender's name", lambda it: it.campaign.sender),
        "content": Field(TEXT, "the template as written, before any value is filled in", _content),
        "template_id": Field(INT, "the template saved on ME-SMS, 0 if none", _template_id),
        "variables": Field(MAP, "values that are the same for everybody", lambda it: dict(it.campaign.variables)),
        "links": Field(LIST, 'every host the rendered texts link to ("?" where that is unclear)', _links),
        "encodings": Field(LIST, "GSM-7, UCS-2 or both, over all texts known here", _encodings),
        "parts": Field(
            INT,
            "SMS parts of the longest text (0: only ME-SMS knows it)",
            lambda it: max((parts for parts, _ in it.action.parts), default=0),
        ),
        "recipients": Field(INT, "people who would be texted now", lambda it: it.action.recipients),
        "requests": Field(INT, "requests it takes, one for each distinct text", lambda it: it.action.requests),
        "credits": Field(INT, "what it costs", lambda it: it.action.credits),
        "credits_source": Field(
            TEXT, "preview (ME-SMS said so) or estimate (offline)", lambda it: it.action.credits_source.value
        ),
        "sources": Field(
            LIST,
            "kinds of its recipient sources in order: csv, sql, numbers, contact_group, delivery …",
            lambda it: _kinds(it.campaign.sources),
        ),
        "excludes": Field(LIST, "kinds of its opt-out sources", lambda it: _kinds(it.campaign.exclude)),
        "excluded": Field(
            INT, "people its opt-outs took out", lambda it: it.action.audience.excluded if it.action.audience else 0
        ),
        "invalid": Field(
            INT, "bad numbers in its lists", lambda it: it.action.audience.invalid_total if it.action.audience else 0
        ),
        "reversible": Field(
            BOOL, "whether it can be cancelled for a while", lambda it: it.action.reversible_until is not None
        ),
        "leaves": Field(TIME, "when its messages leave", lambda it: it.leaves.astimezone(UTC)),
        "minutes_ahead": Field(INT, "whole minutes from this plan to then", _minutes_ahead),
        "local_date": Field(
            TEXT, "that day in the project's time zone: 2027-04-10", lambda it: f"{it.leaves:%Y-%m-%d}"
        ),
        "local_time": Field(TEXT, "that hour and minute: 09:30 (compares as text)", lambda it: f"{it.leaves:%H:%M}"),
        "local_hour": Field(INT, "0 to 23", lambda it: it.leaves.hour),
        "local_weekday": Field(INT, "1 Monday to 7 Sunday", lambda it: it.leaves.isoweekday()),
    }
)


def fields_markdown() -> str:
    """The table of all fields, for the documentation."""
    rows = (f"| `campaign.{name}` | {field.kind} | {field.says} |\n" for name, field in FIELDS.items())
    return "| field | type | what it says |\n|---|---|---|\n" + "".join(rows)
