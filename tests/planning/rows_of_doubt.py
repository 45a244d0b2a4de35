"""Messages nobody claims: in the way of a new send, or the unknown send itself."""

from __future__ import annotations

from dataclasses import replace

from mesms_gitops.model.observation import RemotePhase

from .rows import (
    AGAIN,
    CANCELLED,
    DAILY,
    LONG_AGO,
    OTHER,
    SALE,
    P,
    R,
    blocked,
    keep,
    row,
    swap,
    to,
)
from .scenes import NOW, Scene, manifest, message, remembered

HAND_MADE = message(SALE, "Hello")
HELD = replace(remembered(SALE, None), held_at=1, held_for=(HAND_MADE.uuid,))
FOREIGN = [
    row(
        "a message that already is this one, and nobody's, blocks it",
        Scene((OTHER, SALE), (remembered(OTHER, P.SENT),), listing=(HAND_MADE,)),
        keep(R.ALREADY_SENT, "other"),
        blocked(R.FOREIGN_MESSAGE),
    ),
    row(
        "a message to other people blocks nothing",
        Scene((OTHER, SALE), (remembered(OTHER, P.SENT),), listing=(HAND_MADE,), same=frozenset()),
        keep(R.ALREADY_SENT, "other"),
        to("schedule", R.NEW, sends="Hello"),
    ),
    row(
        "a message that was cancelled blocks nothing",
        Scene((SALE,), (remembered(OTHER, P.SENT),), listing=(replace(HAND_MADE, phase=RemotePhase.CANCELLED),)),
        to("forget", R.MANIFEST_DELETED, "other"),
        to("schedule", R.NEW, sends="Hello"),
    ),
    row(
        "a message that a send of ours is blocks nothing",
        Scene((AGAIN,), (remembered(SALE, P.SENT, uuid="by hand"),), listing=(HAND_MADE,)),
        to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    row(
        "a message that already is this one blocks no other campaign",
        Scene((manifest("new", "New", (9,)), OTHER, SALE), (remembered(OTHER, P.SENT),), listing=(HAND_MADE,)),
        to("schedule", R.NEW, "new", sends="New"),
        keep(R.ALREADY_SENT, "other"),
        blocked(R.FOREIGN_MESSAGE),
    ),
    row(
        "raising the revision of what was sent does not say that a double is ours",
        Scene((AGAIN,), (remembered(SALE, P.SENT),), listing=(HAND_MADE,)),
        blocked(R.FOREIGN_MESSAGE),
    ),
    row(
        "raising the revision above the one that was blocked says: yes, once more",
        Scene((AGAIN, OTHER), (HELD, remembered(OTHER, P.SENT)), listing=(HAND_MADE,)),
        keep(R.ALREADY_SENT, "other"),
        to("schedule", R.REVISION_RAISED, sends="Hello"),
    ),
    row(
        "a revision without a record says nothing",
        Scene((AGAIN, OTHER), (remembered(OTHER, P.SENT),), listing=(HAND_MADE,)),
        keep(R.ALREADY_SENT, "other"),
        blocked(R.FOREIGN_MESSAGE),
    ),
    row(
        "beside an empty state one such message stops every campaign",
        Scene((OTHER, SALE), listing=(HAND_MADE,)),
        blocked(R.STATE_LOST, "other"),
        blocked(R.FOREIGN_MESSAGE),
    ),
    row(
        "a state that remembers names but no send is empty",
        Scene((OTHER, SALE), (remembered(OTHER, None), HELD), listing=(HAND_MADE,)),
        blocked(R.STATE_LOST, "other"),
        blocked(R.FOREIGN_MESSAGE),
    ),
    row(
        "other messages never stop a fresh project",
        Scene((SALE,), listing=(message(OTHER, "Bye"),)),
        to("schedule", R.NEW, sends="Hello"),
    ),
    row(
        "a now of the last day blocks a now",
        Scene((DAILY, OTHER), (remembered(OTHER, P.SENT),), listing=(message(DAILY, "Hello"),)),
        keep(R.ALREADY_SENT, "other"),
        blocked(R.FOREIGN_MESSAGE),
    ),
    row(
        "a now of the day before yesterday does not",
        Scene(
            (DAILY, OTHER),
            (remembered(OTHER, P.SENT),),
            listing=(message(DAILY, "Hello", created_at=NOW - LONG_AGO),),
        ),
        keep(R.ALREADY_SENT, "other"),
        to("send", R.NEW, sends="Hello"),
    ),
]

UNKNOWN = remembered(SALE, P.UNKNOWN)
SECOND = message(SALE, "Hello", "second")
RECOVERY = [
    row(
        "an unknown send that exactly one message is, is that message",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE,)),
        to("adopt", R.RECOVERED),
    ),
    row(
        "an unknown send that two messages could be is neither",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE, SECOND)),
        blocked(R.UNKNOWN_SEND),
    ),
    row(
        "of two messages the one to the same people is it",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE, SECOND), same=frozenset({"second"})),
        to("adopt", R.RECOVERED),
    ),
    row(
        "a message to other people is not an unknown send",
        Scene((SALE,), (UNKNOWN,), listing=(HAND_MADE,), same=frozenset()),
        blocked(R.UNKNOWN_SEND),
    ),
    row(
        "a message that another send already is, is not an unknown send",
        Scene((SALE,), (UNKNOWN, remembered(OTHER, P.SENT, uuid="by hand")), listing=(HAND_MADE,)),
        to("forget", R.MANIFEST_DELETED, "other"),
        blocked(R.UNKNOWN_SEND),
    ),
    row(
        "one message that two unknown sends could be is neither of them",
        Scene(
            (SALE, manifest("twin", revision=2)),
            (UNKNOWN, remembered(manifest("twin", revision=2), P.UNKNOWN)),
            listing=(HAND_MADE,),
        ),
        blocked(R.UNKNOWN_SEND),
        blocked(R.UNKNOWN_SEND, "twin"),
    ),
    row(
        "an unknown send that is found and not wanted any more is replaced",
        Scene((manifest(text="Hi"),), (UNKNOWN,), listing=(HAND_MADE,)),
        swap(R.CONTENT_CHANGED, "Hi", "by hand"),
    ),
    row(
        "an unknown send that is found cancelled was cancelled elsewhere",
        Scene((SALE,), (UNKNOWN,), listing=(replace(HAND_MADE, phase=RemotePhase.CANCELLED),)),
        blocked(R.CANCELLED_ELSEWHERE),
    ),
    row(
        "an unknown send without manifest that is found scheduled is cancelled",
        Scene((), (UNKNOWN,), listing=(HAND_MADE,)),
        to("cancel", R.MANIFEST_DELETED, cancels="by hand"),
    ),
    row(
        "an unknown send without manifest that is found started is adopted",
        Scene((), (UNKNOWN,), listing=(replace(HAND_MADE, phase=RemotePhase.PENDING),)),
        to("adopt", R.RECOVERED),
    ),
    row(
        "an unknown send whose campaign is declared cancelled is cancelled once it is found",
        Scene((manifest(state=CANCELLED),), (UNKNOWN,), listing=(HAND_MADE,)),
        to("cancel", R.DECLARED_CANCELLED, cancels="by hand"),
    ),
]

ROWS = [*FOREIGN, *RECOVERY]
