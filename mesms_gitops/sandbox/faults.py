"""What may go wrong between a server and its client, as values.

A ``Fault`` says which requests it hits and what happens to them. ``Faults`` is the armed set: it decides, request by
request, without touching the world. ``perform`` carries a request out under a fault and tells what the client would
see, so that the HTTP app and an in-process explorer break the same way.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from mesms_gitops.sandbox.bending import BENDS, Bend, bent
from mesms_gitops.sandbox.refusals import Answer, Raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.sandbox.world import World

Kind = Literal[
    "lose_answer",
    "drop_before",
    "hang",
    "status",
    "cut_body",
    "garbage",
    "wrong_length",
    "delay_listing",
    "bend_cursor",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
When = Literal["before", "after"]
Delivery = Literal["whole", "nothing", "cut", "late"]
"""What the client gets: a whole answer; a closed connection; a broken body; or silence until it gives up."""

MAX_SECONDS: Final = 10_000_000
"""Longest hang or delay of a listing: four months."""

_PAGE: Final = "<!doctype html><html><body><h1>{status}</h1><p>upstream error</p></body></html>"
_GARBAGE: Final = Raw(b'\x00\xff{"uuid": "', "application/json")
_CODES: Final = {408: "TIMEOUT", 409: "CONFLICT", 429: "RATE_LIMITED"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, and for which requests. Raises ValueError for a value out of range.

    lose_answer: the server acts, the connection closes without an answer. drop_before: it closes without acting.
    hang: silence for ``seconds``; "after" has acted by then, "before" acts when they are over. status: an error
    ``status`` "before" or "after" acting. cut_body, wrong_length: acts, then half a body, or a length header that says
    half. garbage: a 200 that nobody can read. delay_listing: the message made is out of ``GET /sms`` for ``seconds``.
    bend_cursor: a page of recipients whose ``nextCursor`` leads astray, as ``bend`` says.
    """

    kind: Kind
    method: str = "*"
    """HTTP method, or ``*`` for any."""
    path: str = ""
    """Regular expression searched in the path after ``/api/v2``; empty matches all."""
    nth: int = 1
    """The first request hit, counting those that match from 1."""
    times: int | None = 1
    """How many are hit in a row; None for all from then on."""
    when: When = "after"
    """Of status, hang and garbage: whether the server has acted."""
    seconds: float = 60.0
    """Of hang: real seconds. Of delay_listing: seconds of the world's clock."""
    status: int = 503
    code: str | None = None
    """Of status: the ``code`` of the JSON error; by default one that suits the status."""
    html: bool = False
    """Of status: answer a proxy's HTML page instead of JSON."""
    retry_after: int | None = None
    """Of status: the ``Retry-After`` header in seconds; None sends none."""
    bend: Bend = "back"
    """Of bend_cursor: see ``bending``."""
    reset: bool = False
    """Of lose_answer, drop_before, cut_body: end the connection with a TCP reset instead of an orderly close."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if self.when not in ("before", "after"):
            raise ValueError("when must be before or after")
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise ValueError("nth and times count from 1")
        if self.bend not in BENDS:
            raise ValueError(f"bend must be one of {', '.join(BENDS)}")
        if not 400 <= self.status <= 599 or not 0 <= self.seconds <= MAX_SECONDS:
            raise ValueError(f"status must be 400 to 599 and seconds 0 to {MAX_SECONDS}")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path is not a regular expression: {error}") from error

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Fault:
        """A fault from the JSON of the control address. Raises ValueError that names what is wrong."""
        known = {field.name: str(field.type) for field in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"unknown field {name!r}; known: {', '.join(known)}")
            if not _fits(known[name], value):
                raise ValueError(f"{name} must be {known[name]}")
        if "kind" not in given:
            raise ValueError(f"kind is required: one of {', '.join(KINDS)}")
        return cls(**given)  # type: ignore[arg-type]  # each value was checked against its field just above

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and re.search(self.path, path) is not None

    @property
    def acts(self) -> bool:
        """Whether the server has carried the request out by the time the client sees the fault."""
        match self.kind:
            case "drop_before":
                return False
            case "status" | "hang" | "garbage":
                return self.when == "after"
            case _:
                return True


def _fits(annotation: str, value: object) -> bool:
    """Whether a JSON value has the type a field's annotation names."""
    if value is None:
        return "None" in annotation
    if annotation == "bool":
        return isinstance(value, bool)
    if annotation.startswith("int"):
        return isinstance(value, int) and not isinstance(value, bool)
    if annotation == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)


