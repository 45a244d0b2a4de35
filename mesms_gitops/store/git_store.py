"""State on a branch of a git repository: ``git:BRANCH`` or ``git:BRANCH@REMOTE`` (see `git_address`).

Every commit of the branch is one state, in ``state.json``, with what happened as its message. Durable when pushed; a
push that expects the commit this run stands on is the compare-and-swap. Beside the branch the remote holds three refs
under ``refs/mesms-gitops/BRANCH/``: ``lock``, ``freeze``, and ``last``, which moves with the branch in one push: by it
a branch that was rewritten or deleted is noticed on every machine, and in each clone by a ref of the same sort.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateRetired
from mesms_gitops.store.codec import Writer
from mesms_gitops.store.git_freeze import GitFreeze
from mesms_gitops.store.git_lock import GitLock
from mesms_gitops.store.git_message import message
from mesms_gitops.store.git_push import Move, PushEnd
from mesms_gitops.store.git_reading import Known, Reader
from mesms_gitops.store.host import Host
from mesms_gitops.store.port import Trace, unheard
from mesms_gitops.store.provenance import Provenance
from mesms_gitops.store.sealed_bytes import OPEN
from mesms_gitops.store.swap import Base
from mesms_gitops.store.tombstone import encode_tombstone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.store.examining import Line
    from mesms_gitops.store.git_address import Address
    from mesms_gitops.store.git_history import Tips
    from mesms_gitops.store.git_push import Pushed
    from mesms_gitops.store.git_repository import Repository
    from mesms_gitops.store.port import LockInfo, Store
    from mesms_gitops.store.sealed_bytes import SealedBytes

WAVE = 25
"""How many sends one push may cover: at most so many have to be looked for after a crash."""
TRIES = 4
_PAUSE = 0.3
"""Seconds before the remote is asked again, growing with each try."""


_UNKNOWN = Provenance()


class GitStore:
    """A `port.Store` on a branch. An instance belongs to one thread; other runs may use the branch as they like."""

    def __init__(
        self,
        repository: Repository,
        address: Address,
        *,
        provenance: Provenance = _UNKNOWN,
        on_note: Callable[[str], None] = unheard,
        host: Host | None = None,
        sealed: SealedBytes = OPEN,
    ) -> None:
        """Nothing is touched yet."""
        self._repository = repository
        self._address = address
        self._provenance = provenance
        self._sealed = sealed
        self._host = host or Host(provenance)
        self._lock = GitLock(repository, address, self._host, on_note)
        self._freeze = GitFreeze(repository, address, self._host)
        self._reader = Reader(repository, address, self._host, sealed)
        self._history = self._reader.history
        self._writer = Writer()
        self._known: Known | None = None
        self._written: str | None = None

    @property
    def wave(self) -> int:
        """How many sends one commit may cover: a push takes about as long as ten requests."""
        return WAVE

    @property
    def has_backup(self) -> bool:
        """Whether this repository or the remote knows of a state: if `read` gives None, it was lost."""
        return self._history.is_known()

    @property
    def trace(self) -> Trace:
        """A ref; `read` says more of a branch that is gone, and which commands bring it back."""
        return Trace("ref", "push the branch again from a clone that has it")

    def read(self) -> State | None:
        """The state, or None where none stands. Changes nothing at the remote.

        Raises `StateUnreadable`, `StateRetired`, and `StateError`, also for a branch that was rewritten or deleted.
        """
        self._known = self._reader.known()
        return self._known.state

    # --- writing ------------------------------------------------------------------------------------------------------

    def commit(self, state: State, expected_serial: int) -> None:
        """Push ``state``, which has the serial after ``expected_serial``, if that is the one that stands (0: none;
        then it keeps the serial it has).

        Durable when it returns. Raises `StateMoved` if another serial or lineage stands, or another commit than the
        one this instance last read or pushed; `StateUnreadable` if what stands is none; `StateRetired`; `StateError`
        if it cannot be pushed, or nobody can tell.
        """
        base = Base.of(state, expected_serial, self._repository.where)
        plain = self._writer.encode(state)
        known = self._stands(base)
        body = self._sealed.sealed(plain, known.body)
        text = message(known.state, state, self._provenance)
        commit = self._repository.save_state(body, text, known.tips.head)
        tips = self._publish(commit, known, base)
        self._known, self._written = Known(tips, body, state), commit

    def _stands(self, base: Base) -> Known:
        """What the new state is put on: what this run knows where that fits, else what stands there now."""
        known = self._known
        if known is None or (known.state.serial if known.state else 0) != base.serial:
            known = self._reader.known()
        base.check(known.state)
        return known

    def _publish(self, commit: str, known: Known, base: Base) -> Tips:
        """Push, and where it is not clear what became of that, look. Raises as `commit` does."""
        tips = known.tips
        for attempt in range(TRIES):
            pushed = self._push(commit, tips)
            if pushed.end is PushEnd.DONE:
                break
            if pushed.end is PushEnd.REFUSED:
                raise self._repository.unpushed("push the state", pushed)
            tips = self._history.look()
            if tips.head == commit:
                break
            if tips.head != known.tips.head:
                base.check(self._reader.known().state)
                raise base.edited()
            self._host.sleep(_PAUSE * (attempt + 1))
        else:
            raise self._repository.unpushed("push the state", pushed)
        self._repository.remember(commit)
        return self._history.moved_to(commit)

    def _push(self, commit: str, tips: Tips) -> Pushed:
        address = self._address
        return self._repository.push(Move(address.head, commit, tips.head), Move(address.last, commit, tips.last))

    # --- the lock and the stop ----------------------------------------------------------------------------------------

    def lock(self, operation: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock. Raises `StateLocked` after ``timeout`` seconds, `StateError`."""
        return self._lock.held(operation, timeout)

    def examine(self) -> Iterator[Line]:
        """See `examining.Examinable`. A push is asked about, not made."""
        refused = self._repository.try_push()
        if refused is None:
            yield "ok", "state backend: a branch; its remote would take a push (tried with --dry-run)", ""
        else:
            advice = "give this user or token write access to the repository"
            yield "fail", f"state backend: the remote would not take a push ({refused})", advice

    def info(self) -> LockInfo | None:
        """Who holds the lock, None if nobody does. Raises `StateError`."""
        return self._lock.holder()

    def unlock(self, lock_id: str) -> LockInfo:
        """Break the lock ``lock_id`` and say whose it was. Raises `StateError` if that is not the one that is held."""
        return self._lock.broken(lock_id)

    def read_freeze(self) -> Freeze:
        """The emergency stop, without the lock. What cannot be read freezes everything.

        For a run that has written the state, everything is frozen as well once another one has: between two of its
        commits lies a wave of sends, and a run whose lock was broken must stop before its next send.
        """
        return self._freeze.read({self._address.head: self._written} if self._written else {})

    def write_freeze(self, freeze: Freeze) -> None:
        """Push the emergency stop, without the lock. Raises `StateError`, `StateRetired`."""
        self._freeze.amend(lambda _before: freeze)

    def amend_freeze(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change`` and push the emergency stop in one step. Raises `StateError`, `StateRetired`."""
        return self._freeze.amend(change)

    # --- moving away --------------------------------------------------------------------------------------------------

    def retire(self, to: str, expected_serial: int) -> Freeze:
        """Leave a tombstone that names ``to``, and give the emergency stop as it last stood: see `port.Store`.

        State and stop move in one push; where the remote takes one ref at a time, the stop comes first.
        """
        for attempt in range(TRIES):
            tips, body = self._reader.stored()
            before, stop = self._freeze.found()
            last = self._freeze.last(stop)
            try:
                state = None if body is None else self._reader.decoded(body)
            except StateRetired as retired:
                if retired.to != to:
                    raise
                return last
            Base(self._repository.where, state.lineage if state else "", expected_serial).check(state)
            if state is None:
                raise StateError("there is no state to retire", where=self._repository.where)
            commit = self._repository.save_state(encode_tombstone(state, to), f"moved to {to}\n", tips.head)
            closed = Move(self._address.freeze, self._freeze.saved(last, before, moved_to=to), before)
            moves = partial(Move, new=commit)
            pushed = self._repository.push(
                closed, moves(self._address.head, old=tips.head), moves(self._address.last, old=tips.last)
            )
            if pushed.end is PushEnd.DONE:
                return last
            if pushed.end is PushEnd.REFUSED:
                break
            self._host.sleep(_PAUSE * (attempt + 1))
        raise self._repository.unpushed("write the tombstone", pushed)


if TYPE_CHECKING:
    _conforms: type[Store] = GitStore
