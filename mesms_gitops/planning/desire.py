"""Campaign + audience -> the sends it is: grouped by identical text, split at what one request may hold."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesms_gitops.model.audience import AudienceCounts
from mesms_gitops.model.campaign import SavedTemplate
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND, DesiredSend, TemplateContent, TextContent
from mesms_gitops.planning.fingerprint import SAMPLE_SIZE, send_fingerprint, text_digest
from mesms_gitops.planning.parts import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign, When
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.plan import FanOut, Preview
    from mesms_gitops.model.sends import Content
    from mesms_gitops.model.sketch import AudienceChange, AudienceSketch, Overlap
    from mesms_gitops.model.state import ManifestRecord

    Render = Callable[[Mapping[str, str]], str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One manifest, taken as far as it is needed.

    ``sends`` is None where nobody asked for the audience: drafts, cancelled ones, and campaigns that have left.
    """

    campaign: Campaign
    manifest: ManifestRecord
    sends: tuple[DesiredSend, ...] | None = None
    counts: AudienceCounts = field(default_factory=AudienceCounts)
    diagnostics: tuple[Diagnostic, ...] = ()
    sketch: AudienceSketch | None = None
    audience_change: AudienceChange | None = None
    overlaps: tuple[Overlap, ...] = ()
    previews: tuple[Preview, ...] = ()
    fan_out: tuple[FanOut, ...] = ()


def desired_sends(
    campaign: Campaign, audience: Audience, render: Render | None, key: HashKey
) -> tuple[DesiredSend, ...]:
    """Every send of ``campaign``, ordered by fingerprint.

    ``render`` makes the text for one combination of variable values (for a template saved on ME-SMS: from its local
    copy, None if there is none).
    """
    assert campaign.schedule is not None  # a campaign without a time is never active: the manifest room saw to that
    when = campaign.schedule.when
    made = [
        _send(campaign.sender, content, when, part, None, key)
        for content, numbers in _texts(campaign, audience, render)
        for part in numbers.slices(MAX_NUMBERS_PER_SEND)
    ]
    for group_id in audience.contact_groups:
        content = _content(campaign, campaign.variables, render)
        made.append(_send(campaign.sender, content, when, None, group_id, key))
    return tuple(sorted(made, key=lambda send: send.fingerprint))


def _texts(campaign: Campaign, audience: Audience, render: Render | None) -> Iterator[tuple[Content, Numbers]]:
    """The distinct messages and who gets each."""
    by_content: dict[str, tuple[Content, list[Numbers]]] = {}
    for group in audience.groups:
        content = _content(campaign, {**campaign.variables, **group.values}, render)
        by_content.setdefault(_content_key(content), (content, []))[1].append(group.numbers)
    for content, shares in by_content.values():
        yield content, merged(shares)


def _content(campaign: Campaign, values: Mapping[str, str], render: Render | None) -> Content:
    text = render(values) if render else None
    if isinstance(campaign.body, SavedTemplate):
        return TemplateContent(campaign.body.template_id, dict(sorted(values.items())), text)
    assert text is not None  # only a saved template may lack a local text
    return TextContent(text)


def _content_key(content: Content) -> str:
    if isinstance(content, TextContent):
        return content.content
    return repr((content.template_id, sorted(content.variables.items())))


def merged(shares: list[Numbers]) -> Numbers:
    """The union of sets that share no number."""
    if len(shares) == 1:
        return shares[0]
    cells = array("I")
    for share in shares:
        cells.extend(share)
    return Numbers(cells)


def _send(
    sender: str, content: Content, when: When, numbers: Numbers | None, group_id: int | None, key: HashKey
) -> DesiredSend:
    audience_digest = None if numbers is None else numbers.digest(key.secret)
    text = content.content if isinstance(content, TextContent) else content.preview
    size = None if text is None else count(text)
    return DesiredSend(
        fingerprint=send_fingerprint(
            key, sender=sender, content=content, when=when, audience=audience_digest or {"group": group_id or 0}
        ),
        sender=sender,
        content=content,
        when=when,
        numbers=numbers,
        group_id=group_id,
        parts=size.parts if size else 0,
        encoding=size.encoding if size else "",
        text_digest=None if text is None else text_digest(key, text),
        audience_digest=audience_digest,
        sample=() if numbers is None else numbers.sample(key.secret, SAMPLE_SIZE),
    )
