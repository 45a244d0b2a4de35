"""What a row of the table is, and the campaigns its rows speak of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.campaign import DeclaredState
from mesms_gitops.model.plan import Reason
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase

from .scenes import NOW, SOON, Decision, Scene, manifest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord

P, R = SendPhase, Reason
DRAFT, CANCELLED = DeclaredState.DRAFT, DeclaredState.CANCELLED
LONG_AGO = timedelta(days=2)
STOPPED = CancelIntent("run-1", NOW, CancelReason.STOP)
REPLACED = CancelIntent("run-1", NOW, CancelReason.REPLACE)

SALE, AGAIN = manifest(), manifest(revision=2)
DAILY = manifest(when=SOON)
DEAR = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
OTHER = manifest("other", "Bye", (7, 8))
ANN, BOB = "Dear Ann", "Dear Bob"


@dataclass(frozen=True)
class Row:
    """``sentence`` must be true: in ``scene`` exactly ``decisions`` are taken."""

    sentence: str
    scene: Scene
    decisions: tuple[Decision, ...]


def row(sentence: str, scene: Scene, *decisions: Decision) -> Row:
    return Row(sentence, scene, decisions)


def to(verb: str, reason: Reason, campaign: str = "sale", **about: str | Iterable[str]) -> Decision:
    """A decision; ``sends``, ``cancels`` and ``waits_for`` may be given as one string."""
    named = {key: frozenset([value] if isinstance(value, str) else value) for key, value in about.items()}
    return Decision(campaign, verb, reason, **named)


def keep(reason: Reason, campaign: str = "sale") -> Decision:
    return Decision(campaign, "keep", reason)


def blocked(reason: Reason, campaign: str = "sale") -> Decision:
    return Decision(campaign, "blocked", reason)


def swap(reason: Reason, new: str | Iterable[str], old: str | Iterable[str], campaign: str = "sale") -> Decision:
    return to("replace", reason, campaign, sends=new, cancels=old, waits_for=old)


def failed_for_good(record: CampaignRecord) -> CampaignRecord:
    """``record``, of which ME-SMS had accepted whatever has failed."""

    def changed(send: SendRecord) -> SendRecord:
        return replace(send, uuid=f"failed {send.fingerprint}") if send.phase is P.FAILED else send

    return replace(record, sends=tuple(changed(send) for send in record.sends))


def one_changed(record: CampaignRecord, uuid: str, **changed: Any) -> CampaignRecord:
    """``record`` with one of its sends changed."""

    def changes(send: SendRecord) -> SendRecord:
        return replace(send, **changed) if send.uuid == uuid else send

    return replace(record, sends=tuple(changes(send) for send in record.sends))
