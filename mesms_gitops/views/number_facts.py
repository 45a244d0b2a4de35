"""What is known of numbers that somebody typed: for a terminal, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.layout import Sheet, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mesms_gitops.model.number_facts import NumberFacts

_LIBRARY: Final = "pip install 'mesms-gitops[numbers]' to be told country, kind and operator as well"


def number_text(facts: NumberFacts, *, colour: bool = False, width: int = 80) -> str:
    """A line about what the rules make of it, and one each for what else is known."""
    sheet = Sheet.of(width=width, colour=colour)
    lines = [sheet.palette.bold(f"{printable(facts.given) or '(empty)'}: {_verdict(facts)}")]
    for text in _details(facts):
        lines += wrap(text, sheet.width, first="  ")
    return "\n".join(lines) + "\n"


def _verdict(facts: NumberFacts) -> str:
    return f"accepted, sent as {facts.sent_as}" if facts.sent_as else f"not accepted ({facts.reason})"


def _details(facts: NumberFacts) -> Iterator[str]:
    if facts.explanation:
        yield f"why: {facts.explanation}"
    if facts.has_lost_zero:
        yield "its leading 0 is lost; lists that have it like this are warned of (MS433)"
    if facts.is_in_unknown_block:
        yield "its block belongs to no operator that is known; it would be sent to all the same (MS439)"
    if known := _known(facts):
        yield f"numbering plan: {known}"
    if facts.hint:
        yield f"next: {facts.hint}"
    if not facts.has_library:
        yield _LIBRARY


def _known(facts: NumberFacts) -> str:
    place = None if facts.place == facts.country else facts.place
    block = f"block given to {facts.carrier}" if facts.carrier else None
    return ", ".join(printable(text) for text in (facts.kind, place, facts.country, block) if text)


def numbers_json(facts: Iterable[NumberFacts]) -> str:
    """``{"format_version": "1.0", "numbers": [...]}``; what is not known is null."""
    return json_text({"format_version": FORMAT_VERSION, "numbers": [_object(one) for one in facts]})


def _object(facts: NumberFacts) -> dict[str, Any]:
    return {
        "given": facts.given,
        "accepted": facts.sent_as is not None,
        "sent_as": facts.sent_as,
        "reason": facts.reason,
        "explanation": facts.explanation,
        "hint": facts.hint,
        "lost_zero": facts.has_lost_zero,
        "unknown_block": facts.is_in_unknown_block,
        "country": facts.country,
        "place": facts.place,
        "kind": facts.kind,
        "carrier": facts.carrier,
    }
