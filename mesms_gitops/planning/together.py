"""What only shows with all campaigns side by side: twins, renames, and a state that was lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import (
    Action,
    Blocked,
    Reason,
    Replace,
    ScheduleSend,
    SendNow,
)
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.planning.case import held_back
from mesms_gitops.planning.matching import NOW_MEMORY
from mesms_gitops.planning.wording import SENTENCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.planning.situation import Situation


def together(actions: list[Action], situation: Situation) -> Iterator[Action]:
    """What only shows with all campaigns side by side: twins, renames, and a state that was lost."""
    lost = situation.recorded.is_blank and any(action.reason is Reason.FOREIGN_MESSAGE for action in actions)
    taken: dict[str, str] = {}
    for action in actions:
        if not isinstance(action, SendNow | ScheduleSend | Replace):
            yield action
            continue
        if lost:
            yield _turned(action, Reason.STATE_LOST, situation)
            continue
        twin = _twin(action, situation, taken)
        if twin is not None:
            yield _turned(action, twin, situation)
            continue
        taken |= {send.fingerprint: action.campaign for send in action.sends}
        yield replace(action, waits_for=(*action.waits_for, *_renamed_from(action, actions)))


def _twin(action: Action, situation: Situation, taken: Mapping[str, str]) -> Reason | None:
    """Whether another campaign already is this message to these people at this time."""
    if any(send.fingerprint in taken for send in action.sends):
        return Reason.DUPLICATE
    fingerprints = {send.fingerprint for send in action.sends}
    for campaign, record in situation.recorded.sends():
        if campaign.name == action.campaign or record.fingerprint not in fingerprints:
            continue
        if record.phase is SendPhase.SCHEDULED and _is_unread(campaign.name, situation):
            return Reason.DUPLICATE  # whether it is to be cancelled first, nobody has looked
        if action.revision > record.revision:
            continue  # raised above the one that was sent: once more, on purpose
        if campaign.name not in situation.wanted:
            if record.is_final or record.is_unsettled:
                return Reason.RENAMED
        elif (record.is_live or record.is_unsettled) and _is_same_occasion(record, situation):
            return Reason.DUPLICATE
    return None


def _is_unread(name: str, situation: Situation) -> bool:
    wanted = situation.wanted.get(name)
    return wanted is not None and wanted.is_unread


def _is_same_occasion(record: SendRecord, situation: Situation) -> bool:
    """A fixed time is one occasion; two ``now`` a day or more apart are two."""
    return record.undo_window is None or situation.now - record.intended_at < NOW_MEMORY


def _renamed_from(action: Action, actions: Iterable[Action]) -> tuple[str, ...]:
    """Messages equal to this action's that other actions cancel: they must be gone before it sends."""
    fingerprints = {send.fingerprint for send in action.sends}
    return tuple(
        step.record.uuid
        for other in actions
        if other is not action
        for step in other.cancels
        if step.record.fingerprint in fingerprints and step.record.uuid
    )


def _turned(action: Action, reason: Reason, situation: Situation) -> Blocked:
    """``action``, not done for ``reason``."""
    position = situation.wanted[action.campaign].campaign.position("")
    return Blocked(
        campaign=action.campaign,
        reason=reason,
        message=SENTENCES[reason],
        file=action.file,
        sender=action.sender,
        revision=action.revision,
        schedule_text=action.schedule_text,
        timezone=action.timezone,
        audience=action.audience,
        manifest=action.manifest,
        adoptions=action.adoptions,
        moved_from=action.moved_from,
        changes=action.changes,
        diagnostics=(*action.diagnostics, held_back(action.campaign, action.file, position, reason)),
    )
