"""Campaigns beside each other: renamed, or the same message twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mesms_gitops.model.state import CampaignRecord

from .rows import (
    CANCELLED,
    DAILY,
    SALE,
    P,
    R,
    blocked,
    keep,
    row,
    swap,
    to,
)
from .scenes import SOON, Scene, manifest, remembered

RENAMED = manifest("spring", moved_from="sale")
RENAMES = [
    *(
        row(
            f"a rename of what is {phase} only carries its record",
            Scene((RENAMED,), (remembered(SALE, phase),)),
            keep(R.MOVED, "spring"),
        )
        for phase in (P.SCHEDULED, P.STARTED, P.SENT)
    ),
    row(
        "a rename with an edit replaces what is scheduled",
        Scene((manifest("spring", "Hi", moved_from="sale"),), (remembered(SALE, P.SCHEDULED),)),
        swap(R.CONTENT_CHANGED, "Hi", "sale: Hello", "spring"),
    ),
    row(
        "a rename with an edit after the start sends nothing",
        Scene((manifest("spring", "Hi", moved_from="sale"),), (remembered(SALE, P.SENT),)),
        blocked(R.CHANGED_AFTER_START, "spring"),
    ),
    row(
        "a rename does not settle an unknown send",
        Scene((RENAMED,), (remembered(SALE, P.UNKNOWN),)),
        blocked(R.UNKNOWN_SEND, "spring"),
    ),
    row(
        "a name that was given up stays reserved",
        Scene((SALE, RENAMED), (remembered(SALE, P.SENT),)),
        blocked(R.NAME_RESERVED),
        keep(R.MOVED, "spring"),
    ),
    row(
        "moved_from may stay in the manifest",
        Scene((RENAMED,), (remembered(RENAMED, P.SCHEDULED), CampaignRecord("sale", "f", 1, moved_to="spring"))),
        keep(R.UNCHANGED, "spring"),
    ),
    row(
        "moved_from a name nobody knows is a new campaign",
        Scene((RENAMED,)),
        to("schedule", R.NEW, "spring", sends="Hello"),
    ),
    *(
        row(
            f"renamed without moved_from, what is {phase} is not sent again",
            Scene((manifest("spring"),), (remembered(SALE, phase),)),
            *then,
            blocked(R.RENAMED, "spring"),
        )
        for phase, then in (
            (P.STARTED, [to("forget", R.MANIFEST_DELETED)]),
            (P.SENT, [to("forget", R.MANIFEST_DELETED)]),
            (P.UNKNOWN, [blocked(R.UNKNOWN_SEND)]),
        )
    ),
    row(
        "renamed without moved_from long ago, it is not sent again",
        Scene((manifest("spring"),), (replace(remembered(SALE, P.SENT), retired=True),)),
        blocked(R.RENAMED, "spring"),
    ),
    row(
        "renamed without moved_from while scheduled, the old is gone before the new is sent",
        Scene((manifest("spring"),), (remembered(SALE, P.SCHEDULED),)),
        to("cancel", R.MANIFEST_DELETED, cancels="sale: Hello"),
        to("schedule", R.NEW, "spring", sends="Hello", waits_for="sale: Hello"),
    ),
    row(
        "renamed without moved_from, a raised revision texts the same people again",
        Scene((manifest("spring", revision=2),), (replace(remembered(SALE, P.SENT), retired=True),)),
        to("schedule", R.NEW, "spring", sends="Hello"),
    ),
]

TWIN = manifest("twin")
DAILY_TWIN = manifest("twin", when=SOON)
DUPLICATES = [
    row(
        "of two new campaigns that are one message, one is sent",
        Scene((SALE, TWIN)),
        to("schedule", R.NEW, sends="Hello"),
        blocked(R.DUPLICATE, "twin"),
    ),
    *(
        row(
            f"a new campaign that is the message of one that is {phase} is not sent",
            Scene((SALE, TWIN), (remembered(SALE, phase),)),
            kept,
            blocked(R.DUPLICATE, "twin"),
        )
        for phase, kept in (
            (P.SCHEDULED, keep(R.UNCHANGED)),
            (P.SENT, keep(R.ALREADY_SENT)),
            (P.UNKNOWN, blocked(R.UNKNOWN_SEND)),
        )
    ),
    row(
        "a message that another campaign has cancelled may be sent by a new one",
        Scene((manifest(state=CANCELLED), TWIN), (remembered(SALE, P.CANCELLED),)),
        keep(R.DECLARED_CANCELLED),
        to("schedule", R.NEW, "twin", sends="Hello"),
    ),
    row(
        "a raised revision says that the same people are meant",
        Scene((SALE, manifest("twin", revision=2)), (remembered(SALE, P.SENT),)),
        keep(R.ALREADY_SENT),
        to("schedule", R.NEW, "twin", sends="Hello"),
    ),
    row(
        "now, and now again an hour later, are one occasion",
        Scene((DAILY, DAILY_TWIN), (remembered(DAILY, P.SENT),)),
        keep(R.ALREADY_SENT),
        blocked(R.DUPLICATE, "twin"),
    ),
    row(
        "now, and now again a day later, are two occasions",
        Scene((DAILY, DAILY_TWIN), (remembered(DAILY, P.SENT, ago=timedelta(days=1)),)),
        keep(R.ALREADY_SENT),
        to("send", R.NEW, "twin", sends="Hello"),
    ),
    row(
        "a fixed time is one occasion however long ago it was scheduled",
        Scene((SALE, TWIN), (remembered(SALE, P.SCHEDULED, ago=timedelta(days=9)),)),
        keep(R.UNCHANGED),
        blocked(R.DUPLICATE, "twin"),
    ),
    row(
        "the same text to others is another message",
        Scene((SALE, manifest("twin", to=(4, 5))), (remembered(SALE, P.SENT),)),
        keep(R.ALREADY_SENT),
        to("schedule", R.NEW, "twin", sends="Hello"),
    ),
]

ROWS = [*RENAMES, *DUPLICATES]
