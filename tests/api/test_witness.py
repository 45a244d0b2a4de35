"""What `doctor` remembers of answers: names and kinds, under any JSON, and never a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesms_gitops.api import answers
from mesms_gitops.api.assumptions import FIELDS
from mesms_gitops.api.fields import Lens
from mesms_gitops.api.wire import Call, Reply
from mesms_gitops.api.witness import Witness, shape_of
from mesms_gitops.errors import AnswerUnreadable
from mesms_gitops.model.answer_fields import ANSWER_FIELDS
from mesms_gitops.model.doctor import HIDDEN

if TYPE_CHECKING:
    from mesms_gitops.model.doctor import Shape

KINDS = {
    "null", "boolean", "number", "number as text", "uuid", "phone number", "word", "time", "text", "empty text",
    "an object", "a list",
}  # fmt: skip
SECRET = "ของลับ-4711-secret"
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(SECRET)
keys = st.text() | st.sampled_from(["uuid", "data", "msisdn", "66812345678", "Somchai Jaidee", "สมชาย", "ref1234"])
bodies = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5))


def leaves(shape: Shape) -> list[str]:
    """Every kind in a shape."""
    if isinstance(shape, str):
        return shape.split(" | ")
    inner = shape.values() if isinstance(shape, Mapping) else shape
    return [leaf for one in inner for leaf in leaves(one)]


def names(shape: Shape) -> list[str]:
    """Every key in a shape."""
    if isinstance(shape, str):
        return []
    if isinstance(shape, Mapping):
        return [*shape, *(name for one in shape.values() for name in names(one))]
    return [name for one in shape for name in names(one)]


def reply(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), "application/json", header_names=("X-Rate", "date"))


@given(body=bodies)
def test_a_shape_has_kinds_and_names_and_no_value(body: Any) -> None:
    """Of any JSON only the closed list of kinds is kept, and of keys only those that read like a field's name."""
    shape = shape_of(body)
    assert set(leaves(shape)) <= KINDS
    for name in names(shape):
        assert name == HIDDEN or (name.isascii() and " " not in name)
        assert "66812345678" not in name
        assert "Somchai Jaidee" not in name
        assert "ref1234" not in name
    assert SECRET not in repr(shape)


@given(first=bodies, second=bodies)
def test_two_answers_of_an_endpoint_have_one_shape(first: Any, second: Any) -> None:
    """What either holds is in it, and which came first makes no difference to the kinds met."""
    one, other = Witness(), Witness()
    for witness, order in ((one, (first, second)), (other, (second, first))):
        for body in order:
            witness.take(Call("GET", "/sms"), reply(body))
    (left,), (right,) = one.met().answers, other.met().answers
    assert left.answers == right.answers == 2
    assert left.shape is not None
    assert right.shape is not None
    assert set(names(left.shape)) == set(names(right.shape))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("66812345678", "phone number"),
        ("0812345678", "phone number"),
        ("081-234-5678", "phone number"),
        ("1f0c3d8e-5b1a-4c55-9d0e-1b2c3d4e5f60", "uuid"),
        ("2027-04-10T10:00:00+07:00", "time"),
        ("12.50", "number as text"),
        ("delivered", "word"),
        ("Your order is ready", "text"),
        ("", "empty text"),
        (None, "null"),
        (True, "boolean"),
        (5, "number"),
    ],
)
def test_kinds(value: object, kind: str) -> None:
    assert shape_of(value) == kind


def test_messages_of_every_uuid_are_one_endpoint() -> None:
    """No uuid is in an endpoint's name, and what is no message's path keeps its own."""
    witness = Witness()
    for path in (
        "/sms/abc-1",
        "/sms/abc-2",
        "/sms/abc-1/recipients",
        "/sms/credit/balance",
        "/sms/preview-cost",
        "/sms",
    ):
        witness.take(Call("GET", path), reply({}))
    assert [(one.endpoint, one.answers) for one in witness.met().answers] == [
        ("GET /sms", 1),
        ("GET /sms/credit/balance", 1),
        ("GET /sms/preview-cost", 1),
        ("GET /sms/{uuid}", 2),
        ("GET /sms/{uuid}/recipients", 1),
    ]


def test_refusals_pages_and_headers_are_kept_apart() -> None:
    witness = Witness()
    witness.take(Call("GET", "/sms"), Reply(502, b"<html>", "text/html"))
    assert not witness.has_seen_json
    witness.take(Call("GET", "/sms"), reply({"error": "no"}, 404))
    assert witness.has_seen_json
    (found,) = witness.met().answers
    assert (found.http_statuses, found.shape) == ((404, 502), None)
    assert witness.met().headers == ("date", "x-rate")


@pytest.mark.parametrize("answer", ["balance", "quote"])
def test_the_name_that_was_used_is_the_name_that_is_told(answer: str) -> None:
    """For every accepted name of every field of an answer: what the reader read is what the witness heard."""
    readers = {
        "balance": (answers.balance, ("balance.balance",)),
        "quote": (answers.quote, ("quote.parts", "quote.total", "quote.credits")),
    }
    read, wanted = readers[answer]
    for index in range(max(len(FIELDS[one]) for one in wanted)):
        used = {one: FIELDS[one][min(index, len(FIELDS[one]) - 1)] for one in wanted}
        for body in (dict.fromkeys(used.values(), 3), {"data": dict.fromkeys(used.values(), 3)}):
            witness = Witness()
            read(body, Lens("here", seen=witness.field))
            assert {use.wanted: dict(use.names) for use in witness.met().fields} == {
                one: {name: 1} for one, name in used.items()
            }
            assert all(use.absent == 0 for use in witness.met().fields)


def test_what_was_looked_for_in_vain_is_told() -> None:
    witness = Witness()
    with pytest.raises(AnswerUnreadable):
        answers.balance({"rest": 5}, Lens("here", seen=witness.field))
    (use,) = witness.met().fields
    assert (use.wanted, dict(use.names), use.absent) == ("balance.balance", {}, 1)


@given(body=bodies)
def test_watching_changes_nothing(body: Any) -> None:
    """Any body is read the same, or refused with the same words, with a witness and without."""

    def outcome(lens: Lens) -> object:
        try:
            return answers.messages(body, lens, 1)
        except AnswerUnreadable as error:
            return (error.what, error.why)

    assert outcome(Lens("here")) == outcome(Lens("here", seen=Witness().field))


def test_fields_are_those_of_the_contract() -> None:
    """The names a project may map are the names this room reads, all of them."""
    assert list(ANSWER_FIELDS) == list(FIELDS)
