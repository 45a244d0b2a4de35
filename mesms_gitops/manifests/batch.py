"""Many combinations of values -> their texts, each exactly what rendering it alone makes, at the price of a join.

A template is words and slots (`segments`). Slots that are programs run once for each combination of what they read.
A row that is odd in any way (a value missing, blank or huge; a slot that fails) is rendered whole, alone: so the quick
way never decides what an error is, nor what it says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.templates import render_saved, saved_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mesms_gitops.manifests.segments import Slot
    from mesms_gitops.manifests.templates import Template

    Combination = tuple[str | None, ...]
    """One value for each name, None where there is none."""

MOST_REMEMBERED: Final = 100_000
"""Outputs that a slot keeps; above that it starts anew, so that memory stays bounded."""
LONGEST: Final = 4_000
"""As `sandboxed.MAX_OUTPUT`: a longer text or value is for the whole template to judge."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The ``texts`` in the order of their combinations, and the distinct ``shares`` they were put together from.

    Every character of every text stands in a word of the template or in a share; ``alone`` are the rows that were
    rendered whole, whose texts are their own shares.
    """

    texts: list[str]
    shares: tuple[frozenset[str], ...]
    alone: tuple[int, ...] = ()


@dataclass(slots=True)
class Batch:
    """A template, taken apart. ``whole`` renders one row of values and raises what there is to raise."""

    words: tuple[str, ...]
    slots: tuple[Slot | str, ...]
    whole: Callable[[Mapping[str, str]], str]
    names: frozenset[str]
    optional: frozenset[str] = frozenset()
    may_be_empty: frozenset[str] = frozenset()
    _outputs: list[dict[Combination, str | None]] = field(default_factory=list)

    def fill(self, names: Sequence[str], combinations: Sequence[Combination]) -> Filled:
        """The text of each of ``combinations`` of ``names``; raises what the first that cannot be rendered raises."""
        if not combinations:
            return Filled([], ())
        columns = dict(zip(names, zip(*combinations, strict=True), strict=True))
        absent = (None,) * len(combinations)
        columns.update((name, absent) for name in self.names if name not in columns)
        parts = [self._part(index, slot, columns, len(combinations)) for index, slot in enumerate(self.slots)]
        texts = self._joined(parts, len(combinations))
        alone = self._odd(columns, parts, texts)
        for row in alone:
            values = zip(names, combinations[row], strict=True)
            texts[row] = self.whole({name: value for name, value in values if value is not None})
        shares = tuple(frozenset(value for value in set(part) if value is not None) for part in parts)
        return Filled(texts, shares, alone)

    def _joined(self, parts: list[Sequence[str | None]], rows: int) -> list[str]:
        form = "%s".join(word.replace("%", "%%") for word in self.words)
        return [form % row for row in zip(*parts, strict=True)] if parts else [self.words[0]] * rows

    def _part(
        self, index: int, slot: Slot | str, columns: Mapping[str, Sequence[str | None]], rows: int
    ) -> Sequence[str | None]:
        if isinstance(slot, str):
            return columns[slot]
        if slot.is_bare:
            return columns[slot.names[0]]
        while len(self._outputs) <= index:
            self._outputs.append({})
        known = self._outputs[index]
        keys: list[Combination] = (
            list(zip(*(columns[name] for name in slot.names), strict=True)) if slot.names else [()] * rows
        )
        if len(known) > MOST_REMEMBERED:
            known.clear()
        known.update(slot.outputs(list(set(keys).difference(known))))
        return [known[key] for key in keys]

    def _odd(
        self, columns: Mapping[str, Sequence[str | None]], parts: list[Sequence[str | None]], texts: list[str]
    ) -> tuple[int, ...]:
        rows: set[int] = set()
        for name in self.names:
            rows |= _rows(columns[name], {value for value in set(columns[name]) if self._is_odd(name, value)})
        for part in parts:
            if None in part:
                rows |= _rows(part, {None})
        if len(max(texts, key=len)) > LONGEST:
            rows.update(row for row, text in enumerate(texts) if len(text) > LONGEST)
        return tuple(sorted(rows))

    def _is_odd(self, name: str, value: str | None) -> bool:
        if value is None:
            return name not in self.optional
        return len(value) > LONGEST or ((not value or value.isspace()) and name not in self.may_be_empty)


def _rows(column: Sequence[str | None], values: set[str | None]) -> set[int]:
    return {row for row, value in enumerate(column) if value in values} if values else set()


def batch_of(template: Template, source: str) -> Batch:
    """``template``, made of ``source``, for many rows."""
    pieces = template.pieces
    if pieces is not None:
        words, slots = pieces
        return Batch(words, slots, template.render, template.names)
    from mesms_gitops.manifests.segments import segments

    found = segments(source)
    return Batch(*found, template.render, template.names, template.optional, template.may_be_empty)


def batch_of_saved(text: str) -> Batch:
    """The local copy of a template saved on ME-SMS, for many rows."""
    words, slots = saved_pieces(text)
    return Batch(words, slots, lambda values: render_saved(text, values), frozenset(slots))
