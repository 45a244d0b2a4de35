"""What a plan costs: one question to ME-SMS for each class of texts that must cost the same, summed over people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import CreditsSource
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND
from mesms_gitops.planning.desire import merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mesms_gitops.model.observation import Quote
    from mesms_gitops.model.plan import Action, PlannedSend
    from mesms_gitops.model.sends import DesiredSend

CostKey = tuple[str, str, int, int, int]
"""Campaign, encoding, parts, contact group (0: none), and the lot where one request could not hold all of a class."""


@dataclass(frozen=True, slots=True)
class CostClass:
    """Sends of one campaign whose texts have the same encoding and parts: ``specimen`` stands for all their people."""

    key: CostKey
    specimen: DesiredSend


def cost_classes(actions: Iterable[Action]) -> Iterator[CostClass]:
    """Each class of each action that sends anything, in a stable order."""
    for action in actions:
        classes = _classes(action)
        for key in sorted(classes):
            yield CostClass(key, _specimen([send.desired for send in classes[key] if send.desired]))


def _classes(action: Action) -> dict[CostKey, list[PlannedSend]]:
    """The sends to be made, by what they must cost. A text that only ME-SMS knows is a class of its own."""
    classes: dict[CostKey, list[PlannedSend]] = {}
    people: Counter[CostKey] = Counter()
    for planned in action.sends:
        send = planned.desired
        if send is None:
            continue
        of_text = (action.campaign, send.encoding or send.fingerprint, send.parts, send.group_id or 0)
        lot = 0
        while people[*of_text, lot] and people[*of_text, lot] + planned.recipients > MAX_NUMBERS_PER_SEND:
            lot += 1
        people[*of_text, lot] += planned.recipients
        classes.setdefault((*of_text, lot), []).append(planned)
    return classes


def _people(sends: Iterable[PlannedSend]) -> int:
    return sum(send.recipients for send in sends)


def _specimen(sends: list[DesiredSend]) -> DesiredSend:
    """The first text, to everybody of the class."""
    shares = [send.numbers for send in sends if send.numbers is not None]
    return replace(sends[0], numbers=merged(shares)) if shares else sends[0]


def priced(action: Action, quotes: Mapping[CostKey, Quote]) -> Action:
    """``action`` with its people, parts and credits; estimated from the local count where a quote is missing."""
    classes = _classes(action)
    if not classes:
        return _as_recorded(action)
    sends = tuple(send for key in sorted(classes) for send in _priced_class(classes[key], quotes.get(key)))
    return replace(
        action,
        sends=sends,
        recipients=_people(sends),
        requests=len(sends),
        parts=_histogram(sends),
        credits=sum(send.credits for send in sends),
        credits_source=CreditsSource.PREVIEW if quotes.keys() >= classes.keys() else CreditsSource.ESTIMATE,
        diagnostics=(*action.diagnostics, *_disagreements(action, quotes)),
    )


def _as_recorded(action: Action) -> Action:
    return replace(
        action,
        recipients=_people(action.sends),
        parts=_histogram(action.sends),
        credits=sum(send.credits for send in action.sends),
    )


def _histogram(sends: Iterable[PlannedSend]) -> tuple[tuple[int, int], ...]:
    people: dict[int, int] = {}
    for send in sends:
        people[send.parts] = people.get(send.parts, 0) + send.recipients
    return tuple(sorted(people.items()))


def _priced_class(sends: list[PlannedSend], quote: Quote | None) -> Iterator[PlannedSend]:
    if quote is None:
        return (replace(send, credits=send.parts * send.recipients) for send in sends)
    return (replace(send, parts=quote.parts or send.parts) for send in _shares(sends, quote))


def _shares(sends: list[PlannedSend], quote: Quote) -> Iterator[PlannedSend]:
    """Each send with its share of its class's quote; what does not divide evenly goes to the last."""
    people = _people(sends)
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
                "MS551", action, f"ME-SMS counts {quote.parts} parts a message, the local count says {specimen.parts}"
            )
        if specimen.recipients and quote.recipients != specimen.recipients:
            yield _warning(
                "MS552", action, f"ME-SMS would charge {quote.recipients:,} recipients of {specimen.recipients:,}"
            )


def _warning(code: str, action: Action, message: str) -> Diagnostic:
    return Diagnostic(code=code, severity=Severity.WARNING, message=message, campaign=action.campaign)
