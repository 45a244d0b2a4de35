"""Which campaigns text again those whom others did not reach: by their `delivery:` sources, whatever their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import DeliverySource
from mesms_gitops.model.delivery import DELIVERY_STATES, SUCCESS
from mesms_gitops.planning.fingerprint import masked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mesms_gitops.model.campaign import Campaign
    from mesms_gitops.model.state import State

_AGAIN = frozenset(DELIVERY_STATES) - {SUCCESS}


def followers(of: str, state: State, campaigns: Iterable[Campaign]) -> tuple[str, ...]:
    """Every campaign that may have texted those whom ``of`` did not reach, by name.

    These are the campaigns that follow ``of``, directly or through others, and those that follow what ``of`` follows.
    What a manifest says now and what state recorded of it when it was sent both count.
    """
    follows = _follows(state, campaigns)
    of = _now_called(of, state)
    above = _reachable({of}, follows)
    below: dict[str, set[str]] = {}
    for name, followed in follows.items():
        for each in followed:
            below.setdefault(each, set()).add(name)
    return tuple(sorted(_reachable(above | {of}, below) - above - {of}))


def _reachable(start: Collection[str], edges: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        new = set(edges.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


def _follows(state: State, campaigns: Iterable[Campaign]) -> dict[str, set[str]]:
    """The campaigns from which each takes up people who were not reached."""
    follows: dict[str, set[str]] = {}
    for campaign in campaigns:
        for source in campaign.sources:
            if isinstance(source, DeliverySource) and _AGAIN.intersection(source.delivery_states):
                follows.setdefault(campaign.name, set()).add(_now_called(source.campaign, state))
    shown = {
        record.name: record.manifest.shown.get("recipients", "")
        for record in state.campaigns.values()
        if record.manifest
    }
    by_masked: dict[str, set[str]] = {}
    for name in state.campaigns:  # state shows names with what looks like a number struck out
        by_masked.setdefault(masked(name), set()).add(_now_called(name, state))
    for name, text in shown.items():
        for followed, words in _SHOWN.findall(text):
            if _AGAIN.intersection(words.split(", ")):
                follows.setdefault(name, set()).update(by_masked.get(followed, ()))
    return follows


_SHOWN = re.compile(r"delivery of ([^\s:]+): (\w+(?:, \w+)*)")
"""As `planning.fingerprint` shows a source."""


def _now_called(name: str, state: State) -> str:
    record = state.campaigns.get(name)
    return record.moved_to or name if record is not None else name
