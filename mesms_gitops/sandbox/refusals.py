"""A request the server does not carry out: HTTP status, machine code, one sentence."""

from __future__ import annotations

from typing import NamedTuple


class Raw(NamedTuple):
    """A body that is not JSON: its bytes and its content type."""

    content: bytes
    content_type: str


class Answer(NamedTuple):
    """What the server says: HTTP status, a JSON value (or ``Raw`` bytes), and headers beyond the usual ones."""

    status: int
    body: object
    headers: tuple[tuple[str, str], ...] = ()


class RefusalError(Exception):
    """Raised anywhere below ``World.request`` to answer with an error; it never changes the account."""

    def __init__(self, status: int, code: str, error: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(error)
        self.answer = Answer(status, {"error": error, "code": code}, headers)


def invalid(error: str, code: str = "INVALID_PARAMETER") -> RefusalError:
    """A 400 about one parameter."""
    return RefusalError(400, code, error)
