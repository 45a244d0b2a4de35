"""Reading the state from its branch, checked against the history of the branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.store.codec import decode
from mesms_gitops.store.git_history import History
from mesms_gitops.store.git_repository import STATE_FILE

if TYPE_CHECKING:
    from mesms_gitops.model.state import State
    from mesms_gitops.store.git_address import Address
    from mesms_gitops.store.git_history import Tips
    from mesms_gitops.store.git_repository import Repository
    from mesms_gitops.store.host import Host
    from mesms_gitops.store.sealed_bytes import SealedBytes

_PAUSE = 0.3
"""Seconds before the remote is asked again."""
_DEEPEST = 4
"""How often a branch that moves while it is read is read anew."""


@dataclass(frozen=True, slots=True)
class Known:
    """What stands at the remote, as this run last read or wrote it: its refs, and the state in bytes and in full."""

    tips: Tips
    body: bytes | None = None
    state: State | None = None


class Reader:
    """One branch, read. ``history`` is what is known of its past."""

    def __init__(self, repository: Repository, address: Address, host: Host, sealed: SealedBytes) -> None:
        """Nothing is touched yet."""
        self._repository = repository
        self._address = address
        self._host = host
        self._sealed = sealed
        self.history = History(repository, address, self._opened)

    def known(self) -> Known:
        """What stands there now, in full. Raises `StateError`, `StateUnreadable`, `StateRetired`."""
        tips, body = self.stored()
        return Known(tips, body, None if body is None else self.decoded(body))

    def stored(self) -> tuple[Tips, bytes | None]:
        """The refs and the state's bytes as they rest; None where none stands. Raises as `known` does."""
        for _ in range(_DEEPEST):
            tips = self.history.checked()
            if tips is None:
                self._host.sleep(_PAUSE)
                continue
            if tips.head is None:
                return tips, None
            body = self._repository.state_at(tips.head)
            if body is None:
                raise StateUnreadable(
                    f"the branch {self._address.branch} holds no {STATE_FILE}; nothing was sent or changed",
                    where=self._repository.where,
                    why=f"its newest commit is {tips.head[:12]}",
                    next_step="name a branch that is this tool's alone in `state:`, or take that commit back",
                )
            return tips, body
        raise StateError(
            "the state moves faster than it can be read",
            where=self._repository.where,
            next_step="run the same command again once the other runs are done",
        )

    def decoded(self, body: bytes) -> State:
        """The state in bytes at rest. Raises as `known` does."""
        branch, remote = self._address.branch, self._repository.remote_name
        return decode(
            self._opened(body),
            origin=f"{self._repository.where} ({STATE_FILE})",
            remedy=lambda: (
                f"the commits before it are on the branch: git fetch {remote} {branch}, git log FETCH_HEAD; take the "
                f"last one back with git revert and push that, then run mesms-gitops plan"
            ),
        )

    def _opened(self, body: bytes) -> bytes:
        return self._sealed.opened(body, self._repository.where)
