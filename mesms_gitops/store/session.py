"""A run's own journal: begun beside a state file that it has just written, and appended to until it is folded in.

Who appends must know that nobody else has written since: the stamps of both files say so at the cost of two system
calls, and where a stamp could hide a change (see `disk.Stamp`), the file is read and compared.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mesms_gitops.store.codec import refusing
from mesms_gitops.store.delta import Delta
from mesms_gitops.store.journal import Chain

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.model.state import State
    from mesms_gitops.store.disk import Disk, Stamp

SHARE = 2
"""A journal is folded in when it has outgrown one in so many parts of the file: the bytes that are written are a few
times those that are committed, however many there are, and a state is never read from much more than itself."""


class Session:
    """Methods raise `OSError`; whoever calls them stands in a `disk.door` and in the state's guard.

    ``state`` is the last one that is durable, ``previous`` the one before it if that is in the journal's range.
    """

    def __init__(self, state: State, body: bytes, path: Path, journal: Path, disk: Disk) -> None:
        """``body`` is ``state`` as it will stand at ``path``, with a journal. Nothing is touched yet."""
        self.state = state
        self.previous: State | None = None
        self.body = body
        self._path = path
        self._journal = journal
        self._disk = disk
        self._chain = Chain()
        self._delta = Delta(state)
        self.first = self._chain.first(body, state.lineage, state.serial)
        self._size = len(self.first)
        self._is_over = False
        self._stamps: tuple[Stamp | None, Stamp | None] = None, None

    def begin(self) -> None:
        """Both files stand now."""
        self._stamps = self._look()

    def _look(self) -> tuple[Stamp | None, Stamp | None]:
        return self._disk.stamp(self._path), self._disk.stamp(self._journal)

    def is_intact(self) -> bool:
        """Whether both files are as this run left them."""
        stamps = self._look()
        state, journal = stamps
        if state is None or journal is None or stamps != self._stamps or journal.size != self._size:
            return False
        return state.is_settled(journal) or self._disk.read(self._path) == self.body

    @property
    def is_full(self) -> bool:
        """Whether the next commit should write the state as a whole: the journal is long, or an append failed."""
        return self._is_over or self._size * SHARE > len(self.body)

    def append(self, state: State) -> None:
        """Make the step to ``state`` durable. Raises `StateError` where it must not be written."""
        self._is_over = True
        try:
            with refusing():
                line = self._chain.line(self._delta.to(state))
            self._disk.append(self._journal, line, self._size)
        except BaseException:
            with suppress(OSError):
                self._stamps = self._look()  # what was written of it was cut off again, or the size tells
            raise
        self._size += len(line)
        self._stamps = self._look()
        self._is_over = False
        self.previous, self.state = self.state, state
