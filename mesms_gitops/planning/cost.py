"""What a plan costs: one question to ME-SMS for each class of texts that must cost the same, summed over people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import CreditsSource
from mesms_gitops.planning.desire import merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mesms_gitops.model.observation import Quote
    from mesms_gitops.model.plan import Action, PlannedSend
    from mesms_gitops.model.sends import DesiredSend

CostKey = tuple[str, str, int, int]


@dataclass(frozen=True, slots=True)
class CostClass:
    """Sends of one campaign whose texts have the same encoding and parts: ``specimen`` stands for all their people."""

    key: CostKey
    specimen: DesiredSend


def cost_classes(actions: Iterable[Action]) -> Iterator[CostClass]:
    """Each class of each action that sends anything, in a stable order."""
    for action in actions:
        classes: dict[CostKey, list[DesiredSend]] = {}
        for planned in action.sends:
            if planned.desired is not None:
                classes.setdefault(_key(action, planned.desired), []).append(planned.desired)
        for key in sorted(classes):
            yield CostClass(key, _specimen(classes[key]))


def _key(action: Action, send: DesiredSend) -> CostKey:
    return (action.campaign, send.encoding, send.parts, send.group_id or 0)


def _specimen(sends: list[DesiredSend]) -> DesiredSend:
    """The first text, to everybody of the class."""
    shares = [send.numbers for send in sends if send.numbers is not None]
    return replace(sends[0], numbers=merged(shares)) if shares else sends[0]


def priced(action: Action, quotes: Mapping[CostKey, Quote]) -> Action:
    """``action`` with its people, parts and credits; estimated from the local count where a quote is missing."""
    if not any(send.desired for send in action.sends):
        return _as_recorded(action)
    sends = tuple(_priced_send(action, send, quotes) for send in _spread(action, quotes))
    is_previewed = all(_key(action, send.desired) in quotes for send in sends if send.desired)
    return replace(
        action,
        sends=sends,
        recipients=sum(send.recipients for send in sends),
        requests=len(sends),
        parts=_histogram(sends),
        credits=sum(send.credits for send in sends),
        credits_source=CreditsSource.PREVIEW if is_previewed else CreditsSource.ESTIMATE,
        diagnostics=(*action.diagnostics, *_disagreements(action, quotes)),
    )


def _as_recorded(action: Action) -> Action:
    return replace(
        action,
        recipients=sum(send.recipients for send in action.sends),
        parts=_histogram(action.sends),
        credits=sum(send.credits for send in action.sends),
    )


def _histogram(sends: Iterable[PlannedSend]) -> tuple[tuple[int, int], ...]:
    people: dict[int, int] = {}
    for send in sends:
        people[send.parts] = people.get(send.parts, 0) + send.recipients
    return tuple(sorted(people.items()))


def _priced_send(action: Action, send: PlannedSend, quotes: Mapping[CostKey, Quote]) -> PlannedSend:
    quote = quotes.get(_key(action, send.desired)) if send.desired else None
    return send if quote is None else replace(send, parts=quote.parts or send.parts)


def _spread(action: Action, quotes: Mapping[CostKey, Quote]) -> Iterator[PlannedSend]:
    """Each send with its share of its class's quote; what does not divide evenly goes to the last."""
    members: dict[CostKey, list[PlannedSend]] = {}
    for send in action.sends:
        if send.desired is not None:
            members.setdefault(_key(action, send.desired), []).append(send)
    for key in sorted(members):
        quote = quotes.get(key)
        if quote is None:
            yield from (replace(send, credits=send.parts * send.recipients) for send in members[key])
        else:
            yield from _shares(members[key], quote)


def _shares(sends: list[PlannedSend], quote: Quote) -> Iterator[PlannedSend]:
    people = sum(send.recipients for send in sends)
    left = quote.credits
    for send in sends[:-1]:
        share = quote.credits * send.recipients // people
        left -= share
        yield replace(send, credits=share)
    last = sends[-1]
    yield replace(last, credits=left, recipients=last.recipients or quote.recipients)


def _disagreements(action: Action, quotes: Mapping[CostKey, Quote]) -> Iterator[Diagnostic]:
    """Where ME-SMS counts otherwise than we do: its word holds, and the reviewer is told."""
    for found in cost_classes([action]):
        quote = quotes.get(found.key)
        if quote is None:
            continue
        specimen = found.specimen
        if specimen.parts and quote.parts != specimen.parts:
            yield _warning(
                "MS521", action, f"ME-SMS counts {quote.parts} parts a message, the local count says {specimen.parts}"
            )
        if specimen.recipients and quote.recipients != specimen.recipients:
            yield _warning(
                "MS522", action, f"ME-SMS would charge {quote.recipients:,} recipients of {specimen.recipients:,}"
            )


def _warning(code: str, action: Action, message: str) -> Diagnostic:
    return Diagnostic(code=code, severity=Severity.WARNING, message=message, campaign=action.campaign)
