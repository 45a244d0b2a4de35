"""The desired side: what one manifest asks for, after defaults are merged and every scalar is understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, time, timedelta

    from mesms_gitops.model.diagnostic import Position

EMPTY: Mapping[str, str] = MappingProxyType({})


class DeclaredState(StrEnum):
    """The ``state:`` key of a manifest."""

    ACTIVE = "active"
    DRAFT = "draft"
    CANCELLED = "cancelled"


class MessageClass(StrEnum):
    """The ``class:`` key of a manifest; it picks the window in which a message may leave."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


@dataclass(frozen=True, slots=True)
class LocalTemplate:
    """A Jinja2 text written in the manifest or read from the file it names; rendered here, sent as ``content``."""

    source: str
    file: str | None = None


@dataclass(frozen=True, slots=True)
class SavedTemplate:
    """A template saved on ME-SMS, rendered there; ``text`` is the local copy that lets cost be estimated."""

    template_id: int
    text: str | None = None


MessageBody: TypeAlias = LocalTemplate | SavedTemplate


@dataclass(frozen=True, slots=True)
class ListSource:
    """Recipients from a table.

    ``kind`` is csv, json, ndjson, parquet, xlsx, sql or table; ``location`` a path (already resolved against the
    manifest's folder) or an URL, for sql the *name* of the environment variable that holds the DSN, for table its
    name. ``where`` keeps rows whose column equals one of the values.
    """

    kind: str
    location: str
    phone: str
    variables: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    query: str | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class NumbersSource:
    """Numbers written in the manifest itself, each with the position it stands at."""

    numbers: tuple[str, ...]
    positions: tuple[Position, ...] = ()
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class GroupSource:
    """A contact group, resolved by ME-SMS when the message leaves: its members are never known here."""

    group_id: int
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class DeliverySource:
    """Recipients of an earlier campaign whose delivery ended in one of ``delivery_states``.

    Without those whom a message of the campaigns ``except_reached_by`` was delivered to.
    """

    campaign: str
    delivery_states: tuple[str, ...]
    position: Position | None = None
    except_reached_by: tuple[str, ...] = ()


Source: TypeAlias = ListSource | NumbersSource | GroupSource | DeliverySource


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many bad numbers a list may hold: a count, or a share (0.01 is 1 %) of all rows. Default none."""

    count: int | None = 0
    share: float | None = None

    def allows(self, invalid: int, rows: int) -> bool:
        """Whether ``invalid`` bad numbers among ``rows`` are still tolerated."""
        if self.share is not None:
            return invalid <= self.share * rows + 1e-9  # 29 % of 100 is 28.999… in binary
        return invalid <= (self.count or 0)


@dataclass(frozen=True, slots=True)
class Window:
    """Local times between which a message may leave: ``opens`` inclusive, ``closes`` inclusive."""

    opens: time
    closes: time

    def holds(self, local: time) -> bool:
        """Whether a message may leave at ``local``."""
        wall = local.replace(tzinfo=None)
        return self.opens <= wall <= self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True, slots=True)
class At:
    """A fixed time. ``at`` is in UTC; ``timezone`` is the IANA name it is shown in."""

    at: datetime
    timezone: str


@dataclass(frozen=True, slots=True)
class Now:
    """``schedule: now``: sent as the moment of the intent plus ``undo_window`` (zero: at once)."""

    undo_window: timedelta
    timezone: str


When: TypeAlias = At | Now


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a campaign leaves, in which window, and how long after its hour it may still be tried."""

    when: When
    window: Window | None = None
    give_up_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The ``limits:`` of one manifest; None means no limit. ``requests`` is the fan-out, 100 unless set."""

    recipients_min: int | None = None
    recipients_max: int | None = None
    credits: int | None = None
    requests: int = 100
    parts: int | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """One manifest. ``positions`` maps a dotted key path (``schedule``, ``recipients.0.phone``) to where it stands."""

    name: str
    file: str
    state: DeclaredState
    message_class: MessageClass
    sender: str
    body: MessageBody
    variables: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    sources: tuple[Source, ...] = ()
    exclude: tuple[Source, ...] = ()
    invalid: Tolerance = Tolerance()
    schedule: Schedule | None = None
    limits: Limits = Limits()
    revision: int = 1
    moved_from: str | None = None
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    positions: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))

    def position(self, path: str) -> Position | None:
        """Where ``path`` stands, or the nearest key above it that does."""
        while path:
            if path in self.positions:
                return self.positions[path]
            path = path.rpartition(".")[0]
        return self.positions.get("")
