"""The states that git keeps, one after the other: those of a ``git:`` branch, and of a state file that is committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError, StateError
from mesms_gitops.store.git_address import read_address
from mesms_gitops.store.git_repository import STATE_FILE, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mesms_gitops.store.git_objects import Commit, Objects
    from mesms_gitops.store.sealed_bytes import SealedBytes


@dataclass(frozen=True, slots=True)
class Stored:
    """One commit, and the state's bytes in it as they were before they were sealed; ``why`` there are none."""

    commit: Commit
    body: bytes | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Commits of the state, the oldest first.

    ``is_each``: every commit is one serial, made by this tool alone. ``anchors`` are commits that once were the
    newest, and so must be among these: the one the remote remembers, and the one this clone does. ``is_cut``: a shallow
    clone ends before the first.
    """

    where: str
    ids: tuple[str, ...]
    path: str
    is_each: bool
    is_cut: bool = False
    anchors: tuple[tuple[str, str], ...] = ()

    def stored(self, objects: Objects, sealed: SealedBytes) -> Iterator[Stored]:
        """Each commit with its state. Raises nothing for what stands in one."""
        bodies = objects.bodies([f"{one}:{self.path}" for one in self.ids])
        for commit, body in zip(objects.commits(self.ids), bodies, strict=True):
            if commit is None:
                continue  # the list of commits came from git a moment ago
            if body is None:
                yield Stored(commit, None, f"it holds no {self.path}")
                continue
            try:
                yield Stored(commit, sealed.opened(body, f"commit {commit.id[:12]}"))
            except MesmsError as error:
                yield Stored(commit, None, error.why or error.what)


def branch_chain(location: str, root: Path, objects: Objects) -> Chain:
    """The commits of ``git:BRANCH``, as the remote has it now: they are fetched, and nothing else is touched.

    Raises `StateError` where the remote cannot be asked, `ConfigError` for an address that is none.
    """
    address = read_address(location)
    repository = Repository(root, address)
    seen = repository.seen()
    refs = repository.look(address.head, address.last)
    head, last = refs.get(address.head), refs.get(address.last)
    anchors = [("the remote", last), ("this clone", seen)]
    known = tuple((who, commit) for who, commit in anchors if commit is not None)
    if head is None:
        return Chain(repository.where, (), STATE_FILE, is_each=True, anchors=known)
    if not repository.has(head):
        repository.fetch(address.head)
    ids = objects.lines("rev-list", "--topo-order", "--reverse", head)
    if ids is None:
        raise StateError(
            "the commits of the state cannot be listed",
            where=repository.where,
            next_step=f"git rev-list {head[:12]} says why",
        )
    return Chain(repository.where, tuple(ids), STATE_FILE, is_each=True, is_cut=_is_cut(ids, objects), anchors=known)


def file_chain(path: Path, where: str, objects: Objects) -> Chain | None:
    """The commits of the main line that changed the state file at ``path``; None where it is in no commit."""
    listed = objects.printed("ls-files", "-z", "--full-name", "--error-unmatch", "--", str(path))
    name = (listed or b"").partition(b"\0")[0].decode("utf-8", "surrogateescape")
    if not name or "\n" in name:
        return None
    ids = objects.lines("rev-list", "--first-parent", "--reverse", "HEAD", "--", f":(top,literal){name}")
    if not ids:
        return None
    return Chain(where, tuple(ids), name, is_each=False, is_cut=is_shallow(objects))


def is_shallow(objects: Objects) -> bool:
    """Whether this clone lacks older commits."""
    return objects.lines("rev-parse", "--is-shallow-repository") == ["true"]


def _is_cut(ids: list[str], objects: Objects) -> bool:
    """Whether the oldest of ``ids`` has a parent that a shallow clone does not have."""
    if not ids or not is_shallow(objects):
        return False
    oldest = next(iter(objects.bodies([ids[0]])), None)
    return bool(oldest) and b"\nparent " in (oldest or b"").partition(b"\n\n")[0]
