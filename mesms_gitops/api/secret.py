"""The API key, held so that it cannot be seen by accident, and what of remote texts may be shown."""

from __future__ import annotations

import re
from typing import Final

from mesms_gitops.errors import ConfigError

_SHOWN: Final = "[API key]"
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]+")
_NOT_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_BETWEEN: Final = r"[ \u00a0().\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff/-]{0,3}"
_NUMBER: Final = re.compile(
    rf"(?<!\d)(?:(?:[0๐０]{_BETWEEN}){{2}})?[6๖６]{_BETWEEN}[6๖６](?:{_BETWEEN}\d){{8,}}"
    rf"|(?<!\d)[0๐０](?:{_BETWEEN}\d){{8,}}"
    r"|(?<![\w.-])[689]\d{8}(?![\w.]|-\w)"
)
"""A Thai number as people and systems write it: 08…, 02…, 66…, 0066…, in groups, in Thai digits, with its 0 lost.
What stands beside it, and a uuid that reads like one, may be hidden with it: that is no harm."""
_FIRST_SHOWN: Final = 3
_LAST_SHOWN: Final = 2
_REMOTE_TEXT_SHOWN: Final = 200


class Secret:
    """An API key that can be sent as a header and removed from any text, and is shown nowhere."""

    __slots__ = ("_key",)

    def __init__(self, key: str | None) -> None:
        """Raises `ConfigError` for a key that is missing or that no HTTP header can carry; it never quotes the key."""
        if not key or not key.strip():
            raise ConfigError(
                "there is no API key",
                where="MESMS_API_KEY",
                next_step="create a key on the Settings -> API Keys page of ME-SMS and set MESMS_API_KEY to it",
            )
        if not _HEADER_VALUE.fullmatch(key):
            raise ConfigError(
                "the API key cannot be sent",
                where="MESMS_API_KEY",
                why=f"{_fault(key)} (the key itself is not shown)",
                next_step="set MESMS_API_KEY to the key alone, without spaces or line breaks",
            )
        self._key = key

    def __repr__(self) -> str:
        return _SHOWN

    def __reduce__(self) -> str:
        raise TypeError("an API key is not pickled")

    def reveal(self) -> str:
        """The key itself: for the header of a request and nothing else."""
        return self._key

    def is_in(self, text: str) -> bool:
        """Whether ``text`` would show the key."""
        return self._key in text

    def clean(self, text: str) -> str:
        """A remote text fit to be shown: no key, whole phone number or control character, at most 200 characters."""
        shown = _NOT_TEXT.sub(" ", text.replace(self._key, _SHOWN)).strip()
        shown = _NUMBER.sub(_struck, shown)
        return shown if len(shown) <= _REMOTE_TEXT_SHOWN else f"{shown[:_REMOTE_TEXT_SHOWN]}…"


def _struck(found: re.Match[str]) -> str:
    digits = [index for index, character in enumerate(found[0]) if character.isdigit()]
    hidden = frozenset(digits[_FIRST_SHOWN:-_LAST_SHOWN])
    return "".join("x" if index in hidden else character for index, character in enumerate(found[0]))


def _fault(key: str) -> str:
    if "\n" in key or "\r" in key:
        return "it contains a line break"
    if not key.isascii():
        return "it contains a character that is not ASCII"
    return "it contains a space or a control character"
