"""Which message on the account an unsettled send turned out to be: exactly one, certain, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import (
    Action,
    Adoption,
)
from mesms_gitops.planning.matching import Suspect, suspects_of_record, suspects_of_send
from mesms_gitops.planning.situation import (
    refreshed_send,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord
    from mesms_gitops.planning.situation import Situation


def suspects(situation: Situation, actions: Iterable[Action]) -> Iterator[Suspect]:
    """Every message on the account that could be one of our unsettled or planned sends: whose people to compare."""
    claimed, live = situation.recorded.claimed, situation.recorded.claimed_live
    listing = situation.observed.listing
    for campaign, record in situation.recorded.sends():
        if record.is_unsettled:
            yield from suspects_of_record(campaign.name, record, listing, claimed, situation.key)
    for action in actions:
        for planned in action.sends:
            if planned.desired is not None:
                yield from suspects_of_send(
                    action.campaign, planned.desired, listing, live, situation.key, situation.now
                )


def adoptions_of(record: CampaignRecord, situation: Situation) -> Iterator[Adoption]:
    for send in record.sends:
        if send.is_unsettled:
            matches = _matches(record.name, send, situation)
            if len(matches) == 1 and not _is_contested(matches[0], situation):
                yield Adoption(send, matches[0].message)


def _matches(campaign: str, send: SendRecord, situation: Situation) -> list[Suspect]:
    """The messages that ``send`` could be, people compared."""
    listing, claimed = situation.observed.listing, situation.recorded.claimed
    return confirmed(suspects_of_record(campaign, send, listing, claimed, situation.key), situation)


def _is_contested(match: Suspect, situation: Situation) -> bool:
    """Whether another unsettled send could be the same message: one message is never two sends."""
    return any(
        other.message.uuid == match.message.uuid and other.owner != match.owner
        for campaign, send in situation.recorded.sends()
        if send.is_unsettled
        for other in _matches(campaign.name, send, situation)
    )


def adopted(adoption: Adoption) -> SendRecord:
    """The record of an unsettled send once its message is known."""
    return refreshed_send(replace(adoption.record, uuid=adoption.message.uuid, reason=None), adoption.message)


def confirmed(found: Iterable[Suspect], situation: Situation) -> list[Suspect]:
    return [suspect for suspect in found if (suspect.owner, suspect.message.uuid) in situation.observed.confirmed]
