"""Counting parts: the figures of the standard, an independent way of filling parts, and the speed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.planning.parts import BASIC, EXTENSION, Parts, blame, count

GSM = st.text(alphabet=BASIC + EXTENSION, max_size=400)
WIDE = st.text(alphabet="ab[€กำ้ๅ😀🏽👍’", max_size=300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Parts("GSM-7", 0, 1)),
        ("a" * 160, Parts("GSM-7", 160, 1)),
        ("a" * 161, Parts("GSM-7", 161, 2)),
        ("a" * 306, Parts("GSM-7", 306, 2)),
        ("a" * 307, Parts("GSM-7", 307, 3)),
        ("a" * 158 + "€", Parts("GSM-7", 160, 1)),
        ("a" * 159 + "€", Parts("GSM-7", 161, 2)),
        ("a" * 152 + "[" + "a" * 152, Parts("GSM-7", 306, 3)),
        ("[" * 80, Parts("GSM-7", 160, 1)),
        ("[" * 153, Parts("GSM-7", 306, 3)),
        ("ก" * 70, Parts("UCS-2", 70, 1)),
        ("ก" * 71, Parts("UCS-2", 71, 2)),
        ("ก" * 134, Parts("UCS-2", 134, 2)),
        ("ก" * 135, Parts("UCS-2", 135, 3)),
        ("ก" * 1000, Parts("UCS-2", 1000, 15)),
        ("😀" * 35, Parts("UCS-2", 70, 1)),
        ("😀" * 36, Parts("UCS-2", 72, 2)),
        ("ก" * 66 + "😀" + "ก" * 66, Parts("UCS-2", 134, 3)),
        ("a" * 159 + "’", Parts("UCS-2", 160, 3)),
        ("฿99 only " + "a" * 149, Parts("UCS-2", 158, 3)),
        ("à la carte, 5 £", Parts("GSM-7", 15, 1)),
        ("ç", Parts("UCS-2", 1, 1)),
        ("Ç", Parts("GSM-7", 1, 1)),
        ("`", Parts("UCS-2", 1, 1)),
        ("a\tb", Parts("UCS-2", 3, 1)),
        ("a\r\nb", Parts("GSM-7", 4, 1)),
        ("\x1b", Parts("UCS-2", 1, 1)),
        ("[" * 10 + "ก", Parts("UCS-2", 11, 1)),
    ],
)
def test_figures_of_the_standard(text, expected):
    assert count(text) == expected


def test_the_alphabet_has_127_characters_and_the_extension_ten():
    """128 places, one of them the escape."""
    assert len(set(BASIC)) == len(BASIC) == 127
    assert len(set(EXTENSION)) == len(EXTENSION) == 10
    assert set(BASIC).isdisjoint(EXTENSION)


def by_hand(text: str) -> Parts:
    """The same rules, character by character."""
    is_gsm = all(character in BASIC + EXTENSION for character in text)
    single, multi = (160, 153) if is_gsm else (70, 67)
    widths = [2 if (character in EXTENSION if is_gsm else ord(character) > 0xFFFF) else 1 for character in text]
    parts, room = 1, multi
    for width in widths:
        if width > room:
            parts, room = parts + 1, multi
        room -= width
    return Parts("GSM-7" if is_gsm else "UCS-2", sum(widths), 1 if sum(widths) <= single else parts)


@given(GSM | WIDE | st.text(max_size=400))
def test_filling_by_hand_gives_the_same(text):
    assert count(text) == by_hand(text)


@given(GSM, GSM)
def test_more_text_never_takes_fewer_parts(text, more):
    assert count(text + more).parts >= count(text).parts


@given(GSM | WIDE)
def test_every_character_fits_and_none_is_cut(text):
    found = count(text)
    room = {"GSM-7": 153, "UCS-2": 67}[found.encoding]
    assert found.parts == 1 or (found.parts - 1) * (room - 1) < found.units <= found.parts * room


@given(st.text(max_size=200))
def test_a_text_is_unicode_exactly_when_somebody_is_to_blame(text):
    culprits = blame(text)
    assert bool(culprits) == (count(text).encoding == "UCS-2")
    assert [culprit.character for culprit in culprits] == [text[culprit.index] for culprit in culprits]
    rest = "".join(character for index, character in enumerate(text) if index not in {one.index for one in culprits})
    assert count(rest).encoding == "GSM-7"


@given(st.text(alphabet=st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=150))
def test_lone_surrogates_are_counted_and_not_choked_on(text):
    assert count(text).units == len(text)
