"""The whole of it: read every source of a campaign, and say who is texted or why that cannot be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.audience.inline import InlineExamination, is_inline
from mesms_gitops.audience.sources.outside import Outside
from mesms_gitops.errors import ManifestError

if TYPE_CHECKING:
    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.suppression import Suppression


def resolve(campaign: Campaign, outside: Outside | None = None, suppression: Suppression | None = None) -> Audience:
    """Who gets the message, everybody once.

    The same for any order of rows, unless one list gives a number several values (which is a warning). ``outside`` is
    what lists beyond this machine's files need; whom ``suppression`` covers is left out, whichever source names them.
    Raises ManifestError with every finding of every source as soon as one of them is an error.
    """
    audience = examine(campaign, outside, suppression)
    if any(diagnostic.is_error for diagnostic in audience.diagnostics):
        raise ManifestError(audience.diagnostics)
    return audience


def examine(campaign: Campaign, outside: Outside | None = None, suppression: Suppression | None = None) -> Audience:
    """Like ``resolve``, but errors stay among the diagnostics, and then the audience has nobody in it.

    For showing counts and masked rejects of lists that cannot be used: what was read up to the error still adds up.
    Never raises for what a list holds.
    """
    outside = outside or Outside()
    if is_inline(campaign) and outside.rejects is None:
        return InlineExamination(campaign, outside, suppression).audience()
    if outside.engine is not None and any(map(outside.engine.reads, (*campaign.sources, *campaign.exclude))):
        from mesms_gitops.audience.engines.spread import SpreadExamination

        return SpreadExamination(campaign, outside, suppression, outside.engine).audience()
    from mesms_gitops.audience.reading import ListExamination

    return ListExamination(campaign, outside, suppression).audience()
