"""The OpenAPI 3.1 document of the sandbox's API, written by hand from the reference and from ``assumptions``.

It describes the plain shape of answers; ``/_sandbox`` itself is not part of it.
"""

from __future__ import annotations

from typing import Any, Final

from mesms_gitops.sandbox import assumptions

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_POSITIVE: Final[Schema] = {"type": "integer", "minimum": 1}
_TIME: Final[Schema] = {"type": "string", "format": "date-time", "description": "ISO 8601 with an offset"}
_UUID: Final[Schema] = {"type": "string", "format": "uuid"}
_MSISDN: Final[Schema] = {"type": "string", "pattern": "^(66|0)[0-9]{9}$"}
_STORED_MSISDN: Final[Schema] = {"type": "string", "pattern": "^66[0-9]{9}$"}
_REPORT: Final[Schema] = {"type": "string", "enum": list(assumptions.REPORT_STATUSES)}
_MESSAGE_STATUS: Final[Schema] = {"type": "string", "enum": list(assumptions.MESSAGE_STATUSES)}


def openapi() -> dict[str, object]:
    """The document, made anew so that a caller may change it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ME-SMS (sandbox)",
            "version": "2",
            "description": "Every documented endpoint, and named assumptions where the reference is open.",
        },
        "servers": [{"url": "/api/v2"}],
        "security": [{"apiKey": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
            "schemas": _schemas(),
            "responses": _errors(),
        },
    }


def _paths() -> Schema:
    return {
        "/sms/send": {"post": _send()},
        "/sms/preview-cost": {"post": _preview()},
        "/sms/{uuid}/cancel": {"post": _cancel()},
        "/sms": {"get": _list()},
        "/sms/{uuid}": {"get": _one()},
        "/sms/{uuid}/recipients": {"get": _recipients()},
        "/sms/credit/balance": {"get": _operation("getBalance", "Credit balance", _ref("Balance"))},
        "/senders": {"get": _operation("listSenders", "All sender names of the account", _ref("Senders"))},
    }


# --- operations -------------------------------------------------------------------------------------------------------


def _send() -> Schema:
    answer = {"anyOf": [_ref("Sent"), _ref("Cost")]}
    operation = _operation("sendSms", "Send a message, now or at a time; or estimate it (dryRun)", answer)
    operation["requestBody"] = _json_body("SendRequest")
    operation["responses"] |= _error_references(400, 402, 403, 404, 413)
    return operation


def _preview() -> Schema:
    operation = _operation("previewCost", "Parts and credits of a message, without sending it", _ref("Cost"))
    operation["requestBody"] = _json_body("PreviewRequest")
    operation["responses"] |= _error_references(400, 404, 413)
    return operation


def _cancel() -> Schema:
    operation = _operation("cancelSms", "Cancel a scheduled message that has not started", _ref("Cancelled"))
    operation["parameters"] = [_uuid_parameter()]
    operation["responses"] |= _error_references(400, 403, 404, 409)
    return operation


def _list() -> Schema:
    operation = _operation("listSms", "Messages of the account, newest first", _ref("MessagePage"))
    operation["parameters"] = [
        _query("page", {**_POSITIVE, "maximum": 999_999_999, "default": 1}),
        _query("limit", _limit(assumptions.LIST_DEFAULT_LIMIT, assumptions.LIST_MAX_LIMIT)),
        _query("status", _MESSAGE_STATUS),
        _query("sender", _TEXT),
        _query("from", _TIME),
        _query("to", _TIME),
        _query("search", _TEXT),
    ]
    operation["responses"] |= _error_references(400)
    return operation


def _one() -> Schema:
    operation = _operation("getSms", "One message, with drSummary once it is sent", _ref("Message"))
    operation["parameters"] = [_uuid_parameter()]
    operation["responses"] |= _error_references(403, 404)
    return operation


def _recipients() -> Schema:
    answer = {"anyOf": [_ref("RecipientCursorPage"), _ref("RecipientPage")]}
    operation = _operation("listRecipients", "Status of each recipient; by cursor when `after` is given", answer)
    operation["parameters"] = [
        _uuid_parameter(),
        _query("limit", _limit(assumptions.RECIPIENTS_DEFAULT_LIMIT, assumptions.RECIPIENTS_MAX_LIMIT)),
        _query("page", {**_POSITIVE, "maximum": 999_999_999, "default": 1}),
        _query("after", {**_COUNT, "maximum": 999_999_999}),
        _query("status", _REPORT),
        _query("search", _TEXT),
    ]
    operation["responses"] |= _error_references(400, 403, 404)
    return operation


def _operation(identifier: str, summary: str, answer: Schema) -> Schema:
    """What all operations share: a 200, a 401, a 429."""
    content = {"application/json": {"schema": answer}}
    return {
        "operationId": identifier,
        "summary": summary,
        "responses": {"200": {"description": "OK", "content": content}, **_error_references(401, 429)},
    }


def _json_body(name: str) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": _ref(name)}}}


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "schema": schema}


def _uuid_parameter() -> Schema:
    return {"name": "uuid", "in": "path", "required": True, "schema": _UUID}


def _limit(default: int, most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


# --- schemas ----------------------------------------------------------------------------------------------------------


def _schemas() -> dict[str, Schema]:
    count = _object({"status": _REPORT, "count": _POSITIVE})
    recipient = _object({"msisdn": _STORED_MSISDN, "status": _REPORT})
    summary = {"type": "array", "items": count}
    shown = {"data": {"type": "array", "items": recipient}, "summary": summary}
    paging = {"page": _POSITIVE, "limit": _POSITIVE, "total": _COUNT}
    sender = _object({"name": _TEXT, "status": _TEXT, "shared": {"type": "boolean"}})
    return {
        "SendRequest": _send_request(),
        "PreviewRequest": _text_request(assumptions.MAX_PREVIEW_CHARACTERS, {}),
        "Sent": _object(
            {"uuid": _UUID, "status": _MESSAGE_STATUS, "total": _POSITIVE, "parts": _POSITIVE, "credits": _POSITIVE}
        ),
        "Cost": _object({"parts": _POSITIVE, "total": _POSITIVE, "credits": _POSITIVE}),
        "Cancelled": _object({"uuid": _UUID, "status": {"const": "cancelled"}, "refunded": _COUNT}),
        "Message": _message(),
        "MessagePage": _object({"data": {"type": "array", "items": _ref("Message")}, **paging}),
        "RecipientPage": _object({**shown, **paging}),
        "RecipientCursorPage": _object(
            {**shown, "nextCursor": {"type": ["integer", "null"]}, "hasMore": {"type": "boolean"}}
        ),
        "Balance": _object({"balance": _COUNT}),
        "Senders": _object({"data": {"type": "array", "items": sender}}),
        "Error": _object({"error": _TEXT, "code": _TEXT}),
    }


def _send_request() -> Schema:
    sender = {
        "type": "string",
        "minLength": 1,
        "maxLength": assumptions.MAX_SENDER_CHARACTERS,
        "description": "An approved sender name",
    }
    extra = {"sender": sender, "scheduledTime": _TIME, "dryRun": {"type": "boolean", "default": False}}
    request = _text_request(assumptions.MAX_CONTENT_CHARACTERS, extra)
    request["required"] = ["sender"]
    return request


def _text_request(most_characters: int, extra: Schema) -> Schema:
    """A text (content or template) to people (numbers or a group)."""
    value = {"type": ["string", "number"]}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "content": {"type": "string", "minLength": 1, "maxLength": most_characters},
            "templateId": {"type": "integer"},
            "variables": {"type": "object", "additionalProperties": value},
            "msisdns": {"type": "array", "items": _MSISDN, "minItems": 1, "maxItems": assumptions.MAX_NUMBERS},
            "contactGroupId": {"type": "integer"},
            **extra,
        },
        "allOf": [_one_of("content", "templateId"), _one_of("msisdns", "contactGroupId")],
    }


def _one_of(*names: str) -> Schema:
    return {"oneOf": [{"required": [name]} for name in names]}


def _message() -> Schema:
    schema = _object(
        {
            "uuid": _UUID,
            "refNo": _TEXT,
            "sender": _TEXT,
            "content": _TEXT,
            "status": _MESSAGE_STATUS,
            "total": _POSITIVE,
            "credits": _POSITIVE,
            "scheduledTime": {"type": ["string", "null"], "format": "date-time"},
            "createdAt": _TIME,
        }
    )
    reports = {"type": "object", "propertyNames": _REPORT, "additionalProperties": _POSITIVE}
    schema["properties"]["drSummary"] = reports
    return schema


def _object(properties: Schema) -> Schema:
    """An object with all of these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


# --- errors -----------------------------------------------------------------------------------------------------------

_ERRORS: Final = {
    400: ("Invalid", "A parameter is missing, malformed or out of bounds"),
    401: ("Unauthorized", "Missing or invalid API key"),
    402: ("InsufficientCredits", "The balance does not cover the cost"),
    403: ("Forbidden", "The key lacks the scope, or the message is another owner's"),
    404: ("NotFound", "No such message, group or template"),
    409: ("TooLate", "The message was cancelled before or has started"),
    413: ("TooLarge", "The body is above 64 MiB"),
    429: ("RateLimited", "Too many requests; wait as Retry-After says"),
}


def _errors() -> Schema:
    content = {"application/json": {"schema": _ref("Error")}}
    return {name: {"description": text, "content": content} for name, text in _ERRORS.values()}


def _error_references(*statuses: int) -> Schema:
    return {str(status): {"$ref": f"#/components/responses/{_ERRORS[status][0]}"} for status in statuses}
