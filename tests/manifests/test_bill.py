"""What odd characters cost over everybody: each alone, all together, and never somebody's value."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.manifests.bill import Bill
from mesms_gitops.manifests.slips import mended, slips
from mesms_gitops.planning.parts import count

LONG = "x" * 140
SOURCE = LONG + "{{ name }}"


def billed(source: str, people: dict[str, int]) -> list[tuple[str, str | None, int, int, int]]:
    """Entries for values of ``name`` and how many people have each."""
    bill, sizes = Bill(source), {}
    for name, number in people.items():
        text = source.replace("{{ name }}", name)
        bill.look_at(text, {"name": name})
        sizes[text] = number
    return [
        (entry.slip.excerpt, entry.variable, entry.people, entry.alone, entry.together) for entry in bill.entries(sizes)
    ]


def test_a_character_of_the_template_is_paid_for_everybody():
    assert billed(LONG + "’{{ name }}", {"a": 100, "b": 11}) == [("’", None, 111, 222, 222)]


def test_a_character_of_a_name_is_paid_for_those_who_have_it():
    assert billed(SOURCE, {"O’Hara": 312, "Ann": 12168}) == [("’", "name", 312, 624, 624)]


def test_of_two_culprits_none_alone_saves_anything():
    assert billed(LONG + "“{{ name }}", {"O’Hara": 10, "Ann": 90}) == [
        ("“", None, 100, 180, 200),
        ("’", "name", 10, 0, 20),
    ]


def test_nobody_is_told_of_a_character_that_costs_nothing_because_of_the_thai_beside_it():
    assert billed("it’s {{ name }}", {"สมชาย": 10}) == []


def test_texts_of_one_length_may_still_differ_in_parts():
    """Once the quote is plain, € takes two septets of the 160 that the other name just fills."""
    assert billed("x" * 158 + "{{ name }}", {"’a": 1, "’€": 1}) == [("’", "name", 2, 3, 3)]


def test_texts_of_one_length_with_the_same_slip_may_differ_in_what_the_rest_is_written_in():
    """Of two names of one length one keeps the text Unicode, whatever is mended."""
    source = "\u00a0" + "x" * 100 + "{{ name }}"
    for people in ({"ก": 1, "b": 1}, {"b": 1, "ก": 1}):
        assert [(excerpt, saved) for excerpt, _, _, saved, _ in billed(source, people)] == [("\u00a0", 1)]


def test_the_words_for_people():
    bill = Bill(SOURCE)
    bill.look_at(LONG + "O’Hara", {"name": "O’Hara"})
    (entry,) = bill.entries({LONG + "O’Hara": 312})
    assert entry.message(12_480) == (
        "’ (U+2019 RIGHT SINGLE QUOTATION MARK) makes the whole message Unicode, from the variable name: "
        "1 -> 3 parts for 312 of 12,480 people, +624 credits"
    )
    assert entry.advice == "write ' in the column of name"
    assert "Hara" not in repr((entry.slip, entry.message(1), entry.advice))


NAMES = st.text(alphabet="ab’“…\u00a0\u200bก€😀[", min_size=1, max_size=12)


@settings(deadline=None)
@given(
    st.text(alphabet="ab’…\u00a0[€", max_size=20),
    st.integers(40, 170),
    st.dictionaries(NAMES, st.integers(1, 1000), min_size=1, max_size=6),
)
def test_it_is_the_sum_over_people_of_what_each_text_would_save(words, length, people):
    source = words + "x" * length + "{{ name }}"
    alone: dict[str, int] = {}
    for name, number in people.items():
        text = source.replace("{{ name }}", name)
        found = slips(text)
        for excerpt in {slip.excerpt for slip in found}:
            group = [slip for slip in found if slip.excerpt == excerpt]
            saved = number * (count(text).parts - count(mended(text, group)).parts)
            alone[excerpt] = alone.get(excerpt, 0) + saved
    made: dict[str, int] = {}
    for excerpt, _, _, saved, together in billed(source, people):
        made[excerpt] = made.get(excerpt, 0) + saved
        assert together >= saved
    assert made == alone
