"""What is decided, situation by situation. Each row is one sentence that must be true."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mesms_gitops.model.campaign import DeclaredState, GroupSource, Schedule
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.plan import Blocked, Reason
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase
from mesms_gitops.model.state import CampaignRecord, Freeze
from mesms_gitops.planning.situation import CANCEL_REFUSED, CANCELLED_ELSEWHERE
from mesms_gitops.planning.wording import NEXT_STEPS, SENTENCES

from .scenes import (
    AT_ONCE,
    ELEVEN,
    MEMBERS,
    NOW,
    SOON,
    YESTERDAY,
    Decision,
    Scene,
    after,
    manifest,
    message,
    remembered,
    told_by,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.sends import SendRecord

P, R = SendPhase, Reason
DRAFT, CANCELLED = DeclaredState.DRAFT, DeclaredState.CANCELLED
LONG_AGO = timedelta(days=2)
STOPPED = CancelIntent("run-1", NOW, CancelReason.STOP)
REPLACED = CancelIntent("run-1", NOW, CancelReason.REPLACE)

SALE = manifest()
DEAR = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
OTHER = manifest("other", "Bye", (7, 8))
ANN, BOB = "Dear Ann", "Dear Bob"


@dataclass(frozen=True)
class Row:
    """``sentence`` must be true: in ``scene`` exactly ``decisions`` are taken."""

    sentence: str
    scene: Scene
    decisions: tuple[Decision, ...]


def _row(sentence: str, scene: Scene, *decisions: Decision) -> Row:
    return Row(sentence, scene, decisions)


def _to(verb: str, reason: Reason, campaign: str = "sale", **about: str | Iterable[str]) -> Decision:
    """A decision; ``sends``, ``cancels`` and ``waits_for`` may be given as one string."""
    named = {key: frozenset([value] if isinstance(value, str) else value) for key, value in about.items()}
    return Decision(campaign, verb, reason, **named)


def _keep(reason: Reason, campaign: str = "sale") -> Decision:
    return Decision(campaign, "keep", reason)


def _blocked(reason: Reason, campaign: str = "sale") -> Decision:
    return Decision(campaign, "blocked", reason)


def _swap(reason: Reason, new: str | Iterable[str], old: str | Iterable[str], campaign: str = "sale") -> Decision:
    return _to("replace", reason, campaign, sends=new, cancels=old, waits_for=old)


def _only(record: CampaignRecord, **changed: object) -> CampaignRecord:
    """``record`` with its single send changed."""
    (send,) = record.sends
    return replace(record, sends=(replace(send, **changed),))  # type: ignore[arg-type]


def _one_changed(record: CampaignRecord, uuid: str, **changed: object) -> CampaignRecord:
    """``record`` with one of its sends changed."""

    def changes(send: SendRecord) -> SendRecord:
        return replace(send, **changed) if send.uuid == uuid else send  # type: ignore[arg-type]

    return replace(record, sends=tuple(changes(send) for send in record.sends))


NEW = [
    _row("a manifest nobody has seen is scheduled", Scene((SALE,)), _to("schedule", R.NEW, sends="Hello")),
    _row(
        "schedule: now is sent, with an undo window and without",
        Scene((manifest("later", "A", when=SOON), manifest("once", "B", when=AT_ONCE))),
        _to("send", R.NEW, "later", sends="A"),
        _to("send", R.NEW, "once", sends="B"),
    ),
    _row("each text is a send of its own", Scene((DEAR,)), _to("schedule", R.NEW, sends=(ANN, BOB))),
    _row(
        "a contact group is a send of its own",
        Scene((manifest(to=(), contact_groups=(5,), sources=(GroupSource(5),)),)),
        _to("schedule", R.NEW, sends="Hello"),
    ),
    _row("a draft waits", Scene((manifest(state=DRAFT),)), _keep(R.DRAFT)),
    _row(
        "what was cancelled before it began stays so", Scene((manifest(state=CANCELLED),)), _keep(R.DECLARED_CANCELLED)
    ),
    _row("without campaigns nothing is decided", Scene()),
]

KNOWN = [
    _row("what is scheduled is kept", Scene((SALE,), (remembered(SALE, P.SCHEDULED),)), _keep(R.UNCHANGED)),
    *(
        _row(f"what is {phase} is final", Scene((SALE,), (remembered(SALE, phase),)), _keep(R.ALREADY_SENT))
        for phase in (P.STARTED, P.SENT)
    ),
    *(
        _row(
            f"a send that is {phase} stops its campaign and no other",
            Scene((OTHER, SALE), (remembered(SALE, phase),)),
            _to("schedule", R.NEW, "other", sends="Bye"),
            _blocked(R.UNKNOWN_SEND),
        )
        for phase in (P.INTENDED, P.UNKNOWN)
    ),
    _row(
        "what was refused is tried again",
        Scene((SALE,), (remembered(SALE, P.FAILED),)),
        _to("schedule", R.RETRY, sends="Hello"),
    ),
    _row(
        "what was refused and edited is tried as edited",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.FAILED),)),
        _to("schedule", R.RETRY, sends="Hi"),
    ),
    _row(
        "what ME-SMS accepted and then failed wants a person",
        Scene((SALE,), (remembered(SALE, P.FAILED, uuid="m"),)),
        _blocked(R.FAILED_REMOTELY),
    ),
    _row(
        "what failed remotely is seen when the account says so",
        Scene(
            (SALE,),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.FAILED)},
        ),
        _blocked(R.FAILED_REMOTELY),
    ),
    _row(
        "what was stopped goes out once the stop is released",
        Scene((SALE,), (remembered(SALE, P.CANCELLED, cancel=STOPPED),)),
        _to("schedule", R.NEW, sends="Hello"),
    ),
    _row(
        "what was declared cancelled goes out once it is active again",
        Scene((SALE,), (remembered(SALE, P.CANCELLED, cancel=CancelIntent("r", NOW, CancelReason.DECLARED)),)),
        _to("schedule", R.NEW, sends="Hello"),
    ),
    _row(
        "a replace that died after its cancel sends the new message",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.CANCELLED, cancel=REPLACED),)),
        _to("schedule", R.NEW, sends="Hi"),
    ),
]

NO_MANIFEST = [
    _row(
        "deleting the manifest of a scheduled campaign cancels it",
        Scene((), (remembered(SALE, P.SCHEDULED),)),
        _to("cancel", R.MANIFEST_DELETED, cancels="sale: Hello"),
    ),
    *(
        _row(
            f"deleting the manifest of what is {phase} only reserves its name",
            Scene((), (remembered(SALE, phase),)),
            _to("forget", R.MANIFEST_DELETED),
        )
        for phase in (P.STARTED, P.SENT, P.CANCELLED, P.FAILED)
    ),
    *(
        _row(
            f"deleting the manifest of a send that is {phase} settles nothing",
            Scene((), (remembered(SALE, phase),)),
            _blocked(R.UNKNOWN_SEND),
        )
        for phase in (P.INTENDED, P.UNKNOWN)
    ),
    _row(
        "of several sends only what is scheduled is cancelled",
        Scene((), (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),)),
        _to("cancel", R.MANIFEST_DELETED, cancels="sale: Dear Bob"),
    ),
    _row(
        "a name that never sent is forgotten", Scene((), (remembered(SALE, None),)), _to("forget", R.MANIFEST_DELETED)
    ),
    _row("a retired name is not spoken of", Scene((), (replace(remembered(SALE, P.SENT), retired=True),))),
    _row("a name left behind by a rename is not spoken of", Scene((), (CampaignRecord("sale", "f", 1, moved_to="x"),))),
    _row(
        "a retired campaign whose manifest comes back is final still",
        Scene((SALE,), (replace(remembered(SALE, P.SENT), retired=True),)),
        _keep(R.ALREADY_SENT),
    ),
    _row(
        "a message ME-SMS does not know is not cancelled by deleting its manifest",
        Scene((), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        _blocked(R.GONE),
    ),
]

NOT_ACTIVE = [
    *(
        _row(
            f"state: {state} cancels what is scheduled",
            Scene((manifest(state=state),), (remembered(SALE, P.SCHEDULED),)),
            _to("cancel", reason, cancels="sale: Hello"),
        )
        for state, reason in ((DRAFT, R.DRAFT), (CANCELLED, R.DECLARED_CANCELLED))
    ),
    *(
        _row(
            f"state: {state} comes too late for what is {phase}",
            Scene((manifest(state=state),), (remembered(SALE, phase),)),
            _blocked(R.TOO_LATE_TO_CANCEL),
        )
        for state in (DRAFT, CANCELLED)
        for phase in (P.STARTED, P.SENT)
    ),
    *(
        _row(
            f"state: cancelled agrees with what is {phase}",
            Scene((manifest(state=CANCELLED),), (remembered(SALE, phase, reason=CANCELLED_ELSEWHERE),)),
            _keep(R.DECLARED_CANCELLED),
        )
        for phase in (P.CANCELLED, P.FAILED)
    ),
    _row(
        "state: cancelled does not settle an unknown send",
        Scene((manifest(state=CANCELLED),), (remembered(SALE, P.UNKNOWN),)),
        _blocked(R.UNKNOWN_SEND),
    ),
    _row(
        "state: cancelled stops what is left of a campaign that is half sent",
        Scene(
            (manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)}, state=CANCELLED),),
            (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),),
        ),
        _to("cancel", R.DECLARED_CANCELLED, cancels="sale: Dear Bob"),
    ),
    _row(
        "state: cancelled agrees with a message ME-SMS does not know",
        Scene((manifest(state=CANCELLED),), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        _keep(R.DECLARED_CANCELLED),
    ),
]

EDITS = {
    R.CONTENT_CHANGED: manifest(text="Hi"),
    R.SENDER_CHANGED: manifest(sender="SiamShop"),
    R.SCHEDULE_CHANGED: manifest(when=ELEVEN),
    R.AUDIENCE_CHANGED: manifest(to=(1, 2), sources=(replace(MEMBERS, where={"vip": ("yes",)}),)),
    R.SEVERAL_CHANGED: manifest(text="Hi", sender="SiamShop"),
}
NEW_LIST = manifest(to=(1, 2, 3, 4))

EDITED = [
    *(
        _row(
            f"before the start, {reason}: cancelled, then sent anew",
            Scene((edited,), (remembered(SALE, P.SCHEDULED),)),
            _swap(reason, next(send.text or "" for send in edited.sends()), "sale: Hello"),
        )
        for reason, edited in EDITS.items()
    ),
    _row(
        "a variable is part of the content",
        Scene(
            (manifest(text="{percent} off", variables={"percent": "20"}),),
            (remembered(manifest(text="{percent} off", variables={"percent": "10"}), P.SCHEDULED),),
        ),
        _swap(R.CONTENT_CHANGED, "20 off", "sale: 10 off"),
    ),
    _row(
        "a list that holds others is a changed audience, though no line of the manifest moved",
        Scene((NEW_LIST,), (remembered(SALE, P.SCHEDULED),)),
        _swap(R.AUDIENCE_CHANGED, "Hello", "sale: Hello"),
    ),
    _row(
        "an edit that sends the same is no edit",
        Scene(
            (manifest(sources=(replace(MEMBERS, location="/shop/lists/vip.csv"),)),), (remembered(SALE, P.SCHEDULED),)
        ),
        _keep(R.UNCHANGED),
    ),
    _row(
        "a text that nobody gets any more is cancelled, and nothing sent",
        Scene((manifest(text="Dear {name}", to={"Ann": (1, 2)}),), (remembered(DEAR, P.SCHEDULED),)),
        _to("cancel", R.AUDIENCE_CHANGED, cancels="sale: Dear Bob"),
    ),
    _row(
        "a text for newcomers is added to what is scheduled",
        Scene((DEAR,), (remembered(manifest(text="Dear {name}", to={"Ann": (1, 2)}), P.SCHEDULED),)),
        _to("schedule", R.RESUMED, sends=BOB),
    ),
    *(
        _row(
            f"{reason} of what is {phase} sends nothing",
            Scene((edited,), (remembered(SALE, phase),)),
            _blocked(R.CHANGED_AFTER_START),
        )
        for reason, edited in EDITS.items()
        for phase in (P.STARTED, P.SENT)
    ),
    _row(
        "an edit that comes while the message starts sends nothing",
        Scene(
            (EDITS[R.CONTENT_CHANGED],),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.PENDING)},
        ),
        _blocked(R.CHANGED_AFTER_START),
    ),
    _row(
        "a state word nobody knows counts as started",
        Scene(
            (EDITS[R.CONTENT_CHANGED],),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.OTHER)},
        ),
        _blocked(R.CHANGED_AFTER_START),
    ),
    _row(
        "a list that moves after everything has left changes nothing",
        Scene((NEW_LIST,), (remembered(SALE, P.SENT),)),
        _keep(R.ALREADY_SENT),
    ),
    _row(
        "a cancel that was refused before is tried again while the message is still scheduled",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.SCHEDULED, reason=CANCEL_REFUSED),)),
        _swap(R.CONTENT_CHANGED, "Hi", "sale: Hello"),
    ),
    _row(
        "a cancel that was refused before blocks once the message has started",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.STARTED, reason=CANCEL_REFUSED),)),
        _blocked(R.CHANGED_AFTER_START),
    ),
]

AGAIN = manifest(revision=2)
REVISED = [
    _row(
        "a raised revision sends a finished campaign again",
        Scene((AGAIN,), (remembered(SALE, P.SENT),)),
        _to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    _row(
        "a raised revision replaces what is scheduled",
        Scene((AGAIN,), (remembered(SALE, P.SCHEDULED),)),
        _swap(R.REVISION_RAISED, "Hello", "sale: Hello"),
    ),
    _row(
        "a raised revision does not pass an unknown send",
        Scene((AGAIN,), (remembered(SALE, P.UNKNOWN),)),
        _blocked(R.UNKNOWN_SEND),
    ),
    _row(
        "a raised revision that was sent is final too",
        Scene((AGAIN,), (after(remembered(SALE, P.SENT), remembered(AGAIN, P.SENT)),)),
        _keep(R.ALREADY_SENT),
    ),
    _row(
        "an unknown send of an earlier revision blocks the newer one",
        Scene((AGAIN,), (after(remembered(SALE, P.UNKNOWN), remembered(AGAIN, P.SCHEDULED)),)),
        _blocked(R.UNKNOWN_SEND),
    ),
    _row(
        "an earlier revision that is somehow still scheduled is cancelled",
        Scene((AGAIN,), (after(remembered(SALE, P.SCHEDULED), remembered(AGAIN, P.SCHEDULED)),)),
        _to("cancel", R.AUDIENCE_CHANGED, cancels="sale: Hello"),
    ),
    *(
        _row(
            f"a raised revision goes past what is {why}",
            Scene((AGAIN,), (remembered(SALE, phase, **about),)),
            _to("schedule", R.REVISION_RAISED, sends="Hello"),
        )
        for why, phase, about in (
            ("cancelled elsewhere", P.CANCELLED, {"reason": CANCELLED_ELSEWHERE}),
            ("failed remotely", P.FAILED, {"uuid": "m"}),
        )
    ),
    _row(
        "a raised revision goes past a message ME-SMS does not know",
        Scene((AGAIN,), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        _to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    _row(
        "a lowered revision sends nothing",
        Scene((SALE,), (remembered(AGAIN, P.SENT),)),
        _blocked(R.REVISION_LOWERED),
    ),
]

RENAMED = manifest("spring", moved_from="sale")
RENAMES = [
    *(
        _row(
            f"a rename of what is {phase} only carries its record",
            Scene((RENAMED,), (remembered(SALE, phase),)),
            _keep(R.MOVED, "spring"),
        )
        for phase in (P.SCHEDULED, P.STARTED, P.SENT)
    ),
    _row(
        "a rename with an edit replaces what is scheduled",
        Scene((manifest("spring", "Hi", moved_from="sale"),), (remembered(SALE, P.SCHEDULED),)),
        _swap(R.CONTENT_CHANGED, "Hi", "sale: Hello", "spring"),
    ),
    _row(
        "a rename with an edit after the start sends nothing",
        Scene((manifest("spring", "Hi", moved_from="sale"),), (remembered(SALE, P.SENT),)),
        _blocked(R.CHANGED_AFTER_START, "spring"),
    ),
    _row(
        "a rename does not settle an unknown send",
        Scene((RENAMED,), (remembered(SALE, P.UNKNOWN),)),
        _blocked(R.UNKNOWN_SEND, "spring"),
    ),
    _row(
        "a name that was given up stays reserved",
        Scene((SALE, RENAMED), (remembered(SALE, P.SENT),)),
        _blocked(R.NAME_RESERVED),
        _keep(R.MOVED, "spring"),
    ),
    _row(
        "moved_from may stay in the manifest",
        Scene((RENAMED,), (remembered(RENAMED, P.SCHEDULED), CampaignRecord("sale", "f", 1, moved_to="spring"))),
        _keep(R.UNCHANGED, "spring"),
    ),
    _row(
        "moved_from a name nobody knows is a new campaign",
        Scene((RENAMED,)),
        _to("schedule", R.NEW, "spring", sends="Hello"),
    ),
    *(
        _row(
            f"renamed without moved_from, what is {phase} is not sent again",
            Scene((manifest("spring"),), (remembered(SALE, phase),)),
            *then,
            _blocked(R.RENAMED, "spring"),
        )
        for phase, then in (
            (P.STARTED, [_to("forget", R.MANIFEST_DELETED)]),
            (P.SENT, [_to("forget", R.MANIFEST_DELETED)]),
            (P.UNKNOWN, [_blocked(R.UNKNOWN_SEND)]),
        )
    ),
    _row(
        "renamed without moved_from long ago, it is not sent again",
        Scene((manifest("spring"),), (replace(remembered(SALE, P.SENT), retired=True),)),
        _blocked(R.RENAMED, "spring"),
    ),
    _row(
        "renamed without moved_from while scheduled, the old is gone before the new is sent",
        Scene((manifest("spring"),), (remembered(SALE, P.SCHEDULED),)),
        _to("cancel", R.MANIFEST_DELETED, cancels="sale: Hello"),
        _to("schedule", R.NEW, "spring", sends="Hello", waits_for="sale: Hello"),
    ),
    _row(
        "renamed without moved_from, a raised revision texts the same people again",
        Scene((manifest("spring", revision=2),), (replace(remembered(SALE, P.SENT), retired=True),)),
        _to("schedule", R.NEW, "spring", sends="Hello"),
    ),
]

TWIN = manifest("twin")
DAILY, DAILY_TWIN = manifest(when=SOON), manifest("twin", when=SOON)
DUPLICATES = [
    _row(
        "of two new campaigns that are one message, one is sent",
        Scene((SALE, TWIN)),
        _to("schedule", R.NEW, sends="Hello"),
        _blocked(R.DUPLICATE, "twin"),
    ),
    *(
        _row(
            f"a new campaign that is the message of one that is {phase} is not sent",
            Scene((SALE, TWIN), (remembered(SALE, phase),)),
            kept,
            _blocked(R.DUPLICATE, "twin"),
        )
        for phase, kept in (
            (P.SCHEDULED, _keep(R.UNCHANGED)),
            (P.SENT, _keep(R.ALREADY_SENT)),
            (P.UNKNOWN, _blocked(R.UNKNOWN_SEND)),
        )
    ),
    _row(
        "a raised revision says that the same people are meant",
        Scene((SALE, manifest("twin", revision=2)), (remembered(SALE, P.SENT),)),
        _keep(R.ALREADY_SENT),
        _to("schedule", R.NEW, "twin", sends="Hello"),
    ),
    _row(
        "now, and now again an hour later, are one occasion",
        Scene((DAILY, DAILY_TWIN), (remembered(DAILY, P.SENT),)),
        _keep(R.ALREADY_SENT),
        _blocked(R.DUPLICATE, "twin"),
    ),
    _row(
        "now, and now again a day later, are two occasions",
        Scene((DAILY, DAILY_TWIN), (remembered(DAILY, P.SENT, ago=timedelta(days=1)),)),
        _keep(R.ALREADY_SENT),
        _to("send", R.NEW, "twin", sends="Hello"),
    ),
    _row(
        "the same text to others is another message",
        Scene((SALE, manifest("twin", to=(4, 5))), (remembered(SALE, P.SENT),)),
        _keep(R.ALREADY_SENT),
        _to("schedule", R.NEW, "twin", sends="Hello"),
    ),
]

ELSEWHERE = [
    _row(
        "what somebody cancelled outside is not created again",
        Scene(
            (SALE,),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.CANCELLED)},
        ),
        _blocked(R.CANCELLED_ELSEWHERE),
    ),
    _row(
        "what was cancelled outside is not created again in an edited form",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.CANCELLED, reason=CANCELLED_ELSEWHERE),)),
        _blocked(R.CANCELLED_ELSEWHERE),
    ),
    _row(
        "what we had begun to cancel ourselves was not cancelled outside",
        Scene(
            (manifest(text="Hi"),),
            (remembered(SALE, P.SCHEDULED, cancel=REPLACED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.CANCELLED)},
        ),
        _to("schedule", R.NEW, sends="Hi"),
    ),
    _row(
        "a message ME-SMS does not know any more wants a person",
        Scene((SALE,), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        _blocked(R.GONE),
    ),
    _row(
        "a message that is known again is kept",
        Scene(
            (SALE,),
            (remembered(SALE, P.SCHEDULED, reason="gone"),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello")},
        ),
        _keep(R.UNCHANGED),
    ),
]

LATE = [
    _row("a time that has passed is never now", Scene((manifest(when=YESTERDAY),)), _blocked(R.TIME_PASSED)),
    _row(
        "a time that is now has passed",
        Scene((SALE,), now=SALE.send("Hello").when.at),  # type: ignore[union-attr]
        _blocked(R.TIME_PASSED),
    ),
    *(
        _row(
            f"what was {why} when its hour passed wants a new schedule",
            Scene((manifest(when=YESTERDAY),), (remembered(manifest(when=YESTERDAY), phase, **about),)),
            _blocked(R.TIME_PASSED),
        )
        for why, phase, about in (
            ("refused", P.FAILED, {}),
            ("stopped", P.CANCELLED, {"cancel": STOPPED}),
        )
    ),
    _row(
        "a new schedule sends what had missed its hour",
        Scene((SALE,), (remembered(manifest(when=YESTERDAY), P.FAILED),)),
        _to("schedule", R.RETRY, sends="Hello"),
    ),
    _row(
        "an edit to a time that has passed leaves what is scheduled",
        Scene((manifest(when=YESTERDAY),), (remembered(SALE, P.SCHEDULED),)),
        _blocked(R.TIME_PASSED),
    ),
    _row(
        "a now that was refused is tried again within a day",
        Scene((DAILY,), (remembered(DAILY, P.FAILED),)),
        _to("send", R.RETRY, sends="Hello"),
    ),
    _row(
        "a now that was refused two days ago is not meant any more",
        Scene((DAILY,), (remembered(DAILY, P.FAILED, ago=LONG_AGO),)),
        _blocked(R.TIME_PASSED),
    ),
    _row(
        "give_up_after says how long a now is meant",
        Scene(
            (manifest(schedule=Schedule(SOON, give_up_after=timedelta(minutes=30))),),
            (remembered(DAILY, P.FAILED),),
        ),
        _blocked(R.TIME_PASSED),
    ),
    _row(
        "a raised revision means now again",
        Scene((manifest(when=SOON, revision=2),), (remembered(DAILY, P.FAILED, ago=LONG_AGO),)),
        _to("send", R.REVISION_RAISED, sends="Hello"),
    ),
]

ALL_FROZEN, SALE_FROZEN = Freeze(everything=True), Freeze(campaigns=frozenset({"sale"}))
FROZEN = [
    _row(
        "a frozen campaign sends nothing, the others do",
        Scene((OTHER, SALE), freeze=SALE_FROZEN),
        _to("schedule", R.NEW, "other", sends="Bye"),
        _blocked(R.FROZEN),
    ),
    _row(
        "stop --all covers campaigns that state does not know",
        Scene((OTHER, SALE), freeze=ALL_FROZEN),
        _blocked(R.FROZEN, "other"),
        _blocked(R.FROZEN),
    ),
    _row(
        "an edit under a freeze cancels nothing either",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.SCHEDULED),), freeze=ALL_FROZEN),
        _blocked(R.FROZEN),
    ),
    _row(
        "a freeze does not keep a deleted campaign on the account",
        Scene((), (remembered(SALE, P.SCHEDULED),), freeze=ALL_FROZEN),
        _to("cancel", R.MANIFEST_DELETED, cancels="sale: Hello"),
    ),
    _row(
        "a freeze has nothing to say about what has left",
        Scene((SALE,), (remembered(SALE, P.SENT),), freeze=ALL_FROZEN),
        _keep(R.ALREADY_SENT),
    ),
]

HAND_MADE = message(SALE, "Hello")
FOREIGN = [
    _row(
        "a message that already is this one, and nobody's, blocks it",
        Scene((OTHER, SALE), (remembered(OTHER, P.SENT),), listing=(HAND_MADE,)),
        _keep(R.ALREADY_SENT, "other"),
        _blocked(R.FOREIGN_MESSAGE),
    ),
    _row(
        "a message to other people blocks nothing",
        Scene((OTHER, SALE), (remembered(OTHER, P.SENT),), listing=(HAND_MADE,), same=frozenset()),
        _keep(R.ALREADY_SENT, "other"),
        _to("schedule", R.NEW, sends="Hello"),
    ),
    _row(
        "a message that was cancelled blocks nothing",
        Scene((SALE,), (remembered(OTHER, P.SENT),), listing=(replace(HAND_MADE, phase=RemotePhase.CANCELLED),)),
        _to("forget", R.MANIFEST_DELETED, "other"),
        _to("schedule", R.NEW, sends="Hello"),
    ),
    _row(
        "a message that a send of ours is blocks nothing",
        Scene((AGAIN,), (remembered(SALE, P.SENT, uuid="by hand"),), listing=(HAND_MADE,)),
        _to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    _row(
        "raising the revision above the one that was blocked says: yes, once more",
        Scene((AGAIN, OTHER), (remembered(SALE, None), remembered(OTHER, P.SENT)), listing=(HAND_MADE,)),
        _keep(R.ALREADY_SENT, "other"),
        _to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    _row(
        "a revision without a record says nothing",
        Scene((AGAIN, OTHER), (remembered(OTHER, P.SENT),), listing=(HAND_MADE,)),
        _keep(R.ALREADY_SENT, "other"),
        _blocked(R.FOREIGN_MESSAGE),
    ),
    _row(
        "beside an empty state one such message stops every campaign",
        Scene((OTHER, SALE), listing=(HAND_MADE,)),
        _blocked(R.STATE_LOST, "other"),
        _blocked(R.FOREIGN_MESSAGE),
    ),
    _row(
        "a state that remembers names but no send is empty",
        Scene((OTHER, SALE), (remembered(OTHER, None), remembered(SALE, None)), listing=(HAND_MADE,)),
        _blocked(R.STATE_LOST, "other"),
        _blocked(R.FOREIGN_MESSAGE),
    ),
    _row(
        "other messages never stop a fresh project",
        Scene((SALE,), listing=(message(OTHER, "Bye"),)),
        _to("schedule", R.NEW, sends="Hello"),
    ),
    _row(
        "a now of the last day blocks a now",
        Scene((DAILY, OTHER), (remembered(OTHER, P.SENT),), listing=(message(DAILY, "Hello"),)),
        _keep(R.ALREADY_SENT, "other"),
        _blocked(R.FOREIGN_MESSAGE),
    ),
    _row(
        "a now of the day before yesterday does not",
        Scene(
            (DAILY, OTHER),
            (remembered(OTHER, P.SENT),),
            listing=(message(DAILY, "Hello", created_at=NOW - LONG_AGO),),
        ),
        _keep(R.ALREADY_SENT, "other"),
        _to("send", R.NEW, sends="Hello"),
    ),
]

UNKNOWN = remembered(SALE, P.UNKNOWN)
SECOND = message(SALE, "Hello", "second")
RECOVERY = [
    _row(
        "an unknown send that exactly one message is, is that message",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE,)),
        _to("adopt", R.RECOVERED),
    ),
    _row(
        "an unknown send that two messages could be is neither",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE, SECOND)),
        _blocked(R.UNKNOWN_SEND),
    ),
    _row(
        "of two messages the one to the same people is it",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE, SECOND), same=frozenset({"second"})),
        _to("adopt", R.RECOVERED),
    ),
    _row(
        "a message to other people is not an unknown send",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE,), same=frozenset()),
        _blocked(R.UNKNOWN_SEND),
    ),
    _row(
        "a message that another send already is, is not an unknown send",
        Scene((SALE,), (UNKNOWN, remembered(OTHER, P.SENT, uuid="by hand")), listing=(HAND_MADE,)),
        _to("forget", R.MANIFEST_DELETED, "other"),
        _blocked(R.UNKNOWN_SEND),
    ),
    _row(
        "one message that two unknown sends could be is neither of them",
        Scene(
            (SALE, manifest("twin", revision=2)),
            (UNKNOWN, remembered(manifest("twin", revision=2), P.UNKNOWN)),
            listing=(HAND_MADE,),
        ),
        _blocked(R.UNKNOWN_SEND),
        _blocked(R.UNKNOWN_SEND, "twin"),
    ),
    _row(
        "an unknown send that is found and not wanted any more is replaced",
        Scene((manifest(text="Hi"),), (UNKNOWN,), listing=(HAND_MADE,)),
        _swap(R.CONTENT_CHANGED, "Hi", "by hand"),
    ),
    _row(
        "an unknown send that is found cancelled was cancelled elsewhere",
        Scene((SALE,), (UNKNOWN,), listing=(replace(HAND_MADE, phase=RemotePhase.CANCELLED),)),
        _blocked(R.CANCELLED_ELSEWHERE),
    ),
    _row(
        "an unknown send without manifest that is found scheduled is cancelled",
        Scene((), (UNKNOWN,), listing=(HAND_MADE,)),
        _to("cancel", R.MANIFEST_DELETED, cancels="by hand"),
    ),
    _row(
        "an unknown send without manifest that is found started is adopted",
        Scene((), (UNKNOWN,), listing=(replace(HAND_MADE, phase=RemotePhase.PENDING),)),
        _to("adopt", R.RECOVERED),
    ),
    _row(
        "an unknown send whose campaign is declared cancelled is cancelled once it is found",
        Scene((manifest(state=CANCELLED),), (UNKNOWN,), listing=(HAND_MADE,)),
        _to("cancel", R.DECLARED_CANCELLED, cancels="by hand"),
    ),
]

SHIFTED = manifest(text="Dear {name}", to={"Ann": (1,), "Bob": (2, 3)})
HALF_SENT = [
    _row(
        "what was not sent of a scheduled campaign follows",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SCHEDULED}),)),
        _to("schedule", R.RESUMED, sends=BOB),
    ),
    _row(
        "what was refused of a scheduled campaign follows",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SCHEDULED, BOB: P.FAILED}),)),
        _to("schedule", R.RETRY, sends=BOB),
    ),
    _row(
        "what was refused of a started campaign follows, and nobody in the started send is texted again",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.STARTED, BOB: P.FAILED}),)),
        _to("schedule", R.RESUMED, sends=BOB),
    ),
    _row(
        "what was refused of a campaign whose hour has passed wants a person",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SENT, BOB: P.FAILED}),), now=ELEVEN.at),
        _blocked(R.TIME_PASSED),
    ),
    _row(
        "what was stopped of a started campaign follows once released",
        Scene(
            (DEAR,),
            (_one_changed(remembered(DEAR, {ANN: P.SENT, BOB: P.CANCELLED}), "sale: Dear Bob", cancel=STOPPED),),
        ),
        _to("schedule", R.RESUMED, sends=BOB),
    ),
    _row(
        "a list that moved under a campaign that is half sent stops it",
        Scene((SHIFTED,), (remembered(DEAR, {ANN: P.STARTED, BOB: P.FAILED}),)),
        _blocked(R.CHANGED_AFTER_START),
    ),
    _row(
        "an edit of a campaign that is half sent stops it",
        Scene(
            (manifest(text="Hi {name}", to={"Ann": (1, 2), "Bob": (3,)}),),
            (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),),
        ),
        _blocked(R.CHANGED_AFTER_START),
    ),
    _row(
        "the rest of a campaign that is half sent is kept while it is scheduled",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),)),
        _keep(R.UNCHANGED),
    ),
    _row(
        "of a campaign that is half sent, what was cancelled outside is not created again",
        Scene(
            (DEAR,),
            (
                _one_changed(
                    remembered(DEAR, {ANN: P.STARTED, BOB: P.CANCELLED}), "sale: Dear Bob", reason=CANCELLED_ELSEWHERE
                ),
            ),
        ),
        _blocked(R.CANCELLED_ELSEWHERE),
    ),
    _row(
        "of a campaign that is half sent, a message ME-SMS does not know wants a person",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.STARTED, BOB: P.SCHEDULED}),), {"sale: Dear Bob": None}),
        _blocked(R.GONE),
    ),
    _row(
        "with one send unknown the rest of its campaign waits",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.UNKNOWN}),)),
        _blocked(R.UNKNOWN_SEND),
    ),
]

TABLE = [
    *NEW,
    *KNOWN,
    *NO_MANIFEST,
    *NOT_ACTIVE,
    *EDITED,
    *REVISED,
    *RENAMES,
    *DUPLICATES,
    *ELSEWHERE,
    *LATE,
    *FROZEN,
    *FOREIGN,
    *RECOVERY,
    *HALF_SENT,
]

UNREACHABLE = {R.NOTHING_TO_DO: "every way of having nothing to do has a reason of its own"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.sentence)
def test_the_sentence_is_true(row: Row) -> None:
    assert tuple(told_by(action) for action in row.scene.actions()) == row.decisions


def test_every_sentence_is_said_once() -> None:
    sentences = [row.sentence for row in TABLE]
    assert sorted(set(sentences)) == sorted(sentences)


def test_every_reason_is_reached_or_known_to_be_out_of_reach() -> None:
    reached = {decision.reason for row in TABLE for decision in row.decisions}
    assert (set(Reason) - reached, reached & set(UNREACHABLE)) == (set(UNREACHABLE), set())


def test_every_reason_has_its_sentence_and_whatever_blocks_its_next_step() -> None:
    blocking = {decision.reason for row in TABLE for decision in row.decisions if decision.verb == "blocked"}
    assert (set(SENTENCES), set(NEXT_STEPS)) == (set(Reason), blocking)


def test_what_blocks_says_once_what_to_do_next_and_names_its_campaign() -> None:
    """Every blocked action of the table carries exactly one MS601, complete."""
    for row in TABLE:
        for action in row.scene.actions():
            if isinstance(action, Blocked):
                (found,) = (finding for finding in action.diagnostics if finding.code == "MS601")
                assert found.campaign == action.campaign, row.sentence
                assert found.next_step, row.sentence
                assert not {"{", "}"} & set(found.next_step), row.sentence
