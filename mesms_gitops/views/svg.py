"""Small drawings as strings: a lane of 24 hours, and two bars. All lengths across are percents, so that they fit a
telephone and a sheet of paper alike; colours are the page's, by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.views.html import element

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import time

    from mesms_gitops.model.campaign import Window

MINUTES = 24 * 60
LANE = 24
MARK = 18
HOURS_ID = "hours"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in a lane: ``minute`` of the day, the class of its colour, and at most three characters."""

    minute: int
    kind: str
    label: str


def percent(share: float) -> str:
    """``41.67%`` of 0.41667; nothing is smaller than 0 or wider than the drawing."""
    return f"{min(max(share, 0.0), 1.0) * 100:.2f}".rstrip("0").rstrip(".") + "%"


def minute_of(wall: time) -> int:
    """The minute of the day, 0 to 1,439."""
    return wall.hour * 60 + wall.minute


def backdrop(windows: Iterable[Window]) -> str:
    """What all lanes have behind them, drawn once: the hours in which messages may leave, and a line every 6 hours."""
    open_hours = [
        element(
            "rect",
            class_="window",
            x=percent(minute_of(window.opens) / MINUTES),
            width=percent((minute_of(window.closes) - minute_of(window.opens)) / MINUTES),
            height="100%",
        )
        for window in windows
    ]
    lines = [
        element("line", x1=percent(hour / 24), x2=percent(hour / 24), y1="0", y2="100%") for hour in (0, 6, 12, 18, 24)
    ]
    inner = element("g", *open_hours, *lines, id=HOURS_ID)
    return element("svg", element("defs", inner), class_="nothing", width="0", height="0", aria_hidden="true")


def lane(marks: Iterable[Mark], words: str) -> str:
    """One day from 00:00 to 24:00; ``words`` say the same to whoever cannot see it."""
    drawn = [element("use", href=f"#{HOURS_ID}"), *map(_mark, marks)]
    return element("svg", *drawn, class_="lane", width="100%", height=str(LANE), role="img", aria_label=words)


def _mark(mark: Mark) -> str:
    top = (LANE - MARK) // 2
    box = element("rect", x=str(-MARK // 2), y=str(top), width=str(MARK), height=str(MARK), rx="5")
    sign = element("text", mark.label, y=str(top + MARK - 5))
    return element("svg", box, sign, class_=f"mark {mark.kind}", x=percent(mark.minute / MINUTES))


def axis() -> str:
    """The hours above the lanes."""
    hours = [
        element("text", f"{hour:02}", x=percent(hour / 24), y="12", class_="fine" if hour % 6 else None)
        for hour in range(0, 25, 3)
    ]
    return element("svg", *hours, class_="axis", width="100%", height="16", aria_hidden="true")


def bars(people: float, credits: float) -> str:
    """Two bars, one above the other, as shares of the longest; the figures stand beside them as text."""
    both = [
        element("rect", class_="people", width=percent(people), height="8", rx="2"),
        element("rect", class_="credits", y="12", width=percent(credits), height="8", rx="2"),
    ]
    return element("svg", *both, class_="bars", width="100%", height="20", aria_hidden="true")
