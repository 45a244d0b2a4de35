"""What people write: small campaigns without YAML and lists, taken the way the command line takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.audience import Audience, AudienceGroup
from mesms_gitops.model.campaign import (
    At,
    Campaign,
    DeclaredState,
    GroupSource,
    LocalTemplate,
    MessageClass,
    Now,
    NumbersSource,
    Schedule,
)
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.planning.desire import Wanted, desired_sends
from mesms_gitops.planning.fingerprint import manifest_record
from mesms_gitops.planning.situation import needs_audience

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.model.hashkey import HashKey
    from mesms_gitops.model.state import State

SENDER = "SiamCoffee"
ZONE = "Asia/Bangkok"
ROOT = "/project"
_FIRST = 800_000_000


@dataclass(frozen=True)
class Text:
    """One text to some people: ``people`` are small numbers, each a subscriber of the test range."""

    content: str
    people: tuple[int, ...]

    @property
    def numbers(self) -> Numbers:
        return Numbers(_FIRST + one for one in self.people)

    @property
    def msisdns(self) -> frozenset[str]:
        """The numbers as the world's ledger writes them."""
        return frozenset(self.numbers.msisdns())


@dataclass(frozen=True)
class Manifest:
    """One campaign. Without ``at`` it is for now, to be undone within ``undo``. ``group`` takes the place of people."""

    name: str
    texts: tuple[Text, ...]
    at: datetime | None = None
    undo: timedelta = timedelta(minutes=10)
    state: DeclaredState = DeclaredState.ACTIVE
    revision: int = 1
    moved_from: str | None = None
    group: int | None = None

    def but(self, **changes: object) -> Manifest:
        """The same with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # test data: a wrong field raises at once

    @property
    def campaign(self) -> Campaign:
        """As the manifest room would hand it over."""
        return _campaign(self)


@lru_cache
def _campaign(manifest: Manifest) -> Campaign:
    numbers = NumbersSource(tuple(msisdn for text in manifest.texts for msisdn in text.numbers.msisdns()))
    return Campaign(
        name=manifest.name,
        file=f"campaigns/{manifest.name}.yaml",
        state=manifest.state,
        message_class=MessageClass.MARKETING,
        sender=SENDER,
        body=LocalTemplate("\n".join(text.content for text in manifest.texts)),
        sources=(numbers if manifest.group is None else GroupSource(manifest.group),),
        schedule=Schedule(At(manifest.at, ZONE) if manifest.at else Now(manifest.undo, ZONE)),
        revision=manifest.revision,
        moved_from=manifest.moved_from,
    )


def want_all(manifests: Iterable[Manifest], state: State, key: HashKey) -> Mapping[str, Wanted]:
    """Every campaign as far as what is recorded of it makes necessary, as ``plan`` and ``apply`` want them."""
    return {
        manifest.name: _wanted(manifest, needs_audience(manifest.campaign, state.campaigns.get(manifest.name)), key)
        for manifest in manifests
    }


@lru_cache
def _wanted(manifest: Manifest, with_audience: bool, key: HashKey) -> Wanted:
    campaign = manifest.campaign
    record = manifest_record(campaign, key, ROOT)
    if not with_audience:
        return Wanted(campaign, record)
    groups = tuple(
        AudienceGroup(MappingProxyType({"text": text.content}), text.numbers)
        for text in manifest.texts
        if manifest.group is None
    )
    audience = Audience(groups, () if manifest.group is None else (manifest.group,))
    content = manifest.texts[0].content
    return Wanted(campaign, record, desired_sends(campaign, audience, lambda values: values.get("text", content), key))
