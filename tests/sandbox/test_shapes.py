"""The other dresses of an answer, so that a client's tolerance can be tried for real."""

from __future__ import annotations

import pytest

MESSAGE = ["uuid", "refNo", "sender", "content", "status", "total", "credits", "scheduledTime", "createdAt"]


@pytest.fixture
def dressed(control, client, send, sandbox):
    """Every kind of 200 in one shape, as {kind: body}."""

    def ask(shape: str) -> dict[str, dict[str, object]]:
        numbers = ["0800000001", "0800009002"]
        first = send(msisdns=numbers).json()["uuid"]
        later = send(scheduledTime="2026-06-01T12:00:00+07:00").json()["uuid"]
        sandbox.advance(3600)
        control.post("/account", json={"shape": shape})
        return {
            "send": send().json(),
            "cost": client.post("/sms/preview-cost", json={"content": "x", "msisdns": numbers}).json(),
            "dry": send(dryRun=True).json(),
            "list": client.get("/sms").json(),
            "message": client.get(f"/sms/{first}").json(),
            "recipients": client.get(f"/sms/{first}/recipients?after=0").json(),
            "balance": client.get("/sms/credit/balance").json(),
            "senders": client.get("/senders").json(),
            "cancel": client.post(f"/sms/{later}/cancel").json(),
        }

    return ask


def test_plain_answers_have_the_expected_names(dressed):
    answers = dressed("plain")
    assert {kind: list(body) for kind, body in answers.items()} == {
        "send": ["uuid", "status", "parts", "total", "credits"],
        "cost": ["parts", "total", "credits"],
        "dry": ["parts", "total", "credits"],
        "list": ["data", "page", "limit", "total"],
        "message": [*MESSAGE, "drSummary"],
        "recipients": ["data", "nextCursor", "hasMore", "summary"],
        "balance": ["balance"],
        "senders": ["data"],
        "cancel": ["uuid", "status", "refunded"],
    }
    assert answers["recipients"]["summary"] == [{"status": "success", "count": 1}, {"status": "invalid", "count": 1}]
    assert answers["message"]["drSummary"] == {"success": 1, "invalid": 1}


def test_an_envelope_surrounds_every_answer(dressed):
    answers = dressed("envelope")
    for body in answers.values():
        assert list(body) == ["success", "data"]
        assert body["success"] is True
    assert answers["balance"]["data"] == {"balance": 99_996}


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        (
            "alias",
            {
                "send": ["data"],
                "cost": ["messageParts", "totalRecipients", "cost"],
                "dry": ["messageParts", "totalRecipients", "cost"],
                "list": ["messages", "page", "limit", "total"],
                "recipients": ["recipients", "nextCursor", "hasMore", "summary"],
                "balance": ["credits"],
                "senders": ["senders"],
            },
        ),
        (
            "alias2",
            {
                "cost": ["messageParts", "recipients", "totalCredits"],
                "list": ["items", "page", "limit", "total"],
                "recipients": ["items", "nextCursor", "hasMore", "summary"],
                "balance": ["credit"],
                "senders": ["items"],
            },
        ),
        (
            "alias3",
            {
                "cost": ["parts", "total", "totalCost"],
                "list": ["results", "page", "limit", "total"],
                "balance": ["data"],
                "message": ["data"],
            },
        ),
    ],
)
def test_aliases_use_the_other_names(dressed, shape, names):
    answers = dressed(shape)
    assert {kind: list(answers[kind]) for kind in names} == names


def test_an_alias_turns_counts_into_the_other_form(dressed):
    answers = dressed("alias")
    assert answers["recipients"]["summary"] == {"success": 1, "invalid": 1}
    assert answers["message"]["drSummary"] == [{"status": "success", "count": 1}, {"status": "invalid", "count": 1}]
    assert list(answers["send"]["data"]) == ["uuid"]


@pytest.mark.parametrize("shape", ["envelope", "alias", "alias2", "alias3"])
def test_errors_keep_their_documented_shape(control, client, shape):
    control.post("/account", json={"shape": shape})
    assert set(client.get("/sms/unknown").json()) == {"error", "code"}
