"""Drift before people: where the account is not as state had it, in the same words for the terminal and Markdown."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.drift import DriftKind
from mesms_gitops.views.layout import both_times, counted, iso, listed, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from mesms_gitops.model.drift import Drift, Side
    from mesms_gitops.views.layout import Sheet

MOST_SHOWN = 20
MARK = "?   "

SENTENCES: Mapping[DriftKind, str] = MappingProxyType(
    {
        DriftKind.UNKNOWN_MESSAGE: "the account holds a message with its sender and text that state does not know",
        DriftKind.STARTED_ELSEWHERE: "its message leaves, or has left, although state has it otherwise",
        DriftKind.CANCELLED_ELSEWHERE: "its message was cancelled outside this tool",
        DriftKind.GONE: "ME-SMS does not know its message any more",
        DriftKind.CHANGED_ELSEWHERE: "its message is not as it was sent",
    }
)
NEXT_STEPS: Mapping[DriftKind, str] = MappingProxyType(
    {
        DriftKind.UNKNOWN_MESSAGE: "look at it on ME-SMS: a double is cancelled there; if it is this campaign's, "
        "mesms-gitops adopt {uuid} {campaign}; if it is somebody else's, nothing is to be done",
        DriftKind.STARTED_ELSEWHERE: "look at it on ME-SMS; what is still scheduled there can be cancelled there",
        DriftKind.CANCELLED_ELSEWHERE: "nothing, if that is meant; an apply writes it down",
        DriftKind.GONE: "ask on the account who deleted it",
        DriftKind.CHANGED_ELSEWHERE: "look at it on ME-SMS: what leaves is what stands there",
    }
)
BLOCKED = "see its campaign, which is blocked until a person decides"


def drift_lines(drift: tuple[Drift, ...], sheet: Sheet) -> list[str]:
    """Every difference with both of its sides; of very many the first ones."""
    if not drift:
        return []
    many = f"Drift: the account and state do not agree about {counted(len(drift), 'message')}."
    lines = [sheet.palette.yellow(line) for line in wrap(many, sheet.width)]
    for one in drift[:MOST_SHOWN]:
        lines += _one(one, sheet)
    more = len(drift) - MOST_SHOWN
    return [*lines, *wrap(f"and {counted(more, 'more message')}", sheet.width, first="    ")] if more > 0 else lines


def _one(drift: Drift, sheet: Sheet) -> list[str]:
    title = f"{printable(drift.campaign)}: {sentence(drift)}"
    lines = [sheet.palette.yellow(line) for line in wrap(title, sheet.width, first=MARK, rest="    ")]
    for label, text in facts(drift, sheet.timezone):
        lines += sheet.row(label, text)
    return lines + wrap(next_step(drift), sheet.width, first="    next: ")


def sentence(drift: Drift) -> str:
    """What is not as it was, in one sentence."""
    what = f": {listed(drift.changed)}" if drift.changed else ""
    return f"{SENTENCES[drift.kind]}{what}"


def next_step(drift: Drift) -> str:
    """What a person can do about it; where a campaign is blocked by it, that says more."""
    if drift.blocks:
        return BLOCKED
    return NEXT_STEPS[drift.kind].format(uuid=printable(drift.uuid), campaign=printable(drift.campaign))


def facts(drift: Drift, timezone: str) -> list[tuple[str, str]]:
    """The rows of one difference: which message, and both sides."""
    names_sender = "sender" in drift.changed
    label = "ours" if drift.kind is DriftKind.UNKNOWN_MESSAGE else "recorded"
    observed = "not there" if drift.observed is None else _side(drift.observed, timezone, with_sender=names_sender)
    return [
        ("message", printable(drift.uuid)),
        (label, _side(drift.recorded, timezone, with_sender=names_sender)),
        ("observed", observed),
    ]


def _side(side: Side, timezone: str, *, with_sender: bool) -> str:
    words = [
        printable(side.phase),
        both_times(side.scheduled_at, timezone) if side.scheduled_at else "",
        counted(side.recipients, "recipient") if side.recipients is not None else "",
        f"sender {printable(side.sender)}" if with_sender and side.sender else "",
    ]
    return ", ".join(word for word in words if word)


def drift_objects(drift: Iterable[Drift]) -> list[dict[str, Any]]:
    """``drift`` as in ``schemas/plan.schema.json``."""
    return [
        {
            "campaign": one.campaign,
            "kind": one.kind.value,
            "uuid": one.uuid,
            "message": sentence(one),
            "blocks": one.blocks,
            "changed": list(one.changed),
            "recorded": _side_object(one.recorded),
            "observed": None if one.observed is None else _side_object(one.observed),
        }
        for one in drift
    ]


def _side_object(side: Side) -> dict[str, Any]:
    return {
        "phase": side.phase,
        "sender": side.sender,
        "scheduled_at": iso(side.scheduled_at),
        "recipients": side.recipients,
        "created_at": iso(side.created_at),
    }
