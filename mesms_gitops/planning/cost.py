"""What a plan costs: one question to ME-SMS for each class of texts that must cost the same, summed over people.

Where nobody is asked, a credit a part and person is the estimate, corrected by what ME-SMS asked for its like before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.model.plan import CreditsSource
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND, TemplateContent
from mesms_gitops.planning.desire import merged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mesms_gitops.model.observation import Quote
    from mesms_gitops.model.plan import Action, PlannedSend
    from mesms_gitops.model.sends import DesiredSend

CostKey = tuple[str, str, int, int, int]
"""Campaign, encoding, parts, contact group (0: none), and the lot where one request could not hold all of a class."""


@dataclass(frozen=True, slots=True)
class CostClass:
    """Sends of one campaign whose texts have the same encoding and parts."""

    key: CostKey
    sends: tuple[DesiredSend, ...]

    @property
    def specimen(self) -> DesiredSend:
        """The first text, to everybody of the class; it is put together when it is asked for."""
        shares = [send.numbers for send in self.sends if send.numbers is not None]
        return replace(self.sends[0], numbers=merged(shares)) if shares else self.sends[0]

    @property
    def parts(self) -> int:
        """The local count of the parts of each message; 0 where only ME-SMS knows the text."""
        return self.sends[0].parts

    @property
    def people(self) -> int:
        """How many, as far as it is known here."""
        return sum(send.recipients for send in self.sends)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of all its sends, in order: they cover every text, everybody, the sender and the time."""
        return tuple(sorted(send.fingerprint for send in self.sends))

    @property
    def kind(self) -> tuple[str, int, str, int]:
        """What a price a person follows from: sender, saved template (0: none), encoding, parts."""
        first = self.sends[0]
        template_id = first.content.template_id if isinstance(first.content, TemplateContent) else 0
        return first.sender, template_id, first.encoding, first.parts


def cost_classes(actions: Iterable[Action]) -> Iterator[CostClass]:
    """Each class of each action that sends anything, in a stable order."""
    for action in actions:
        classes = _classes(action)
        for key in sorted(classes):
            yield CostClass(key, tuple(send.desired for send in classes[key] if send.desired))


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


def differs(found: CostClass, quote: Quote) -> bool:
    """Whether ``quote`` is another price than the local estimate for as many people as it is about."""
    parts_differ = bool(quote.parts) and quote.parts != found.parts
    return found.parts > 0 and quote.recipients > 0 and (parts_differ or _rate(found, quote) != 1)


def _rate(found: CostClass, quote: Quote) -> Fraction:
    """Credits a part and person; 1 where nothing says how many parts or people it is about."""
    shares = (quote.parts or found.parts) * (quote.recipients or found.people)
    return Fraction(quote.credits, shares) if shares else Fraction(1)


def priced(
    action: Action, quotes: Mapping[CostKey, Quote], learned: Mapping[CostKey, Quote] = MappingProxyType({})
) -> Action:
    """``action`` with its people, parts and credits.

    Where a quote is missing they are estimated: from the local count, and from what is ``learned`` of a class, which is
    an answer about others of its kind.
    """
    classes = _classes(action)
    if not classes:
        return _as_recorded(action)
    sends = tuple(
        send for key in sorted(classes) for send in _priced_class(classes[key], quotes.get(key), learned.get(key))
    )
    return replace(
        action,
        sends=sends,
        recipients=_people(sends),
        requests=len(sends),
        parts=_histogram(sends),
        credits=sum(send.credits for send in sends),
        credits_source=CreditsSource.PREVIEW if quotes.keys() >= classes.keys() else CreditsSource.ESTIMATE,
        is_learned=_is_learned(classes, quotes, learned),
        diagnostics=(*action.diagnostics, *_disagreements(action, quotes)),
    )


def _is_learned(classes: Collection[CostKey], quotes: Collection[CostKey], learned: Collection[CostKey]) -> bool:
    return any(key in learned and key not in quotes for key in classes)


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


def _priced_class(sends: list[PlannedSend], quote: Quote | None, learned: Quote | None) -> Iterator[PlannedSend]:
    if quote is not None:
        return (replace(send, parts=quote.parts or send.parts) for send in _shares(sends, quote))
    if learned is not None and learned.recipients:
        return (_as_learned(send, learned) for send in sends)
    return (replace(send, credits=send.parts * send.recipients) for send in sends)


def _as_learned(send: PlannedSend, learned: Quote) -> PlannedSend:
    """As dear a person as ``learned`` was; a fraction of a credit counts as one."""
    credits = -(-send.recipients * learned.credits // learned.recipients)
    return replace(send, parts=learned.parts or send.parts, credits=credits)


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
        if found.parts and quote.parts != found.parts:
            yield _warning(
                "MS551", action, f"ME-SMS counts {quote.parts} parts a message, the local count says {found.parts}"
            )
        if found.people and quote.recipients != found.people:
            yield _warning("MS552", action, f"ME-SMS would charge {quote.recipients:,} recipients of {found.people:,}")
        rate = _rate(found, quote)
        if rate != 1:
            yield _warning("MS559", action, f"ME-SMS asks {_said(rate)} a part for {_kind(found)}, the estimate said 1")


def _said(rate: Fraction) -> str:
    """``2 credits``, ``0.5 credits``; to four figures."""
    return f"{float(rate):.4g} credit{'' if rate == 1 else 's'}"


def _kind(found: CostClass) -> str:
    sender, _, encoding, parts = found.kind
    return f"{sender} ({encoding}, {parts} part{'' if parts == 1 else 's'})" if parts else sender


def _warning(code: str, action: Action, message: str) -> Diagnostic:
    return Diagnostic(code=code, severity=Severity.WARNING, message=message, campaign=action.campaign)
