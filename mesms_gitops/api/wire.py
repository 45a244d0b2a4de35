"""One request and one answer, as values: what every module of this room but `transport` sees of HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.api.body import Body


class NotJson(ValueError):
    """A body that is not JSON, or nested or sized beyond what a reader bears."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request: ``path`` starts after the base URL, ``query`` is not yet encoded.

    An ``effect`` changes the account and is repeated only where it provably was not carried out; ``refusals`` are the
    statuses that prove it.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: Body | None = None
    effect: bool = False
    refusals: frozenset[int] = frozenset()

    def at(self, host: str) -> str:
        """Where this request goes, for people; without the query, which may hold a number."""
        return f"{self.method} {self.path} at {host}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that arrived whole. Header values are as they were written, None where absent."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    retry_after: str | None = None
    date: str | None = None
    location: str | None = None
    header_names: tuple[str, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // 100 == 2

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return self.status // 100 == 3

    @property
    def is_page(self) -> bool:
        """Whether this is a web page: a proxy's, or that of a wrong address."""
        return "html" in self.content_type.lower() or self.body.lstrip()[:1] == b"<"

    def json(self) -> object:
        """The body as JSON. Raises `NotJson`."""
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise NotJson("not JSON") from error


def _refuse_constant(word: str) -> NoReturn:
    # NaN and Infinity are Python's extension of JSON; a balance of Infinity must not pay for anything
    raise NotJson(word)
