"""What is known of one number that somebody asked about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """``given`` is as it was typed; ``sent_as`` is None where it is not accepted, ``reason`` where it is.

    ``explanation`` says why it is refused, and ``hint`` how a number that was meant would be written. The rest is what
    a library of numbering plans says, which is not asked what is accepted: None where it knows nothing, and
    ``has_library`` is false where it is not installed. ``carrier`` is who the block was given to; its owner may have
    moved elsewhere since.
    """

    given: str
    sent_as: str | None
    reason: str | None
    explanation: str | None
    hint: str | None
    has_lost_zero: bool
    is_in_unknown_block: bool
    has_library: bool
    country: str | None = None
    place: str | None = None
    kind: str | None = None
    carrier: str | None = None
