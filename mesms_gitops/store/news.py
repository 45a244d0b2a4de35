"""What happened between two states, in words: the subject and the body of a commit on the state's branch.

A pure function of the two. It says names of campaigns, counts and credits; a state holds nothing more personal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from mesms_gitops.model.sends import SendPhase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State

LONGEST_SUBJECT = 120
"""Characters. A longer subject is made shorter, since many places cut one off."""
MOST_LINES = 200
"""Of the body; how many more there are is said then."""


class Verb(IntEnum):
    """What happened to a campaign, in the order in which a subject says it: trouble, then what is about to happen."""

    UNKNOWN = 0
    NOT_SENT = 1
    SCHEDULE = 2
    SEND = 3
    CANCEL = 4
    SCHEDULED = 5
    STARTED = 6
    CANCELLED = 7
    SENT = 8
    FAILED = 9
    RENAME = 10
    RETIRE = 11
    FORGET = 12
    DELIVERY = 13
    NOTE = 14


_WORDS = {
    Verb.UNKNOWN: "unknown whether sent:",
    Verb.NOT_SENT: "not sent:",
    Verb.SCHEDULE: "schedule",
    Verb.SEND: "send",
    Verb.CANCEL: "cancel",
    Verb.SCHEDULED: "scheduled",
    Verb.STARTED: "sending",
    Verb.CANCELLED: "cancelled",
    Verb.SENT: "sent",
    Verb.FAILED: "failed:",
    Verb.RENAME: "rename",
    Verb.RETIRE: "retire",
    Verb.FORGET: "forget",
    Verb.DELIVERY: "delivery of",
    Verb.NOTE: "note",
}
_COUNTED = frozenset(Verb) - {Verb.RENAME, Verb.RETIRE, Verb.FORGET, Verb.DELIVERY, Verb.NOTE}
_OF_PHASE = {
    SendPhase.SCHEDULED: Verb.SCHEDULED,
    SendPhase.STARTED: Verb.STARTED,
    SendPhase.SENT: Verb.SENT,
    SendPhase.CANCELLED: Verb.CANCELLED,
    SendPhase.UNKNOWN: Verb.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that happened to one campaign. ``recipients`` and ``credits`` are summed over its sends."""

    verb: Verb
    campaign: str
    recipients: int = 0
    credits: int = 0
    more: str = ""

    @property
    def line(self) -> str:
        """For people."""
        return f"{_WORDS[self.verb]} {self.campaign}{self.more}{_figures(self.verb, self.recipients, self.credits)}"


def subject(before: State | None, after: State) -> str:
    """One line, at most `LONGEST_SUBJECT` characters."""
    found = pieces(before, after)
    parts = [_summed(verb, [piece for piece in found if piece.verb is verb]) for verb in Verb]
    said = [part for part in (*parts, *_of_head(before, after)) if part]
    line = "; ".join(said) or f"serial {after.serial}"
    while len(line) > LONGEST_SUBJECT and len(said) > 1:
        said.pop()
        line = f"{'; '.join(said)}; and more"
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def body(before: State | None, after: State) -> str:
    """A line for each campaign that something happened to; empty where the subject says it all."""
    found = pieces(before, after)
    if len(found) < 2:
        return ""
    lines = [piece.line for piece in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        lines.append(f"and {len(found) - MOST_LINES:,} more")
    return "\n".join(lines)


def pieces(before: State | None, after: State) -> list[Piece]:
    """Everything that happened, by verb and name."""
    former = before.campaigns if before is not None else {}
    found = [piece for name, record in after.campaigns.items() for piece in _of_campaign(former.get(name), record)]
    gone = [Piece(Verb.FORGET, name) for name in former if name not in after.campaigns]
    return sorted([*found, *gone], key=lambda piece: (piece.verb, piece.campaign))


def _of_campaign(before: CampaignRecord | None, after: CampaignRecord) -> list[Piece]:
    if before is not None and replace(before, sketch=None) == replace(after, sketch=None):
        return []  # that a sketch was dropped to keep newer ones is no news
    if after.moved_to is not None and (before is None or before.moved_to is None):
        return [Piece(Verb.RENAME, after.name, more=f" to {after.moved_to}")]
    former = {(send.revision, send.fingerprint): send for send in before.sends} if before is not None else {}
    moved: dict[Verb, list[SendRecord]] = {}
    for send in after.sends:
        verb = _of_send(former.get((send.revision, send.fingerprint)), send)
        if verb is not None:
            moved.setdefault(verb, []).append(send)
    found = [_piece(verb, after, sends) for verb, sends in moved.items()]
    if after.retired and (before is None or not before.retired):
        found.append(Piece(Verb.RETIRE, after.name))
    return found or [Piece(Verb.NOTE, after.name)]


def _of_send(before: SendRecord | None, after: SendRecord) -> Verb | None:
    """What happened to one send. One whose turn is still to come is part of its campaign's first intent: nothing."""
    if before is not None and before.phase is after.phase:
        if after.cancel is not None and before.cancel != after.cancel and after.phase is SendPhase.SCHEDULED:
            return Verb.CANCEL
        if after.phase is SendPhase.INTENDED and before.intended_at != after.intended_at:
            return _intent(after)
        return Verb.DELIVERY if before.delivery != after.delivery else None
    if after.phase is SendPhase.INTENDED:
        return _intent(after)
    if after.phase is SendPhase.FAILED:
        if before is None:
            return None
        return Verb.FAILED if after.uuid else Verb.NOT_SENT
    return _OF_PHASE[after.phase]


def _intent(send: SendRecord) -> Verb:
    return Verb.SEND if send.scheduled_at is None else Verb.SCHEDULE


def _piece(verb: Verb, campaign: CampaignRecord, sends: Iterable[SendRecord]) -> Piece:
    sends = tuple(sends)
    if verb is Verb.DELIVERY:
        return Piece(verb, campaign.name, more=_delivery(campaign.current))
    return Piece(verb, campaign.name, sum(send.recipients for send in sends), sum(send.credits or 0 for send in sends))


def _delivery(sends: Iterable[SendRecord]) -> str:
    counts: dict[str, int] = {}
    for send in sends:
        for word, count in send.delivery.items():
            counts[word] = counts.get(word, 0) + count
    return ": " + ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()) if count)


def _summed(verb: Verb, found: list[Piece]) -> str:
    if len(found) < 2:
        return found[0].line if found else ""
    figures = _figures(verb, sum(piece.recipients for piece in found), sum(piece.credits for piece in found))
    return f"{_WORDS[verb]} {len(found):,} campaigns{figures}"


def _figures(verb: Verb, recipients: int, credits: int) -> str:
    if verb not in _COUNTED:
        return ""
    cost = f", {_several(credits, 'credit')}" if credits else ""
    return f"{' for' if _WORDS[verb].endswith(':') else ':'} {_several(recipients, 'recipient')}{cost}"


def _several(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _of_head(before: State | None, after: State) -> Iterator[str]:
    """What happened to no campaign."""
    former = before.approval if before is not None else None
    if after.approval is not None and after.approval != former:
        is_over = former is not None and after.approval.digest == former.digest and after.approval.is_finished
        yield f"{'finish' if is_over else 'begin'} plan {after.approval.digest.removeprefix('sha256:')[:12]}"
    more = len(after.suppressed) - (len(before.suppressed) if before is not None else 0)
    if more > 0:
        yield f"leave out {more:,} more {'person' if more == 1 else 'people'}"
