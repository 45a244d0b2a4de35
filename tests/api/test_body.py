"""Requests are exact JSON, announced to the byte, and never whole in memory."""

from __future__ import annotations

import json
import sys
import tracemalloc
from array import array
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.api.body import NUMBERS_PER_COLUMN, NUMBERS_PER_SLICE, Body, preview_bodies, scheduled_time, send_body
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sends import MAX_NUMBERS_PER_SEND, DesiredSend, TextContent

from .sends import LATER, a_send, a_template

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
SUBSCRIBERS = st.integers(0, 999_999_999)


def whole(body: Body) -> dict[str, object]:
    raw = b"".join(body)
    assert len(raw) == body.length
    read = json.loads(raw)
    assert isinstance(read, dict)
    return read


def test_a_text_to_numbers_at_a_time() -> None:
    body = send_body(a_send("สวัสดี “60%” 🙂\n"), LATER)
    assert whole(body) == {
        "sender": "SiamCoffee",
        "content": "สวัสดี “60%” 🙂\n",
        "scheduledTime": "2027-04-10T13:00:00+07:00",
        "msisdns": ["66800000001", "66800000002"],
    }
    assert "สวัสดี".encode() in b"".join(body)  # as itself, not as six times its size in escapes


def test_at_once_names_no_time_and_a_group_no_numbers() -> None:
    assert whole(send_body(a_send("x", group_id=1203), None)) == {
        "sender": "SiamCoffee",
        "content": "x",
        "contactGroupId": 1203,
    }


def test_a_template_carries_its_variables_and_no_text() -> None:
    body = whole(send_body(a_send(a_template("local copy")), None))
    assert (body["templateId"], body["variables"]) == (42, {"name": "Toon"})
    assert "content" not in body
    assert "variables" not in whole(send_body(a_send(a_template(variables={})), None))


def test_a_preview_names_neither_sender_nor_time() -> None:
    (body,) = preview_bodies(a_send("x"))
    assert whole(body) == {"content": "x", "msisdns": ["66800000001", "66800000002"]}


def test_a_preview_of_a_template_tries_the_local_copy_too() -> None:
    pair, alone = (whole(body) for body in preview_bodies(a_send(a_template("Hi Toon"), group_id=7)))
    assert alone == {"templateId": 42, "variables": {"name": "Toon"}, "contactGroupId": 7}
    assert pair == {**alone, "content": "Hi Toon"}
    assert len(preview_bodies(a_send(a_template()))) == 1


@given(TEXT, st.lists(SUBSCRIBERS, min_size=1, max_size=50), st.booleans())
def test_the_length_is_exact_and_the_body_can_be_read_twice(text: str, cells: list[int], timed: bool) -> None:
    numbers = Numbers(cells)
    body = send_body(a_send(text, numbers=numbers), LATER if timed else None)
    assert whole(body)["msisdns"] == list(numbers.msisdns())
    assert b"".join(body) == b"".join(body)


@pytest.fixture(params=["with polars", "without"])
def slice_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many numbers are written at once, where columns are at hand and where they are not."""
    import polars

    if request.param == "without":
        monkeypatch.delitem(sys.modules, "polars")
        return NUMBERS_PER_SLICE
    assert sys.modules["polars"] is polars
    return NUMBERS_PER_COLUMN


@pytest.mark.parametrize("beside", [-1, 0, 1])
@pytest.mark.parametrize("slices", [1, 2])
def test_slices_join_without_a_seam(slices: int, beside: int, slice_size: int) -> None:
    count = slices * slice_size + beside
    numbers = Numbers.from_sorted(array("I", range(800_000_000, 800_000_000 + count)))
    body = send_body(a_send("x", numbers=numbers), None)
    assert whole(body)["msisdns"] == list(numbers.msisdns())
    assert max(map(len, body)) < 15 * slice_size


@pytest.mark.usefixtures("slice_size")
def test_numbers_are_written_whole_however_small() -> None:
    numbers = Numbers([0, 7, 10**8 - 1, 999_999_999])
    assert whole(send_body(a_send("x", numbers=numbers), None))["msisdns"] == list(numbers.msisdns())


def test_two_million_numbers_are_never_whole_in_memory() -> None:
    numbers = Numbers.from_sorted(array("I", range(800_000_000, 800_000_000 + MAX_NUMBERS_PER_SEND)))
    body = send_body(a_send("x", numbers=numbers), None)
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == body.length > 28_000_000
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "send",
    [
        a_send(numbers=Numbers()),
        a_send(numbers=Numbers([1]), group_id=1),
        DesiredSend("f", "S", TextContent("x"), a_send().when, None, None, 1, "gsm7", None, None),
        a_send(numbers=Numbers.from_sorted(array("I", range(MAX_NUMBERS_PER_SEND + 1)))),
    ],
)
def test_a_send_that_no_plan_may_hold_is_never_written(send: DesiredSend) -> None:
    with pytest.raises(ValueError, match="a send goes"):
        send_body(send, None)


def test_times_are_written_at_bangkoks_offset_whatever_zone_they_come_in() -> None:
    at = datetime(2026, 6, 1, 3, 0, 0, 999_999, tzinfo=UTC)
    assert scheduled_time(at) == "2026-06-01T10:00:00+07:00"
    assert scheduled_time(at.astimezone(timezone(timedelta(hours=-5)))) == "2026-06-01T10:00:00+07:00"
    with pytest.raises(ValueError, match="offset"):
        scheduled_time(at.replace(tzinfo=None))


def test_neither_text_nor_numbers_are_shown() -> None:
    assert repr(send_body(a_send("secret text"), None)) == "<Body: 87 bytes, 2 numbers>"
