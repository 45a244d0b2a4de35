"""A state in one file, with a journal beside it while a run commits often: what stands, and how it changes.

Written first is always what says less: an empty journal, then the file that needs it; the whole file, then no journal.
So whatever dies in between leaves a pair that says which of the two holds (see `journal.folded`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.store.codec import Writer, decode
from mesms_gitops.store.journal import is_open
from mesms_gitops.store.sealed_bytes import OPEN, is_sealed
from mesms_gitops.store.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.model.state import State
    from mesms_gitops.store.disk import Disk
    from mesms_gitops.store.place import Place
    from mesms_gitops.store.sealed_bytes import SealedBytes

BACKUP, JOURNAL = ".backup", ".journal"
JOURNAL_FROM = 64 * 1024
"""Bytes of a state from which on a run keeps a journal. A smaller one is written in a few milliseconds."""
_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands: the bytes of the file and of the journal beside it, and the state that they make.

    ``journal`` is empty where a session of our own is known to stand, and nobody has read it.
    """

    body: bytes
    journal: bytes | None
    state: State

    @property
    def is_whole(self) -> bool:
        """Whether the file needs no journal."""
        return not is_open(self.body)


class StateFile:
    """The file of one store. What changes anything must be called within the guard of ``place``; raises `OSError`."""

    def __init__(
        self,
        name: str,
        place: Place,
        disk: Disk,
        journal_from: int,
        remedy: Callable[[], str],
        sealed: SealedBytes = OPEN,
    ) -> None:
        """``name`` is what errors call it, ``remedy`` says what to do where it cannot be read.

        What is ``sealed`` has no journal: its commits write the whole file.
        """
        self._sealed = sealed
        self._name = name
        self._place = place
        self._disk = disk
        self._journal = place.beside(JOURNAL)
        self._journal_from = journal_from
        self._remedy = remedy
        self._writer = Writer()
        self._session: Session | None = None
        self.seen: Standing | None = None

    @property
    def has_journal(self) -> bool:
        """Whether a journal stands beside it."""
        return self._disk.exists(self._journal)

    def read(self) -> Standing | None:
        """What stands, of one moment, remembered as `seen`. Raises `OSError`, `StateUnreadable`, `StateRetired`."""
        self.seen = self.standing()
        return self.seen

    def standing(self) -> Standing | None:
        """The same; what was `seen` stays. Others may write meanwhile."""
        for _ in range(_LOOKS):
            before = self._disk.stamp(self._place.path)
            body = self._disk.read(self._place.path)
            if body is None:
                return None
            journal = self._disk.read(self._journal)
            if self.seen is not None and (self.seen.body, self.seen.journal) == (body, journal):
                return self.seen
            try:
                plain = self._sealed.opened(body, self._name)
                found = Standing(body, journal, decode(plain, self._name, self._remedy, journal))
            except StateUnreadable:
                if self._disk.stamp(self._place.path) == before:
                    raise
                continue  # the file was replaced before its journal was read: the two never stood side by side
            if journal is None or self._disk.stamp(self._place.path) == before:
                return found
        raise StateError(
            "the state was replaced each time it was read",
            where=self._name,
            why=f"{_LOOKS} times in a row",
            next_step="see which process writes there, then run the same command again",
        )

    def for_commit(self) -> Standing | None:
        """What stands, for whoever is about to write: not read anew where it is what this run left there."""
        if self._session is not None and not self._session.is_intact():
            self._session = None
        session = self._session
        return self.standing() if session is None else Standing(session.body, b"", session.state)

    def put(self, state: State, before: Standing | None, *, is_locked: bool) -> None:
        """Put ``state`` in the place of ``before``, what `for_commit` gave. ``is_locked``: a journal may be kept."""
        session = self._session
        if session is not None and not session.is_full:
            session.append(state)
            self.seen = Standing(session.body, b"", state)
            return
        self._session = None
        self._place.sweep()
        stood = None if before is None else before.body
        is_large = before is not None and before.is_whole and len(before.body) >= self._journal_from
        if before is not None and is_large and is_locked and not self._sealed.is_for(before.body):
            self._begin(state, before.body)
            return
        self._keep(before)
        self._fold(state, stood, keep=(before.body, BACKUP) if before is not None and self._stays(before) else None)

    def _begin(self, state: State, before: bytes) -> None:
        body = self._writer.encode(state, is_open=True)
        session = Session(state, body, self._place.path, self._journal, self._disk)
        self._place.install_beside(JOURNAL, session.first)
        self._place.install(body, keep=(before, BACKUP))
        session.begin()
        self._session = session
        self.seen = Standing(body, b"", state)

    def _keep(self, before: Standing | None) -> None:
        """A backup is a whole state: where a file and a journal stand, it is written from both."""
        if before is not None and not self._stays(before):
            self._place.install_beside(BACKUP, self._sealed.sealed(self._writer.encode(before.state), before.body))

    def _stays(self, before: Standing) -> bool:
        """Whether the file can be the backup as it stands: whole, and not open beside one that will be sealed."""
        return before.is_whole and self._sealed.is_for(before.body) == is_sealed(before.body)

    def _fold(self, state: State, before: bytes | None = None, keep: tuple[bytes, str] | None = None) -> None:
        body = self._sealed.sealed(self._writer.encode(state), before)
        self._place.install(body, keep=keep)
        self._disk.discard(self._journal)
        self.seen = Standing(body, None, state)

    def close(self) -> None:
        """Fold in this run's own journal, if nobody else has written since."""
        session, self._session = self._session, None
        if session is not None and session.is_intact():
            self._place.sweep()
            if session.previous is not None:
                self._place.install_beside(BACKUP, self._writer.encode(session.previous))
            self._fold(session.state)

    def recover(self) -> None:
        """Fold in what a run that died left in its journal. Raises `OSError`, and what `standing` raises."""
        found = self.standing() if self.has_journal else None
        if found is None:
            return
        if found.is_whole:
            self._disk.discard(self._journal)
        else:
            self._place.sweep()
            self._fold(found.state)

    def bury(self, found: Standing, tombstone: bytes) -> None:
        """Put ``tombstone`` in the place of ``found``."""
        self._session = None
        self._keep(found)
        self._place.install(tombstone, keep=(found.body, BACKUP) if found.is_whole else None)
        self._disk.discard(self._journal)
