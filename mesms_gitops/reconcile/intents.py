"""What is recorded of a send before it is made: everything that recovery needs, and its campaign as it will be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mesms_gitops.model.campaign import At, Now
from mesms_gitops.model.sends import SendPhase, SendRecord, TemplateContent
from mesms_gitops.model.state import CampaignRecord

if TYPE_CHECKING:
    from mesms_gitops.model.plan import PlannedSend
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.run import Sending


def intent(action: Sending, planned: PlannedSend, desired: DesiredSend, moment: datetime, run: str) -> SendRecord:
    """The record of a send that is about to be made at ``moment`` by the run of that name."""
    return SendRecord(
        fingerprint=desired.fingerprint,
        revision=action.revision,
        phase=SendPhase.INTENDED,
        run=run,
        intended_at=moment,
        scheduled_at=absolute(desired, moment),
        sender=desired.sender,
        recipients=planned.recipients,
        parts=planned.parts,
        credits=planned.credits,
        quoted=planned.credits,
        text_digest=desired.text_digest,
        audience_digest=desired.audience_digest,
        sample=desired.sample,
        group_id=desired.group_id,
        template_id=desired.content.template_id if isinstance(desired.content, TemplateContent) else None,
        undo_window=int(desired.when.undo_window.total_seconds()) if isinstance(desired.when, Now) else None,
    )


def absolute(desired: DesiredSend, moment: datetime) -> datetime | None:
    """The time that is asked for, to the second; None for at once. ``now`` becomes absolute here, once."""
    if isinstance(desired.when, At):
        return desired.when.at.astimezone(UTC)
    if not desired.when.undo_window:
        return None
    return (moment + desired.when.undo_window).astimezone(UTC).replace(microsecond=0)


def campaign_to_be(action: Sending, moment: datetime, known: State, run: str) -> CampaignRecord:
    """The campaign's record as it will be with these sends; refused ones that are not wanted any more go.

    Those whose turn is still to come are in it from the first intent on: a run that dies between two of them must not
    leave a campaign that looks complete.
    """
    former = known.campaigns.get(action.campaign) or CampaignRecord(action.campaign, action.file, action.revision)
    wanted = {send.fingerprint for send in action.sends}
    kept = tuple(
        send
        for send in former.sends
        if send.phase is not SendPhase.FAILED or send.uuid is not None or send.fingerprint in wanted
    )
    campaign = replace(
        former,
        file=action.file,
        revision=action.revision,
        manifest=action.manifest,
        sends=kept,
        retired=False,
        sketch=action.sketch,
    )
    recorded = {send.fingerprint for send in campaign.current}
    for planned in action.sends:
        if planned.desired is not None and planned.fingerprint not in recorded:
            campaign = campaign.with_send(not_yet(intent(action, planned, planned.desired, moment, run)))
    return campaign


def not_yet(intended: SendRecord) -> SendRecord:
    """An intent that was not followed by its request, because its turn did not come: not sent, for certain."""
    return replace(
        intended, phase=SendPhase.FAILED, credits=None, quoted=None, reason="not sent yet: its turn did not come"
    )
