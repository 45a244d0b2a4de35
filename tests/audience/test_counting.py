"""Counting by polars is counting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesms_gitops.audience.sources import counting
from mesms_gitops.audience.sources.counting import MISTAKEN, WORTHWHILE, line_ends_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [b"\n", b"\r\n", b'"', b'""', b"\r", b"\x01", b",", b"\0", b"\xef\xbb\xbf", b"\xff", b" ", *MISTAKEN]
        ),
        st.binary(min_size=1, max_size=5),
        st.text(min_size=1, max_size=5).map(lambda text: text.encode("utf-8", "replace")),
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(scope="module", autouse=True)
def _never_too_small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "WORTHWHILE", 1)
        yield


@settings(max_examples=1000, deadline=None)
@given(_PIECES)
@example([b"\n\n\n"])
@example([b"\xef\xbb\xbf", b'"'])
def test_it_is_what_bytes_count_says(pieces: list[bytes]) -> None:
    block = b"".join(pieces)
    assert line_ends_of(block) == block.count(b"\n")


@settings(max_examples=20, deadline=None)
@given(_PIECES, st.integers(1, 5))
def test_of_a_large_block_too(pieces: list[bytes], times: int) -> None:
    """Which polars reads in several threads."""
    piece = b"".join(pieces)
    block = piece * (times * WORTHWHILE * 16 // len(piece) + 1)
    assert line_ends_of(block) == block.count(b"\n")
