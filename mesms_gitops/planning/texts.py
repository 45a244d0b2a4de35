"""Audience -> the different texts its people get: each combination of the values a text uses is rendered once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from mesms_gitops.model.campaign import SavedTemplate
from mesms_gitops.planning.parts import count, counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mesms_gitops.model.audience import Audience, AudienceGroup
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


@dataclass(frozen=True)
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

    @cached_property
    def sizes(self) -> list[Parts | None]:
        """What each takes: counted once, asked for by whoever sends, previews or prices them."""
        known = counts([text for text in self.texts if text is not None])
        if len(known) == len(self.texts):
            return list(known)
        return [None if text is None else count(text) for text in self.texts]

    def histogram(self) -> dict[int, int]:
        """How many people get a message of how many parts (0: not known)."""
        people: Counter[int] = Counter()
        for size, some in zip(self.sizes, self.people, strict=True):
            people[size.parts if size else 0] += some
        return dict(sorted(people.items()))


def texts_of(campaign: Campaign, audience: Audience, render: ManyRender | None) -> Texts:
    """What ``campaign`` says to ``audience``; ``render`` is None for a saved template without a local copy."""
    is_saved = isinstance(campaign.body, SavedTemplate)
    names = names_in(campaign, audience, None if is_saved or render is None else render.names)
    of_groups = combinations_of(campaign, audience.groups, names)
    combinations = list(dict.fromkeys(of_groups))
    made: Sequence[str | None] = [None] * len(combinations) if render is None else render.many(names, combinations)
    keys: Sequence[object] = combinations if is_saved else made
    if len(combinations) == len(of_groups) == len(set(keys)):  # nobody shares a text with another group
        own = [(index,) for index in range(len(of_groups))]
        people = [len(group.numbers) for group in audience.groups]
        return Texts(names, combinations, made, combinations, own, people)
    messages = _numbered(keys)
    groups = _grouped(of_groups, dict(zip(combinations, messages, strict=True)))
    firsts = dict(zip(reversed(messages), range(len(messages) - 1, -1, -1), strict=True))
    return Texts(
        names,
        combinations,
        [made[firsts[message]] for message in range(len(groups))],
        [combinations[firsts[message]] for message in range(len(groups))],
        groups,
        [sum(len(audience.groups[index].numbers) for index in some) for some in groups],
    )


def combinations_of(campaign: Campaign, groups: Sequence[AudienceGroup], names: Sequence[str]) -> list[Combination]:
    """What each of ``groups`` has for ``names``."""
    columns = []
    for name in names:
        fixed = campaign.variables.get(name)
        columns.append([group.values.get(name, fixed) for group in groups])
    return list(zip(*columns, strict=True)) if columns else [()] * len(groups)


def _numbered(keys: Sequence[object]) -> list[int]:
    """For each key its number, counted by first appearance."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _grouped(of_groups: Sequence[Combination], message_of: Mapping[Combination, int]) -> list[list[int]]:
    """For each message the places of its groups."""
    groups: list[list[int]] = [[] for _ in range(max(message_of.values(), default=-1) + 1)]
    for index, combination in enumerate(of_groups):
        groups[message_of[combination]].append(index)
    return groups


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
