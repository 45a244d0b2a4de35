"""The report as a page: whole, what adds up for any state, how large it gets, and what somebody hostile wrote."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.model.delivery import DELIVERY_STATES
from mesms_gitops.model.sends import SendPhase
from mesms_gitops.model.state import CampaignRecord, State
from mesms_gitops.views.report import Money, buckets_of_send, report_of, total_of
from mesms_gitops.views.report_charts import LEAST, TICKS, ticks, widths
from mesms_gitops.views.report_days import MOST, Unit, beginning, named, short, timeline_of
from mesms_gitops.views.report_html import report_html
from mesms_gitops.views.report_html_table import COLUMNS, MARKS, ORDERS
from mesms_gitops.views.report_prefixes import Prefixes, PrefixLine
from mesms_gitops.views.report_reasons import (
    FOREIGN,
    MEANINGS,
    UNREPORTED,
    UNSETTLED,
    WHOLE,
    Bucket,
    meaning,
    reasons_of,
)
from mesms_gitops.views.report_script import SCRIPT
from mesms_gitops.views.report_text import report_text

from . import reports
from .situations import LINEAGE, PHONES, TEN, recorded
from .strategies import counts, records, states, zones
from .test_calendar import ATTRIBUTES, CALM, OURS, VOID, Page, without_style

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.sends import SendRecord

VOID.add("input")
TAGS = OURS | {"script", "input", "select", "option", "button", "label", "pattern", "title"}
NAMES = ATTRIBUTES | {"type", "value", "hidden", "autocomplete", "patternunits", "patterntransform"}
SECTIONS = ("Delivery over time", "By reason", "Cost", "By operator prefix", "Campaigns by name")


def without_script(page: str) -> str:
    """The page as it is compared: script and style are compared once."""
    return without_style(page).replace(SCRIPT, "")


# ---------------------------------------------------------------- whole


def test_the_page(snapshot: Callable[[str, str], None]) -> None:
    """A season with its numbers at hand: whole, with its style and its script."""
    snapshot("report_season.html", report_html(reports.season(), prefixes=reports.PREFIXES))


def test_other_pages(snapshot: Callable[[str, str], None]) -> None:
    """One campaign of it; people by prefix without their results; text that is not ours; nothing at all."""
    snapshot("report_one.html", without_script(report_html(reports.season(), names=["labour-day-coffee"])))
    few = Prefixes((PrefixLine("061", 40), PrefixLine("089", 60)))
    snapshot("report_thai.html", without_script(report_html(reports.thai(), prefixes=few)))
    snapshot("report_hostile.html", without_script(report_html(reports.hostile())))
    snapshot("report_nothing.html", without_script(report_html(State(LINEAGE))))


def test_every_section_is_there() -> None:
    """Of any report that has campaigns, with and without numbers at hand."""
    for prefixes in (Prefixes(), reports.PREFIXES):
        page = report_html(reports.season(), prefixes=prefixes)
        assert re.findall(r'<h2 [^>]*tabindex="-1">([^<]+)</h2>', page) == list(SECTIONS)


def test_prefixes_say_what_they_are_of() -> None:
    """How many people they cover, what became of them only where that is known, and how to come by them where not."""
    assert "Numbers of 288,120 of 335,210 recipients are at hand" in report_html(
        reports.season(), prefixes=reports.PREFIXES
    )
    numbers = report_html(reports.season(), prefixes=Prefixes((PrefixLine("061", 40),)))
    assert "Numbers of 40 of 335,210 recipients are at hand on this machine; what became of each is not" in numbers
    assert "mesms-gitops report NAME --recipients" not in numbers
    assert "mesms-gitops report NAME --recipients FILE.csv" in report_html(reports.season())


def test_the_document_shows_what_is_printed() -> None:
    """The sample in docs/report.md is the report of that campaign, byte for byte."""
    page = (Path(__file__).parents[2] / "docs/report.md").read_text(encoding="utf-8")
    (sample,) = re.findall("<!-- a test compares -->\n```text\n(.*?)```", page, re.DOTALL)
    assert sample == report_text(reports.season(), names=["labour-day-coffee"])


# ---------------------------------------------------------------- what adds up


@CALM
@given(records)
def test_reasons_add_up_to_their_bucket(send: SendRecord) -> None:
    """Whatever ME-SMS counted, and whatever became of the send."""
    found = Counter[Bucket]()
    for one in reasons_of([send]):
        assert one.people > 0
        found[one.bucket] += one.people
    assert [found[bucket] for bucket in Bucket] == list(buckets_of_send(send))


@CALM
@given(states, zones)
def test_the_columns_over_time_add_up(state: State, zone: str) -> None:
    """Everybody of the report is in one column, and the columns are in order."""
    report = report_of(state)
    timeline = timeline_of(report.lines, zone)
    people, *buckets = total_of(report)
    assert sum(span.recipients for span in timeline.spans) == people
    assert [sum(column) for column in zip(*(span.buckets for span in timeline.spans), strict=True)] in (buckets, [])
    firsts = [span.first for span in timeline.spans]
    assert firsts == sorted(set(firsts))
    assert len(firsts) <= MOST or timeline.unit is Unit.YEAR


@CALM
@given(states, zones)
def test_any_state_gives_a_page(state: State, zone: str) -> None:
    """Closed elements, one row a campaign, ids once, links that lead somewhere, the same bytes each time."""
    page = report_html(state, timezone=zone)
    assert page == report_html(state, timezone=zone)
    read = Page(page)
    assert read.tags <= TAGS
    assert len(read.ids) == len(set(read.ids))
    assert {target.removeprefix("#") for target in read.targets} <= set(read.ids)
    assert sum(bool(re.fullmatch(r"c\d+", each)) for each in read.ids) == len(report_of(state).lines)


@CALM
@given(st.lists(counts, min_size=3, max_size=3))
def test_parts_of_a_bar_fill_it_and_are_seen(buckets: list[int]) -> None:
    """Widths add up to the bar, and nobody's part is too thin to be seen."""
    wide = widths(buckets)
    assert sum(wide) == pytest.approx(1 if any(buckets) else 0)
    assert all(part >= LEAST if count else part == 0 for part, count in zip(wide, buckets, strict=True))


