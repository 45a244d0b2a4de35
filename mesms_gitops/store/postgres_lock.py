"""The lock of a state in PostgreSQL: an advisory lock of the session, which ends with it, and a row that says whose.

What is locked is a number that changes each time the lock is dropped or broken: whoever breaks a lock leaves behind the
number that the other session holds, so the right to end that session is not needed, and the serial stops the run in it.
A pooler must keep sessions together (pgbouncer: session mode).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from mesms_gitops.store.holding import Lock
from mesms_gitops.store.lock import decode_lock, encode_lock
from mesms_gitops.store.port import UNREADABLE
from mesms_gitops.store.postgres_sql import END, LOCK, LOCK_ROW, UNLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.host import Host
    from mesms_gitops.store.port import LockInfo
    from mesms_gitops.store.postgres_session import Connection, Session

DYING = 5.0
"""Seconds that a server may take to notice that a holder, which is dead by this machine's word, is gone."""


class SessionLock(Lock):
    """The lock: an advisory lock of our session, and a row that says whose it is."""

    def __init__(self, session: Session, state: str, host: Host, on_note: Callable[[str], None]) -> None:
        """Nothing is touched yet."""
        super().__init__(session.where, host, on_note)
        self._session = session
        self._state = state
        self._mine: tuple[str, int] | None = None
        session.after_break = self._again

    def holder(self) -> LockInfo | None:
        def look(connection: Connection) -> LockInfo | None:
            return self._row(connection)[1] if self._session.has_tables(connection) else None

        return self._session.run("read the lock", look)

    def _row(self, connection: Connection, *, locked: bool = False) -> tuple[int, LockInfo | None]:
        """The number to lock, and who holds it by the row's word."""
        row = connection.execute(f"{LOCK} for update" if locked else LOCK, (self._state,)).fetchone()
        if row is None:
            return 0, None
        generation, holder, table = row
        return number_of("lock", table, self._state, generation), None if holder is None else decode_lock(
            holder.encode()
        )

    def take(self, mine: LockInfo) -> LockInfo | None:
        until = self._host.monotonic() + DYING
        holder = self._tried(mine)
        # a process that was killed leaves its session behind for the instant that the server needs to notice
        while holder is not None and self._host.is_dead(holder) and self._host.monotonic() < until:
            self._host.sleep(0.02)
            holder = self._tried(mine)
        return holder

    def _tried(self, mine: LockInfo) -> LockInfo | None:
        before: LockInfo | None = None

        def attempt(connection: Connection) -> LockInfo | None:
            nonlocal before
            self._session.make_tables(connection)
            with connection.transaction():
                connection.execute(LOCK_ROW, (self._state,))
                number, before = self._row(connection, locked=True)
                # a session may take its own lock twice
                if self._is_mine(before):
                    return before
                # the row names us where the answer to an earlier attempt was lost, with the session that has the lock
                lock = self._taken_back if before is not None and before.id == mine.id else _try_lock
                if not lock(connection, number):
                    return before or decode_lock(b"")
                self._set(connection, encode_lock(mine).decode())
            self._mine = (mine.id, number)
            return None

        holder = self._session.run("take the lock", attempt)
        if holder is None and before is not None and before.id not in (mine.id, UNREADABLE):
            self.note_take_over(before)
        return holder

    def _set(self, connection: Connection, holder: str | None) -> None:
        connection.execute("update mesms_lock set holder = %s where state = %s", (holder, self._state))

    def drop(self, lock_id: str) -> LockInfo | None:
        found = self._session.run("release the lock", lambda connection: self._dropped(connection, lock_id))
        if self._mine is not None and self._mine[0] == lock_id:
            number = self._mine[1]
            self._mine = None
            self._session.run("release the lock", lambda connection: _unlock(connection, number))
        return found

    def _dropped(self, connection: Connection, lock_id: str) -> LockInfo | None:
        if not self._session.has_tables(connection):
            return None
        with connection.transaction():
            _, found = self._row(connection, locked=True)
            if found is not None and found.id == lock_id:
                connection.execute(
                    "update mesms_lock set generation = generation + 1, holder = null where state = %s", (self._state,)
                )
        return found

    def _again(self, connection: Connection) -> None:
        """The session that held our lock is gone: take it in the new one, if nobody else has meanwhile."""
        if self._mine is None or not self._session.has_tables(connection):
            return
        number, holder = self._row(connection)
        if self._is_mine(holder) and self._taken_back(connection, number):
            # another run may have come, and gone, between the look and the lock
            if self._is_mine(self._row(connection)[1]):
                return
            _unlock(connection, number)
        self._on_note("the connection to the state was lost, and the lock with it; the serial still guards the state")

    def _is_mine(self, holder: LockInfo | None) -> bool:
        return holder is not None and self._mine is not None and holder.id == self._mine[0]

    def _taken_back(self, connection: Connection, number: int) -> bool:
        """Whether the lock is ours again. The row names us: who still holds the number is the session we lost."""
        until = self._host.monotonic() + DYING
        while not _try_lock(connection, number):
            if self._host.monotonic() > until:
                return False
            connection.execute(END, {"number": number})
            self._host.sleep(0.02)
        return True


def _try_lock(connection: Connection, number: int) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s)", (number,)).fetchone()
    return bool(row and row[0])


def _unlock(connection: Connection, number: int) -> None:
    # only what this session holds: of any other it would warn
    connection.execute(UNLOCK, {"number": number})


def number_of(*words: object) -> int:
    """The 64 bits by which PostgreSQL knows an advisory lock."""
    text = "\0".join(map(str, ("mesms-gitops", *words)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
