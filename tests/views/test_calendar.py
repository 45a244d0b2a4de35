"""The calendar as a text: whole pages in every situation, what stands where, and what somebody hostile wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from mesms_gitops.model.plan import CreditsSource
from mesms_gitops.views.calendar_html import calendar_html
from mesms_gitops.views.calendar_months import MONTHS, MONTHS_THAI, WEEKDAYS, WEEKDAYS_THAI, Almanac
from mesms_gitops.views.slots import Kind, slots_of
from mesms_gitops.views.status_html import status_html
from mesms_gitops.views.svg import percent

from .calendars import HOLIDAYS, WINDOWS, busy, five_hundred, markup, still_scheduled
from .situations import (
    CREATED,
    MIDNIGHT,
    PHONES,
    PLANS,
    TEN,
    a_freeze,
    a_plan,
    a_state,
    blocked,
    cancel,
    flash_sale,
    hostile,
    hostile_state,
    newsletter,
    schedule_vip,
)
from .strategies import plans, states, zones

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.plan import Plan
    from mesms_gitops.model.state import State

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
SEEN_WHOLE = (
    *("empty", "unchanged", "all_new", "at_once", "replace", "cancel", "blocked", "unknown", "refused", "offline"),
    *("adopt_forget_rename", "contact_group", "drift", "holidays", "personal", "long_thai"),
)
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
VOID = {"meta", "br", "input"}
OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "div", "span", "p", "a"),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
    *("details", "summary", "pre", "code", "b", "i", "em", "strong", "small", "time", "br"),
    *("svg", "defs", "g", "rect", "line", "use", "text"),
}
ATTRIBUTES = {
    *("class", "id", "href", "lang", "role", "scope", "datetime", "open", "tabindex", "aria-hidden", "aria-label"),
    *("aria-labelledby", "charset", "name", "content", "http-equiv"),
    *("x", "y", "x1", "x2", "y1", "y2", "width", "height", "rx"),
}


class Page(HTMLParser):
    """A page read as a browser's parser would: which elements, attributes and texts, and whether all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets += [value or "" for name, value in attrs if name == "href"]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is read."""
        return " ".join(" ".join(self.texts).split())


def drawn(plan: Plan) -> str:
    """The page with windows and holidays."""
    return calendar_html(plan, windows=WINDOWS, holidays=HOLIDAYS)


def without_style(page: str) -> str:
    """The page as it is compared: the style sheet has a snapshot of its own."""
    return STYLE.sub("<style></style>", page)


@pytest.mark.parametrize("name", SEEN_WHOLE)
def test_the_page(name: str, snapshot: Callable[[str, str], None]) -> None:
    """What a reviewer opens in each situation."""
    snapshot(f"calendar_{name}.html", without_style(drawn(PLANS[name]())))


def test_the_busy_page_and_its_style(snapshot: Callable[[str, str], None]) -> None:
    """Every kind of action in two months, whole."""
    snapshot("calendar_busy.html", drawn(busy()))


def test_the_status_page(snapshot: Callable[[str, str], None]) -> None:
    """What state knows, while two campaigns are stopped."""
    page = status_html(a_state(), now=CREATED, windows=WINDOWS, freeze=a_freeze())
    snapshot("calendar_status.html", without_style(page))


def test_the_same_plan_gives_the_same_bytes() -> None:
    """No clock, no order of a set."""
    assert drawn(busy()) == drawn(busy())
    assert status_html(a_state(), now=CREATED) == status_html(a_state(), now=CREATED)


PAGES: dict[str, Callable[[], str]] = {
    "markup": lambda: drawn(markup()),
    "hostile": lambda: drawn(hostile()),
    "hostile_window": lambda: calendar_html(
        busy(), windows={"<b onclick=x>": WINDOWS["marketing"]}, holidays={date(2027, 4, 10): "</h4><script>"}
    ),
    "status": lambda: status_html(hostile_state(), now=CREATED, timezone="</p><script>"),
}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_markup_of_theirs_is_text(name: str) -> None:
    """Only elements, attributes and addresses that are ours; everything that was opened is closed."""
    text = PAGES[name]()
    page = Page(text)
    assert page.tags <= OURS
    assert page.attributes <= ATTRIBUTES
    assert all(target.startswith("#") for target in page.targets)
    assert len(page.ids) == len(set(page.ids))
    assert {target[1:] for target in page.targets} <= set(page.ids)
    assert text.count("</style>") == 1
    assert "default-src &#x27;none&#x27;" in text


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_control_and_no_turned_text_survives(name: str) -> None:
    """Nor anything invisible; and no line that a runner obeys."""
    text = PAGES[name]()
    assert text.replace("\n", "").isprintable()
    assert not [line for line in text.split("\n") if line.lstrip().startswith("::")]
    assert "##[" not in text


