"""Bodies in every shape of the contract's section 9 are read alike, and no JSON at all breaks a reader."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.api import answers
from mesms_gitops.api.assumptions import FIELDS, LIST_LIMIT, RECIPIENTS_LIMIT
from mesms_gitops.api.fields import Lens, Rounding, check_field_map, outline, to_instant, to_whole
from mesms_gitops.api.secret import Secret
from mesms_gitops.api.wire import NotJson, Reply
from mesms_gitops.errors import AnswerUnreadable, ConfigError
from mesms_gitops.model.observation import UNREADABLE_ROW, Accepted, Quote, RemoteMessage, RemotePhase, SenderName

from .sends import KEY, UUID

LENS = Lens("GET /x at me-sms.example")
NOON = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
MESSAGE = {
    "uuid": UUID,
    "refNo": "SMS20260601-000001",
    "sender": "SiamCoffee",
    "content": "สวัสดี",
    "status": "sent",
    "total": 3,
    "credits": 3,
    "scheduledTime": "2026-06-01T10:00:00+07:00",
    "createdAt": "2026-06-01T02:00:00.000Z",
    "drSummary": {"success": 2, "failed": 1},
}


def enveloped(body: object) -> list[object]:
    """A body as it is, and in each envelope."""
    return [body, {"success": True, "data": body}, {"data": body}, {"success": True, "data": {"data": body}}]


# --- send -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", enveloped({"uuid": UUID, "status": "scheduled", "total": 2, "parts": "1", "credits": 2.0})
)
def test_a_send_with_counts(body: object) -> None:
    assert answers.accepted(body, LENS) == Accepted(UUID, "scheduled", 2, 1, 2)


@pytest.mark.parametrize("body", enveloped({"uuid": UUID}))
def test_a_send_with_its_uuid_alone(body: object) -> None:
    assert answers.accepted(body, LENS) == Accepted(UUID)


def test_a_send_whose_counts_are_garbled_was_accepted_all_the_same() -> None:
    garbled = {"uuid": UUID, "status": 7, "total": "many", "parts": [], "credits": {"a": 1}}
    assert answers.accepted(garbled, LENS) == Accepted(UUID)


def test_a_sends_fraction_of_a_credit_was_paid_as_one() -> None:
    assert answers.accepted({"uuid": UUID, "credits": 12.5}, LENS).credits == 13


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_spoils_an_answer(word: str) -> None:
    with pytest.raises(NotJson):
        Reply(200, b'{"balance": 5, "held": %b}' % word.encode()).json()


def test_the_state_of_a_send_is_not_that_of_its_envelope() -> None:
    body = {"status": "ok", "data": {"uuid": UUID, "status": "scheduled"}}
    assert answers.accepted(body, LENS).remote_word == "scheduled"


@pytest.mark.parametrize(
    "body",
    [{}, [], None, "x", 1, {"uuid": ""}, {"uuid": 7}, {"uuid": "../x"}, {"data": []}, {"data": {"data": {"data": {}}}}],
)
def test_a_send_without_a_uuid_is_unreadable(body: object) -> None:
    with pytest.raises(AnswerUnreadable):
        answers.accepted(body, LENS)


# --- preview ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", FIELDS["quote.parts"])
@pytest.mark.parametrize("total", FIELDS["quote.total"])
@pytest.mark.parametrize("cost", FIELDS["quote.credits"])
@pytest.mark.parametrize("envelope", range(3))
def test_a_quote_in_all_its_names(parts: str, total: str, cost: str, envelope: int) -> None:
    body = enveloped({parts: 2, total: 3, cost: 6})[envelope]
    assert answers.quote(body, LENS) == Quote(2, 3, 6)


def test_the_expected_name_wins() -> None:
    body = {"parts": 1, "messageParts": 9, "total": 2, "recipients": 9, "credits": 2, "cost": 9}
    assert answers.quote(body, LENS) == Quote(1, 2, 2)
    assert answers.quote({**body, "credits": None}, LENS).credits == 9


def test_a_fraction_of_a_credit_is_paid_as_one() -> None:
    assert answers.quote({"parts": 1, "total": 25, "credits": "12.5"}, LENS).credits == 13


def test_a_quote_that_names_no_total_is_for_the_numbers_asked_about() -> None:
    assert answers.quote({"parts": 1, "credits": 5}, LENS, 5) == Quote(1, 5, 5)
    with pytest.raises(AnswerUnreadable, match="lacks total"):
        answers.quote({"parts": 1, "credits": 5}, LENS)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"parts": 1, "total": 2}, "lacks credits"),
        ({"credits": 1, "total": 2}, "lacks parts"),
        ({}, "lacks parts or credits"),
        ({"parts": 1.5, "total": 2, "credits": 2}, "parts in the answer of ME-SMS is not a whole number"),
        ({"parts": 1, "total": 2, "credits": -2}, "credits in the answer of ME-SMS is not a whole number"),
        ({"parts": True, "total": 2, "credits": 2}, "parts in the answer"),
        ({"parts": 1, "recipients": ["66800000001"], "credits": 2}, "total in the answer"),
    ],
)
def test_a_quote_that_lacks_something(body: object, what: str) -> None:
    with pytest.raises(AnswerUnreadable, match=what):
        answers.quote(body, LENS)


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", enveloped(MESSAGE))
def test_a_message(body: object) -> None:
    message = answers.message(body, LENS)
    assert message == RemoteMessage(
        uuid=UUID,
        phase=RemotePhase.SENT,
        sender="SiamCoffee",
        content="สวัสดี",
        recipients=3,
        credits=3,
        scheduled_at=NOON,
        created_at=datetime(2026, 6, 1, 2, 0, tzinfo=UTC),
        ref_no="SMS20260601-000001",
        delivery={"success": 2, "failed": 1},
        remote_word="sent",
    )
    with pytest.raises(TypeError):
        message.delivery["success"] = 9  # type: ignore[index]


@pytest.mark.parametrize(
    "counts",
    [
        {"success": 2, "failed": 1},
        {"Success": "2", "FAILED": 1.0, "total": 3},
        [{"status": "success", "count": 2}, {"status": "failed", "count": 1}],
        [{"status": "success", "count": 1}, {"status": "SUCCESS", "count": 1}, {"status": "failed", "count": 1}],
    ],
)
def test_counts_as_an_object_or_a_list(counts: object) -> None:
    assert answers.message({**MESSAGE, "drSummary": counts}, LENS).delivery == {"success": 2, "failed": 1}


def test_a_message_may_say_little() -> None:
    message = answers.message({"uuid": UUID, "status": "Scheduled", "scheduledTime": "", "drSummary": None}, LENS)
    assert message == RemoteMessage(UUID, RemotePhase.SCHEDULED, remote_word="Scheduled")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", None),
        ("status", ""),
        ("status", 3),
        ("uuid", None),
        ("scheduledTime", "soon"),
        ("scheduledTime", 1_780_000_000),
        ("createdAt", "2026-06-01"),
        ("total", "3 people"),
        ("credits", [3]),
        ("content", 7),
        ("sender", {"name": "x"}),
        ("drSummary", "all fine"),
        ("drSummary", {"success": "x"}),
        ("drSummary", [{"status": "success"}]),
        ("drSummary", [["success", 1]]),
    ],
)
def test_a_message_is_not_guessed_at(name: str, value: object) -> None:
    with pytest.raises(AnswerUnreadable):
        answers.message({**MESSAGE, name: value}, LENS)


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("scheduled", RemotePhase.SCHEDULED),
        ("SENT", RemotePhase.SENT),
        (" Pending ", RemotePhase.PENDING),
        ("processing", RemotePhase.PENDING),
        ("In-Progress", RemotePhase.PENDING),
        ("in progress", RemotePhase.PENDING),
        ("queued", RemotePhase.PENDING),
        ("completed", RemotePhase.SENT),
        ("canceled", RemotePhase.CANCELLED),
        ("cancelled", RemotePhase.CANCELLED),
        ("failed", RemotePhase.FAILED),
        ("cancelling", RemotePhase.OTHER),
        ("ส่งแล้ว", RemotePhase.OTHER),
    ],
)
def test_words_for_a_state(word: str, phase: RemotePhase) -> None:
    message = answers.message({**MESSAGE, "status": word}, LENS)
    assert (message.phase, message.remote_word) == (phase, word)


@pytest.mark.parametrize("name", FIELDS["list.data"])
def test_a_listing_in_all_its_names_and_envelopes(name: str) -> None:
    body = {name: [MESSAGE], "page": 1, "limit": 100, "total": 1}
    for one in (body, {"success": True, "data": body}, {"success": True, "data": [MESSAGE], "total": 1}):
        page = answers.messages(one, LENS, 1)
        assert ([message.uuid for message in page.messages], page.more) == ([UUID], False)


def test_an_empty_listing_is_not_a_message() -> None:
    for body in ({"data": []}, [], {"success": True, "data": []}, {"data": {"items": []}}):
        assert answers.messages(body, LENS, 1).messages == ()
    for body in ({"data": {}}, {"data": None}, {}, {"data": MESSAGE}):
        with pytest.raises(AnswerUnreadable, match="lacks data"):
            answers.messages(body, LENS, 1)


@pytest.mark.parametrize(
    ("shown", "page", "beside", "more"),
    [
        (3, 1, {"total": 3}, False),
        (3, 1, {"total": 4}, True),
        (3, 1, {"total": "3"}, False),
        (3, 2, {"total": LIST_LIMIT + 3}, False),
        (3, 2, {"total": 3}, True),  # a total that counts this page alone
        (3, 1, {}, True),  # no total: only an empty page is the end
        (0, 2, {}, False),
        (0, 2, {"total": 500}, False),
        (LIST_LIMIT, 1, {"total": LIST_LIMIT}, True),
        (20, 1, {"total": 45, "limit": 20}, True),
        (5, 3, {"total": 45, "limit": 20}, False),
        (20, 1, {"total": 20, "limit": 20}, True),
    ],
)
def test_whether_another_page_may_follow(shown: int, page: int, beside: dict[str, object], more: bool) -> None:
    for body in (
        {"data": [MESSAGE] * shown, **beside},
        {"success": True, "data": {"data": [MESSAGE] * shown, **beside}},
    ):
        assert answers.messages(body, LENS, page).more is more


def test_one_bad_row_spoils_a_listing() -> None:
    for row in ({}, None, [], 7, {**MESSAGE, "status": None}):
        with pytest.raises(AnswerUnreadable):
            answers.messages({"data": [MESSAGE, row], "total": 2}, LENS, 1)


@pytest.mark.parametrize("row", [{}, None, [], 7, {**MESSAGE, "status": None}, {**MESSAGE, "drSummary": "many"}])
def test_who_only_looks_may_have_it_left_out(row: object) -> None:
    """It is counted, also where a page ends: a page of nothing else is not the last one."""
    page = answers.messages({"data": [row, MESSAGE, row], "total": 3}, LENS, 1, leaves_out=True)
    assert ([one.uuid for one in page.messages], page.left_out, page.more) == ([UUID], 2, False)
    page = answers.messages({"data": [row] * 3, "total": 500}, LENS, 1, leaves_out=True)
    assert (page.messages, page.left_out, page.more) == ((), 3, True)


# --- recipients -------------------------------------------------------------------------------------------------------

ROWS = [{"msisdn": "66800000001", "status": "Success"}, {"msisdn": "0800000002", "status": "failed"}]
SUMMARY = [{"status": "success", "count": 1}, {"status": "failed", "count": 1}]


@pytest.mark.parametrize("name", FIELDS["recipients.data"])
@pytest.mark.parametrize("summary", [SUMMARY, {"success": 1, "failed": 1}])
@pytest.mark.parametrize("envelope", range(2))
def test_recipients_in_all_their_shapes(name: str, summary: object, envelope: int) -> None:
    body = enveloped({name: ROWS, "nextCursor": 2, "hasMore": True, "summary": summary})[envelope]
    page = answers.recipients(body, LENS, 0)
    assert page.rows == (("66800000001", "success"), ("66800000002", "failed"))
    assert (page.next_cursor, page.summary, page.total) == (2, {"success": 1, "failed": 1}, None)


def test_a_state_that_could_be_a_number_is_hidden() -> None:
    """States are stored and shown: what ME-SMS put into one by mistake goes no further. Other new words stay."""
    told = [
        {"status": "0800000001", "count": 1},
        {"status": "+66 80-000-0002", "count": 2},
        {"status": "new", "count": 4},
    ]
    body = {"data": [{"msisdn": "0800000001", "status": "0800000001"}], "summary": told}
    page = answers.recipients(body, LENS, 0)
    assert page.rows == (("66800000001", "(number hidden)"),)
    assert sum(page.summary.values()) == 7
    assert "8000000" not in "".join(filter(str.isdigit, "".join(page.summary)))
    assert page.summary["new"] == 4


@pytest.mark.parametrize(
    ("number", "read"),
    [
        ("+66800000001", "66800000001"),
        ("0800000001", "66800000001"),
        (66_800_000_001, "66800000001"),
        ("66800xxxx01", "66800xxxx01"),
        ("4915112345678", "4915112345678"),
    ],
)
def test_numbers_are_given_as_they_are_sent(number: object, read: str) -> None:
    page = answers.recipients({"data": [{"msisdn": number, "status": "pending"}]}, LENS, 0)
    assert page.rows == ((read, "pending"),)


@pytest.mark.parametrize(
    ("beside", "cursor"),
    [
        ({"hasMore": False, "nextCursor": 9}, None),
        ({"hasMore": False}, None),
        ({"hasMore": True, "nextCursor": 9}, 9),
        ({"hasMore": True, "nextCursor": "9"}, 9),
        ({"hasMore": "true", "nextCursor": 9}, 9),
        ({"hasMore": 0, "nextCursor": 9}, None),
        ({"nextCursor": 9}, 9),
        ({"nextCursor": None}, None),
        ({}, None),
    ],
)
def test_where_the_next_page_starts(beside: dict[str, object], cursor: int | None) -> None:
    assert answers.recipients({"data": ROWS, **beside}, LENS, 0).next_cursor == cursor


@pytest.mark.parametrize(
    "body",
    [
        {"data": ROWS, "hasMore": True},
        {"data": ROWS, "hasMore": True, "nextCursor": None},
        {"data": ROWS, "hasMore": True, "nextCursor": "b3BhcXVl"},
        {"data": ROWS, "hasMore": True, "nextCursor": 50},
        {"data": ROWS, "hasMore": "perhaps", "nextCursor": 9},
        {"data": ROWS * (RECIPIENTS_LIMIT // 2)},
        {"data": ROWS, "summary": "fine"},
        {"data": ROWS, "total": "many"},
    ],
)
def test_no_recipient_is_passed_over_silently(body: object) -> None:
    with pytest.raises(AnswerUnreadable):
        answers.recipients(body, LENS, 50)


@pytest.mark.parametrize("row", [None, {"status": "success"}, {"msisdn": "66800000001"}, "66800000001", {"msisdn": {}}])
def test_a_row_that_cannot_be_read_keeps_its_place_and_no_other(row: object) -> None:
    """Among others it is counted; where the first page has nothing else, the answer is not what is expected."""
    for after in (0, 50):
        page = answers.recipients({"data": [ROWS[0], row, ROWS[1]]}, LENS, after)
        assert page.rows == (("66800000001", "success"), UNREADABLE_ROW, ("66800000002", "failed"))
        assert page.unreadable == 1
    with pytest.raises(AnswerUnreadable):
        answers.recipients({"data": [row, row]}, LENS, 0)
    assert answers.recipients({"data": [row]}, LENS, 50).unreadable == 1


# --- balance, senders, cancel -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS["balance.balance"])
@pytest.mark.parametrize(
    ("value", "credits"),
    [(40000, 40000), ("40000", 40000), ("40000.00", 40000), (12.0, 12), (12.9, 12), (-0.5, -1), (0, 0)],
)
def test_a_balance_is_never_overstated(name: str, value: object, credits: int) -> None:
    for body in enveloped({name: value}):
        assert answers.balance(body, LENS) == credits


@pytest.mark.parametrize("value", ["", "lots", "1,000", True, [], {}, 10**16, "9" * 30, "๔๐", float("inf")])
def test_a_balance_that_is_no_number(value: object) -> None:
    with pytest.raises(AnswerUnreadable):
        answers.balance({"balance": value}, LENS)


@pytest.mark.parametrize("name", FIELDS["senders.data"])
def test_senders(name: str) -> None:
    rows = [{"name": "SiamCoffee", "status": "Approved"}, {"name": "New", "status": "pending", "shared": True}]
    for body in ({name: rows}, {"success": True, "data": {name: rows}}, rows):
        assert answers.senders(body, LENS) == (
            SenderName("SiamCoffee", True, "Approved"),
            SenderName("New", False, "pending"),
        )


@pytest.mark.parametrize(
    "row", [{}, {"name": "x"}, {"status": "approved"}, {"name": "", "status": "approved"}, "x", None]
)
def test_a_sender_without_name_or_state_is_none(row: object) -> None:
    with pytest.raises(AnswerUnreadable):
        answers.senders({"data": [row]}, LENS)


@pytest.mark.parametrize("body", [None, [], "ok", {"success": False}, {"error": "x"}, {"error": {"message": "x"}}])
def test_a_cancel_is_not_believed_without_a_clean_answer(body: object) -> None:
    with pytest.raises(AnswerUnreadable):
        answers.cancelled(body, LENS)


# --- what errors show -------------------------------------------------------------------------------------------------


def test_an_unreadable_answer_shows_its_keys_and_never_its_values() -> None:
    body = {"credit_balance": 41, "owner": "somebody", "66800000001": {"x": [1, 2]}, "ok": True, "note": None}
    with pytest.raises(AnswerUnreadable) as caught:
        answers.balance(body, LENS)
    assert caught.value.what == "the answer of ME-SMS lacks balance"
    assert caught.value.where == "GET /x at me-sms.example"
    assert caught.value.why == (
        "the answer was {credit_balance: number, owner: text, …: {x: [2 × number]}, ok: true or false, note: null}"
    )
    assert "mesms-gitops doctor" in (caught.value.next_step or "")


def test_what_a_failure_said_is_told() -> None:
    with pytest.raises(AnswerUnreadable) as caught:
        answers.balance({"success": False, "error": "maintenance"}, LENS)
    assert caught.value.why is not None
    assert caught.value.why.startswith("it said: maintenance; the answer was {")


def test_long_and_deep_bodies_are_shown_in_short() -> None:
    assert outline({str(n): n for n in range(30)}).endswith("19: number, 10 more}")
    assert outline([[[[[1]]]]]) == "[1 × [1 × [1 × []]]]"
    assert outline({"a": {"b": {"c": {"d": 1}}}}) == "{a: {b: {c: {…}}}}"


# --- a user's names ---------------------------------------------------------------------------------------------------


def test_a_users_name_for_one_answer_or_for_all() -> None:
    lens = Lens("x", check_field_map({"quote.credits": "price", "uuid": "messageId", "list.data": "rows"}))
    assert answers.quote({"parts": 1, "total": 1, "price": 4, "credits": 9}, lens).credits == 4
    assert answers.accepted({"messageId": UUID}, lens).uuid == UUID
    assert len(answers.messages({"rows": [{"messageId": UUID, "status": "sent"}], "total": 1}, lens, 1).messages) == 1
    assert answers.accepted({"uuid": UUID}, lens).uuid == UUID


@pytest.mark.parametrize("field_map", [{"credit": "x"}, {"quote.price": "x"}, {"": "x"}, {"uuid": ""}])
def test_a_name_for_what_no_answer_has(field_map: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        check_field_map(field_map)


# --- any JSON ---------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(sorted({name for names in FIELDS.values() for name in names} | {"success", "error", "code"}))
WORDS = st.sampled_from(
    ["sent", "approved", UUID, "66800000001", "2026-06-01T10:00:00Z", "0001-01-01T00:00:00+23:00", "12.5"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=6),
    max_leaves=25,
)
READERS = {
    "accepted": answers.accepted,
    "cancelled": answers.cancelled,
    "quote": answers.quote,
    "message": answers.message,
    "messages": lambda body, lens: answers.messages(body, lens, 1),
    "recipients": lambda body, lens: answers.recipients(body, lens, 0),
    "balance": answers.balance,
    "senders": answers.senders,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@settings(max_examples=300)
@given(body=JSON)
def test_any_json_gives_a_value_or_says_why_not(reader: Any, body: object) -> None:
    try:
        reader(body, Lens("GET /x at me-sms.example", clean=Secret(KEY).clean))
    except AnswerUnreadable as error:
        assert error.where
        assert error.next_step
        assert f"{error.what} {error.why}".encode()  # can be printed: no half of a surrogate pair is left


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.none())
def test_a_number_is_exact_or_rounded_as_said(value: object) -> None:
    down, exact, up = (to_whole(value, rounding) for rounding in (Rounding.DOWN, Rounding.EXACT, Rounding.UP))
    if down is None or up is None:
        assert down is up is exact is None
    else:
        assert 0 <= up - down <= 1
        assert exact == (down if up == down else None)


@given(st.datetimes(), st.timezones() | st.none())
def test_a_time_is_read_back(moment: datetime, zone: Any) -> None:
    try:
        expected = moment.replace(tzinfo=zone or UTC).astimezone(UTC)
    except OverflowError:
        return
    assert to_instant(moment.replace(tzinfo=zone).isoformat()) == expected


def test_a_time_without_a_zone_is_utc_wherever_this_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Bangkok")
    time.tzset()
    try:
        assert to_instant("2026-06-01 03:00:00") == to_instant("2026-06-01T10:00:00+0700") == NOON
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text())
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    moment = to_instant(text)
    assert moment is None or moment.tzinfo is UTC
