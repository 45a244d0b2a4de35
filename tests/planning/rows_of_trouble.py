"""What stands in the way: others on the account, the hour, the stop, and sends that are half done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mesms_gitops.model.campaign import Schedule
from mesms_gitops.model.observation import RemotePhase
from mesms_gitops.model.state import Freeze
from mesms_gitops.planning.situation import CANCEL_UNSEEN, CANCELLED_ELSEWHERE

from .rows import (
    ANN,
    BOB,
    DAILY,
    DEAR,
    LONG_AGO,
    OTHER,
    REPLACED,
    SALE,
    STOPPED,
    P,
    R,
    blocked,
    failed_for_good,
    keep,
    one_changed,
    row,
    to,
)
from .scenes import ELEVEN, SOON, YESTERDAY, Scene, manifest, message, remembered

FORGOTTEN = [
    row(
        "of whom everybody asked to be forgotten, nothing is sent",
        Scene((replace(SALE, is_forgotten=True), OTHER)),
        to("schedule", R.NEW, "other", sends="Bye"),
        blocked(R.ALL_FORGOTTEN),
    ),
    row(
        "a scheduled message to people who all asked to be forgotten waits for a person",
        Scene((replace(SALE, is_forgotten=True),), (remembered(SALE, P.SCHEDULED),)),
        blocked(R.ALL_FORGOTTEN),
    ),
    row(
        "what has left stays what it is, whoever asks to be forgotten since",
        Scene((replace(SALE, is_forgotten=True),), (remembered(SALE, P.SENT),)),
        keep(R.ALREADY_SENT),
    ),
]

ELSEWHERE = [
    row(
        "what somebody cancelled outside is not created again",
        Scene(
            (SALE,),
            (remembered(SALE, P.SCHEDULED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.CANCELLED)},
        ),
        blocked(R.CANCELLED_ELSEWHERE),
    ),
    row(
        "what was cancelled outside is not created again in an edited form",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.CANCELLED, reason=CANCELLED_ELSEWHERE),)),
        blocked(R.CANCELLED_ELSEWHERE),
    ),
    row(
        "what we had begun to cancel ourselves was not cancelled outside",
        Scene(
            (manifest(text="Hi"),),
            (remembered(SALE, P.SCHEDULED, cancel=REPLACED),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello", RemotePhase.CANCELLED)},
        ),
        to("schedule", R.NEW, sends="Hi"),
    ),
    row(
        "what we had begun to cancel, and was then wanted again, may have been cancelled by anybody",
        Scene((SALE,), (remembered(SALE, P.CANCELLED, cancel=REPLACED, reason=CANCEL_UNSEEN),)),
        blocked(R.CANCELLED_ELSEWHERE),
    ),
    row(
        "what was cancelled without an answer to our stop may have been cancelled by somebody else",
        Scene((SALE,), (remembered(SALE, P.CANCELLED, cancel=STOPPED, reason=CANCEL_UNSEEN),)),
        blocked(R.CANCELLED_ELSEWHERE),
    ),
    row(
        "a message ME-SMS does not know any more wants a person",
        Scene((SALE,), (remembered(SALE, P.SCHEDULED),), {"sale: Hello": None}),
        blocked(R.GONE),
    ),
    row(
        "a message that is known again is kept",
        Scene(
            (SALE,),
            (remembered(SALE, P.SCHEDULED, reason="gone"),),
            {"sale: Hello": message(SALE, "Hello", "sale: Hello")},
        ),
        keep(R.UNCHANGED),
    ),
]

LATE = [
    row("a time that has passed is never now", Scene((manifest(when=YESTERDAY),)), blocked(R.TIME_PASSED)),
    row(
        "a time that is now has passed",
        Scene((SALE,), now=SALE.send("Hello").when.at),  # type: ignore[union-attr]
        blocked(R.TIME_PASSED),
    ),
    *(
        row(
            f"what was {why} when its hour passed wants a new schedule",
            Scene((manifest(when=YESTERDAY),), (remembered(manifest(when=YESTERDAY), phase, cancel=cancel),)),
            blocked(R.TIME_PASSED),
        )
        for why, phase, cancel in (("refused", P.FAILED, None), ("stopped", P.CANCELLED, STOPPED))
    ),
    row(
        "a new schedule sends what had missed its hour",
        Scene((SALE,), (remembered(manifest(when=YESTERDAY), P.FAILED),)),
        to("schedule", R.RETRY, sends="Hello"),
    ),
    row(
        "an edit to a time that has passed leaves what is scheduled",
        Scene((manifest(when=YESTERDAY),), (remembered(SALE, P.SCHEDULED),)),
        blocked(R.TIME_PASSED),
    ),
    row(
        "a now that was refused is tried again within a day",
        Scene((DAILY,), (remembered(DAILY, P.FAILED),)),
        to("send", R.RETRY, sends="Hello"),
    ),
    row(
        "a now that was refused two days ago is not meant any more",
        Scene((DAILY,), (remembered(DAILY, P.FAILED, ago=LONG_AGO),)),
        blocked(R.TIME_PASSED),
    ),
    row(
        "a now that was refused exactly a day ago is still meant",
        Scene((DAILY,), (remembered(DAILY, P.FAILED, ago=timedelta(days=1)),)),
        to("send", R.RETRY, sends="Hello"),
    ),
    row(
        "a now that was refused two days ago and then edited is meant anew",
        Scene((manifest(text="Hi", when=SOON),), (remembered(DAILY, P.FAILED, ago=LONG_AGO),)),
        to("send", R.RETRY, sends="Hi"),
    ),
    row(
        "give_up_after says how long a now is meant",
        Scene(
            (manifest(schedule=Schedule(SOON, give_up_after=timedelta(minutes=30))),),
            (remembered(DAILY, P.FAILED),),
        ),
        blocked(R.TIME_PASSED),
    ),
    row(
        "a raised revision means now again",
        Scene((manifest(when=SOON, revision=2),), (remembered(DAILY, P.FAILED, ago=LONG_AGO),)),
        to("send", R.REVISION_RAISED, sends="Hello"),
    ),
]

ALL_FROZEN, SALE_FROZEN = Freeze(everything=True), Freeze(campaigns=frozenset({"sale"}))
FROZEN = [
    row(
        "a frozen campaign sends nothing, the others do",
        Scene((OTHER, SALE), freeze=SALE_FROZEN),
        to("schedule", R.NEW, "other", sends="Bye"),
        blocked(R.FROZEN),
    ),
    row(
        "stop --all covers campaigns that state does not know",
        Scene((OTHER, SALE), freeze=ALL_FROZEN),
        blocked(R.FROZEN, "other"),
        blocked(R.FROZEN),
    ),
    row(
        "an edit under a freeze cancels nothing either",
        Scene((manifest(text="Hi"),), (remembered(SALE, P.SCHEDULED),), freeze=ALL_FROZEN),
        blocked(R.FROZEN),
    ),
    row(
        "a freeze does not keep a deleted campaign on the account",
        Scene((), (remembered(SALE, P.SCHEDULED),), freeze=ALL_FROZEN),
        to("cancel", R.MANIFEST_DELETED, cancels="sale: Hello"),
    ),
    row(
        "a freeze has nothing to say about what has left",
        Scene((SALE,), (remembered(SALE, P.SENT),), freeze=ALL_FROZEN),
        keep(R.ALREADY_SENT),
    ),
]

SHIFTED = manifest(text="Dear {name}", to={"Ann": (1,), "Bob": (2, 3)})
HALF_SENT = [
    row(
        "what was not sent of a scheduled campaign follows",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SCHEDULED}),)),
        to("schedule", R.RESUMED, sends=BOB),
    ),
    row(
        "what was refused of a scheduled campaign follows",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SCHEDULED, BOB: P.FAILED}),)),
        to("schedule", R.RETRY, sends=BOB),
    ),
    row(
        "what was refused of a started campaign follows, and nobody in the started send is texted again",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.STARTED, BOB: P.FAILED}),)),
        to("schedule", R.RESUMED, sends=BOB),
    ),
    row(
        "what was refused of a campaign whose hour has passed wants a person",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SENT, BOB: P.FAILED}),), now=ELEVEN.at),
        blocked(R.TIME_PASSED),
    ),
    row(
        "what was stopped of a started campaign follows once released",
        Scene(
            (DEAR,),
            (one_changed(remembered(DEAR, {ANN: P.SENT, BOB: P.CANCELLED}), "sale: Dear Bob", cancel=STOPPED),),
        ),
        to("schedule", R.RESUMED, sends=BOB),
    ),
    row(
        "a list that moved under a campaign that is half sent stops it",
        Scene((SHIFTED,), (remembered(DEAR, {ANN: P.STARTED, BOB: P.FAILED}),)),
        blocked(R.CHANGED_AFTER_START),
    ),
    row(
        "of a campaign that is half sent, what failed remotely is not sent again",
        Scene(
            (DEAR,),
            (failed_for_good(remembered(DEAR, {ANN: P.FAILED, BOB: P.SCHEDULED})),),
        ),
        keep(R.UNCHANGED),
    ),
    row(
        "a list without those who were texted stops a campaign that is half sent",
        Scene(
            (manifest(text="Dear {name}", to={"Bob": (3,)}),),
            (remembered(DEAR, {ANN: P.STARTED, BOB: P.SCHEDULED}),),
        ),
        blocked(R.CHANGED_AFTER_START),
    ),
    row(
        "an edit of a campaign that is half sent stops it",
        Scene(
            (manifest(text="Hi {name}", to={"Ann": (1, 2), "Bob": (3,)}),),
            (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),),
        ),
        blocked(R.CHANGED_AFTER_START),
    ),
    row(
        "the rest of a campaign that is half sent is kept while it is scheduled",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.SENT, BOB: P.SCHEDULED}),)),
        keep(R.UNCHANGED),
    ),
    row(
        "of a campaign that is half sent, what was cancelled outside is not created again",
        Scene(
            (DEAR,),
            (
                one_changed(
                    remembered(DEAR, {ANN: P.STARTED, BOB: P.CANCELLED}), "sale: Dear Bob", reason=CANCELLED_ELSEWHERE
                ),
            ),
        ),
        blocked(R.CANCELLED_ELSEWHERE),
    ),
    row(
        "of a campaign that is half sent, a message ME-SMS does not know wants a person",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.STARTED, BOB: P.SCHEDULED}),), {"sale: Dear Bob": None}),
        blocked(R.GONE),
    ),
    row(
        "with one send unknown the rest of its campaign waits",
        Scene((DEAR,), (remembered(DEAR, {ANN: P.UNKNOWN}),)),
        blocked(R.UNKNOWN_SEND),
    ),
]

ROWS = [*FORGOTTEN, *ELSEWHERE, *LATE, *FROZEN, *HALF_SENT]
