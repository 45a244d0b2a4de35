"""The last look at a text: what must not be sent, and what is odd and costs money."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.manifests.codes import CODES
from mesms_gitops.manifests.message_text import PLAIN, check_text
from mesms_gitops.planning.parts import blame, count


def said(text: str) -> list[tuple[str, int]]:
    return [(finding.code, finding.index) for finding in check_text(text)]


@pytest.mark.parametrize(
    "text",
    [
        "ลด 20%",
        "Sale today!",
        "a\nb",
        "{a} (b) 50%",
        "น้ำ แม่น้ำ มาาาก 5555",
        "👨‍👩‍👧 ครอบครัว",
        "ไทย 👍🏽",
        "x" * 1000,
        "ก" * 1000,
        "ครับคุณ Иван ทุกสาขา",
        "Добрый день, скидка 20%",
        "ΚΑΛΗΜΕΡΑ και",
        "10 Ω Δ",
    ],
)
def test_nothing_is_said_about_good_texts(text):
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "code", "index"),
    [
        ("", "MS301", 0),
        (" \n", "MS301", 0),
        ("x" * 1001, "MS303", 1000),
        ("ลด {{ x", "MS302", 3),
        ("ลด }}", "MS302", 3),
        ("ลด {% if", "MS302", 3),
        ("ลด %}", "MS302", 3),
        ("ลด\0", "MS304", 2),
        ("ลด\r\nx", "MS304", 2),
        ("ลด\x85x", "MS304", 2),
        ("ลด\u2028x", "MS304", 2),
        ("ลด\ud800", "MS304", 2),
    ],
)
def test_what_must_not_be_sent_is_an_error(text, code, index):
    (found,) = check_text(text)
    assert (found.code, found.index, found.is_error) == (code, index, True)


@pytest.mark.parametrize(
    ("text", "code", "index", "advice"),
    [
        ("น\u0e4d\u0e32", "MS320", 1, "ำ"),
        ("น\u0e4d\u0e49\u0e32", "MS320", 1, "้ำ"),
        ("น\u0e49\u0e4d\u0e32", "MS320", 1, "้ำ"),
        ("เเละ", "MS321", 0, "แ"),
        ("ก\u200bข", "MS322", 1, "delete"),
        ("ก\u200dข", "MS322", 1, "delete"),
        ("ก\u00adข", "MS322", 1, "delete"),
        ("ก\u202eข", "MS322", 1, "delete"),
        ("ก\u00a0ข", "MS323", 1, "space"),
        ("ก\tข", "MS323", 1, "space"),
        ("ก\u3000ข", "MS323", 1, "space"),
    ],
)
def test_thai_slips_are_pointed_at_and_never_mended(text, code, index, advice):
    (found,) = check_text(text)
    assert (found.code, found.index, found.is_error) == (code, index, False)
    assert advice in found.next_step


def test_what_a_slip_costs_is_said():
    (found,) = check_text("ก" * 69 + "น\u0e4d\u0e32"[1:])
    assert "2 -> 1 parts" in found.message


def test_the_character_that_makes_a_message_unicode_is_named_with_its_price():
    (found,) = check_text("a" * 159 + "’")
    assert (found.code, found.severity, found.index) == ("MS324", "warning", 159)
    assert "1 -> 3 parts" in found.message
    assert found.next_step == "write '"


def test_one_that_costs_nothing_now_is_only_a_note():
    (found,) = check_text("it’s")
    assert (found.code, found.severity) == ("MS324", "note")


def test_the_baht_sign_is_no_thai_letter():
    text = "฿99 only " + "a" * 150
    (found,) = check_text(text)
    assert (found.code, found.index) == ("MS324", 0)


def test_a_decomposed_letter_is_to_be_written_as_one():
    (found,) = check_text("cafe\u0301 " * 20)
    assert found.next_step == "write é as one character"


def test_thai_is_not_blamed_for_being_thai():
    assert said("ลด 20% today’s only") == []


def test_a_slip_that_stands_often_is_said_once():
    (found,) = check_text("เเ " * 40)
    assert "(40 times)" in found.message


@pytest.mark.parametrize("character", PLAIN)
def test_what_is_suggested_is_in_the_alphabet(character):
    assert blame(character)
    assert not blame(PLAIN[character])


@given(st.text(max_size=1100))
def test_any_text_can_be_looked_at(text):
    for found in check_text(text):
        assert found.code in CODES
        assert 0 <= found.index <= len(text)
        assert found.excerpt == text[found.index : found.index + len(found.excerpt)]
        assert found.message
        assert found.next_step


@given(st.text(alphabet="abc ’“…฿é{}", min_size=1, max_size=400))
def test_following_the_advice_never_costs_more(text):
    better = text
    for character, plain in PLAIN.items():
        better = better.replace(character, plain.strip())
    if count(text).encoding == "UCS-2" and count(better).encoding == "GSM-7" and len(better) <= 2 * len(text):
        assert count(better).parts <= count(text).parts


@pytest.mark.parametrize("text", ["สวัสดี {{ name }}", "{{name}} and {{ other }}", "{% if x %}", "{# 0800000001 #}"])
def test_a_whole_placeholder_is_to_be_filled_in_not_closed(text):
    found = [one for one in check_text(text) if one.is_error]
    assert len(found) == 1
    assert found[0].code == "MS302"
    assert found[0].next_step.startswith("write what it stands for")
    assert "name" not in found[0].message
    assert "0800000001" not in found[0].message


@pytest.mark.parametrize(
    ("text", "code", "index", "advice"),
    [
        ("ลด 20% ที่ Si\u0430m", "MS325", 13, "type the Latin letter a"),
        ("ลด \u0421\u041e\u0421\u0410", "MS325", 3, "type the Latin letter C"),
        ("ไทย \u039fK", "MS325", 4, "type the Latin letter O"),
        ("Иван ที่ Si\u0430m", "MS325", 11, "type the Latin letter a"),
        ("ซื้\u0e49อ", "MS326", 2, "type it once: U+0E49 THAI CHARACTER MAI THO"),
        ("น้ำ\u0e33", "MS326", 2, "type it once: U+0E33 THAI CHARACTER SARA AM"),
        ("ทำ\u0e32", "MS326", 1, "type it once: U+0E33 THAI CHARACTER SARA AM"),
        ("\u0e40\u0e41ก", "MS326", 0, "type it once: U+0E41 THAI CHARACTER SARA AE"),
        ("ดี\u0e35\u0e35", "MS326", 1, "type it once: U+0E35 THAI CHARACTER SARA II"),
    ],
)
def test_what_only_a_person_can_judge_is_said_once(text, code, index, advice):
    found = check_text(text)[0]
    assert (found.code, found.index, found.next_step, found.is_error) == (code, index, advice, False)
