"""What must not be in a recording: the key, people's numbers and, from a real account, its texts, names and ids.

Every replacement is its own replacement, so that a request made while replaying is scrubbed to what was recorded.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from vcr.request import Request

KEPT_OF_REQUESTS = {"content-type"}
KEPT_OF_ANSWERS = {"content-type", "retry-after", "date", "location"}
HOST = "http://mesms.localhost"

_NUMBER = re.compile(r"(?<![0-9A-Za-z-])(\+?66|0)([0-9]{9})(?![0-9A-Za-z-])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SENDER_ASKED = re.compile(r"(?<=[?&]sender=)[^&]*")
_RESERVED = 800_000_000
_TEXTS = {"content", "refNo", "message"}
_NAMES = {"sender", "name"}


class Scrubber:
    """Replaces one by one, the same by the same. ``thorough`` is for a real account: texts, senders and uuids too."""

    def __init__(self, *, thorough: bool, secret: str | None = None) -> None:
        self.thorough = thorough
        self._secret = secret
        self._numbers: dict[str, str] = {}
        self._uuids: dict[str, str] = {}
        self._senders: dict[str, str] = {}

    def request(self, request: Request) -> Request:
        """A request as it is kept and matched."""
        path = "/" + request.uri.split("://", 1)[1].partition("/")[2]
        request.uri = HOST + self._text(path)
        request.headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT_OF_REQUESTS}
        if request.body:
            request.body = self._body(request.body)
        return request

    def answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer as it is kept."""
        headers = {name: value for name, value in answer["headers"].items() if name.lower() in KEPT_OF_ANSWERS}
        return {**answer, "headers": headers, "body": {"string": self._body(answer["body"]["string"])}}

    def _body(self, raw: bytes) -> bytes:
        if self._secret is not None:
            raw = raw.replace(self._secret.encode(), b"[API key]")
        try:
            body = json.loads(raw)
        except ValueError:
            return self._text(raw.decode("utf-8", "replace")).encode()
        return json.dumps(self._value(body, ""), ensure_ascii=False).encode()

    def _value(self, value: object, name: str) -> object:
        if isinstance(value, dict):
            return {key: self._value(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self._value(one, name) for one in value]
        if name == "msisdn" and isinstance(value, int):
            return int(self._text(str(value)))
        if not isinstance(value, str):
            return value
        if self.thorough and name in _NAMES:
            return self._sender(value)
        if self.thorough and name in _TEXTS:
            return "".join(_shape(character) for character in value)
        return self._text(value)

    def _text(self, text: str) -> str:
        text = _NUMBER.sub(self._number, text)
        if not self.thorough:
            return text
        text = _SENDER_ASKED.sub(lambda asked: self._sender(unquote_plus(asked[0])), text)
        for name, instead in self._senders.items():
            text = re.sub(rf"\b{re.escape(name)}\b", instead, text)
        return _UUID.sub(self._uuid, text)

    def _number(self, match: re.Match[str]) -> str:
        digits = match[2]
        if not _RESERVED <= int(digits) < _RESERVED + 10_000:
            digits = self._numbers.setdefault(digits, f"{_RESERVED + len(self._numbers) + 1:09d}")
        return match[1] + digits

    def _uuid(self, match: re.Match[str]) -> str:
        if match[0].startswith("00000000-0000-4000-8000-"):
            return match[0]
        return self._uuids.setdefault(match[0], f"00000000-0000-4000-8000-{len(self._uuids) + 1:012d}")

    def _sender(self, name: str) -> str:
        if re.fullmatch(r"Sender[0-9]+", name):
            return name
        return self._senders.setdefault(name, f"Sender{len(self._senders) + 1}")


def _shape(character: str) -> str:
    """A character of the same kind, so that a text keeps its length, its parts and its encoding."""
    if "\u0e00" <= character <= "\u0e7f":
        return "ก"
    if character.isdigit():
        return "0"
    return "a" if character.isascii() and character.isalpha() else character if character.isascii() else "ß"
