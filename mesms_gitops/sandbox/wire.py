"""Between bytes and values: reading request bodies of any size, and really breaking connections."""

from __future__ import annotations

import json
import re
import secrets
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, NoReturn

from uvicorn.protocols.http.h11_impl import H11Protocol

from mesms_gitops.sandbox import assumptions
from mesms_gitops.sandbox.checks import UNREADABLE
from mesms_gitops.sandbox.msisdns import Numbers
from mesms_gitops.sandbox.refusals import Answer, Raw

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

_TRANSPORT: Final = "sandbox.transport"
_LARGE: Final = 64 * 1024
_NUMBERS_KEY: Final = re.compile(rb'(?<!\\)"msisdns"[ \t\r\n]*:[ \t\r\n]*\[')

Headers = list[tuple[bytes, bytes]]


class BodyTooLargeError(Exception):
    """A request body above ``MAX_BODY_BYTES``."""


class ClientGoneError(Exception):
    """The client left before its request was complete: such a request is never acted on."""


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, with the transport within reach of the app so that a connection can be cut for real.

    ASGI offers no way to close a connection without answering: an app that returns or raises early is answered for
    with a 500. The state mapping of a scope is copied from ``app_state``, which is where the transport goes.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body go in two writes
        self.app_state = {**self.app_state, _TRANSPORT: transport}


# --- reading ----------------------------------------------------------------------------------------------------------


async def read_body(receive: Receive) -> bytearray:
    """The whole body. Raises BodyTooLargeError as soon as it is, and ClientGoneError if it ends before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        if len(body) > assumptions.MAX_BODY_BYTES:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return body


def parse_body(body: bytearray, content_type: str) -> object:
    """The JSON value of a body; None for an empty one, ``UNREADABLE`` for one that is not JSON or does not say so.

    In a large body the array of ``msisdns`` is read straight into ``Numbers``: as Python strings, 2,000,000 of them
    would take 150 MB.
    """
    if not body:
        return None
    if assumptions.JSON_TYPE_REQUIRED and content_type.partition(";")[0].strip().lower() != "application/json":
        return UNREADABLE
    try:
        if len(body) >= _LARGE:
            value = _parse_with_numbers(body)
            if value is not None:
                return value
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return UNREADABLE


def _parse_with_numbers(body: bytearray) -> dict[str, object] | None:
    """The body with ``msisdns`` as Numbers, or None where that array is not one of plain numbers at the top level."""
    found = _NUMBERS_KEY.search(body)
    end = body.find(b"]", found.end()) if found else -1
    if found is None or end < 0:
        return None
    with memoryview(body) as view, view[found.end() : end] as items:
        numbers = Numbers.parse_json_items(items)
    if numbers is None:
        return None
    mark = secrets.token_hex(16)  # a string that the client cannot have sent
    rest = b"".join((body[: found.end() - 1], b'"', mark.encode(), b'"', body[end + 1 :]))
    value = json.loads(rest, parse_constant=_refuse)
    if not isinstance(value, dict) or value.get("msisdns") != mark:
        return None
    value["msisdns"] = numbers
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# --- answering --------------------------------------------------------------------------------------------------------


def encode(answer: Answer) -> tuple[Headers, bytes]:
    """Headers (type and length first) and bytes of an answer."""
    if isinstance(answer.body, Raw):
        content, content_type = answer.body
    else:
        text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
        content, content_type = text.encode("utf-8", "backslashreplace"), "application/json; charset=utf-8"
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(content)).encode())]
    return headers + [(name.encode(), value.encode()) for name, value in answer.headers], content


async def send_whole(send: Send, status: int, headers: Headers, content: bytes) -> None:
    """An ordinary answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def send_half(send: Send, status: int, headers: Headers, content: bytes) -> None:
    """All headers and half of the body that they announce; the caller closes the connection."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})


def send_short_length(scope: Scope, status: int, headers: Headers, content: bytes) -> None:
    """The whole body under a length header that says half of it; the caller closes the connection.

    Written past uvicorn, which refuses to send a body that does not fit its length. The connection is announced as
    closing, so that the rest of the body cannot be taken for the answer to the next request.
    """
    said = str(len(content) // 2).encode()
    lines = [b"%b: %b" % (name, said if name == b"content-length" else value) for name, value in headers]
    head = b"\r\n".join([b"HTTP/1.1 %d Sandbox" % status, *lines, b"connection: close", b"", b""])
    _transport(scope).write(head + content)


async def close(scope: Scope, receive: Receive, *, reset: bool) -> None:
    """End the connection, orderly or with a TCP reset, and return when it is gone."""
    transport = _transport(scope)
    if reset:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(scope: Scope) -> Any:
    """The connection's asyncio transport. Raises KeyError under a server that does not use ``Protocol``."""
    return scope["state"][_TRANSPORT]
