"""The life of one campaign: new, known, deleted, not active, edited, revised."""

from __future__ import annotations

from dataclasses import replace

from mesms_gitops.model.campaign import GroupSource
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.sends import CancelIntent, CancelReason
from mesms_gitops.model.state import CampaignRecord
from mesms_gitops.planning.situation import CANCEL_REFUSED, CANCELLED_ELSEWHERE

from .rows import (
    AGAIN,
    ANN,
    BOB,
    CANCELLED,
    DAILY,
    DEAR,
    DRAFT,
    OTHER,
    REPLACED,
    SALE,
    STOPPED,
    P,
    R,
    blocked,
    keep,
    row,
    swap,
    to,
)
from .scenes import AT_ONCE, ELEVEN, MEMBERS, NOW, SOON, Scene, after, manifest, message, remembered

NEW = [
    row("a manifest nobody has seen is scheduled", Scene((SALE,)), to("schedule", R.NEW, sends="Hello")),
    row(
        "schedule: now is sent, with an undo window and without",
        Scene((manifest("later", "A", when=SOON), manifest("once", "B", when=AT_ONCE))),
        to("send", R.NEW, "later", sends="A"),
        to("send", R.NEW, "once", sends="B"),
    ),
    row("each text is a send of its own", Scene((DEAR,)), to("schedule", R.NEW, sends=(ANN, BOB))),
    row(
        "a contact group is a send of its own",
        Scene((manifest(to=(), contact_groups=(5,), sources=(GroupSource(5),)),)),
        to("schedule", R.NEW, sends="Hello"),
    ),
    row("a draft waits", Scene((manifest(state=DRAFT),)), keep(R.DRAFT)),
    row("a draft needs no schedule", Scene((manifest(state=DRAFT, when=None),)), keep(R.DRAFT)),
    row("what was cancelled before it began stays so", Scene((manifest(state=CANCELLED),)), keep(R.DECLARED_CANCELLED)),
    row("without campaigns nothing is decided", Scene()),
]

KNOWN = [
    row("what is scheduled is kept", Scene((SALE,), (remembered(SALE, P.SCHEDULED),)), keep(R.UNCHANGED)),
    *(
        row(f"what is {phase} is final", Scene((SALE,), (remembered(SALE, phase),)), keep(R.ALREADY_SENT))
        for phase in (P.STARTED, P.SENT)
    ),
    *(
        row(
            f"a send that is {phase} stops its campaign and no other",
            Scene((OTHER, SALE), (remembered(SALE, phase),)),
            to("schedule", R.NEW, "other", sends="Bye"),
            blocked(R.UNKNOWN_SEND),
        )
        for phase in (P.INTENDED, P.UNKNOWN)
    ),
    row(
        "what was refused is tried again",
        Scene((SALE,), (remembered(SALE, P.FAILED),)),
        to("schedule", R.RETRY, sends="Hello"),
    ),
    row(
        "what was refused and edited is tried as edited",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.FAILED),)),
        to("schedule", R.RETRY, sends="Hi"),
    ),
    row(
        "what ME-SMS accepted and then failed wants a person",
        Scene((SALE,), (remembered(SALE, P.FAILED, uuid="m"),)),
        blocked(R.FAILED_REMOTELY),
    ),
    row(
        "what failed remotely is seen when the account says so",
        Scene(
            (SALE,),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.FAILED)},
        ),
        blocked(R.FAILED_REMOTELY),
    ),
    row(
        "what was stopped goes out once the stop is released",
        Scene((SALE,), (remembered(SALE, P.CANCELLED, cancel=STOPPED),)),
        to("schedule", R.NEW, sends="Hello"),
    ),
    row(
        "what was declared cancelled goes out once it is active again",
        Scene((SALE,), (remembered(SALE, P.CANCELLED, cancel=CancelIntent("r", NOW, CancelReason.DECLARED)),)),
        to("schedule", R.NEW, sends="Hello"),
    ),
    row(
        "a replace that died after its cancel sends the new message",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.CANCELLED, cancel=REPLACED),)),
        to("schedule", R.NEW, sends="Hi"),
    ),
]

