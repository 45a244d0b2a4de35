"""Parts of a text: the borders of both alphabets, and pairs that are never cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.sandbox.parts import count_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("a" * 152 + "{" + "a" * 152, 3),  # the escape does not fit the end of part one
        ("a" * 151 + "{" + "a" * 153, 2),
        ("€" * 153, 3),  # 76 in a part, one septet of each left empty
        ("ก" * 70, 1),
        ("ก" * 71, 2),
        ("ก" * 134, 2),
        ("ก" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),  # 33 in a part, one unit of each left empty
        ("😀" * 67, 3),
        ("ก" * 66 + "😀" + "ก" * 66, 3),
        ("a" * 69 + "’", 1),
        ("a" * 70 + "’", 2),
        ("ÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\r\n\f", 1),
        ("`" * 71, 2),  # the back-tick is in neither table
        ("ç" * 71, 2),  # only the capital Ç is
        ("Ç" * 160, 1),
    ],
)
def test_parts_at_the_borders(text, parts):
    assert count_parts(text) == parts


@given(st.text(min_size=1, max_size=1000), st.characters())
def test_a_longer_text_never_takes_fewer_parts_in_the_same_alphabet(text, more):
    ucs2 = "ก" + text
    assert count_parts(ucs2) <= count_parts(ucs2 + more) <= count_parts(ucs2) + 1
