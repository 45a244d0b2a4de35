"""Actions compared whole: everything a reviewer is shown about what is decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.campaign import At, DeclaredState
from mesms_gitops.model.diagnostic import Diagnostic, Position, Severity
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import (
    Adopt,
    Adoption,
    Blocked,
    Cancel,
    CancelStep,
    Change,
    Keep,
    PlannedSend,
    Reason,
    Replace,
    ScheduleSend,
    SendNow,
)
from mesms_gitops.model.sends import CancelReason, SendPhase
from mesms_gitops.planning.situation import CANCEL_REFUSED
from mesms_gitops.planning.wording import NEXT_STEPS, SENTENCES

from .scenes import AT_ONCE, ELEVEN, NOW, SOON, TEN, Manifest, Scene, manifest, message, remembered

if TYPE_CHECKING:
    from mesms_gitops.model.state import CampaignRecord

SALE, EDITED = manifest(), manifest(text="Hi", when=ELEVEN)
SCHEDULED = remembered(SALE, SendPhase.SCHEDULED)


def _about(told: Manifest, reason: Reason, record: CampaignRecord | None = None) -> dict[str, Any]:
    """What every action about ``told`` says for ``reason``, with the record that is known of it."""
    wanted = told.wanted(record)
    return {
        "campaign": told.name,
        "reason": reason,
        "message": SENTENCES[reason],
        "file": told.campaign.file,
        "sender": told.campaign.sender,
        "revision": told.campaign.revision,
        "manifest": wanted.manifest,
        "audience": None if wanted.sends is None else wanted.counts,
        "schedule_text": wanted.manifest.shown["schedule"],
    }


def _new(told: Manifest) -> tuple[PlannedSend, ...]:
    return tuple(PlannedSend(send.fingerprint, send.recipients, send.parts, 0, desired=send) for send in told.sends())


def _old(told: Manifest, uuid: str | None) -> tuple[PlannedSend, ...]:
    (send,) = told.sends()
    return (PlannedSend(send.fingerprint, 3, 1, 3, uuid),)


def _blocked(told: Manifest, reason: Reason) -> Diagnostic:
    return Diagnostic(
        code="MS601",
        severity=Severity.WARNING,
        message=f"{told.name}: {SENTENCES[reason]}",
        position=told.campaign.position(""),
        next_step=NEXT_STEPS[reason].format(name=told.name, file=told.campaign.file),
        campaign=told.name,
    )


CHANGES = (
    Change("content", "Hello", "Hi"),
    Change("schedule", "2027-04-10T03:00+00:00", "2027-04-10T04:00+00:00"),
)


def test_a_schedule_can_be_undone_until_its_hour() -> None:
    assert Scene((SALE,)).actions() == (
        ScheduleSend(
            **_about(SALE, Reason.NEW),
            sends=_new(SALE),
            scheduled_at=TEN.at,
            reversible_until=TEN.at,
        ),
    )


def test_a_now_can_be_undone_as_long_as_its_window_and_at_once_never() -> None:
    for when, until in ((SOON, NOW + timedelta(minutes=10)), (AT_ONCE, None)):
        told = manifest(when=when)
        assert Scene((told,)).actions() == (
            SendNow(**_about(told, Reason.NEW), sends=_new(told), reversible_until=until),
        )


def test_a_replace_shows_what_changes_and_what_comes_back() -> None:
    (old,) = SCHEDULED.sends
    assert Scene((EDITED,), (SCHEDULED,)).actions() == (
        Replace(
            **_about(EDITED, Reason.SEVERAL_CHANGED),
            sends=_new(EDITED),
            scheduled_at=ELEVEN.at,
            reversible_until=ELEVEN.at,
            changes=CHANGES,
            cancels=(CancelStep(old, CancelReason.REPLACE),),
            waits_for=("sale: Hello",),
            refund=3,
        ),
    )


def test_a_cancel_without_manifest_speaks_of_what_is_recorded() -> None:
    (old,) = SCHEDULED.sends
    assert Scene((), (SCHEDULED,)).actions() == (
        Cancel(
            **_about(SALE, Reason.MANIFEST_DELETED) | {"manifest": None, "audience": None, "schedule_text": ""},
            sends=_old(SALE, "sale: Hello"),
            scheduled_at=TEN.at,
            cancels=(CancelStep(old, CancelReason.DELETED),),
            refund=3,
        ),
    )


def test_what_is_kept_shows_its_messages() -> None:
    assert Scene((SALE,), (SCHEDULED,)).actions() == (
        Keep(**_about(SALE, Reason.UNCHANGED), sends=_old(SALE, "sale: Hello"), scheduled_at=TEN.at),
    )


def test_what_is_over_is_not_shown_as_a_message() -> None:
    told = manifest(state=DeclaredState.CANCELLED)
    (action,) = Scene((told,), (remembered(SALE, SendPhase.CANCELLED),)).actions()
    assert action == Keep(**_about(told, Reason.DECLARED_CANCELLED))


def test_times_are_shown_in_the_zone_of_the_schedule() -> None:
    (action,) = Scene((manifest(when=At(TEN.at, "Asia/Tokyo")),)).actions()
    assert action.timezone == "Asia/Tokyo"


def test_a_price_nobody_knows_is_shown_as_nothing() -> None:
    (kept,) = Scene((SALE,), (remembered(SALE, SendPhase.SCHEDULED, credits=None),)).actions()
    (gone,) = Scene((), (remembered(SALE, SendPhase.SCHEDULED, credits=None),)).actions()
    (swapped,) = Scene((EDITED,), (remembered(SALE, SendPhase.SCHEDULED, credits=None),)).actions()
    assert (kept.sends[0].credits, gone.sends[0].credits, gone.refund, swapped.refund) == (0, 0, 0, 0)


def test_what_is_blocked_shows_the_edit_the_message_and_the_next_step() -> None:
    sent = remembered(SALE, SendPhase.SENT)
    assert Scene((EDITED,), (sent,)).actions() == (
        Blocked(
            **_about(EDITED, Reason.CHANGED_AFTER_START, sent),
            sends=_old(SALE, "sale: Hello"),
            changes=CHANGES,
            diagnostics=(_blocked(EDITED, Reason.CHANGED_AFTER_START),),
        ),
    )


def test_what_is_blocked_for_others_is_shown_like_what_is_blocked_for_itself() -> None:
    told = manifest("spring", positions={"": Position("campaigns/spring.yaml", 1, 1, 1, 7)})
    old = replace(remembered(SALE, SendPhase.SENT), retired=True)
    assert Scene((told,), (old,)).actions() == (
        Blocked(**_about(told, Reason.RENAMED), diagnostics=(_blocked(told, Reason.RENAMED),)),
    )


def test_an_adoption_says_which_message_it_is() -> None:
    unknown = remembered(SALE, SendPhase.UNKNOWN)
    found = message(SALE, "Hello", phase=RemotePhase.PENDING)
    assert Scene((SALE,), (unknown,), listing=(found,)).actions() == (
        Adopt(
            **_about(SALE, Reason.RECOVERED),
            sends=_old(SALE, "by hand"),
            adoptions=(Adoption(unknown.sends[0], found),),
        ),
    )


def test_a_cancel_that_was_refused_before_is_said_wherever_it_is_tried_again() -> None:
    refused = remembered(SALE, SendPhase.SCHEDULED, reason=CANCEL_REFUSED)
    for manifests in ((), (EDITED,)):
        (action,) = Scene(manifests, (refused,)).actions()
        assert [found.code for found in action.diagnostics] == ["MS602"]
