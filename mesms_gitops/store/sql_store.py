"""State in a database: what PostgreSQL and SQLite have in common. One `Database` a kind of server, one `SqlStore`.

The tables, the same in both: ``mesms_state`` (the head, one row a state), ``mesms_campaign`` (one row a campaign),
``mesms_journal`` (what each commit did; only ever appended to), ``mesms_freeze`` (the emergency stop), ``mesms_lock``
(who is at work), ``mesms_schema`` (the version of all this). Several projects share a database under names of their
own: ``?state=NAME`` at the end of the location, "default" without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mesms_gitops.errors import StateError, StateRetired
from mesms_gitops.model.state import Freeze
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.freeze import closed, decode_freeze, encode_freeze, open_freeze
from mesms_gitops.store.port import Trace
from mesms_gitops.store.row_reading import assembled
from mesms_gitops.store.rows import Head, Known
from mesms_gitops.store.swap import Base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from mesms_gitops.model.state import State
    from mesms_gitops.store.examining import Line
    from mesms_gitops.store.holding import Lock
    from mesms_gitops.store.host import Host
    from mesms_gitops.store.port import LockInfo, Store
    from mesms_gitops.store.rows import Change

SCHEMA_VERSION = 1

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the database at one instant."""

    head: Head | None
    rows: Iterable[tuple[str, str]] = ()


class Database(ABC):
    """One state in one database. Every method is one transaction, durable when it returns; all raise `StateError`.

    Reading from a database without our tables finds nothing; the first write makes them.
    """

    where: str
    """The location as it may be shown."""
    state: str
    """The name of the state in the database."""
    remedy: str
    """What to do when what stands there is no state."""

    @abstractmethod
    def standing(self, take: Callable[[Standing], Result]) -> Result:
        """What ``take`` makes of head and rows as of one instant. It may be called again if the connection breaks."""

    @abstractmethod
    def write(self, change: Change) -> bool:
        """Carry out ``change``, or nothing and return False if the head or a touched row is not as it says.

        An answer that was lost is looked for: True if it turns out that ``change`` stands there.
        """

    @abstractmethod
    def try_write(self) -> None:
        """Ask for a commit that fits nothing, so that whatever would keep one away is raised. Nothing is written."""

    @abstractmethod
    def is_bereft(self) -> bool:
        """Whether the journal tells of a state that does not stand any more."""

    @abstractmethod
    def freeze(self) -> str | None:
        """The emergency stop as it is written, None where there is none."""

    @abstractmethod
    def amend_freeze(self, change: Callable[[str | None], str]) -> None:
        """Put what ``change`` makes of the stop in its place; nobody else does so in between."""

    @abstractmethod
    def retire(self, to: str, change: Callable[[Head | None, str | None], str]) -> None:
        """Write ``to`` into the head, and into the stop what ``change`` makes of both, unless it raises."""


