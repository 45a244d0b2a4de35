"""Campaign + audience -> the sends it is: grouped by identical text, split at what one request may hold."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesms_gitops.model.audience import AudienceCounts
from mesms_gitops.model.campaign import SavedTemplate
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND, DesiredSend, TemplateContent, TextContent
from mesms_gitops.planning.fingerprint import SAMPLE_SIZE, fingerprints, text_digest
from mesms_gitops.planning.parts import count
from mesms_gitops.planning.texts import EachAlone, names_in, texts_of, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign, When
    from mesms_gitops.model.diagnostic import Diagnostic
    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.plan import FanOut, Preview
    from mesms_gitops.model.sends import Content
    from mesms_gitops.model.sketch import AudienceChange, AudienceSketch, Overlap
    from mesms_gitops.model.state import ManifestRecord
    from mesms_gitops.planning.parts import Parts
    from mesms_gitops.planning.texts import Render, Texts


@dataclass(frozen=True, slots=True)
class Wanted:
    """One manifest, taken as far as it is needed.

    ``sends`` is None where nobody asked for the audience: drafts, cancelled ones, and campaigns that have left.
    ``is_unread``: its audience would be needed, but the plan is about others; nothing is decided about it.
    ``is_forgotten``: everybody who is left on its lists asked to be forgotten, so it has nobody to text.
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
    is_unread: bool = False
    is_forgotten: bool = False


def desired_sends(
    campaign: Campaign, audience: Audience, render: Render | None, key: HashKey
) -> tuple[DesiredSend, ...]:
    """Every send of ``campaign``, ordered by fingerprint.

    ``render`` makes the text for one combination of variable values (for a template saved on ME-SMS: from its local
    copy, None if there is none).
    """
    each = None if render is None else EachAlone(render, frozenset(names_in(campaign, audience, None)))
    return sends_of(campaign, audience, texts_of(campaign, audience, each), render, key)


def sends_of(
    campaign: Campaign, audience: Audience, texts: Texts, render: Render | None, key: HashKey
) -> tuple[DesiredSend, ...]:
    """As `desired_sends`, from what ``campaign`` says to ``audience``; ``render`` is for its contact groups."""
    assert campaign.schedule is not None  # a campaign without a time is never active: the manifest room saw to that
    make = _Maker(campaign.sender, campaign.schedule.when, key)
    made = []
    for text, example, groups, size in zip(texts.texts, texts.examples, texts.groups, texts.sizes, strict=True):
        content = _content(campaign, text, values_of(texts.names, example))
        everybody = merged([audience.groups[index].numbers for index in groups])
        parts = (everybody,) if len(everybody) <= MAX_NUMBERS_PER_SEND else everybody.slices(MAX_NUMBERS_PER_SEND)
        made += [make.send(content, text, size, part, None) for part in parts]
    for group_id in audience.contact_groups:
        text = render(campaign.variables) if render else None
        content = _content(campaign, text, campaign.variables)
        made.append(make.send(content, text, None if text is None else count(text), None, group_id))
    return tuple(sorted(made, key=lambda send: send.fingerprint))


def _content(campaign: Campaign, text: str | None, values: Mapping[str, str]) -> Content:
    if isinstance(campaign.body, SavedTemplate):
        return TemplateContent(campaign.body.template_id, dict(sorted(values.items())), text)
    assert text is not None  # only a saved template may lack a local text
    return TextContent(text)


def merged(shares: list[Numbers]) -> Numbers:
    """The union of sets that share no number."""
    if len(shares) == 1:
        return shares[0]
    cells = array("I")
    for share in shares:
        cells.extend(share)
    return Numbers(cells)


class _Maker:
    """Makes the sends of one campaign."""

    def __init__(self, sender: str, when: When, key: HashKey) -> None:
        self._sender = sender
        self._when = when
        self._key = key
        self._fingerprint = fingerprints(key, sender=sender, when=when)

    def send(
        self, content: Content, text: str | None, size: Parts | None, numbers: Numbers | None, group_id: int | None
    ) -> DesiredSend:
        audience_digest = None if numbers is None else numbers.digest(self._key.secret)
        return DesiredSend(
            fingerprint=self._fingerprint(content, audience_digest or {"group": group_id or 0}),
            sender=self._sender,
            content=content,
            when=self._when,
            numbers=numbers,
            group_id=group_id,
            parts=size.parts if size else 0,
            encoding=size.encoding if size else "",
            text_digest=None if text is None else text_digest(self._key, text),
            audience_digest=audience_digest,
            sample=() if numbers is None else numbers.sample(self._key.secret, SAMPLE_SIZE),
        )
