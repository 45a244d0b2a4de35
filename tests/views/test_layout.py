"""Cells, wrapping, figures and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from rich.cells import cell_len

from mesms_gitops.views.layout import (
    both_times,
    cell_width,
    counted,
    duration,
    iso,
    listed,
    local_time,
    masked,
    pad,
    printable,
    table,
    wrap,
)

from .situations import MIDNIGHT, TEN, THAI


@pytest.mark.parametrize(
    "text", [THAI, "ที่ นี้ น้ำ เก๋า กั้น ฐานะ ญี่ปุ่น ฿ ๐๑๒", "plain", "漢字かな", "é", "e\u0301", "“quoted” – …", ""]
)
def test_widths_agree_with_rich(text: str) -> None:
    """Two implementations, one answer: what we align and what rich draws fit together."""
    assert cell_width(text) == cell_len(text)


def test_every_thai_letter_agrees_with_rich() -> None:
    """Vowels and tone marks above and below take no cell of their own; sara am does."""
    letters = [chr(point) for point in range(0x0E01, 0x0E5C) if not 0x0E3B <= point <= 0x0E3E]
    assert [cell_width(letter) for letter in letters] == [cell_len(letter) for letter in letters]
    assert cell_width("น้ำ") == 2


def test_thai_is_padded_to_the_same_column() -> None:
    """By cells, not by characters."""
    lines = table([("น้ำ", "1"), ("coffee", "22")], right=frozenset({1}))
    assert [cell_width(line) for line in lines] == [10, 10]
    assert pad("ที่", 4) == "ที่   "


def test_thai_breaks_where_spelling_allows() -> None:
    """Never between a letter and its mark, never after a leading vowel."""
    for width in range(3, 40):
        for line in wrap(THAI.replace(" ", ""), width):
            assert cell_width(line[0]) == 1
            assert line[0] not in "ะาำๆฯ"
            assert line[-1] not in "เแโใไ"


def test_what_is_copied_stays_whole() -> None:
    """An address or a digest is never broken."""
    digest = "sha256:" + "ab" * 32
    assert wrap(f"see {digest} there", 40, first="  ") == ["  see", f"  {digest}", "  there"]


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        (TEN, "Asia/Bangkok", "Sat 2027-04-10 10:00 +07:00 (03:00 UTC)"),
        (MIDNIGHT, "Asia/Bangkok", "Sat 2027-04-10 00:30 +07:00 (2027-04-09 17:30 UTC)"),
        (TEN.replace(second=5), "UTC", "Sat 2027-04-10 03:00:05 +00:00 (03:00 UTC)"),
        (TEN, "no/such zone", "Sat 2027-04-10 03:00 +00:00 (03:00 UTC)"),
        (TEN, "America/St_Johns", "Sat 2027-04-10 00:30 -02:30 (03:00 UTC)"),
    ],
)
def test_times_are_local_and_utc(moment: datetime, zone: str, text: str) -> None:
    """With the weekday, and UTC's date where it is another day."""
    assert both_times(moment, zone) == text
    assert local_time(moment, zone) in text


def test_json_times_are_utc_whatever_they_came_in() -> None:
    """One form, so that they sort as text."""
    bangkok = timezone(timedelta(hours=7))
    assert iso(datetime(2027, 4, 10, 10, 0, 0, 999, tzinfo=bangkok)) == "2027-04-10T03:00:00Z"
    assert iso(datetime(2027, 4, 10, 3, 0)) == "2027-04-10T03:00:00Z"
    assert iso(datetime(2027, 4, 10, 3, 0, tzinfo=UTC)) == "2027-04-10T03:00:00Z"
    assert iso(None) is None


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(hours=1, minutes=30), "1 hour 30 minutes"),
        (timedelta(days=2, seconds=1), "2 days 1 second"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_durations(span: timedelta, text: str) -> None:
    """In words, the two largest that say something."""
    assert duration(span) == text


def test_figures_and_lists() -> None:
    """Thousands are parted; one is one."""
    assert counted(1, "request") == "1 request"
    assert counted(12_480, "request") == "12,480 requests"
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("\u202e\u200b\ufeff", "\\u202e\\u200b\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u00a0b", "a\\xa0b"),
        ("::error", "\\x3a:error"),
        ("  ::error", "  \\x3a:error"),
        ("write Foo ::x", "write Foo ::x"),
        ("std::x http://[::1]:80", "std::x http://[::1]:80"),
        ("##[group]", "\\x23#[group]"),
        ("\ud800", "\\ud800"),
        (THAI, THAI),
    ],
)
def test_harmless(text: str, shown: str) -> None:
    """Shown as an escape, so that a reviewer sees that it is there."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("โทร 080-000-0001 ด่วน", "โทร 08x-xxx-xx01 ด่วน"),
        ("+66800000002.", "+66xxxxxxx02."),
        ("2027-04-10 10:00 +07:00", "2027-04-10 10:00 +07:00"),
        ("12,480 recipients, 0800", "12,480 recipients, 0800"),
        ("sha256:0800000001abcdef", "sha256:0800000001abcdef"),
    ],
)
def test_masks(text: str, shown: str) -> None:
    """Phone numbers only."""
    assert masked(text) == shown
