"""The drawings of the report: columns over time, and bars. All lengths across are percents, as in `svg`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.html import element, shown
from mesms_gitops.views.layout import counted, figure
from mesms_gitops.views.report_days import named, short
from mesms_gitops.views.report_reasons import Bucket
from mesms_gitops.views.svg import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mesms_gitops.views.report_days import Span, Timeline

HEIGHT = 200
"""Of the columns, in pixels."""
BELOW = 26
LEAST = 0.012
"""No part of a bar is narrower while it has anybody: one failed of a hundred thousand is seen."""
WIDEST = 0.12
LABELS = 5
"""So many dates fit below the columns on a telephone."""
TICKS = 4
HATCH_ID = "hatch"
CLASSES = ("d", "f", "u")
"""Of the buckets, in their order: one letter, since there are three on every row."""


def hatch() -> str:
    """What fills the unknown: hatched, so that they are told apart without colours too. Drawn once."""
    ground = element("rect", class_="ground", width="6", height="6")
    stroke = element("line", x1="0", x2="0", y1="0", y2="6")
    pattern = element(
        "pattern",
        ground,
        stroke,
        id=HATCH_ID,
        width="6",
        height="6",
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return element("svg", element("defs", pattern), class_="nothing", width="0", height="0", aria_hidden="true")


# ---------------------------------------------------------------- bars


def widths(counts: Sequence[int], *, least: float = LEAST) -> list[float]:
    """Shares of the whole that add up to 1, none of anybody below ``least``; nothing where there is nobody."""
    people = sum(counts)
    if not people:
        return [0.0 for _ in counts]
    wide = [max(count / people, least) if count else 0.0 for count in counts]
    spare = sum(wide) - 1
    broadest = wide.index(max(wide))
    return [each - spare if index == broadest else each for index, each in enumerate(wide)]


def stacked(buckets: Sequence[int], class_: str = "bar") -> str:
    """One bar of three parts; the figures stand beside it as text."""
    start = 0.0
    parts = []
    for letter, wide in zip(CLASSES, widths(buckets), strict=True):
        if wide:
            parts.append(element("rect", class_=letter, x=percent(start) if start else None, width=percent(wide)))
        start += wide
    return element("svg", *parts, class_=class_, aria_hidden="true")


def single(count: int, most: int, letter: str) -> str:
    """One bar, as long as ``count`` is of ``most``."""
    long = max(count / most, LEAST) if most and count else 0.0
    return element("svg", element("rect", class_=letter, width=percent(long)), class_="bar", aria_hidden="true")


def paired(planned: int, charged: int, most: int) -> str:
    """What was planned above what was charged."""
    both = [
        element("rect", class_="plan", width=percent(planned / most if most else 0)),
        element("rect", class_="cost", y="9", width=percent(charged / most if most else 0)),
    ]
    return element("svg", *both, class_="pair", aria_hidden="true")


def swatch(letter: str) -> str:
    """The colour of a bucket, for a legend."""
    return element("svg", element("rect", class_=letter, width="100%"), class_="swatch", aria_hidden="true")


# ---------------------------------------------------------------- columns


def ticks(most: int) -> list[int]:
    """Round figures from 0 to one that is not below ``most``, at most `TICKS` steps."""
    step = next(each for each in _round_figures() if each * TICKS >= most)
    last = -(-max(most, 1) // step)
    return [step * index for index in range(last + 1)]


def _round_figures() -> Iterator[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def columns(timeline: Timeline) -> str:
    """A column for each span: delivered at the bottom, above it failed, then unknown. A table says the same."""
    spans = timeline.spans
    marks = ticks(max((span.people for span in spans), default=0))
    gutter = [element("text", figure(mark), x="100%", y=_level(mark, marks[-1], 4)) for mark in marks]
    lines = [element("line", x2="100%", y1=(level := _level(mark, marks[-1])), y2=level) for mark in marks]
    slot = 1 / len(spans)
    drawn = [_column(span, index, slot, marks[-1], timeline) for index, span in enumerate(spans) if span.people]
    tall = str(HEIGHT + BELOW)
    left = element("svg", *gutter, class_="gutter", height=tall)
    inner = element("svg", *lines, *drawn, *_labels(timeline, slot), width="100%", height=tall)
    return element("div", left, inner, class_="plot", role="img", aria_label=_words(timeline))


def _words(timeline: Timeline) -> str:
    spans = timeline.spans
    most = max(spans, key=lambda span: span.recipients)
    ends = f"{named(spans[0].first, timeline.unit)} to {named(spans[-1].first, timeline.unit)}"
    return (
        f"{counted(sum(span.recipients for span in spans), 'recipient')} by {timeline.unit.value} of sending, {ends}; "
        f"most in {named(most.first, timeline.unit)}: {figure(most.recipients)}. The table below has every figure."
    )


def _level(mark: int, top: int, lower: int = 0) -> str:
    return f"{8 + HEIGHT - HEIGHT * mark / top + lower:.1f}".rstrip("0").rstrip(".")


def _column(span: Span, index: int, slot: float, top: int, timeline: Timeline) -> str:
    wide = min(slot * 0.8, WIDEST)
    left = slot * (index + 0.5) - wide / 2
    parts = []
    floor = 8.0 + HEIGHT
    for letter, count in zip(CLASSES, span.buckets, strict=True):
        if count:
            high = max(HEIGHT * count / top, 3.0)
            floor -= high
            at = (percent(left), f"{floor:.1f}", percent(wide), f"{high:.1f}")
            parts.append(element("rect", class_=letter, x=at[0], y=at[1], width=at[2], height=at[3]))
    told = f"{named(span.first, timeline.unit)}: " + ", ".join(
        f"{figure(count)} {bucket.value}" for bucket, count in zip(Bucket, span.buckets, strict=True)
    )
    return element("g", element("title", shown(told)), *parts)


def _labels(timeline: Timeline, slot: float) -> Iterator[str]:
    """As many dates as a telephone has room for, the first and the last kept inside the drawing."""
    spans = timeline.spans
    step = -(-len(spans) // LABELS)
    for index in range(0, len(spans), step):
        middle = slot * (index + 0.5)
        side = "first" if middle < 0.06 else "last" if middle > 0.92 else None
        at = {"first": slot * index, "last": slot * (index + 1)}.get(side or "", middle)
        word = short(spans[index].first, timeline.unit)
        yield element("text", word, x=percent(at), y=str(HEIGHT + BELOW - 2), class_=side)