@pytest.mark.parametrize("page", [lambda: drawn(markup()), lambda: drawn(hostile())])
def test_no_phone_number_stands_in_a_page(page: Callable[[], str]) -> None:
    """Masked as in the other views, also as an entity or with its digits apart."""
    text = Page(page()).text
    digits = re.sub(r"[ ().-]", "", text)
    for phone in PHONES:
        assert phone not in text
        assert re.sub(r"[ ().-]", "", phone) not in digits
    assert "08x-xxx-xx01" in text


@CALM
@given(plans(), zones)
def test_every_plan_makes_a_sound_page(plan: Plan, zone: str) -> None:
    """Whatever stands in it: well formed, ours, printable, and every link leads somewhere."""
    text = calendar_html(plan, timezone=zone, windows=WINDOWS)
    page = Page(text)
    assert page.tags <= OURS
    assert page.attributes <= ATTRIBUTES
    assert {target[1:] for target in page.targets} <= set(page.ids)
    assert text.replace("\n", "").isprintable()


@CALM
@given(states, zones)
def test_every_state_makes_a_sound_page(state: State, zone: str) -> None:
    """The same of a state."""
    page = Page(status_html(state, now=CREATED, timezone=zone))
    assert page.tags <= OURS
    assert {target[1:] for target in page.targets} <= set(page.ids)


@CALM
@given(plans())
def test_the_days_add_up_to_what_leaves(plan: Plan) -> None:
    """People of all days are the plan's, with those that stay scheduled; nobody is counted who is cancelled."""
    slots = slots_of(plan, "Asia/Bangkok")
    almanac = Almanac.of(slots, CREATED.date(), {}, {})
    kinds = (Kind.KEPT, Kind.ADOPT)
    planned = sum(slot.people for slot in slots if slot.kind not in kinds)
    assert planned == plan.summary.recipients
    everybody = sum(almanac.totals(day)[0] for day in almanac.by_day)
    assert everybody == planned + sum(slot.people for slot in slots if slot.kind in kinds)


def test_five_hundred_campaigns_stay_small_and_folded() -> None:
    """Under 500 KB; at most three months and no long table are open."""
    text = drawn(five_hundred())
    assert len(text.encode()) < 500_000
    assert text.count('<section class="month">') == 3
    assert '<details class="month">' in text
    assert "<summary>All 500 campaigns</summary>" in text
    assert text.count('<tr id="c') == 500


def test_the_verdict_comes_first() -> None:
    """Credits, balance, people, requests and the digest before any calendar, and a refusal before those."""
    text = Page(drawn(PLANS["refused"]())).text.split("Calendar")[0]
    labels = ["REFUSED: nothing", "Credits 12,960", "Balance after -2,960", "People 12,480", "Requests 2"]
    order = [*labels, "MS516: the plan costs", "MS501: songkran", "Digest sha256:9d1f"]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)


def test_a_slot_stands_on_its_local_day_and_hour() -> None:
    """17:30 UTC on the 9th is 00:30 on the 10th in Bangkok."""
    (slot,) = slots_of(a_plan(cancel()), "Asia/Bangkok")
    assert (slot.day, slot.clock, slot.kind) == (date(2027, 4, 10), "00:30", Kind.CANCEL)
    (slot,) = slots_of(a_plan(cancel()), "UTC")
    assert (slot.day, slot.clock) == (MIDNIGHT.date(), "17:30")


def test_what_leaves_now_stands_on_the_day_of_the_plan() -> None:
    """Whether it can be undone or not, and in the colour of what is pressing."""
    for undo in (timedelta(0), timedelta(minutes=10)):
        (slot,) = slots_of(a_plan(flash_sale(undo)), "Asia/Bangkok")
        assert (slot.day, slot.clock, slot.kind, slot.people) == (date(2027, 4, 1), "now", Kind.NOW, 725)
        assert (slot.note == "CANNOT BE UNDONE") == (not undo)


