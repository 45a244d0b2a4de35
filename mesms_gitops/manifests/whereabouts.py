"""Where in a campaign's files a character stands that was met in a rendered text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.manifests.outline import slip_in, tags
from mesms_gitops.manifests.positions import TreePositions
from mesms_gitops.manifests.text_file import TextFile
from mesms_gitops.model.campaign import LocalTemplate

if TYPE_CHECKING:
    from mesms_gitops.manifests.slips import Slip
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.diagnostic import Position


def whereabouts(campaign: Campaign, source: str, slip: Slip, variable: str | None) -> Position | None:
    """The place of ``slip``: in the template, in the value under `variables:`, or where the variable is used.

    None if the positions are not known. A recipient's own value is never pointed into.
    """
    if variable is None:
        index = slip_in(source, slip)
        if index is None:
            return None
        return _in_template(
            campaign, source, *(max(0, index - 1), 1) if slip.code == "MS312" else (index, len(slip.excerpt))
        )
    value = campaign.variables.get(variable, "")
    if slip.excerpt in value and isinstance(campaign.positions, TreePositions):
        return campaign.positions.span_in(f"variables.{variable}", value.find(slip.excerpt), len(slip.excerpt)).position
    used = next(((index, len(tag)) for index, tag in tags(source) if variable in tag), None)
    return None if used is None else _in_template(campaign, source, *used)


def _in_template(campaign: Campaign, source: str, index: int, length: int) -> Position | None:
    body = campaign.body
    if isinstance(body, LocalTemplate) and body.file is not None:
        return TextFile(body.file, source).span_at(index, length).position
    if not isinstance(campaign.positions, TreePositions):
        return None
    field = "content" if isinstance(body, LocalTemplate) else "template_text"
    return campaign.positions.span_in(field, index, length).position