@CALM
@given(st.integers(0, 10**12))
def test_ticks_are_few_round_and_high_enough(most: int) -> None:
    """From nothing up to the highest column, in even steps of a round figure."""
    marks = ticks(most)
    assert marks[0] == 0
    assert marks[-1] >= most
    assert 2 <= len(marks) <= TICKS + 1
    step = marks[1]
    assert marks == [step * index for index in range(len(marks))]
    assert str(step).rstrip("0") in ("1", "2", "5")


# ---------------------------------------------------------------- reasons and days


@pytest.mark.parametrize(
    ("send", "expected"),
    [
        (recorded("a", SendPhase.SENT, recipients=9, delivery=MappingProxyType({"success": 4})), {UNREPORTED: 5}),
        (recorded("a", SendPhase.UNKNOWN, recipients=9, uuid=None), {UNSETTLED: 9}),
        (
            recorded("a", SendPhase.FAILED, recipients=9, delivery=MappingProxyType({"expired": 2})),
            {"expired": 2, WHOLE: 7},
        ),
        (
            recorded("a", SendPhase.FAILED, recipients=9, delivery=MappingProxyType({"expired": 2, "pending": 3})),
            {"expired": 2, "pending": 3, UNREPORTED: 4},
        ),
        (recorded("a", SendPhase.SENT, recipients=9, delivery=MappingProxyType({"read": 9})), {"read": 9}),
    ],
)
def test_whoever_no_count_speaks_of_has_a_reason_too(send: SendRecord, expected: dict[str, int]) -> None:
    """Not reported, not known if sent, or failed with the message; a foreign word is kept as it came."""
    assert {one.word: one.people for one in reasons_of([send]) if one.word != "success"} == expected