class _Armed:
    """A fault with its counts: requests that matched, and requests that it hit."""

    __slots__ = ("fault", "hit", "seen")

    def __init__(self, fault: Fault, seen: int = 0, hit: int = 0) -> None:
        self.fault = fault
        self.seen = seen
        self.hit = hit

    def takes(self) -> bool:
        """Count a matching request; whether it is one to hit."""
        self.seen += 1
        return self.seen >= self.fault.nth and (self.fault.times is None or self.hit < self.fault.times)


class Faults:
    """The armed faults. Where several would hit, the one armed first does and the others keep their turn."""

    __slots__ = ("_armed", "_last_id")

    def __init__(self, *faults: Fault) -> None:
        self._armed: dict[int, _Armed] = {}
        self._last_id = 0
        for fault in faults:
            self.arm(fault)

    def arm(self, fault: Fault) -> int:
        """Add a fault; the number returned disarms it."""
        self._last_id += 1
        self._armed[self._last_id] = _Armed(fault)
        return self._last_id

    def disarm(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all. Raises KeyError for a number that is not armed."""
        if fault_id is None:
            self._armed.clear()
        else:
            del self._armed[fault_id]

    def decide(self, method: str, path: str) -> Fault | None:
        """Count this request against every fault that matches; the fault that hits it, if one does."""
        hitting: _Armed | None = None
        for armed in self._armed.values():
            if armed.fault.matches(method, path) and armed.takes() and hitting is None:
                hitting = armed
        if hitting is None:
            return None
        hitting.hit += 1
        return hitting.fault

    def copy(self) -> Faults:
        """The same faults with the same counts, to be counted on apart."""
        twin = Faults()
        twin._last_id = self._last_id
        twin._armed = {number: _Armed(armed.fault, armed.seen, armed.hit) for number, armed in self._armed.items()}
        return twin

    def listing(self) -> list[dict[str, object]]:
        """Every armed fault as JSON, with its ``id``, requests ``seen`` and ``hit``."""
        return [
            {"id": number, **asdict(armed.fault), "seen": armed.seen, "hit": armed.hit}
            for number, armed in self._armed.items()
        ]


class Outcome(NamedTuple):
    """What became of a request: what the client sees, and what the server did."""

    delivery: Delivery
    answer: Answer | None
    """What the client reads, or would have read; None where nothing was ever said."""
    acted: bool
    """Whether the world carried the request out. A hang "before" has not yet: whoever plays it does so later."""


def perform(
    world: World,
    fault: Fault | None,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: object,
    api_key: str | None,
) -> Outcome:
    """Carry a request out in the world under a fault (None: as it should be)."""
    if fault is None:
        return Outcome("whole", world.request(method, path, query, body, api_key), True)
    answer = _act(world, fault, method, path, query, body, api_key) if fault.acts else None
    match fault.kind:
        case "drop_before" | "lose_answer":
            return Outcome("nothing", answer, fault.acts)
        case "hang":
            return Outcome("late", answer, fault.acts)
        case "status":
            return Outcome("whole", _error(fault), fault.acts)
        case "garbage":
            return Outcome("whole", Answer(200, _GARBAGE), fault.acts)
        case "cut_body" | "wrong_length":
            return Outcome("cut", answer, True)
        case "delay_listing":
            return Outcome("whole", answer, True)
        case "bend_cursor":
            return Outcome("whole", answer and bent(answer, fault.bend, query), True)


def _act(
    world: World,
    fault: Fault,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: object,
    api_key: str | None,
) -> Answer:
    if fault.kind != "delay_listing":
        return world.request(method, path, query, body, api_key)
    usual, world.listing_lag = world.listing_lag, timedelta(seconds=fault.seconds)
    try:
        return world.request(method, path, query, body, api_key)
    finally:
        world.listing_lag = usual


def _error(fault: Fault) -> Answer:
    """The error that a ``status`` fault answers."""
    headers = () if fault.retry_after is None else (("retry-after", str(fault.retry_after)),)
    if fault.html:
        page = _PAGE.format(status=fault.status).encode()
        return Answer(fault.status, Raw(page, "text/html; charset=utf-8"), headers)
    code = fault.code or _CODES.get(fault.status, "INTERNAL_ERROR")
    return Answer(fault.status, {"error": f"Injected fault: HTTP {fault.status}", "code": code}, headers)
