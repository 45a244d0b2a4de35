"""Thai public holidays, from the package ``holidays``; imported only when a day is asked about."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.holidays import NO_HOLIDAYS, Holidays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime


def thai_holidays(years: Iterable[int]) -> Holidays:
    """Public holidays of ``years``, days in lieu among them, and those of government offices.

    The Royal Ploughing Ceremony, a day of government offices, has its date announced anew each year: a year of which
    the package does not know it is one that the package predicts.
    """
    asked = sorted(set(years))
    if not asked:
        return NO_HOLIDAYS
    from holidays import GOVERNMENT, PUBLIC, country_holidays

    names: dict[date, str] = {}
    declared: set[int] = set()
    for category in (GOVERNMENT, PUBLIC):
        found = country_holidays("TH", years=asked, expand=False, categories=(category,), language="en_US")
        names.update(found)
        if category == GOVERNMENT:
            declared = {day.year for day in found}
    return Holidays(MappingProxyType(dict(sorted(names.items()))), frozenset(asked) - declared)


def holidays_shown(today: datetime, times: Iterable[datetime | None]) -> Mapping[date, str]:
    """What a calendar of ``times`` calls its holidays; a year more on each side, for times near its turn."""
    years = {moment.year for moment in (today, *times) if moment is not None}
    return thai_holidays({year + step for year in years for step in (-1, 0, 1)}).names
