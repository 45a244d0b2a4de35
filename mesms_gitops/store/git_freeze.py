"""The emergency stop as a ref of the remote, of its own: written without the lock, read by one question to the remote.

Its commits are the history of all stops. It fails closed: a stop that cannot be read stops everything.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError, StateRetired
from mesms_gitops.model.state import Freeze
from mesms_gitops.store.fields import Surprise
from mesms_gitops.store.freeze import closed, decode_freeze, encode_freeze, open_freeze
from mesms_gitops.store.git_push import Move, PushEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mesms_gitops.store.git_address import Address
    from mesms_gitops.store.git_repository import Repository
    from mesms_gitops.store.host import Host

TRIES = 12
_NOTHING: Mapping[str, str] = MappingProxyType({})
_PAUSE = 0.05


class GitFreeze:
    """The stop beside one branch."""

    def __init__(self, repository: Repository, address: Address, host: Host) -> None:
        """Nothing is touched yet."""
        self._repository = repository
        self._ref = address.freeze
        self._host = host
        self._known: tuple[str, bytes] | None = None
        self._beside = _NOTHING

    def read(self, beside: Mapping[str, str] = _NOTHING) -> Freeze:
        """What is frozen. Raises nothing: what cannot be read freezes everything, and ``by`` says why.

        ``beside`` are other refs and where they must stand, asked for in the same question: if one moved, this run has
        lost the state to another, and nothing may leave.
        """
        try:
            freeze = self._opened(self.found(*beside)[1])
        except StateRetired as retired:
            return closed(retired)
        except MesmsError as error:
            return _everything(error.why or error.what)
        if any(self._beside.get(ref) != commit for ref, commit in beside.items()):
            return Freeze(everything=True, by="another run has written the state since, so everything is held here")
        return freeze

    def found(self, *beside: str) -> tuple[str | None, bytes | None]:
        """The commit that stands there and the stop in it; where the refs ``beside`` stand is remembered.

        Raises `StateError`.
        """
        for _ in range(TRIES):
            refs = self._repository.look(self._ref, *beside)
            self._beside = refs
            commit = refs.get(self._ref)
            if commit is None:
                return None, None
            if self._known is not None and self._known[0] == commit:
                return self._known
            if not self._repository.has(commit):
                self._repository.fetch(self._ref)
            if self._repository.has(commit):
                self._known = commit, self._repository.note_at(commit)
                return self._known
        return commit, b""  # it moves faster than it can be read: nothing that can be read is everything

    def _opened(self, body: bytes | None) -> Freeze:
        try:
            return open_freeze(body, f"{self._repository.where} ({self._ref})")
        except Surprise as surprise:
            return _everything(surprise.why)

    def last(self, body: bytes | None) -> Freeze:
        """The stop in ``body`` as it last stood, also where its state was moved since."""
        try:
            return Freeze() if body is None else decode_freeze(body)
        except Surprise as surprise:
            return _everything(surprise.why)

    def amend(self, change: Callable[[Freeze], Freeze]) -> Freeze:
        """Read, ``change``, push. Raises `StateError`, `StateRetired`, and whatever ``change`` raises."""
        for attempt in range(TRIES):
            before, body = self.found()
            freeze = change(self._opened(body))
            commit = self.saved(freeze, before)
            pushed = self._repository.push(Move(self._ref, commit, before))
            if pushed.end is PushEnd.DONE or (pushed.end is PushEnd.UNCLEAR and self.found()[0] == commit):
                return freeze
            if pushed.end is PushEnd.REFUSED:
                break
            self._host.sleep(_PAUSE * (attempt + 1))
        raise self._repository.unpushed("write the emergency stop", pushed)

    def saved(self, freeze: Freeze, before: str | None, moved_to: str | None = None) -> str:
        """A commit that says ``freeze``, not yet pushed. Raises `StateError`."""
        subject = f"moved to {moved_to}" if moved_to else _subject(freeze)
        return self._repository.save_note(subject, encode_freeze(freeze, moved_to=moved_to), before)


def _everything(why: str) -> Freeze:
    return Freeze(everything=True, by=f"the emergency stop cannot be read ({why}), so everything is held")


def _subject(freeze: Freeze) -> str:
    if freeze.everything:
        return "stop everything"
    if not freeze.campaigns:
        return "stop nothing"
    return f"stop {', '.join(sorted(freeze.campaigns)[:5])}{' and more' if len(freeze.campaigns) > 5 else ''}"
