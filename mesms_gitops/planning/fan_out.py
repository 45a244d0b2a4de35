"""One campaign that became far more requests than it allows itself, stopped before any of them is put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.campaign import SavedTemplate
from mesms_gitops.model.diagnostic import Diagnostic, Severity
from mesms_gitops.planning.previews import fan_out_of, names_from_lists
from mesms_gitops.planning.texts import combinations_of, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.plan import FanOut
    from mesms_gitops.model.state import CampaignRecord
    from mesms_gitops.planning.texts import Combination, ManyRender, Texts

FEW: Final = 250_000
"""Combinations of values up to which every text is made before anything is said of their number."""
AT_ONCE: Final = 20_000
WORTH_A_PLAN: Final = 1_000
"""Requests beyond the limit that are still shown as a plan, with everything that is wrong with it."""


def too_many(
    campaign: Campaign, audience: Audience, texts: Texts, record: CampaignRecord | None
) -> tuple[Diagnostic, ...]:
    """The refusal (MS533) of far more requests than ``campaign`` allows itself; nothing if a plan may be made of it.

    Some of them may be sends that are recorded already: only where even so more than the limit are left can no
    comparison with the state change the answer.
    """
    requests = len(texts.texts) + len(audience.contact_groups)
    left = requests - (len(record.sends) if record else 0)
    if left <= max(campaign.limits.requests, WORTH_A_PLAN):
        return ()
    found = fan_out_of(audience, texts)
    return (
        Diagnostic(
            code="MS533",
            severity=Severity.ERROR,
            message=f"{campaign.name}: {left:,} requests (one for each distinct text) are more than the limit of"
            f" {campaign.limits.requests:,}",
            position=campaign.position("limits.requests"),
            field="limits.requests",
            why="; ".join(filter(None, (cause_of(found), _price(texts)))),
            next_step=f"raise `limits.requests` in {campaign.file} to {left}, if it is meant",
            refusal=True,
            campaign=campaign.name,
        ),
    )


def surely_too_many(
    campaign: Campaign, audience: Audience, render: ManyRender | None, record: CampaignRecord | None
) -> tuple[Diagnostic, ...]:
    """The refusal (MS533) of so many different texts that nobody should wait for all of them; or nothing.

    Of a crowd of more than ``FEW`` combinations of values the first ones are rendered, as drafts, until there are more
    texts than `too_many` would let pass. Combinations may share a text, so where the first ones do, nothing is said.
    """
    most = max(campaign.limits.requests, WORTH_A_PLAN) + (len(record.sends) if record else 0)
    if len(audience.groups) <= FEW or most >= len(audience.groups):
        return ()
    names = names_in(campaign, audience, None if render is None else render.names)
    first = audience.groups[: 2 * most + AT_ONCE]
    looked_at = dict.fromkeys(combinations_of(campaign, first, names))
    texts: set[object] = set()
    for some in _runs(list(looked_at)):
        texts.update(some if render is None or isinstance(campaign.body, SavedTemplate) else render.drafts(names, some))
        if len(texts) > most:
            personal = names_from_lists(replace(audience, groups=first), names)
            return (_hopeless(campaign, len(audience.groups), personal, most),)
    return ()


def _runs(combinations: list[Combination]) -> Iterator[list[Combination]]:
    return (combinations[start : start + AT_ONCE] for start in range(0, len(combinations), AT_ONCE))


def _hopeless(campaign: Campaign, combinations: int, personal: frozenset[str], most: int) -> Diagnostic:
    return Diagnostic(
        code="MS533",
        severity=Severity.ERROR,
        message=f"{campaign.name}: more than {most:,} requests (one for each distinct text); the limit is "
        f"{campaign.limits.requests:,}",
        position=campaign.position("limits.requests"),
        field="limits.requests",
        why=f"lists bring {combinations:,} different combinations of values, and the text asks for "
        f"{', '.join(sorted(personal))}",
        next_step="leave out of the text what is different for everybody; or raise `limits.requests` in "
        f"{campaign.file}, if it is meant",
        refusal=True,
        campaign=campaign.name,
    )


def cause_of(found: tuple[FanOut, ...]) -> str | None:
    """The variable that costs most requests, in words; None where no single one does."""
    if not found:
        return None
    most = found[0]
    return f"{most.variable} has {most.values:,} values; without it there would be {most.requests_without:,}"


def _price(texts: Texts) -> str:
    """People, parts and credits, as far as they are known without asking."""
    histogram = texts.histogram()
    people = f"{sum(histogram.values()):,} people"
    if 0 in histogram:
        return people
    sizes = ", ".join(f"{some:,} x {parts} part{'s' if parts > 1 else ''}" for parts, some in histogram.items())
    credits = sum(parts * some for parts, some in histogram.items())
    return f"{people} ({sizes}), {credits:,} credits (estimate)"
