"""Why people are in the bucket they are in: ME-SMS's own words, and what only the send can tell.

The counts of a bucket's reasons add up to the bucket, whatever ME-SMS counted.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from mesms_gitops.views.layout import figure, spoken
from mesms_gitops.views.report import DELIVERED, FAILED, buckets_of_send, failed_as_a_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mesms_gitops.model.sends import SendRecord


class Bucket(StrEnum):
    """What is told of people, in the order in which it is."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


WHOLE = "message failed"
UNREPORTED = "not reported"
UNSETTLED = "not known if sent"

MEANINGS: Mapping[str, str] = {
    "success": "a carrier confirmed it",
    "failed": "phone off, or no signal",
    "invalid": "not a valid number",
    "blocked": "on the blocklist of ME-SMS",
    "expired": "tried until the time for it was over",
    WHOLE: "ME-SMS failed the message as a whole",
    "pending": "accepted, waiting for the carrier",
    "timeout": "no delivery report came in time",
    UNREPORTED: "in no count of ME-SMS, or not yet",
    UNSETTLED: "no answer came back to the send",
}
"""What each word means; the seven of ME-SMS after "Per-recipient delivery status" of its reference."""
FOREIGN = "a word that the reference of ME-SMS does not have"

_ORDER = [*MEANINGS]


class ReasonPeople(NamedTuple):
    """How many people are in ``bucket`` for the reason ``word``, which ME-SMS may have written."""

    bucket: Bucket
    word: str
    people: int


def reasons_of(sends: Iterable[SendRecord]) -> tuple[ReasonPeople, ...]:
    """Everybody in ``sends``, by bucket and reason; reasons of nobody are left out, foreign words come last."""
    total: Counter[tuple[Bucket, str]] = Counter()
    for send in sends:
        for bucket, word, count in _reasons(send):
            total[bucket, word] += count
    found = [ReasonPeople(bucket, word, count) for (bucket, word), count in total.items() if count]
    return tuple(sorted(found, key=lambda one: (list(Bucket).index(one.bucket), _place(one.word), one.word)))


def _place(word: str) -> int:
    return _ORDER.index(word) if word in MEANINGS else len(_ORDER)


def _reasons(send: SendRecord) -> Iterator[ReasonPeople]:
    told: Counter[Bucket] = Counter()
    for word, count in send.delivery.items():
        bucket = bucket_of(word)
        if failed_as_a_whole(send) and bucket is Bucket.UNKNOWN:
            continue  # nothing more is to come: they failed with the message
        told[bucket] += count
        yield ReasonPeople(bucket, word, count)
    for bucket, people in zip(Bucket, buckets_of_send(send), strict=True):
        yield ReasonPeople(bucket, _rest(send), people - told[bucket])


def bucket_of(word: str) -> Bucket:
    """The bucket of one of ME-SMS's words; one that the reference does not have says nothing."""
    if word in DELIVERED:
        return Bucket.DELIVERED
    return Bucket.FAILED if word in FAILED else Bucket.UNKNOWN


def _rest(send: SendRecord) -> str:
    """Of whom no count speaks."""
    if failed_as_a_whole(send):
        return WHOLE
    return UNSETTLED if send.is_unsettled else UNREPORTED


def meaning(word: str) -> str:
    """What ``word`` means, for people."""
    return MEANINGS.get(word, FOREIGN)


def reasons_text(reasons: Iterable[ReasonPeople], bucket: Bucket) -> str:
    """``300 failed, 100 expired``: the reasons of ``bucket``."""
    return ", ".join(f"{figure(one.people)} {spoken(one.word)}" for one in reasons if one.bucket is bucket)


def reasons_json(sends: Iterable[SendRecord]) -> dict[str, dict[str, int]]:
    """``{"failed": {"expired": 100}, …}`` for scripts: all three buckets, only the reasons there are."""
    found: dict[str, dict[str, int]] = {bucket.value: {} for bucket in Bucket}
    for one in reasons_of(sends):
        found[one.bucket.value][one.word] = one.people
    return found
