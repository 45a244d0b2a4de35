"""The months that hold anything: a box for each day, Monday first; below it lanes of 24 hours, and bars."""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.views.html import element, items, shown
from mesms_gitops.views.layout import counted, figure, printable
from mesms_gitops.views.slots import SIGNS, Kind, Slot
from mesms_gitops.views.svg import Mark, axis, backdrop, bars, lane, minute_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mesms_gitops.model.campaign import Window

MOST_IN_A_BOX = 4
OPEN_MONTHS = 3
SLOT_MINUTES = 60
BUDDHIST = 543
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS_THAI = ("จันทร์", "อังคาร", "พุธ", "พฤหัสบดี", "ศุกร์", "เสาร์", "อาทิตย์")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
MONTHS_THAI = (
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
)
NO_WINDOWS: Mapping[str, Window] = MappingProxyType({})
NO_HOLIDAYS: Mapping[date, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Almanac:
    """What all months share: the slots by day, the longest bars, which day is today, holidays and windows."""

    by_day: Mapping[date, tuple[Slot, ...]]
    today: date
    windows: Mapping[str, Window] = field(default_factory=lambda: NO_WINDOWS)
    holidays: Mapping[date, str] = field(default_factory=lambda: NO_HOLIDAYS)

    @classmethod
    def of(
        cls, slots: Iterable[Slot], today: date, windows: Mapping[str, Window], holidays: Mapping[date, str]
    ) -> Almanac:
        """Sort ``slots`` into days."""
        days: defaultdict[date, list[Slot]] = defaultdict(list)
        for slot in slots:
            days[slot.day].append(slot)
        return cls({day: tuple(days[day]) for day in sorted(days)}, today, windows, holidays)

    def totals(self, day: date) -> tuple[int, int]:
        """People and credits of what leaves on ``day``."""
        some = self.by_day.get(day, ())
        return sum(slot.people for slot in some), sum(slot.credits for slot in some)

    @property
    def longest(self) -> tuple[int, int]:
        """The most people and the most credits of any day, at least 1."""
        totals = [self.totals(day) for day in self.by_day]
        return max([1, *(people for people, _ in totals)]), max([1, *(credits for _, credits in totals)])

    @property
    def months(self) -> list[tuple[int, int]]:
        """Year and month of every month that holds anything."""
        return sorted({(day.year, day.month) for day in self.by_day})


def months(almanac: Almanac) -> str:
    """Every month that holds anything; folded are those before today's, and those after the third from there."""
    this = (almanac.today.year, almanac.today.month)
    near = [month for month in almanac.months if month >= this][:OPEN_MONTHS] or almanac.months[-1:]
    drawn = [_month(almanac, *month, is_open=month in near) for month in almanac.months]
    return "\n".join([backdrop(almanac.windows.values()), *drawn])


def legend(meanings: Mapping[Kind, str], almanac: Almanac) -> str:
    """What the colours say, only of those that are there; and which hours are shaded."""
    used = {slot.kind for slots in almanac.by_day.values() for slot in slots}
    kinds = [
        element("span", element("b", SIGNS[kind], class_=kind.value), meanings[kind]) for kind in Kind if kind in used
    ]
    windows = [
        element("span", element("i", class_="open"), f"{shown(name)} messages may leave {window}")
        for name, window in sorted(almanac.windows.items())
    ]
    totals = [
        element("span", element("i", class_="p"), "people a day"),
        element("span", element("i", class_="k"), "credits a day"),
    ]
    return items("ul", [*kinds, *windows, *totals], class_="legend")


def _month(almanac: Almanac, year: int, month: int, *, is_open: bool) -> str:
    days = [day for day in almanac.by_day if (day.year, day.month) == (year, month)]
    thai = element("span", f"{MONTHS_THAI[month - 1]} {year + BUDDHIST}", lang="th", class_="th")
    title = element("h3", f"{MONTHS[month - 1]} {year} ", thai)
    head = element("span", _month_words(almanac, days), class_="soft")
    inner = f"{_grid(almanac, year, month)}\n{_lanes(almanac, days)}"
    if is_open:
        return element("section", element("div", title, head, class_="head"), "\n", inner, class_="month")
    return element("details", element("summary", title, " ", head), "\n", inner, class_="month")


def _month_words(almanac: Almanac, days: Sequence[date]) -> str:
    totals = [almanac.totals(day) for day in days]
    people, credits = (sum(column) for column in zip(*totals, strict=True))
    return f"{counted(people, 'person', 'people')}, {counted(credits, 'credit')}"


# ---------------------------------------------------------------- the boxes


def _grid(almanac: Almanac, year: int, month: int) -> str:
    names = [
        element("span", f"{name[:3]} ", element("span", thai, lang="th"))
        for name, thai in zip(WEEKDAYS, WEEKDAYS_THAI, strict=True)
    ]
    first = date(year, month, 1)
    boxes = [_box(almanac, first + timedelta(days)) for days in range(calendar.monthrange(year, month)[1])]
    above = element("div", *names, class_="weekdays", aria_hidden="true")
    return above + "\n" + element("ol", "\n", "\n".join(boxes), "\n", class_="days")


def _box(almanac: Almanac, day: date) -> str:
    slots = almanac.by_day.get(day, ())
    holiday = almanac.holidays.get(day)
    is_today = day == almanac.today
    words = ["day", "has" if slots else "", "today" if is_today else "", "free" if holiday else ""]
    column = f"c{day.isoweekday()}" if day.day == 1 else ""
    classes = " ".join(filter(None, [*words, column]))
    if not slots and not holiday and not is_today:
        return element("li", str(day.day), class_=classes, aria_hidden="true")
    mark = element("span", "today", class_="now-mark") if is_today else ""
    name = element("span", shown(holiday), class_="holiday") if holiday else ""
    return element("li", element("h4", _day_name(day), mark), name, _slots(slots), _sum(almanac, day), class_=classes)


def _day_name(day: date) -> str:
    """``10`` in a grid, with the weekday in a list and the month for those who hear it."""
    weekday = day.weekday()
    thai = element("span", WEEKDAYS_THAI[weekday], lang="th", class_="th")
    long = element("span", f"{WEEKDAYS[weekday]} ", thai, " ", class_="long")
    unseen = element("span", f" {MONTHS[day.month - 1]} {day.year}", class_="unseen")
    return element("time", long, str(day.day), unseen, datetime=day.isoformat())


def _slots(slots: Sequence[Slot]) -> str:
    at_most = MOST_IN_A_BOX if len(slots) > MOST_IN_A_BOX + 1 else len(slots)
    first = "".join(map(_slot, slots[:at_most]))
    rest = "".join(map(_slot, slots[at_most:]))
    if not rest:
        return element("ul", first) if first else ""
    more = element("summary", f"and {counted(len(slots) - at_most, 'more campaign')}")
    return element("ul", first) + element("details", more, element("ul", rest))


def _slot(slot: Slot) -> str:
    sign = element("b", SIGNS[slot.kind])
    when = element("time" if slot.clock[0].isdigit() else "em", slot.clock)
    name = element("a", shown(slot.campaign), href=f"#{slot.anchor}", class_=None if slot.leaves else "gone")
    figures = " · ".join(_kept_together(words) for words in (slot.audience, slot.price) if words)
    below = element("span", figures, class_="soft") if figures else ""
    note = element("span", shown(slot.note), class_="note") if slot.note else ""
    return element("li", sign, when, name, below, note, class_=f"slot {slot.kind.value}")


def _kept_together(words: str) -> str:
    """A figure and its noun on one line."""
    return shown(words).replace(" ", "&nbsp;", 1)


def _sum(almanac: Almanac, day: date) -> str:
    if len(almanac.by_day.get(day, ())) < 2:
        return ""
    people, credits = almanac.totals(day)
    return element("p", f"{counted(people, 'person', 'people')}, {counted(credits, 'credit')}", class_="sum")


# ---------------------------------------------------------------- the lanes


def _lanes(almanac: Almanac, days: Sequence[date]) -> str:
    scale = element(
        "li",
        element("span", "Hour"),
        element("div", axis(), class_="lane-box"),
        element("span", "People and credits", class_="bar-box"),
        element("span", class_="figures"),
        class_="scale",
        aria_hidden="true",
    )
    return element("ol", "\n", "\n".join([scale, *(_lane(almanac, day) for day in days)]), "\n", class_="lanes")


def _lane(almanac: Almanac, day: date) -> str:
    slots = almanac.by_day[day]
    people, credits = almanac.totals(day)
    most_people, most_credits = almanac.longest
    thai = element("span", WEEKDAYS_THAI[day.weekday()], lang="th", class_="th")
    figures = element("span", counted(people, "person", "people")) + element("span", counted(credits, "credit"))
    return element(
        "li",
        element("span", f"{WEEKDAYS[day.weekday()][:3]} {day.day} ", thai),
        element("div", lane(_marks(slots), _lane_words(slots)), class_="lane-box"),
        element("div", bars(people / most_people, credits / most_credits), class_="bar-box"),
        element("div", figures, class_="figures"),
    )


def _marks(slots: Sequence[Slot]) -> list[Mark]:
    """One for each hour that holds anything, where its first message stands, in its most pressing colour."""
    by_hour: defaultdict[int, list[Slot]] = defaultdict(list)
    for slot in slots:
        by_hour[minute_of(slot.at.time()) // SLOT_MINUTES].append(slot)
    return [_mark(by_hour[hour]) for hour in sorted(by_hour)]


def _mark(slots: Sequence[Slot]) -> Mark:
    order = list(Kind)
    worst = min((slot.kind for slot in slots), key=order.index)
    label = SIGNS[worst][-1] if len(slots) == 1 else figure(min(len(slots), 999))
    return Mark(minute_of(slots[0].at.time()), worst.value, label)


def _lane_words(slots: Sequence[Slot]) -> str:
    if len(slots) <= MOST_IN_A_BOX:
        return ", ".join(f"{slot.clock} {printable(slot.campaign)}" for slot in slots)
    return f"{figure(len(slots))} campaigns from {slots[0].at:%H:%M} to {slots[-1].at:%H:%M}"
