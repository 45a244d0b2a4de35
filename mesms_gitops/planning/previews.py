"""What a reviewer sees of many texts: the shortest and the longest of them, and what makes them so many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import ManifestError
from mesms_gitops.model.campaign import LocalTemplate, SavedTemplate
from mesms_gitops.model.plan import FanOut, Preview
from mesms_gitops.planning.parts import count

if TYPE_CHECKING:
    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.planning.parts import Parts
    from mesms_gitops.planning.texts import ManyRender, Texts

MASK: Final = "•"
MOST_COMBINATIONS: Final = 500_000
"""Beyond so many nobody asks which variable it was: the requests are far more than any limit."""
_MOST_SHOWN: Final = 3
_SEEN = re.compile(r"\S")


def previews_of(campaign: Campaign, audience: Audience, texts: Texts, render: ManyRender | None) -> tuple[Preview, ...]:
    """The shortest and the longest text that would be sent; one, if all are alike; none that only ME-SMS knows.

    What lists say of a person is masked: the text is rendered with every character of such a value struck out. Where
    that would read otherwise (a template that asks for the value), the template itself is shown.
    """
    if render is None:
        return ()
    if not texts.texts:
        alone = [render.drafts(texts.names, [tuple(campaign.variables.get(name) for name in texts.names)])[0]]
        return tuple(_preview(text, count(text), 0, is_masked=False) for text in alone if audience.contact_groups)
    sizes = [size for size in texts.sizes if size is not None]
    if len(sizes) != len(texts.texts):
        return ()
    ranked = range(len(sizes))
    shortest = min(ranked, key=lambda at: (sizes[at].parts, sizes[at].units, texts.texts[at] or ""))
    longest = max(ranked, key=lambda at: (sizes[at].parts, sizes[at].units, texts.texts[at] or ""))
    personal = names_from_lists(audience, texts.names)
    histogram = texts.histogram()
    return tuple(
        _preview(
            _shown(campaign, texts, at, personal, render),
            sizes[at],
            histogram[sizes[at].parts],
            is_masked=_is_personal(texts, at, personal),
        )
        for at in dict.fromkeys((shortest, longest))
    )


def names_from_lists(audience: Audience, names: tuple[str, ...]) -> frozenset[str]:
    """Those of ``names`` for which any list brings a value."""
    return frozenset(name for name in names if any(name in group.values for group in audience.groups))


def _preview(text: str, size: Parts, people: int, *, is_masked: bool) -> Preview:
    return Preview(text, size.parts, size.units, size.encoding, people, is_masked)


def _is_personal(texts: Texts, at: int, personal: frozenset[str]) -> bool:
    return any(value and name in personal for name, value in zip(texts.names, texts.examples[at], strict=True))


def _shown(campaign: Campaign, texts: Texts, at: int, personal: frozenset[str], render: ManyRender) -> str:
    text, example = texts.texts[at] or "", texts.examples[at]
    if not _is_personal(texts, at, personal):
        return text
    masked = tuple(
        _SEEN.sub(MASK, value) if value and name in personal else value
        for name, value in zip(texts.names, example, strict=True)
    )
    try:
        (drafted,) = render.drafts(texts.names, [masked])
    except ManifestError:  # it counts with the value: struck out, there is no text
        return _template_of(campaign)
    return drafted if _is_like(drafted, text) else _template_of(campaign)


def _is_like(drafted: str, text: str) -> bool:
    """Whether ``drafted`` is ``text`` but for what is struck out."""
    return len(drafted) == len(text) and all(one in (MASK, other) for one, other in zip(drafted, text, strict=True))


def _template_of(campaign: Campaign) -> str:
    body = campaign.body
    match body:
        case LocalTemplate():
            return body.source
        case SavedTemplate():
            return body.text or ""


def fan_out_of(audience: Audience, texts: Texts) -> tuple[FanOut, ...]:
    """The variables from lists that make the texts many, the most costly first; none where there is one text."""
    if len(texts.texts) < 2 or len(texts.combinations) > MOST_COMBINATIONS:
        return ()
    personal = names_from_lists(audience, texts.names)
    found = [
        FanOut(
            name,
            len({combination[at] for combination in texts.combinations}),
            min(
                len(texts.texts),
                len({combination[:at] + combination[at + 1 :] for combination in texts.combinations}),
            ),
        )
        for at, name in enumerate(texts.names)
        if name in personal
    ]
    several = sorted((one for one in found if one.values > 1), key=lambda one: (one.requests_without, one.variable))
    return tuple(several[:_MOST_SHOWN])