class SqlStore:
    """A `port.Store` in a database. An instance belongs to one thread, and keeps its connection as long as it lives."""

    def __init__(self, database: Database, lock: Lock, host: Host) -> None:
        """Nothing is touched yet."""
        self._database = database
        self._lock = lock
        self._host = host
        self._known: Known | None = None

    @property
    def wave(self) -> int:
        """One: every send has a commit of its own before it and after it."""
        return 1

    @property
    def has_backup(self) -> bool:
        """Whether the journal tells of a state that does not stand any more: if so, it was lost."""
        return self._database.is_bereft()

    @property
    def trace(self) -> Trace:
        """The journal."""
        return Trace("journal", self._database.remedy)

    def read(self) -> State | None:
        """The state, or None where none stands. Changes nothing. Raises `StateUnreadable`, `StateError`."""
        self._known = self._database.standing(self._assembled)
        return None if self._known is None else self._known.state

    def _assembled(self, standing: Standing) -> Known | None:
        head = standing.head
        if head is None:
            return None
        if head.moved_to is not None:
            raise StateRetired(head.moved_to, where=self._database.where)
        return assembled(head, standing.rows, self._database.where, self._remedy)

    @property
    def _remedy(self) -> str:
        """What to do about rows that cannot be read. Without its head a state is lost, and a lost one can be pushed."""
        name = self._database.state.replace("'", "''")
        return (
            f"{self._database.remedy}; or, if a copy that `mesms-gitops state pull` printed has every send: "
            f"delete from mesms_state where name = '{name}'; then mesms-gitops state push COPY"
        )

    def commit(self, state: State, expected_serial: int) -> None:
        """Write the rows in which ``state`` differs from what this instance last read or wrote: see `port.Store`.

        Raises `StateMoved` also if one of those rows does not read as it did then, and `StateUnreadable` if the rows
        that stand there are not those of their head.
        """
        base = Base.of(state, expected_serial, self._database.where)
        known = self._known
        if known is None or (known.state.serial, known.state.lineage) != (expected_serial, state.lineage):
            self.read()
            known = self._compared(base)
        change = known.change(state, self._host.token())
        if not self._database.write(change):
            raise self._refusal(base)
        known.written(state, change)
        self._known = known

    def _compared(self, base: Base) -> Known:
        """What is known, if it is what a commit on ``base`` stands on."""
        base.check(None if self._known is None else self._known.state)
        return self._known or Known.nothing(base.lineage)

    def _refusal(self, base: Base) -> StateError:
        """Why the database took no commit on ``base``; the reader says so of what cannot be read at all."""
        stands = self._database.standing(self._assembled)
        base.check(None if stands is None else stands.state)
        return base.edited()

    def lock(self, operation: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock. Raises `StateLocked` after ``timeout`` seconds, `StateError`."""
        return self._lock.held(operation, timeout)

    def examine(self) -> Iterator[Line]:
        """See `examining.Examinable`. Nothing is written."""
        self._database.try_write()
        yield "ok", "state backend: a database that answers; each commit is one transaction", ""

    def info(self) -> LockInfo | None:
        """Who holds the lock, None if nobody does. Raises `StateError`."""
        return self._lock.holder()

    def unlock(self, lock_id: str) -> LockInfo:
        """Break the lock ``lock_id`` and say whose it was. Raises `StateError` if that is not the one that is held."""
        return self._lock.broken(lock_id)

    def read_freeze(self) -> Freeze:
        """The emergency stop, without the lock. What cannot be read freezes everything."""
        try:
            return self._freeze(self._database.freeze())
        except StateRetired as retired:
            return closed(retired)
        except StateError as error:
            return self._everything(error.why or error.what)

    def _freeze(self, text: str | None) -> Freeze:
        try:
            return open_freeze(None if text is None else text.encode(), self._database.where)
        except Surprise as surprise:
            return self._everything(surprise.why)

    def _everything(self, why: str) -> Freeze:
        return Freeze(everything=True, by=f"{self._database.where} cannot be read ({why}), so everything is held")

    def write_freeze(self, freeze: Freeze) -> None:
        """Make the emergency stop durable, without the lock. Raises `StateError`."""
        self.amend_freeze(lambda _before: freeze)

    def amend_freeze(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change`` and write the emergency stop in one step. Raises `StateError`."""
        became = Freeze()

        def amended(text: str | None) -> str:
            nonlocal became
            became = change(self._freeze(text))
            return encode_freeze(became).decode()

        self._database.amend_freeze(amended)
        return became

    def retire(self, to: str, expected_serial: int) -> Freeze:
        """Leave ``to`` in the head row, and give the emergency stop as it last stood: see `port.Store`.

        The rows stay, for people to look at.
        """
        last = Freeze()

        def retired(head: Head | None, freeze: str | None) -> str:
            nonlocal last
            if head is None:
                raise StateError("there is no state to retire", where=self._database.where)
            if head.moved_to is None:
                Base(self._database.where, head.lineage, expected_serial).check(head)
            elif head.moved_to != to:
                raise StateRetired(head.moved_to, where=self._database.where)
            last = self._last(freeze)
            return encode_freeze(last, moved_to=to).decode()

        self._database.retire(to, retired)
        self._known = None
        return last

    def _last(self, text: str | None) -> Freeze:
        try:
            return Freeze() if text is None else decode_freeze(text.encode())
        except Surprise as surprise:
            return self._everything(surprise.why)


if TYPE_CHECKING:
    _conforms: type[Store] = SqlStore
