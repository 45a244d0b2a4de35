"""Delivery reports: what each number will say, and when, decided by its digits alone.

Every number falls in a *class* (its final report and the wave it arrives in), kept as one byte. A report at a given
age of the message is then a look-up, and a summary over 2,000,000 numbers a count of bytes.
"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import TYPE_CHECKING, Final

from mesms_gitops.sandbox import assumptions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from mesms_gitops.sandbox.msisdns import Numbers

_WAVES: Final = assumptions.SUCCESS_WAVES
_STATUSES: Final = assumptions.REPORT_STATUSES
_BLOCKED: Final = _STATUSES.index("blocked") * _WAVES


def _class_of(report: str, wave: int) -> int:
    return _STATUSES.index(report) * _WAVES + (wave if report == "success" else 0)


def _ordinary(last_four: int) -> int:
    """The class of a number outside the reserved block, from a hash of its last four digits."""
    digest = zlib.crc32(b"%04d" % last_four)
    per_mille, wave = digest % 1000, digest // 1000 % _WAVES
    for report, share in assumptions.MIX_PER_MILLE:
        if per_mille < share:
            return _class_of(report, wave)
        per_mille -= share
    raise AssertionError("MIX_PER_MILLE must add up to 1000")


def _reserved(last_four: int) -> int:
    return _class_of(assumptions.MAGIC_SUFFIXES.get(last_four, "success"), last_four % _WAVES)


_ORDINARY: Final = bytes(map(_ordinary, range(10_000)))
_RESERVED: Final = bytes(map(_reserved, range(assumptions.RESERVED_COUNT)))
_FIRST: Final = assumptions.RESERVED_FIRST
_LAST: Final = assumptions.RESERVED_FIRST + assumptions.RESERVED_COUNT


def _delay_of(code: int) -> timedelta | None:
    report = _STATUSES[code // _WAVES]
    if report == "pending":
        return None
    return assumptions.REPORT_DELAY[report] + assumptions.SUCCESS_SPREAD * (code % _WAVES)


_DELAYS: Final = tuple(map(_delay_of, range(len(_STATUSES) * _WAVES)))


class Reports:
    """The classes of a message's recipients and how many are in each. Immutable; shared by copies of a world."""

    __slots__ = ("classes", "counts")

    def __init__(self, classes: bytes) -> None:
        self.classes = classes
        """One byte a number, in the order of the numbers."""
        self.counts = Counter(classes)

    def summary(self, names: list[str]) -> dict[str, int]:
        """How many recipients show each report, in the reference's order of statuses, zeros left out."""
        totals: Counter[str] = Counter()
        for code, count in self.counts.items():
            totals[names[code]] += count
        return {report: totals[report] for report in _STATUSES if totals[report]}


def reports_of(numbers: Numbers) -> Reports:
    """What the numbers themselves will report; computed once and kept with them."""
    if numbers.reports is None:
        numbers.reports = Reports(
            bytes(_RESERVED[n - _FIRST] if _FIRST <= n < _LAST else _ORDINARY[n % 10_000] for n in numbers.national)
        )
    return numbers.reports


def reports_with_blocklist(numbers: Numbers, blocked: Collection[int]) -> Reports | None:
    """The same with the blocklisted numbers (nine digits) marked; None if none of them is on the list."""
    hits = [index for index, national in enumerate(numbers.national) if national in blocked] if blocked else []
    if not hits:
        return None
    classes = bytearray(reports_of(numbers).classes)
    for index in hits:
        classes[index] = _BLOCKED
    return Reports(bytes(classes))


def names_at(age: timedelta) -> list[str]:
    """The report each class shows when its message has been started for ``age``."""
    return [
        "pending" if delay is None or age < delay else _STATUSES[code // _WAVES] for code, delay in enumerate(_DELAYS)
    ]
