"""State in an object store: ``s3://bucket/key.json``, ``gs://``, ``az://``. Durable when the put succeeded.

Beside ``state.json`` stand ``state.json.backup`` (the state before a run's first commit), ``.lock`` and ``.freeze``
(the emergency stop); ``.probe-…`` for the moment in which a run finds out whether the store keeps to conditions. A
commit is one request: a put that the store refuses if anything else than what this run stands on is there.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateRetired
from mesms_gitops.store.codec import Writer, decode
from mesms_gitops.store.host import Host
from mesms_gitops.store.object_access import address_of
from mesms_gitops.store.object_freeze import ObjectFreeze
from mesms_gitops.store.object_lock import ObjectLock
from mesms_gitops.store.object_probe import probe
from mesms_gitops.store.objects import Objects, Stored
from mesms_gitops.store.port import Trace, unheard
from mesms_gitops.store.provenance import provenance_of
from mesms_gitops.store.sealed_bytes import OPEN, is_sealed
from mesms_gitops.store.swap import Base
from mesms_gitops.store.tombstone import encode_tombstone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.store.examining import Line
    from mesms_gitops.store.object_access import Patience
    from mesms_gitops.store.objects import Version
    from mesms_gitops.store.port import LockInfo, Store
    from mesms_gitops.store.sealed_bytes import SealedBytes

BACKUP, LOCK, FREEZE = ".backup", ".lock", ".freeze"
_READ, _WRITE = "read the state", "write the state"
_ROUNDS = 5


class ObjectStore:
    """A `port.Store` in a bucket. An instance belongs to one thread; others may use the bucket as they like."""

    def __init__(
        self,
        location: str,
        *,
        environment: Mapping[str, str],
        on_note: Callable[[str], None] = unheard,
        sealed: SealedBytes = OPEN,
        host: Host | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Nothing is asked yet. Raises `ConfigError` for what is no address of an object, or no endpoint."""
        host = host or Host(provenance_of(environment))
        address = address_of(location, environment)
        self._key = address.key
        self._where = address.where
        self._name = str(address)
        self._host = host
        self._on_note = on_note
        self._sealed = sealed
        self._objects = Objects(address, environment, host, patience)
        self._lock = ObjectLock(self._key + LOCK, self._objects, self._where + LOCK, host, on_note)
        self._freeze = ObjectFreeze(self._key + FREEZE, self._objects, self._where, host)
        self._writer = Writer()
        self._seen: tuple[Stored, State] | None = None
        self._is_trusted = False
        self._has_kept = False

    @property
    def wave(self) -> int:
        """One: every send has a commit of its own before it and after it."""
        return 1

    @property
    def has_backup(self) -> bool:
        """Whether a backup stands. A commit never leaves one without a state: if `read` gives None, it was lost."""
        return self._objects.exists(self._key + BACKUP, "look for the backup")

    @property
    def trace(self) -> Trace:
        """The backup."""
        return Trace("backup", "put the backup in its place")

    def read(self) -> State | None:
        """The state, or None where none stands in a bucket that is there. Raises `StateUnreadable`, `StateError`."""
        found = self._objects.get(self._key, _READ)
        self._seen = None if found is None else (found, self._decode(found))
        return self._seen and self._seen[1]

    def _decode(self, found: Stored) -> State:
        return decode(self._sealed.opened(found.body, self._where), origin=self._name, remedy=self._remedy)

    def _remedy(self) -> str:
        backup = f"{self._name}{BACKUP}"
        older = "an older version from the bucket, if it keeps them, or a copy of your own"
        try:
            found = self._objects.get(self._key + BACKUP, "read the backup")
            serial = None if found is None else decode(self._sealed.opened(found.body, backup)).serial
        except StateError:
            return f"restore {older} ({backup} cannot be read either)"
        if serial is None:
            return f"restore {older} ({backup} does not exist)"
        return f"restore {older}, or copy {backup} over it, which is of serial {serial}; then run mesms-gitops plan"

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def commit(self, state: State, expected_serial: int) -> None:
        """Write ``state`` if the stored serial still is ``expected_serial`` (0: none; then it keeps the one it has).

        Durable when it returns. Raises `StateMoved` if another serial or lineage stands, or other bytes than those
        this instance last read or wrote; `StateUnreadable` if what stands is none; `StateError` if it cannot be
        written, or nobody can tell.
        """
        base = Base.of(state, expected_serial, self._where)
        self._trust()
        plain = self._writer.encode(state)
        before = self._stands(base)
        for _ in range(_ROUNDS):
            body = self._sealed.sealed(plain, None if before is None else before.body)
            self._keep(before)
            written = self._objects.swap(self._key, body, _version(before), _WRITE)
            if written is not None:
                self._seen = (Stored(body, written), state)
                return
            before = self._compared(base)
        raise base.moved("somebody keeps writing the same state")

    def _stands(self, base: Base) -> Stored | None:
        """What to write over: what this instance last saw, if that fits; the put tells whether it still stands."""
        seen = self._seen
        if seen is None and base.serial == 0:
            return None
        if seen is not None and (seen[1].lineage, seen[1].serial) == (base.lineage, base.serial):
            return seen[0]
        return self._compared(base)

    def _compared(self, base: Base) -> Stored | None:
        """What stands, if it is what the run stands on. Raises `StateMoved`, `StateUnreadable`, `StateError`."""
        found = self._objects.get(self._key, _READ)
        stored = None if found is None else self._decode(found)
        seen = self._seen
        if found and stored and seen and found.body != seen[0].body and seen[1].serial == stored.serial == base.serial:
            raise base.edited()
        base.check(stored)
        return found

    def _keep(self, before: Stored | None) -> None:
        """Keep what a run's first commit replaces: once a run, since it is a request of its own."""
        if before is not None and not self._has_kept:
            body = before.body
            if self._sealed.is_for(body) != is_sealed(body):
                body = self._sealed.sealed(body)  # no backup is open beside a sealed state
            self._objects.keep(self._key + BACKUP, body, "write the backup")
            self._has_kept = True

    def _trust(self) -> None:
        if not self._is_trusted:
            self._sealed.check()
            probe(self._key, self._objects, self._where, self._host, self._on_note)
            self._is_trusted = True

    # ── the lock and the stop ────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _locked(self, operation: str, timeout: float) -> Iterator[None]:
        self._trust()
        with self._lock.held(operation, timeout):
            yield

    def lock(self, operation: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock. Raises `StateLocked` after ``timeout`` seconds, `StateError`."""
        return self._locked(operation, timeout)

    def examine(self) -> Iterator[Line]:
        """See `examining.Examinable`. An object beside the state is written and removed."""
        self._trust()
        yield "ok", "state backend: the store keeps to conditions (tried on an object of its own, now removed)", ""

    def info(self) -> LockInfo | None:
        """Who holds the lock, None if nobody does. Raises `StateError`."""
        return self._lock.holder()

    def unlock(self, lock_id: str) -> LockInfo:
        """Break the lock ``lock_id`` and say whose it was. Raises `StateError` if that is not the one that is held."""
        return self._lock.broken(lock_id)

    def read_freeze(self) -> Freeze:
        """The emergency stop, without the lock. What cannot be read freezes everything."""
        return self._freeze.read()

    def write_freeze(self, freeze: Freeze) -> None:
        """Make the emergency stop durable, without the lock. Raises `StateError`."""
        self._freeze.amend(lambda _before: freeze)

    def amend_freeze(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change`` and write the emergency stop in one step. Raises `StateError`."""
        return self._freeze.amend(change)

    def retire(self, to: str, expected_serial: int) -> Freeze:
        """Leave a tombstone that names ``to``, and give the emergency stop as it last stood: see `port.Store`."""
        self._trust()
        found = self._objects.get(self._key, _READ)
        try:
            state = None if found is None else self._decode(found)
        except StateRetired as retired:
            if retired.to != to:
                raise
            return self._freeze.retire(to)
        if found is None or state is None:
            raise StateError("there is no state to retire", where=self._where)
        base = Base(self._where, state.lineage, expected_serial)
        base.check(state)
        # the stop first: once it is closed nobody can stop what is about to leave, and nothing is sent from here
        last = self._freeze.retire(to)
        self._objects.keep(self._key + BACKUP, found.body, "write the backup")
        if self._objects.swap(self._key, encode_tombstone(state, to), found.version, "write the tombstone") is None:
            raise base.moved("somebody wrote it while it was being moved")
        return last


def _version(found: Stored | None) -> Version | None:
    return None if found is None else found.version


if TYPE_CHECKING:
    _conforms: type[Store] = ObjectStore
