"""What odd characters cost over everybody who gets them: each alone, and all of them together.

One step for each distinct text, which looks at that text only; nobody's value is kept longer than the text it made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesms_gitops.manifests.message_text import advised, described, weighed
from mesms_gitops.manifests.outline import masked
from mesms_gitops.manifests.slips import slips
from mesms_gitops.model.diagnostic import Severity
from mesms_gitops.planning.parts import EXTENSION, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mesms_gitops.manifests.slips import Slip
    from mesms_gitops.planning.parts import Encoding

    Kind = tuple[str, str, str | None]
    """Code, characters, and the variable they came with (None: they stand in the template)."""
    _Weight = tuple[Slip, int, int, tuple[int, int]]
    """A slip, the parts saved by mending its kind alone, by mending all, and the parts without and with it."""


_WIDE = re.compile(f"[{re.escape(EXTENSION)}\U00010000-\U0010ffff]").search


@dataclass(slots=True)
class Entry:
    """One kind of slip: ``people`` who get it, and the credits that mending it saves.

    ``alone`` if nothing else is mended, ``together`` if everything odd in those texts is. ``steps`` are the parts
    without and with it.
    """

    slip: Slip
    variable: str | None
    people: int = 0
    alone: int = 0
    together: int = 0
    steps: set[tuple[int, int]] = field(default_factory=set)

    @property
    def severity(self) -> Severity:
        """A character that costs nothing is only worth a note."""
        return Severity.NOTE if self.slip.code == "MS324" and not self.together else Severity.WARNING

    @property
    def advice(self) -> str:
        """What to write instead, and where."""
        where = f" in the column of {self.variable}" if self.variable else ""
        return advised(self.slip) + where

    def message(self, everybody: int) -> str:
        """What it is and what it costs those who get it, ``everybody`` being all who get this campaign."""
        origin = f", from the variable {self.variable}," if self.variable else ""
        people = f"{self.people:,} of {everybody:,} people" if self.people < everybody else f"{self.people:,} people"
        if self.people == 1 == everybody:
            people = "1 person"
        return f"{described(self.slip)}{origin}{self._price(people)}".replace(",:", ":").replace(",;", ";")

    def _price(self, people: str) -> str:
        if not self.together:
            return f"; it adds no part and no credit, for {people}"
        if not self.alone:
            return f"; mended alone it saves nothing, with the others named here {self.together:,} credits ({people})"
        step = f"{min(self.steps)[0]} -> {min(self.steps)[1]} parts for " if len(self.steps) == 1 else "for "
        more = f"; with the others named here {self.together:,} credits" if self.together > self.alone else ""
        return f": {step}{people}, +{self.alone:,} credits{more}"


@dataclass(frozen=True, slots=True)
class _Share:
    """What one text says about one kind of slip, for one person."""

    kind: Kind
    alone: int
    together: int
    step: tuple[int, int]


class Bill:
    """Fed with texts and then with how many people get each."""

    def __init__(self, source: str) -> None:
        """``source`` is the template all texts are made of."""
        self._words = masked(source)
        self._shares: dict[str, tuple[_Share, ...]] = {}
        self._slips: dict[Kind, Slip] = {}
        self._profiles: dict[tuple[object, ...], tuple[_Weight, ...]] = {}

    def look_at(self, text: str, values: Mapping[str, str]) -> None:
        """Work out once what is odd in ``text``, made from ``values``."""
        found = slips(text, judge=False)
        if found and text not in self._shares:
            self._shares[text] = tuple(self._shares_of(text, found, values))

    def _shares_of(self, text: str, found: tuple[Slip, ...], values: Mapping[str, str]) -> Iterator[_Share]:
        for slip, alone, together, step in self._weights(text, found):
            kind = self._kind(slip, values)
            self._slips.setdefault(kind, slip)
            yield _Share(kind, alone, together, step)

    def _weights(self, text: str, found: tuple[Slip, ...]) -> tuple[_Weight, ...]:
        """What each kind weighs; worked out once for all texts of one length that have the same slips.

        Where every character takes one unit, parts hang on the length and on what the rest is written in; other texts
        are weighed one by one.
        """
        profile = (len(text), _encoding_beside(text, found), *((slip.excerpt, slip.better) for slip in found))
        known = self._profiles.get(profile)
        if known is not None and _WIDE(text) is None:
            return known
        weights = tuple(
            (
                one.group[0],
                one.now.parts - one.alone.parts,
                one.now.parts - one.together.parts,
                (one.alone.parts, one.now.parts),
            )
            for one in weighed(text, found)
        )
        if _WIDE(text) is None:
            self._profiles[profile] = weights
        return weights

    def _kind(self, slip: Slip, values: Mapping[str, str]) -> Kind:
        if slip.code == "MS312" or slip.excerpt in self._words:
            return (slip.code, slip.excerpt, None)
        return (slip.code, slip.excerpt, next((name for name in values if slip.excerpt in values[name]), None))

    def entries(self, people_of: Mapping[str, int]) -> tuple[Entry, ...]:
        """One for each kind, the dearest first; ``people_of`` says how many get each text."""
        made: dict[Kind, Entry] = {}
        for text, people in people_of.items():
            for share in self._shares.get(text, ()):
                entry = made.get(share.kind)
                if entry is None:
                    entry = made[share.kind] = Entry(self._slips[share.kind], share.kind[2])
                entry.people += people
                entry.alone += people * share.alone
                entry.together += people * share.together
                entry.steps.add(share.step)
        order = sorted(made.items(), key=lambda item: (-item[1].together, -item[1].alone, str(item[0])))
        return tuple(entry for _, entry in order)


def _encoding_beside(text: str, found: tuple[Slip, ...]) -> Encoding:
    """What ``text`` would be sent as without any of its slips."""
    rest: list[str] = []
    end = 0
    for slip in found:
        rest.append(text[end : slip.index])
        end = slip.index + len(slip.excerpt)
    return count("".join((*rest, text[end:]))).encoding
