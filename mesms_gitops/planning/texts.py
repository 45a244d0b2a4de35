"""Audience -> the different texts its people get: each combination of the values a text uses is rendered once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mesms_gitops.model.campaign import SavedTemplate
from mesms_gitops.planning.parts import count, counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mesms_gitops.model.audience import Audience
    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.planning.parts import Parts

    Render = Callable[[Mapping[str, str]], str]
    Combination = tuple[str | None, ...]
    """One value for each name, None where there is none."""


class ManyRender(Protocol):
    """A ``Render`` that knows what it needs and makes many texts at once."""

    @property
    def names(self) -> frozenset[str]:
        """The variables that a text can depend on."""

    def __call__(self, values: Mapping[str, str], /) -> str:
        """One text."""

    def many(self, names: Sequence[str], combinations: Sequence[Combination], /) -> list[str]:
        """The text of each of ``combinations`` of ``names``, as they would be sent."""

    def drafts(self, names: Sequence[str], combinations: Sequence[Combination], /) -> list[str]:
        """The same, for texts that nobody gets: nothing is looked at or remembered."""


@dataclass(frozen=True, slots=True)
class EachAlone:
    """A plain function as `ManyRender`; ``names`` are all that may matter to it."""

    render: Render
    names: frozenset[str]

    def __call__(self, values: Mapping[str, str], /) -> str:
        return self.render(values)

    def many(self, names: Sequence[str], combinations: Sequence[Combination], /) -> list[str]:
        """See `ManyRender`."""
        return [self.render(values_of(names, combination)) for combination in combinations]

    drafts = many


@dataclass(frozen=True, slots=True)
class Texts:
    """The different messages of one campaign, and who gets each; contact groups are not among them.

    Message ``i`` is ``texts[i]`` (None where only ME-SMS knows it), made of ``examples[i]``, the first of its
    combinations; ``groups[i]`` are the places of its groups in the audience, ``people[i]`` how many they are.
    ``combinations`` are all that occur, of ``names``; a message of a saved template is one of them, any other one text.
    """

    names: tuple[str, ...]
    combinations: Sequence[Combination]
    texts: Sequence[str | None]
    examples: Sequence[Combination]
    groups: Sequence[Sequence[int]]
    people: Sequence[int]

    def sizes(self) -> list[Parts | None]:
        """What each takes."""
        known = counts([text for text in self.texts if text is not None])
        return list(known) if len(known) == len(self.texts) else [None if t is None else count(t) for t in self.texts]

    def histogram(self) -> dict[int, int]:
        """How many people get a message of how many parts (0: not known)."""
        people: Counter[int] = Counter()
        for size, some in zip(self.sizes(), self.people, strict=True):
            people[size.parts if size else 0] += some
        return dict(sorted(people.items()))


def texts_of(campaign: Campaign, audience: Audience, render: ManyRender | None) -> Texts:
    """What ``campaign`` says to ``audience``; ``render`` is None for a saved template without a local copy."""
    is_saved = isinstance(campaign.body, SavedTemplate)
    used = None if is_saved or render is None else render.names
    names = names_in(campaign, audience, used)
    columns = []
    for name in names:
        fixed = campaign.variables.get(name)
        columns.append([group.values.get(name, fixed) for group in audience.groups])
    of_groups: list[Combination] = list(zip(*columns, strict=True)) if columns else [()] * len(audience.groups)
    combinations = list(dict.fromkeys(of_groups))
    made = render.many(names, combinations) if render is not None else [None] * len(combinations)
    keys: Sequence[object] = combinations if is_saved else made
    place: dict[object, int] = {}
    for key in keys:
        place.setdefault(key, len(place))
    of_combination = dict(zip(combinations, (place[key] for key in keys), strict=True))
    groups: list[list[int]] = [[] for _ in place]
    people = [0] * len(place)
    for index, combination in enumerate(of_groups):
        message = of_combination[combination]
        groups[message].append(index)
        people[message] += len(audience.groups[index].numbers)
    examples: list[Combination] = [()] * len(place)
    texts: list[str | None] = [None] * len(place)
    for key, combination, text in zip(reversed(keys), reversed(combinations), reversed(made), strict=True):
        examples[place[key]], texts[place[key]] = combination, text
    return Texts(names, combinations, texts, examples, groups, people)


def names_in(campaign: Campaign, audience: Audience, used: frozenset[str] | None) -> tuple[str, ...]:
    """The variables that anybody has a value for, in order; only those ``used``, where that is known."""
    if used is not None:
        return tuple(sorted(used))
    names = set(campaign.variables)
    for group in audience.groups:
        names.update(group.values)
    return tuple(sorted(names))


def values_of(names: Sequence[str], combination: Combination) -> dict[str, str]:
    """The values there are, by name."""
    return {name: value for name, value in zip(names, combination, strict=True) if value is not None}