def test_a_replaced_message_leaves_its_old_hour() -> None:
    """Both hours are shown, and its people are counted at the new one alone."""
    old, new = slots_of(a_plan(newsletter()), "Asia/Bangkok")
    assert (old.day, old.kind, old.people) == (date(2027, 4, 10), Kind.CANCEL, 0)
    assert (new.day, new.kind, new.people) == (date(2027, 4, 11), Kind.REPLACE, 12_480)
    same_hour = newsletter(scheduled_at=TEN, reversible_until=TEN)
    assert [slot.kind for slot in slots_of(a_plan(same_hour), "Asia/Bangkok")] == [Kind.REPLACE]


def test_what_is_blocked_stands_where_it_was_to_leave_and_counts_nobody() -> None:
    """Where its manifest names an hour that is still to come."""
    (slot,) = slots_of(a_plan(blocked(schedule_text="2027-04-12T03:00+00:00")), "Asia/Bangkok")
    assert (slot.day, slot.clock, slot.kind, slot.people) == (date(2027, 4, 12), "10:00", Kind.BLOCKED, 0)
    for text in ("", "now", "2026-04-12T03:00+00:00"):
        assert slots_of(a_plan(blocked(schedule_text=text)), "Asia/Bangkok") == ()


def test_what_is_scheduled_already_is_there_and_the_past_is_not() -> None:
    """From the day of the plan on, with what left that morning."""
    names = {slot.campaign for slot in slots_of(busy(), "Asia/Bangkok") if slot.kind is Kind.KEPT}
    assert {"loyalty-may", "this-morning"} <= names
    assert "last-year" not in names
    assert "last-year" in drawn(busy())


def test_an_estimate_is_called_one() -> None:
    """In the tile and in the box of the day."""
    text = Page(drawn(a_plan(schedule_vip(credits_source=CreditsSource.ESTIMATE)))).text
    assert "about 12,960 credits" in text.split("Calendar")[1]
    assert "estimate, not from ME-SMS" in text.split("Calendar")[0]


def test_weeks_begin_on_monday_and_speak_thai() -> None:
    """1 April 2027 is a Thursday: the fourth column; the year is Buddhist in Thai."""
    text = drawn(PLANS["all_new"]())
    assert '<li class="day has today c4">' in text
    assert "เมษายน 2570" in text
    page = Page(text).text
    names = [f"{name[:3]} {thai}" for name, thai in zip(WEEKDAYS, WEEKDAYS_THAI, strict=True)]
    assert " ".join(names) in page
    assert len(MONTHS) == len(MONTHS_THAI) == len(set(MONTHS_THAI)) == 12


def test_a_holiday_is_named_on_its_day() -> None:
    """Also where nothing leaves on it; and without any nothing is."""
    assert '<time datetime="2027-04-13">' in drawn(PLANS["replace"]())
    assert drawn(PLANS["replace"]()).count("วันสงกรานต์") == 3
    assert "วันสงกรานต์" not in calendar_html(PLANS["replace"]())


def test_the_window_is_shaded_where_it_stands() -> None:
    """09:00 to 20:00 of 24 hours; none where none is given."""
    assert '<rect class="window" x="37.5%" width="45.83%" height="100%"/>' in drawn(busy())
    assert 'class="window"' not in calendar_html(busy())


def test_percents_never_leave_the_drawing() -> None:
    """Neither to the left nor to the right."""
    assert [percent(share) for share in (-1, 0, 1 / 3, 1, 7)] == ["0%", "0%", "33.33%", "100%", "100%"]


def test_texts_of_people_are_never_shown() -> None:
    """Rendered texts stay in `desired`."""
    for plan in (*PLANS.values(), busy):
        assert "never shown" not in drawn(plan())


def test_many_of_one_day_are_folded() -> None:
    """Four are shown, the others open with one click; the lane says how many."""
    plan = a_plan(*(still_scheduled(f"c-{number}", TEN, 10) for number in range(12)))
    text = drawn(plan)
    assert "<summary>and 8 more campaigns</summary>" in text
    assert 'aria-label="12 campaigns from 10:00 to 10:00"' in text
    assert "120 people" in Page(replace_nbsp(text)).text


def replace_nbsp(text: str) -> str:
    """Figures and nouns are kept together by entities."""
    return text.replace("&nbsp;", " ")


def test_a_plan_of_a_saved_file_names_it() -> None:
    """The command to copy is the one of the text; a refused plan has none."""
    assert "mesms-gitops apply p.json" in calendar_html(PLANS["all_new"](), plan_file="p.json")
    refused = replace(PLANS["all_new"](), refusals=PLANS["refused"]().refusals)
    assert "mesms-gitops apply" not in calendar_html(refused, plan_file="p.json")
