"""The smallest worlds a planner can be asked about: manifests, what state remembers, what the account answers.

A send goes by its text, a message on the account by its uuid; people are the numbers 0800000001 and on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.audience import Audience, AudienceGroup
from mesms_gitops.model.campaign import (
    At,
    Campaign,
    DeclaredState,
    ListSource,
    LocalTemplate,
    MessageClass,
    Now,
    Schedule,
)
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.observation import RemoteMessage, RemotePhase
from mesms_gitops.model.sends import LIVE, SendPhase, SendRecord, TemplateContent
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.planning.desire import Wanted, desired_sends
from mesms_gitops.planning.fingerprint import manifest_record
from mesms_gitops.planning.matching import desired_key, record_key
from mesms_gitops.planning.planner import decide
from mesms_gitops.planning.situation import NO_FREEZE, Observed, Situation, moved, needs_audience, refreshed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.model.campaign import When
    from mesms_gitops.model.plan import Action, Reason
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.model.state import Freeze

LINEAGE = "0f3a"
KEY = HashKey.of_lineage(LINEAGE)
ZONE = "Asia/Bangkok"
NOW = datetime(2027, 4, 1, 3, 0, tzinfo=UTC)
TEN = At(datetime(2027, 4, 10, 3, 0, tzinfo=UTC), ZONE)
ELEVEN = At(datetime(2027, 4, 10, 4, 0, tzinfo=UTC), ZONE)
YESTERDAY = At(NOW - timedelta(days=1), ZONE)
SOON = Now(timedelta(minutes=10), ZONE)
AT_ONCE = Now(timedelta(0), ZONE)
MEMBERS = ListSource("csv", "/shop/lists/members.csv", "mobile")


def number(person: int) -> int:
    """The subscriber number of person 1, 2, ..."""
    return 800_000_000 + person


def people(*persons: int) -> Numbers:
    """Some of them."""
    return Numbers(number(person) for person in persons)


@dataclass(frozen=True)
class Manifest:
    """One file, and whom its lists hold today."""

    campaign: Campaign
    audience: Audience
    is_forgotten: bool = False

    @property
    def name(self) -> str:
        return self.campaign.name

    def sends(self) -> tuple[DesiredSend, ...]:
        """Every send it is."""
        body = self.campaign.body
        assert isinstance(body, LocalTemplate)
        return desired_sends(self.campaign, self.audience, body.source.format_map, KEY)

    def send(self, text: str) -> DesiredSend:
        """The one with this text."""
        return next(send for send in self.sends() if send.text == text)

    def wanted(self, record: CampaignRecord | None = None) -> Wanted:
        """The manifest, taken as far as ``record`` makes necessary: as the command line does it."""
        known = manifest_record(self.campaign, KEY, "/shop")
        if not needs_audience(self.campaign, record):
            return Wanted(self.campaign, known)
        if self.is_forgotten:
            return Wanted(self.campaign, known, is_forgotten=True)
        return Wanted(self.campaign, known, self.sends(), self.audience.counts)


def manifest(
    name: str = "sale",
    text: str = "Hello",
    to: Mapping[str, Iterable[int]] | Iterable[int] = (1, 2, 3),
    *,
    when: When | None = TEN,
    contact_groups: tuple[int, ...] = (),
    **more: Any,
) -> Manifest:
    """A campaign. ``to`` is who gets it; as a mapping, who gets which value of ``{name}`` in the text."""
    shares = to if isinstance(to, dict) else {"": to}
    facts: dict[str, Any] = {
        "name": name,
        "file": f"campaigns/{name}.yaml",
        "state": DeclaredState.ACTIVE,
        "message_class": MessageClass.TRANSACTIONAL,
        "sender": "SiamCoffee",
        "body": LocalTemplate(text),
        "sources": (MEMBERS,),
        "schedule": when and Schedule(when),
    }
    groups = tuple(
        AudienceGroup(MappingProxyType({"name": value} if value else {}), people(*persons))
        for value, persons in shares.items()
    )
    return Manifest(Campaign(**facts | more), Audience(tuple(g for g in groups if len(g.numbers)), contact_groups))


def uuid_of(name: str, send: DesiredSend | SendRecord | str, revision: int = 1) -> str:
    """What ME-SMS calls the message of a send: its campaign and text, readable in tables."""
    text = send if isinstance(send, str) else getattr(send, "text", send)
    return f"{name}: {text}" if revision == 1 else f"{name}: {text} ({revision})"


def remembered(
    told: Manifest,
    phases: SendPhase | Mapping[str, SendPhase] | None,
    *,
    ago: timedelta = timedelta(hours=1),
    **more: Any,
) -> CampaignRecord:
    """What state holds of ``told`` once its sends are in ``phases``, by text; ``more`` changes each of these sends."""
    campaign = told.campaign
    if phases is None:
        return CampaignRecord(campaign.name, campaign.file, campaign.revision)
    if isinstance(phases, SendPhase):
        phases = {send.text or "": phases for send in told.sends()}
    return CampaignRecord(
        campaign.name,
        campaign.file,
        campaign.revision,
        manifest_record(campaign, KEY, "/shop"),
        tuple(
            record_of(told, send, phases[send.text or ""], ago, **more) for send in told.sends() if send.text in phases
        ),
    )


def record_of(told: Manifest, send: DesiredSend, phase: SendPhase, ago: timedelta, **more: Any) -> SendRecord:
    """One send as state remembers it, intended ``ago``."""
    campaign = told.campaign
    intended_at = NOW - ago
    window = send.when.undo_window if isinstance(send.when, Now) else None
    is_accepted = phase in LIVE | {SendPhase.CANCELLED}
    made = SendRecord(
        fingerprint=send.fingerprint,
        revision=campaign.revision,
        phase=phase,
        run="run-1",
        intended_at=intended_at,
        scheduled_at=send.when.at if isinstance(send.when, At) else intended_at + window if window else None,
        sender=send.sender,
        recipients=send.recipients,
        parts=send.parts,
        credits=send.parts * send.recipients,
        quoted=send.parts * send.recipients,
        uuid=uuid_of(campaign.name, send, campaign.revision) if is_accepted else None,
        text_digest=send.text_digest,
        audience_digest=send.audience_digest,
        sample=send.sample,
        group_id=send.group_id,
        template_id=send.content.template_id if isinstance(send.content, TemplateContent) else None,
        undo_window=None if window is None else int(window.total_seconds()),
    )
    return replace(made, **more)


def after(earlier: CampaignRecord, newer: CampaignRecord) -> CampaignRecord:
    """``newer`` with the sends of an earlier revision still remembered."""
    return replace(newer, sends=(*earlier.sends, *newer.sends))


def message(
    told: Manifest, text: str, uuid: str = "by hand", phase: RemotePhase = RemotePhase.SCHEDULED, **more: Any
) -> RemoteMessage:
    """A message on the account that is what ``told`` would send as ``text``, made half an hour ago."""
    send = told.send(text)
    made = RemoteMessage(
        uuid=uuid,
        phase=phase,
        sender=send.sender,
        content=send.text,
        recipients=send.recipients,
        credits=send.parts * send.recipients,
        scheduled_at=send.when.at if isinstance(send.when, At) else None,
        created_at=NOW - timedelta(minutes=30),
    )
    return replace(made, **more)


def state_of(*records: CampaignRecord) -> State:
    """A state that holds exactly these."""
    return State(LINEAGE, serial=7, campaigns=MappingProxyType({record.name: record for record in records}))


@dataclass(frozen=True)
class Scene:
    """Everything a plan can rest on. ``answers`` maps a uuid to what it is now; of ``listing`` the ``same`` uuids go to
    the people ours would go to (all of them unless told).
    """

    manifests: tuple[Manifest, ...] = ()
    records: tuple[CampaignRecord, ...] = ()
    answers: Mapping[str, RemoteMessage | None] = field(default_factory=dict)
    listing: tuple[RemoteMessage, ...] = ()
    same: frozenset[str] | None = None
    freeze: Freeze = NO_FREEZE
    now: datetime = NOW

    def situated(self) -> tuple[Situation, Mapping[str, str]]:
        """The situation, and the renames that were carried out on the way to it."""
        state, moves = moved(state_of(*self.records), [told.campaign for told in self.manifests])
        state = refreshed(state, self.answers)
        wanted = {told.name: told.wanted(state.campaigns.get(told.name)) for told in self.manifests}
        confirmed = self._confirmed(state, wanted.values())
        observed = Observed(self.answers, self.listing, confirmed)
        return Situation(self.now, wanted, state, observed, KEY, self.freeze), moves

    def _confirmed(self, state: State, wanted: Iterable[Wanted]) -> frozenset[tuple[str, str]]:
        owners = [record_key(campaign.name, record) for campaign, record in state.sends()]
        owners += [desired_key(one.campaign.name, send) for one in wanted for send in one.sends or ()]
        same = {found.uuid for found in self.listing} if self.same is None else self.same
        return frozenset((owner, uuid) for owner in owners for uuid in same)

    def actions(self) -> tuple[Action, ...]:
        """What is decided."""
        return decide(*self.situated())


@dataclass(frozen=True)
class Decision:
    """What matters of an action: sends by text, cancels and what is waited for by uuid."""

    campaign: str
    verb: str
    reason: Reason
    sends: frozenset[str] = frozenset()
    cancels: frozenset[str] = frozenset()
    waits_for: frozenset[str] = frozenset()


def told_by(action: Action) -> Decision:
    """The decision that ``action`` is."""
    return Decision(
        campaign=action.campaign,
        verb=action.verb,
        reason=action.reason,
        sends=frozenset(send.desired.text or "" for send in action.sends if send.desired),
        cancels=frozenset(step.record.uuid or "" for step in action.cancels),
        waits_for=frozenset(action.waits_for),
    )
