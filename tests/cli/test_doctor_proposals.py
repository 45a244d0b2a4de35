"""Which key is proposed for a field that is missing: of the right kind, likely by its name, and not another field's."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from mesms_gitops.cli.doctor.proposals import proposed
from mesms_gitops.model.doctor import AnswerShape, Met


def met(endpoint: str, shape: Any) -> Met:
    """One answer of that shape."""
    return Met((AnswerShape(endpoint, 1, (200,), frozen(shape)),))


def frozen(shape: Any) -> Any:
    """Objects and lists as `model.doctor.Shape` has them."""
    if isinstance(shape, dict):
        return MappingProxyType({key: frozen(one) for key, one in shape.items()})
    return tuple(frozen(one) for one in shape) if isinstance(shape, list) else shape


@pytest.mark.parametrize(
    ("wanted", "endpoint", "shape", "name"),
    [
        ("balance.balance", "GET /sms/credit/balance", {"balanceText": "text", "remain": "number"}, "remain"),
        ("balance.balance", "GET /sms/credit/balance", {"currency": "word", "ownerId": "uuid"}, None),
        ("balance.balance", "GET /sms/credit/balance", {"data": {"wallet": "number as text"}}, "wallet"),
        ("message.uuid", "GET /sms", {"data": [{"idText": "boolean", "messageId": "uuid"}]}, "messageId"),
        ("message.content", "GET /sms", {"data": [{"textLength": "number", "sender": "text", "body": "text"}]}, "body"),
        ("message.createdAt", "GET /sms", {"data": [{"created": "word", "submitted": "time"}]}, "submitted"),
        ("message.createdAt", "GET /sms", {"data": [{"scheduledTime": "time"}]}, None),
        ("recipients.msisdn", "GET /sms/{uuid}/recipients", {"data": [{"x": "phone number", "status": "word"}]}, "x"),
        ("list.data", "GET /sms", {"rows": [{"uuid": "uuid"}], "dataset": "text"}, "rows"),
        ("senders.name", "GET /senders", {"data": [{"name_count": "number", "title": "word"}]}, "title"),
        ("balance.balance", "GET /senders", {"remain": "number"}, None),
    ],
)
def test_the_likeliest_key_of_the_right_kind(wanted: str, endpoint: str, shape: Any, name: str | None) -> None:
    """A likely name of another kind, another field's own name and another answer's key are never proposed."""
    assert proposed(wanted, met(endpoint, shape)) == name
