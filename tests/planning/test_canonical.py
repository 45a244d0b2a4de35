"""One value, one byte string: held against an independent implementation of RFC 8785."""

from __future__ import annotations

import hashlib
import string
from typing import TYPE_CHECKING

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.planning.canonical import canonical, sha256_of

if TYPE_CHECKING:
    from mesms_gitops.planning.canonical import Json

EXACT = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = (
    st.none() | st.booleans() | st.integers(-EXACT, EXACT) | texts | st.sampled_from(["ลด 20%", "\x7f\u2028\x00", "𝄞"])
)
keys = st.text(string.printable)
values: st.SearchStrategy[Json] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@given(values)
@settings(max_examples=200, deadline=None)
def test_it_is_the_canonical_form_of_rfc_8785(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(keys, scalars))
@settings(max_examples=50, deadline=None)
def test_the_order_of_keys_does_not_matter(value: dict[str, Json]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), object(), {1, 2}, b"x", "\ud800"],
    ids=["nan", "inf", "object", "set", "bytes", "surrogate"],
)
def test_what_json_cannot_hold_is_refused(value: Json) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical(value)


def test_a_digest_names_its_algorithm() -> None:
    assert sha256_of({"a": [1, None]}) == "sha256:" + hashlib.sha256(b'{"a":[1,null]}').hexdigest()
