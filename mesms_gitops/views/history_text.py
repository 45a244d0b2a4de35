"""A campaign's life for a terminal: one event after the other, and what a check of the chain of states found."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.timeline import (
    Cancelling,
    Delivered,
    Dropped,
    Merged,
    Planned,
    Renamed,
    RepositoryEvent,
    Reviewed,
    Sending,
    Written,
)
from mesms_gitops.views.history_rows import word_of
from mesms_gitops.views.layout import (
    LOCAL_TIMEZONE,
    Sheet,
    counted,
    listed,
    local_time,
    pad,
    printable,
    spoken,
    wrap,
)
from mesms_gitops.views.report import credits_words, standing_of
from mesms_gitops.views.status_text import delivery_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.model.chain import Break, Verification
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.timeline import Event, FileChange, History, Person, Recorded, Timeline

_WORDS = 11
"""Cells of the longest word for an event."""
_SHORT = 12
"""Characters of a commit, a digest or a fingerprint that are shown."""


def history_text(history: History, *, colour: bool = False, width: int = 80, timezone: str = LOCAL_TIMEZONE) -> str:
    """Every timeline of ``history``, and below them what could not be seen."""
    sheet = Sheet.of(width=width, colour=colour, timezone=timezone)
    lines: list[str] = []
    for timeline in history.timelines:
        lines += [*_timeline(timeline, sheet), ""]
    if not history.timelines:
        lines += ["No campaigns in state or in git.", ""]
    lines += [line for note in history.unseen for line in wrap(printable(note), sheet.width, first="note: ", rest="  ")]
    ground = f"state {printable(history.where)}, serial {history.serial}; times in {sheet.timezone}"
    return "\n".join([*lines, *map(sheet.palette.dim, wrap(ground, sheet.width))]) + "\n"


def _timeline(timeline: Timeline, sheet: Sheet) -> Iterator[str]:
    former = f" (before: {listed(map(printable, timeline.former))})" if timeline.former else ""
    phase = standing_of(timeline.record).phase.value if timeline.record else "not in state"
    yield from map(sheet.palette.bold, wrap(f"{printable(timeline.name)}{former}: {phase}", sheet.width, rest="  "))
    said: Recorded | None = None
    for event in timeline.events:
        recorded = None if isinstance(event, RepositoryEvent) else event.recorded
        yield from _event(event, recorded, said, sheet)
        said = recorded or said
    if not timeline.events:
        yield "  nothing is known of it"
    yield from _sums(timeline, sheet)


def _sums(timeline: Timeline, sheet: Sheet) -> Iterator[str]:
    if timeline.record is None or not timeline.record.sends:
        return
    standing = standing_of(timeline.record)
    delivery = delivery_text(standing.delivery)
    words = [counted(standing.recipients, "recipient"), f"credits: {credits_words(standing.money)}"]
    yield from wrap(
        "; ".join([*words, *([delivery] if delivery else [])]), sheet.width, first="  in all: ", rest="    "
    )


def _event(event: Event, recorded: Recorded | None, said: Recorded | None, sheet: Sheet) -> Iterator[str]:
    """``said`` is where the event before it stands: who recorded both is told once."""
    head = f"  {local_time(event.at, sheet.timezone)[:16]}  {pad(word_of(event), _WORDS)} "
    first, *rest = _sentences(event, sheet.timezone)
    if recorded is not None:
        first += f" (serial {recorded.serial})"
        if said is None or _by(said) != _by(recorded):
            rest.append(_by(recorded))
    indent = " " * len(head) if sheet.width >= 72 else "    "
    lines = wrap(first, sheet.width, first=head, rest=indent)
    lines += [line for text in rest if text for line in wrap(text, sheet.width, first=indent, rest=indent)]
    yield from (_painted(event, line, sheet) for line in lines)


def _painted(event: Event, line: str, sheet: Sheet) -> str:
    if isinstance(event, Sending):
        match event.phase:
            case SendPhase.UNKNOWN | SendPhase.FAILED:
                return sheet.palette.red(line)
            case SendPhase.SCHEDULED | SendPhase.STARTED | SendPhase.SENT:
                return sheet.palette.green(line)
            case _:
                return line
    return sheet.palette.dim(line) if isinstance(event, Written | Reviewed | Merged) else line


def _sentences(event: Event, timezone: str) -> list[str]:
    """What to say of an event: a first line, and further ones."""
    match event:
        case Written():
            files = ", ".join(map(_file, event.files))
            return [f"{event.commit[:_SHORT]} {_who(event.author)}: {spoken(event.subject)}", files]
        case Reviewed():
            pull = f", pull request #{event.pull}" if event.pull else ""
            return [f"{printable(event.how)}: {_who(event.who)} (of {event.commit[:_SHORT]}{pull})"]
        case Merged():
            brings = counted(len(event.brings), "commit")
            return [f"{event.commit[:_SHORT]} {_who(event.who)}: {spoken(event.subject)} ({brings} of it)"]
        case Planned():
            return [f"plan {_short(event.digest)}, run {printable(event.run)}"]
        case Sending():
            return [_send(event.send), _sending(event, timezone)]
        case Cancelling():
            return [f"{_send(event.send)}, because: {event.reason.value}"]
        case Delivered():
            return [f"send {event.send.fingerprint[:_SHORT]}: {delivery_text(event.delivery)}"]
        case Renamed():
            return [f"it was {printable(event.former)} before"]
        case Dropped():
            gone = "its record was removed from state"
            return [
                gone if event.is_forgotten else "its manifest is gone; the name stays reserved",
                _by(event.recorded),
            ]
        case _:
            assert_never(event)


def _who(person: Person) -> str:
    email = f" <{printable(person.email)}>" if person.email else ""
    return f"{spoken(person.name)}{email}"


def _file(change: FileChange) -> str:
    former = f" from {printable(change.former)}" if change.former else ""
    return f"{change.role.value} {change.verb}: {printable(change.path)}{former}"


def _short(digest: str) -> str:
    return printable(digest.removeprefix("sha256:")[:_SHORT])


def _send(send: SendRecord) -> str:
    revision = f" of revision {send.revision}" if send.revision > 1 else ""
    people = f"contact group {send.group_id}" if send.group_id is not None else counted(send.recipients, "recipient")
    return f"send {printable(send.fingerprint[:_SHORT])}{revision}: {people}"


def _sending(event: Sending, timezone: str) -> str:
    send = event.send
    words = []
    if send.uuid:
        words.append(f"message {printable(send.uuid)}")
    if send.credits is not None:
        words.append(counted(send.credits, "credit"))
    if event.phase is SendPhase.INTENDED:
        words.append(f"leaves {local_time(send.scheduled_at, timezone)}" if send.scheduled_at else "leaves at once")
    if send.reason and event.phase in (SendPhase.UNKNOWN, SendPhase.FAILED, SendPhase.CANCELLED):
        words.append(f"because: {spoken(send.reason)}")
    return ", ".join(words)


def _by(recorded: Recorded) -> str:
    """Who recorded it, from what, and where that can be looked up."""
    words = [f"by {spoken(recorded.actor)}"] if recorded.actor else []
    if recorded.source:
        words.append(f"from commit {printable(recorded.source[:_SHORT])}")
    if recorded.run_url:
        words.append(printable(recorded.run_url))
    return ", ".join(words)


# ---------------------------------------------------------------- a check of the chain


def verification_text(found: Verification, *, colour: bool = False, width: int = 80) -> str:
    """What was looked at, what could not be seen, and the first break."""
    sheet = Sheet.of(width=width, colour=colour)
    lines = _verdict(found, sheet)
    for one in found.checks:
        figures = f"{one.good:,} of {one.all_:,}" if one.all_ else "none to look at"
        lines += wrap(f"{one.name}: {figures}", sheet.width, first="  ", rest="    ")
    lines += [line for note in found.unseen for line in wrap(printable(note), sheet.width, first="note: ", rest="  ")]
    return "\n".join(lines) + "\n"


def _verdict(found: Verification, sheet: Sheet) -> list[str]:
    serials = f"serials {found.serials[0]:,} to {found.serials[1]:,}" if found.serials else "no state"
    ground = f"{counted(found.commits, 'commit')} of {printable(found.where)}, {serials}"
    if found.first is None:
        return list(map(sheet.palette.green, wrap(f"whole: {ground}", sheet.width, rest="  ")))
    return [
        *map(sheet.palette.red, wrap(f"broken: {ground}", sheet.width, rest="  ")),
        *_broken(found.first, sheet),
        "",
    ]


def _broken(first: Break, sheet: Sheet) -> list[str]:
    commit = f"commit {first.commit[:_SHORT]}" if first.commit else "what stands there now"
    serial = f", serial {first.serial:,}" if first.serial is not None else ""
    rows = (
        ("at", f"{commit}{serial}"),
        ("field", printable(first.field)),
        ("what", spoken(first.what)),
        ("may mean", printable(first.meaning)),
        ("next", printable(first.next_step)),
    )
    return [line for label, text in rows for line in sheet.row(label, text, indent=2)]