NO_MANIFEST = [
    row(
        "deleting the manifest of a scheduled campaign cancels it",
        Scene((), (remembered(SALE, P.SCHEDULED),)),
        to("cancel", R.MANIFEST_DELETED, cancels="sale: Hello"),
    ),
    *(
        row(
            f"deleting the manifest of what is {phase} only reserves its name",
            Scene((), (remembered(SALE, phase),)),
            to("forget", R.MANIFEST_DELETED),
        )
        for phase in (P.STARTED, P.SENT, P.CANCELLED, P.FAILED)
    ),
    *(
        row(
            f"deleting the manifest of a send that is {phase} settles nothing",
            Scene((), (remembered(SALE, phase),)),
            blocked(R.UNKNOWN_SEND),
        )
        for phase in (P.INTENDED, P.UNKNOWN)
    ),
    row(
        "of several sends only what is scheduled is cancelled",
        Scene((), (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),)),
        to("cancel", R.MANIFEST_DELETED, cancels="sale: Dear Bob"),
    ),
    row("a name that never sent is forgotten", Scene((), (remembered(SALE, None),)), to("forget", R.MANIFEST_DELETED)),
    row("a retired name is not spoken of", Scene((), (replace(remembered(SALE, P.SENT), retired=True),))),
    row("a name left behind by a rename is not spoken of", Scene((), (CampaignRecord("sale", "f", 1, moved_to="x"),))),
    row(
        "a retired campaign whose manifest comes back is final still",
        Scene((SALE,), (replace(remembered(SALE, P.SENT), retired=True),)),
        keep(R.ALREADY_SENT),
    ),
    row(
        "a message ME-SMS does not know is not cancelled by deleting its manifest",
        Scene((), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        blocked(R.GONE),
    ),
]

NOT_ACTIVE = [
    *(
        row(
            f"state: {state} cancels what is scheduled",
            Scene((manifest(state=state),), (remembered(SALE, P.SCHEDULED),)),
            to("cancel", reason, cancels="sale: Hello"),
        )
        for state, reason in ((DRAFT, R.DRAFT), (CANCELLED, R.DECLARED_CANCELLED))
    ),
    *(
        row(
            f"state: {state} comes too late for what is {phase}",
            Scene((manifest(state=state),), (remembered(SALE, phase),)),
            blocked(R.TOO_LATE_TO_CANCEL),
        )
        for state in (DRAFT, CANCELLED)
        for phase in (P.STARTED, P.SENT)
    ),
    *(
        row(
            f"state: cancelled agrees with what is {phase}",
            Scene((manifest(state=CANCELLED),), (remembered(SALE, phase, reason=CANCELLED_ELSEWHERE),)),
            keep(R.DECLARED_CANCELLED),
        )
        for phase in (P.CANCELLED, P.FAILED)
    ),
    row(
        "state: cancelled does not settle an unknown send",
        Scene((manifest(state=CANCELLED),), (remembered(SALE, P.UNKNOWN),)),
        blocked(R.UNKNOWN_SEND),
    ),
    row(
        "state: cancelled stops what is left of a campaign that is half sent",
        Scene(
            (manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)}, state=CANCELLED),),
            (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),),
        ),
        to("cancel", R.DECLARED_CANCELLED, cancels="sale: Dear Bob"),
    ),
    row(
        "state: cancelled agrees with a message ME-SMS does not know",
        Scene((manifest(state=CANCELLED),), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        keep(R.DECLARED_CANCELLED),
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
        row(
            f"before the start, {reason}: cancelled, then sent anew",
            Scene((edited,), (remembered(SALE, P.SCHEDULED),)),
            swap(reason, next(send.text or "" for send in edited.sends()), "sale: Hello"),
        )
        for reason, edited in EDITS.items()
    ),
    row(
        "a variable is part of the content",
        Scene(
            (manifest(text="{percent} off", variables={"percent": "20"}),),
            (remembered(manifest(text="{percent} off", variables={"percent": "10"}), P.SCHEDULED),),
        ),
        swap(R.CONTENT_CHANGED, "20 off", "sale: 10 off"),
    ),
    row(
        "a list that holds others is a changed audience, though no line of the manifest moved",
        Scene((NEW_LIST,), (remembered(SALE, P.SCHEDULED),)),
        swap(R.AUDIENCE_CHANGED, "Hello", "sale: Hello"),
    ),
    row(
        "an edit that sends the same is no edit",
        Scene(
            (manifest(sources=(replace(MEMBERS, location="/shop/lists/vip.csv"),)),), (remembered(SALE, P.SCHEDULED),)
        ),
        keep(R.UNCHANGED),
    ),
    row(
        "a text that nobody gets any more is cancelled, and nothing sent",
        Scene((manifest(text="Dear {name}", to={"Ann": (1, 2)}),), (remembered(DEAR, P.SCHEDULED),)),
        to("cancel", R.AUDIENCE_CHANGED, cancels="sale: Dear Bob"),
    ),
    row(
        "a text for newcomers is added to what is scheduled",
        Scene((DEAR,), (remembered(manifest(text="Dear {name}", to={"Ann": (1, 2)}), P.SCHEDULED),)),
        to("schedule", R.RESUMED, sends=BOB),
    ),
    *(
        row(
            f"{reason} of what is {phase} sends nothing",
            Scene((edited,), (remembered(SALE, phase),)),
            blocked(R.CHANGED_AFTER_START),
        )
        for reason, edited in EDITS.items()
        for phase in (P.STARTED, P.SENT)
    ),
    row(
        "an edit that comes while the message starts sends nothing",
        Scene(
            (EDITS[R.CONTENT_CHANGED],),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.PENDING)},
        ),
        blocked(R.CHANGED_AFTER_START),
    ),
    row(
        "a state word nobody knows counts as started",
        Scene(
            (EDITS[R.CONTENT_CHANGED],),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.OTHER)},
        ),
        blocked(R.CHANGED_AFTER_START),
    ),
    row(
        "another undo window of the project is no edit of what has left",
        Scene((manifest(when=AT_ONCE),), (remembered(DAILY, P.SENT),)),
        keep(R.ALREADY_SENT),
    ),
    row(
        "another undo window of the project replaces what has not",
        Scene((manifest(when=AT_ONCE),), (remembered(DAILY, P.SCHEDULED),)),
        swap(R.SCHEDULE_CHANGED, "Hello", "sale: Hello"),
    ),
    row(
        "now instead of a fixed time is an edit of what has left",
        Scene((DAILY,), (remembered(SALE, P.SENT),)),
        blocked(R.CHANGED_AFTER_START),
    ),
    row(
        "a list that moves after everything has left changes nothing",
        Scene((NEW_LIST,), (remembered(SALE, P.SENT),)),
        keep(R.ALREADY_SENT),
    ),
    row(
        "a cancel that was refused before is tried again while the message is still scheduled",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.SCHEDULED, reason=CANCEL_REFUSED),)),
        swap(R.CONTENT_CHANGED, "Hi", "sale: Hello"),
    ),
    row(
        "a cancel that was refused before blocks once the message has started",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.STARTED, reason=CANCEL_REFUSED),)),
        blocked(R.CHANGED_AFTER_START),
    ),
]

