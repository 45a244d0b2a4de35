"""Our count held against an independent one: `sms-segments-calculator` from npm, driven through one node process.

Where the two may differ, and why ours stands: that library never cuts a grapheme cluster (a Thai letter with its vowel
and tone, an emoji family) at the end of a part. 3GPP TS 23.040 (9.2.3.24.1) forbids to cut a *character*, which is a
septet with its escape or a surrogate pair; a cluster is several characters, and phones join the parts before they are
drawn. So texts with clusters are held against a plain walk over the units here, and the library may only say more.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.planning.parts import BASIC, EXTENSION, capacity, count, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Counts = list[tuple[str, int, int]]
    Oracle = Callable[[list[str]], Counts]

NODE = Path(__file__).resolve().parents[1] / "node"


def why_not() -> str | None:
    """What the oracle lacks here."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (NODE / "node_modules/sms-segments-calculator").is_dir():
        return "sms-segments-calculator is not installed: run `npm ci` in tests/node"
    return None


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """Asks the library about a batch of texts."""
    lacking = why_not()
    if lacking and os.environ.get("CI"):
        pytest.fail(f"CI must compare with the oracle: {lacking}")
    if lacking:
        pytest.skip(lacking)
    with subprocess.Popen(
        ["node", "count_parts.cjs"], cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        ask, answers = node.stdin, node.stdout

        def counted(texts: list[str]) -> Counts:
            ask.write(json.dumps(texts) + "\n")
            ask.flush()
            return [tuple(one) for one in json.loads(answers.readline())]

        yield counted
        ask.close()


def walked(text: str) -> tuple[str, int]:
    """Parts by filling them unit by unit: slow, and too simple to be wrong in the same way."""
    is_gsm = not set(text) - set(BASIC + EXTENSION)
    if is_gsm:
        characters = ["\x1b" + one if one in EXTENSION else one for one in text]
    else:
        characters = ["xx" if ord(one) > 0xFFFF else "x" for one in text]
    single, multi = (160, 153) if is_gsm else (70, 67)
    if len("".join(characters)) <= single:
        return ("GSM-7" if is_gsm else "UCS-2", 1)
    parts = [""]
    for character in characters:
        if len(parts[-1] + character) > multi:
            parts.append("")
        parts[-1] += character
    return ("GSM-7" if is_gsm else "UCS-2", len(parts))


def compare(oracle: Oracle, texts: list[str]) -> None:
    for text, (encoding, segments, graphemes) in zip(texts, oracle(texts), strict=True):
        ours = count(text)
        assert ours.encoding == encoding, text
        assert (ours.encoding, ours.parts) == walked(text), text
        if graphemes == len(text):
            assert ours.parts == segments, text
        else:
            assert ours.parts <= segments, text


def borders() -> Iterator[str]:
    """Every length around every border, plain and with what must not be cut standing across it."""
    gsm = sorted({160, *(153 * n for n in range(1, 8))})
    ucs = sorted({70, *(67 * n for n in range(1, 15))})
    for at in gsm:
        for length in range(at - 3, at + 4):
            yield "a" * length
            yield from ("a" * length + tail for tail in ("€", "[", "€€", "€a", "\n", "\f", "\r\n", "é"))
            yield "[" * (length // 2)
    for at in ucs:
        for length in range(at - 3, at + 4):
            yield "ก" * length
            yield "a" * length + "’"
            yield from ("ก" * length + tail for tail in ("😀", "😀😀", "😀ก", "[", "€", "ำ", "\r\n", "\n", "🏽"))
            yield "😀" * (length // 2)
            yield "ก" + "😀" * (length // 2)
    yield from (
        "e\u0301" * 35,
        "e\u0301" * 70,
        "é" * 70,
        "กี่" * 23,
        "กี่" * 24,
        "👨‍👩‍👧" * 10,
        "น้ำ" * 50,
        "\r\n" * 80,
        "",
        "ç",
        "`",
    )


def test_at_every_border_both_count_the_same(oracle):
    compare(oracle, list(borders()))


def test_every_character_of_the_basic_plane_has_the_same_alphabet(oracle):
    compare(oracle, [chr(point) for point in range(0x10000) if not 0xD800 <= point < 0xE000])


MIXED = st.text(alphabet="ab [€\n\r’ก้ำเ😀🏽\u200d\u0301é", max_size=360)
LONG = st.builds(
    lambda base, length, tail: base * (length // len(base)) + tail,
    st.sampled_from(["a", "ก", "😀", "[", "ab€", "กา", "a😀"]),
    st.integers(0, 1000),
    st.text(alphabet="a€ก😀\r\n’é", max_size=8),
)


@settings(deadline=None)  # another process answers
@given(st.lists(MIXED | LONG | st.text(st.characters(codec="utf-8"), max_size=400), min_size=1, max_size=20))
def test_any_text_is_counted_the_same(oracle, texts):
    compare(oracle, texts)


@settings(deadline=None)
@given(MIXED | LONG)
def test_the_cut_is_the_count(text):
    size, pieces = count(text), split(text)
    assert len(pieces) == size.parts
    assert "".join(piece for piece, _ in pieces) == text
    assert all(units <= capacity(size) for _, units in pieces)
    wide = (lambda one: one in EXTENSION) if size.encoding == "GSM-7" else (lambda one: ord(one) > 0xFFFF)
    assert [units for _, units in pieces] == [sum(1 + wide(one) for one in piece) for piece, _ in pieces]
    if size.parts > 1:
        assert sum(units for _, units in pieces) == size.units
