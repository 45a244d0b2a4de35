"""The evidence about an unknown send: what was asked, when, what is listed, and what each answer would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.layout import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mesms_gitops.model.evidence import Evidence


def evidence_text(found: Iterable[Evidence]) -> str:
    """One block a send, for a person."""
    return "\n".join(printable(line) for item in found for line in _lines(item))


def _lines(item: Evidence) -> Iterator[str]:
    record = item.record
    when = f"for {_moment(record.scheduled_at)}" if record.scheduled_at else "to leave at once"
    yield f"{item.campaign}: nobody knows whether ME-SMS has this message"
    yield f"  asked      {_moment(record.intended_at)}, run {record.run}"
    yield f"  message    from {record.sender} to {record.recipients:,} people, {when}"
    yield f"  last word  {record.reason or 'none: the run ended before an answer'}"
    yield f"  looked     {_moment(item.looked_at)}: {item.listed} messages of {record.sender} since then"
    if not item.candidates:
        yield "  matching   none. That proves nothing: a listing may lag"
    for candidate in item.candidates:
        message = candidate.message
        word = message.remote_word or message.phase
        yield f"  matching   {message.uuid}, {word}, its people: {candidate.people.value}"
    yield f"  next       mesms-gitops resolve {item.campaign} --sent UUID"
    yield "               it is that message: written down, never sent again"
    yield f"             mesms-gitops resolve {item.campaign} --not-sent"
    yield "               it never arrived: the next apply sends it"
    yield ""


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
