"""What a project adds to the policy: rules about one planned campaign, and waivers of them for one campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date, datetime

    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Diagnostic, Position
    from mesms_gitops.model.plan import Action


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign that would be sent, with its price: what a rule judges.

    ``now`` is the moment of the plan; ``leaves`` when its messages would leave, in the project's time zone.
    """

    campaign: Campaign
    action: Action
    now: datetime
    leaves: datetime


class Rule(Protocol):
    """One entry of ``policy.rules``."""

    @property
    def name(self) -> str:
        """What waivers call it."""

    def broken_by(self, planned: Planned) -> Diagnostic | None:
        """Why ``planned`` must not be sent; None if the rule holds. What cannot be judged is broken. Never raises."""


def field_of(rule: str) -> str:
    """The ``field`` of every diagnostic about ``rule``: by it a waiver knows the rule."""
    return f"policy.rules.{rule}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """One refusal that one campaign is spared. ``rule`` is a rule's name or a code of `WAIVABLE`.

    ``until`` is the last day on which it holds, in the project's time zone.
    """

    rule: str
    campaign: str
    reason: str
    until: date
    position: Position | None = None


WAIVABLE: dict[str, frozenset[str]] = {
    "MS501": frozenset({"MS501"}),
    "MS502": frozenset({"MS502"}),
    "MS506": frozenset({"MS506", "MS550"}),
    "MS541": frozenset({"MS541"}),
    "MS543": frozenset({"MS543"}),
    "MS550": frozenset({"MS506", "MS550"}),
    "MS553": frozenset({"MS553"}),
    "MS554": frozenset({"MS554"}),
}
"""Code -> the refusals it stands for. ``policy.max_parts`` has two codes: read from the file, and as ME-SMS counts it.

Only what mesms.yaml itself forbids to a single campaign. Not here: the campaign's own limits (they are changed in its
file), shorteners and bare addresses (operators refuse them, whatever a project decides), the hours of sending (the law
and the operators set them), and what concerns the account or the whole apply (balance, approved senders, freeze).
"""
MAX_DAYS_AHEAD = 400
"""A waiver that outlives a year of campaigns is a policy, and belongs where policies are written."""
