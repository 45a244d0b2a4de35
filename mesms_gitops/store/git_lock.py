"""The lock as a ref of the remote: made by a push that succeeds only where none stands, removed by one that expects it.

Who holds it stands in its commit's message. Two that find the same dead holder both push over it, and one push fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.store.git_push import Move, PushEnd
from mesms_gitops.store.holding import Lock
from mesms_gitops.store.lock import decode_lock, encode_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.git_address import Address
    from mesms_gitops.store.git_push import Pushed
    from mesms_gitops.store.git_repository import Repository
    from mesms_gitops.store.host import Host
    from mesms_gitops.store.port import LockInfo

TRIES = 5
_PAUSE = 0.2


class GitLock(Lock):
    """The lock of one branch."""

    first_wait = 0.2
    longest_wait = 5.0

    def __init__(self, repository: Repository, address: Address, host: Host, on_note: Callable[[str], None]) -> None:
        """Nothing is touched yet."""
        super().__init__(f"git:{address.branch} ({address.lock})", host, on_note)
        self._repository = repository
        self._ref = address.lock

    def holder(self) -> LockInfo | None:
        """Who holds it, None if nobody does. Raises `StateError`."""
        found = self._found()
        return None if found is None else found[1]

    def _found(self) -> tuple[str, LockInfo] | None:
        for _ in range(TRIES):
            commit = self._repository.look(self._ref).get(self._ref)
            if commit is None:
                return None
            if not self._repository.has(commit):
                self._repository.fetch(self._ref)
            if self._repository.has(commit):
                return commit, decode_lock(self._repository.note_at(commit))
            # it was released, and perhaps taken again, between the two questions
            self._host.sleep(_PAUSE)
        return "", decode_lock(b"")

    def take(self, mine: LockInfo) -> LockInfo | None:
        """Take it and return None, or return who has it. That of a dead holder is taken over, with a note."""
        commit = self._repository.save_note(f"lock: {mine.holder}", encode_lock(mine))
        before: LockInfo | None = None
        old: str | None = None
        for _ in range(TRIES):
            pushed = self._repository.push(Move(self._ref, commit, old))
            found = None if pushed.end is PushEnd.DONE else self._after(pushed)
            if pushed.end is PushEnd.DONE or (found is not None and found[0] == commit):
                if before is not None:
                    self.note_take_over(before)
                return None
            if found is None:
                old = before = None
                self._host.sleep(_PAUSE)
                continue
            if not self._host.is_dead(found[1]):
                return found[1]
            old, before = found
        raise self._repository.unpushed("take the lock", pushed)

    def _after(self, pushed: Pushed) -> tuple[str, LockInfo] | None:
        """What stands there after a push that did not go through. Raises `StateError` where it never will."""
        if pushed.end is PushEnd.REFUSED:
            raise self._repository.unpushed("take the lock", pushed)
        return self._found()

    def drop(self, lock_id: str) -> LockInfo | None:
        """Remove the lock if it is ``lock_id``; return whatever lock was found. Raises `StateError`."""
        first: LockInfo | None = None
        for _ in range(TRIES):
            found = self._found()
            if found is None:
                return first
            commit, holder = found
            if holder.id != lock_id:
                return first or holder
            first = holder
            pushed = self._repository.push(Move(self._ref, None, commit))
            if pushed.end is PushEnd.DONE:
                return first
            if pushed.end is PushEnd.REFUSED:
                break
        raise self._repository.unpushed("release the lock", pushed)