def test_every_documented_state_has_its_meaning() -> None:
    """The seven of the reference; any other word is called what it is."""
    assert set(DELIVERY_STATES) <= MEANINGS.keys()
    assert meaning("read") == FOREIGN


def at(*moments: datetime) -> State:
    """A campaign that left at each of ``moments``."""
    sends = [
        recorded(letter, SendPhase.SENT, recipients=1, scheduled_at=moment)
        for letter, moment in zip("0123456789abcdef", moments, strict=False)
    ]
    records = {f"c{index}": CampaignRecord(f"c{index}", "a.yaml", 1, sends=(send,)) for index, send in enumerate(sends)}
    return State(LINEAGE, campaigns=MappingProxyType(records))


def test_a_day_is_the_project_s() -> None:
    """Half past midnight in Bangkok is still the day before in London."""
    late = at(datetime(2027, 4, 9, 17, 30, tzinfo=UTC))
    days = {zone: timeline_of(report_of(late).lines, zone).spans[0].first for zone in ("Asia/Bangkok", "Europe/London")}
    assert days == {"Asia/Bangkok": date(2027, 4, 10), "Europe/London": date(2027, 4, 9)}


@pytest.mark.parametrize(
    ("apart", "unit", "columns", "last"),
    [
        (0, Unit.DAY, 1, "10 Apr 2027"),
        (61, Unit.DAY, 62, "10 Jun 2027"),
        (62, Unit.WEEK, 10, "week of 7 Jun 2027"),
        (400, Unit.WEEK, 58, "week of 8 May 2028"),
        (500, Unit.MONTH, 17, "Aug 2028"),
        (3_000, Unit.YEAR, 9, "2035"),
    ],
)
def test_columns_are_as_long_as_they_have_to_be(apart: int, unit: Unit, columns: int, last: str) -> None:
    """Days where they fit, then weeks, months, years; without gaps, so that a quiet week is seen."""
    timeline = timeline_of(report_of(at(TEN, TEN + timedelta(days=apart))).lines, "Asia/Bangkok")
    assert (timeline.unit, len(timeline.spans)) == (unit, columns)
    assert named(timeline.spans[-1].first, unit) == last
    assert last.removeprefix("week of ").startswith(short(timeline.spans[-1].first, unit))
    assert all(beginning(span.first, unit) == span.first for span in timeline.spans)


def test_two_messages_of_a_campaign_are_counted_on_their_days() -> None:
    """One campaign, two sends, two columns; on one day it is one campaign."""
    first, second = (recorded(letter, SendPhase.SENT, scheduled_at=TEN, uuid=letter) for letter in "ab")
    for later, expected in ((timedelta(0), [1]), (timedelta(days=1), [1, 1])):
        sends = (first, replace(second, scheduled_at=TEN + later))
        state = State(LINEAGE, campaigns={"a": CampaignRecord("a", "a.yaml", 1, sends=sends)})
        spans = timeline_of(report_of(state).lines, "UTC").spans
        assert [span.campaigns for span in spans] == expected
        assert sum(span.people for span in spans) == 2 * 12_480


# ---------------------------------------------------------------- how large


def test_five_hundred_campaigns_are_less_than_500_kilobytes() -> None:
    """With the longest names there may be, a note and another cost than planned on each."""
    state = reports.many(500)
    longest = {
        f"{index:063}": replace(
            record,
            name=f"{index:063}",
            sends=(replace(record.sends[0], notes=("window_over",), quoted=1, recipients=2_000_000),),
        )
        for index, record in enumerate(state.campaigns.values())
    }
    assert len(report_html(state, prefixes=reports.PREFIXES).encode()) < 440_000
    assert len(report_html(replace(state, campaigns=longest), prefixes=reports.PREFIXES).encode()) < 500_000