REVISED = [
    row(
        "a raised revision sends a finished campaign again",
        Scene((AGAIN,), (remembered(SALE, P.SENT),)),
        to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    row(
        "a raised revision replaces what is scheduled",
        Scene((AGAIN,), (remembered(SALE, P.SCHEDULED),)),
        swap(R.REVISION_RAISED, "Hello", "sale: Hello"),
    ),
    row(
        "a raised revision does not pass an unknown send",
        Scene((AGAIN,), (remembered(SALE, P.UNKNOWN),)),
        blocked(R.UNKNOWN_SEND),
    ),
    row(
        "a raised revision that was sent is final too",
        Scene((AGAIN,), (after(remembered(SALE, P.SENT), remembered(AGAIN, P.SENT)),)),
        keep(R.ALREADY_SENT),
    ),
    row(
        "an unknown send of an earlier revision blocks the newer one",
        Scene((AGAIN,), (after(remembered(SALE, P.UNKNOWN), remembered(AGAIN, P.SCHEDULED)),)),
        blocked(R.UNKNOWN_SEND),
    ),
    row(
        "an earlier revision that is somehow still scheduled is cancelled",
        Scene((AGAIN,), (after(remembered(SALE, P.SCHEDULED), remembered(AGAIN, P.SCHEDULED)),)),
        to("cancel", R.AUDIENCE_CHANGED, cancels="sale: Hello"),
    ),
    *(
        row(
            f"a raised revision goes past what is {why}",
            Scene((AGAIN,), (remembered(SALE, phase, uuid="m", reason=reason),)),
            to("schedule", R.REVISION_RAISED, sends="Hello"),
        )
        for why, phase, reason in (
            ("cancelled elsewhere", P.CANCELLED, CANCELLED_ELSEWHERE),
            ("failed remotely", P.FAILED, None),
        )
    ),
    row(
        "a raised revision goes past a message ME-SMS does not know",
        Scene((AGAIN,), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    row(
        "a lowered revision sends nothing",
        Scene((SALE,), (remembered(AGAIN, P.SENT),)),
        blocked(R.REVISION_LOWERED),
    ),
]

ROWS = [*NEW, *KNOWN, *NO_MANIFEST, *NOT_ACTIVE, *EDITED, *REVISED]
