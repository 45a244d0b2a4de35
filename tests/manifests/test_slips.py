"""Odd characters: what stands there, what says the same, and that following the advice never costs anybody a part."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesms_gitops.manifests.links import check_links
from mesms_gitops.manifests.message_text import MOST_LOOKED_AT, check_text
from mesms_gitops.manifests.slips import CODES_OF_SLIPS, mended, slips
from mesms_gitops.planning.parts import blame, count
from tests.measured import TIMES, assert_linear, repeated

ODD = "ab e1 \n\u0e4d\u0e32\u0e49เแก\u200b\u200d\u00a0\u3000\u00ad’“…฿½™ßéç\u0301\ufe0f😀👍🏽ｆ！[€Жш{}"
TEXTS = st.text(alphabet=ODD, max_size=300) | st.text(max_size=200) | st.text(alphabet="a’…™½\u00a0\n[", max_size=400)


def fixable(text):
    return [slip for slip in slips(text) if slip.is_fixable]


@settings(deadline=None)
@given(TEXTS)
@example("’\u200d’")
@example("😀\u200d’\u200d😀")
def test_every_slip_stands_where_it_says_and_none_overlaps(text):
    end = 0
    for slip in slips(text):
        assert slip.code in CODES_OF_SLIPS
        assert text[slip.index : slip.index + len(slip.excerpt)] == slip.excerpt
        assert slip.index >= end
        assert slip.excerpt != slip.better
        end = slip.index + len(slip.excerpt)


@settings(deadline=None)
@given(TEXTS)
@example("™" * 70)
@example("…" * 60 + "\u00a0")
@example("½" * 69 + "a")
def test_mending_all_that_can_be_never_takes_more_parts(text):
    assert count(mended(text, fixable(text))).parts <= count(text).parts


@settings(deadline=None)
@given(TEXTS)
def test_mending_comes_to_an_end_and_then_nothing_is_left(text):
    for _ in range(8):
        if not fixable(text):
            break
        text = mended(text, fixable(text))
    assert fixable(text) == []


@settings(deadline=None)
@given(TEXTS)
def test_a_fixable_culprit_leaves_a_text_of_the_gsm_alphabet(text):
    if any(slip.code == "MS324" and slip.is_fixable for slip in slips(text)):
        assert not blame(mended(text, fixable(text)))


@settings(deadline=None)
@given(TEXTS)
def test_what_a_finding_says_it_saves_is_saved(text):
    found = [finding for finding in check_text(text) if finding.slip]
    if len(found) == 1 and "->" in found[0].saves:
        alike = [slip for slip in slips(text) if (slip.code, slip.excerpt) == (found[0].code, found[0].excerpt)]
        now, then = count(text).parts, count(mended(text, alike)).parts
        assert {f": {then} -> {now} parts", f"; without it {now} -> {then} parts"} & {found[0].saves}


LONG = "x" * 140


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LONG + "’", ["MS324 1 -> 3 parts"]),
        (LONG + "’’", ["MS324 1 -> 3 parts"]),
        (LONG + "’…", ["MS324 alone saves no part, with the others 3 -> 1 parts"] * 2),
        (LONG + "’\u00a0", ["MS324 alone saves no part, with the others 3 -> 1 parts"] * 2),
        (LONG + "’😀", ["MS324 alone saves no part, with the others 3 -> 1 parts"] * 2),
        (LONG + "’\n", ["MS324 1 -> 3 parts", "MS312 costs no part"]),
        ("it’s", ["MS324 nothing"]),
        ("a\u00a0b", ["MS323 nothing"]),
        ("x" * 160 + "\n", ["MS312 without it 2 -> 1 parts"]),
        ("ก" * 69 + "\u200b\u200b", ["MS322 without it 2 -> 1 parts"]),
    ],
)
def test_nobody_is_told_that_one_of_two_culprits_saves_anything(text, said):
    for finding, expected in zip(check_text(text), said, strict=True):
        code, _, words = expected.partition(" ")
        if words == "nothing":
            assert "part" not in finding.saves
        elif code != "MS312" or "->" in words:
            assert words.replace("alone saves", "mended alone it saves") in finding.saves
        else:
            assert (finding.code, words) == (code, finding.saves.removeprefix("; it "))


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("฿99", "THB 99"),
        ("99฿", "99 THB"),
        ("a ฿ b", "a THB b"),
        ("ＳＡＬＥ！", "SALE!"),
        ("Siam™️", "Siam(TM)"),
        ("cafe\u0301", "café"),
        ("“Hi”… it’s", '"Hi"... it\'s'),
        ("½ or ¼", "1/2 or 1/4"),
    ],
)
def test_what_is_written_instead(text, better):
    assert mended(text, fixable(text)) == better


@pytest.mark.parametrize("text", ["sale 😀 …", "™" * 70, "你好吗", "Привет, друзья", "ลด…", "ç" + "ж" * 3, "👩‍❤️‍👩 ok’"])
def test_what_a_person_must_decide_is_left(text):
    assert [slip for slip in fixable(text) if slip.code == "MS324"] == []


def test_many_typographic_signs_are_no_other_alphabet():
    assert {finding.excerpt for finding in check_text("“Sale” – it’s ฿99… ½ price™ today")} == set("“”–’฿…½™")


def test_an_emoji_is_one_character_to_a_reader():
    (found,) = check_text("ok 👩‍❤️‍👩 !")
    assert found.excerpt == "👩‍❤️‍👩"
    assert found.next_step == "leave it out, if it is not worth the parts"


@pytest.mark.parametrize(
    "piece",
    [
        "’",
        "’…“”",
        "\x00",
        "\u200b",
        "เ",
        "\u0e4d\u0e32",
        "e\u0301",
        "😀",
        "\u200d😀",
        "{{",
        "\n",
        "a.",
        "a’b\u00a0",
        "ж",
        "[€’",
    ],
)
def test_a_text_is_looked_at_in_linear_time(piece):
    assert_linear(repeated(piece, check_text), MOST_LOOKED_AT // TIMES)
    assert_linear(repeated(piece, check_text), 40_000)
    assert_linear(repeated(piece, lambda text: check_links(text, None)), 40_000)


def test_a_thousand_different_signs_are_not_named_one_by_one():
    text = "".join(map(chr, range(0x2500, 0x2B00))) * 20
    assert len(check_text(text)) < 50