def test_the_page_grows_with_its_campaigns() -> None:
    """Twice the campaigns, twice the rows: each costs less than a kilobyte, however many there are."""
    few, more, most = (len(report_html(reports.many(count)).encode()) for count in (250, 500, 1_000))
    assert (more - few) / 250 < 1_000
    assert (most - more) / 500 == pytest.approx((more - few) / 250, rel=0.05)


# ---------------------------------------------------------------- what it obeys


def test_its_policy_knows_its_style_and_its_script_by_their_digests() -> None:
    """The digests are those of what stands in the page, so that a browser runs these and no other."""
    page = report_html(reports.hostile())
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    wanted = {}
    for tag in ("style", "script"):
        (inner,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        wanted[tag] = f"'sha256-{b64encode(sha256(inner.encode()).digest()).decode()}'"
    rules = dict(rule.split(" ", 1) for rule in unescape(found[1]).split("; "))
    assert rules == {
        "default-src": "'none'",
        "style-src": wanted["style"],
        "script-src": wanted["script"],
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_script_asks_nobody_and_makes_no_markup() -> None:
    """None of what could: no address, no request, no storage, no markup out of text, no code out of text."""
    forbidden = ("http", "fetch", "XMLHttp", "WebSocket", "import", "innerHTML", "outerHTML", "insertAdjacent", "eval")
    for word in (*forbidden, "Function(", "document.write", "Storage", "cookie", "setTimeout"):
        assert word not in SCRIPT
    assert "</" not in SCRIPT
    assert "<!--" not in SCRIPT


def test_what_somebody_hostile_wrote_is_shown_and_not_obeyed() -> None:
    """No element, attribute, class or id of theirs; no phone number, be it in a name; nothing invisible."""
    page = report_html(reports.hostile())
    read = Page(page)
    assert read.tags <= TAGS
    assert read.attributes <= NAMES
    assert page.replace("\n", "").isprintable()
    classes = set(" ".join(re.findall(r'<tr id="[^"]*" class="([^"]*)"', page)).split())
    assert classes <= {mark for mark, _ in MARKS}
    digits = re.sub(r"[ ().-]", "", read.text)
    assert not [phone for phone in PHONES if phone in read.text or re.sub(r"[ ().-]", "", phone) in digits]
    for word in ("</script><!--<script>", "=cmd|' /C calc'!A0", "<img src=//evil.example/x onerror=alert(1)>"):
        assert word in read.text


def test_no_phone_number_is_in_a_note() -> None:
    """A word of ME-SMS that looks like one is struck out where the note repeats it."""
    send = recorded("a", SendPhase.SENT, delivery=MappingProxyType({PHONES[0]: 5}), notes=("undocumented",))
    state = State(LINEAGE, campaigns={"a": CampaignRecord("a", "a.yaml", 1, sends=(send,))})
    assert PHONES[0] not in report_html(state)


def test_the_table_is_as_the_script_expects_it() -> None:
    """Columns in the order that the script counts on, and no order or filter without its column or class."""
    assert [column.name for column in COLUMNS][:8] == [
        *("campaign", "phase", "left", "recipients", "outcome", "delivered", "failed", "unknown"),
    ]
    for value, _ in ORDERS:
        key = value.partition(" ")[0]
        assert key in ("", "share") or int(key) < len(COLUMNS)


def test_credits_that_are_not_known_of_all_are_not_called_the_sum() -> None:
    """One campaign without a charge: the rest is said to be as far as ME-SMS said, and is not red."""
    page = report_html(reports.season())
    assert "<dt>Credits charged</dt><dd>331,210<small>as far as ME-SMS said</small></dd>" in page
    names = [name for name in reports.season().campaigns if name != "order-updates"]
    dearer = report_html(reports.season(), names=names)
    assert '<dd class="red">331,210<small>328,910 planned (+2,300)</small></dd>' in dearer
    assert report_of(reports.season(), names).lines[0].money == Money(1_260, 1_260, 0)
