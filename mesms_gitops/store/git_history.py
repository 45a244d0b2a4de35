"""Whether the branch is still the one that was seen before: it only ever grows.

Two things remember how far it had come: ``last`` at the remote, which moves with the branch, and a ref in each clone.
Both must be in the history of what stands there now. What a single look shows is consistent with its parent as well:
of one lineage, and of no smaller serial; a commit that somebody made by hand may leave the serial as it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.errors import MesmsError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mesms_gitops.store.git_address import Address
    from mesms_gitops.store.git_repository import Repository

LOOKS = 3
"""How often a doubt is looked at anew before it counts: a push under way shows one ref moved and the other not."""


@dataclass(frozen=True, slots=True)
class Tips:
    """Where the branch and the ref beside it stand."""

    head: str | None
    last: str | None


class History:
    """The history of one branch, as far as it is known here."""

    def __init__(self, repository: Repository, address: Address, opened: Callable[[bytes], bytes]) -> None:
        """Nothing is touched yet. ``opened`` takes the seal from a state; it raises `MesmsError` where it cannot."""
        self._opened = opened
        self._repository = repository
        self._address = address
        self._checked: Tips | None = None

    def look(self) -> Tips:
        """Where things stand. Raises `StateError` where the remote cannot be asked."""
        refs = self._repository.look(self._address.head, self._address.last)
        return Tips(refs.get(self._address.head), refs.get(self._address.last))

    def moved_to(self, commit: str) -> Tips:
        """This run has pushed ``commit``."""
        self._checked = Tips(commit, commit)
        return self._checked

    def is_known(self) -> bool:
        """Whether a state is known to have stood there, by this clone or by the remote. Raises `StateError`."""
        return self._repository.seen() is not None or self.look().last is not None

    def checked(self) -> Tips | None:
        """Where things stand, its commit being here and checked; None where it moved meanwhile. Raises `StateError`."""
        doubt: tuple[Tips, StateError] | None = None
        for _ in range(LOOKS):
            # what was seen is asked for first: another run of this clone may see more while the remote is asked
            seen = self._repository.seen()
            tips = self.look()
            if tips == self._checked:
                return tips
            if not self._is_here(tips):
                return None
            error = self._doubt(tips, seen)
            if error is None:
                if tips.head is not None and tips.head != seen:
                    self._repository.remember(tips.head)
                self._checked = tips
                return tips
            if doubt is not None and doubt[0] == tips:
                raise error
            doubt = tips, error
        return None

    def _is_here(self, tips: Tips) -> bool:
        if tips.head is None or self._repository.has(tips.head):
            return True
        self._repository.fetch(self._address.head)
        return self._repository.has(tips.head)

    def _doubt(self, tips: Tips, seen: str | None) -> StateError | None:
        """What is wrong with what stands there, None if nothing is."""
        anchors = [commit for commit in (tips.last, seen) if commit is not None]
        if tips.head is None:
            if anchors:
                return self._gone(anchors[0], tips)
            return self._unpushed() if self._repository.is_only_here() else None
        for commit in anchors:
            if not self._repository.descends(tips.head, commit, self._address.head):
                return self._rewritten(commit, tips)
        return self._turned_back(tips.head)

    # --- what is wrong ------------------------------------------------------------------------------------------------

    def _gone(self, commit: str, tips: Tips) -> StateError:
        return StateError(
            f"the branch {self._address.branch} is gone; nothing was sent or changed",
            where=self._repository.where,
            why=f"it stood at {commit[:12]}; a lost state is never an empty start: everything could be sent again",
            next_step=self._restore(commit, tips),
        )

    def _rewritten(self, commit: str, tips: Tips) -> StateError:
        return StateError(
            f"the branch {self._address.branch} was rewritten; nothing was sent or changed",
            where=self._repository.where,
            why=f"it stood at {commit[:12]}, which is not in the history of {(tips.head or '')[:12]}: sends that were "
            "recorded there would be forgotten, and made again",
            next_step=self._restore(commit, tips),
        )

    def _restore(self, commit: str, tips: Tips) -> str:
        remote, head, last = self._repository.remote_name, self._address.head, self._address.last
        if commit == tips.last:
            bring = f"git fetch {remote} {last} && git push {remote} +FETCH_HEAD:{head}"
            forget = f"git push {remote} :{last}"
        else:
            bring = f"git push {remote} +{commit}:{head}"
            forget = "nothing at the remote"
        return (
            f"bring it back: {bring}; only if what stands there now is right, have its past forgotten: {forget}, and "
            f"in each clone: {self._repository.forget_command()}"
        )

    def _unpushed(self) -> StateError:
        remote, branch = self._repository.remote_name, self._address.branch
        return StateError(
            f"the branch {branch} is in this repository and not at {remote}; nothing was sent or changed",
            where=self._repository.where,
            why="a state that was left behind is never an empty start: everything could be sent again",
            next_step=f"git push {remote} {branch}, or set `state: git:{branch}@.` if it is to stay here",
        )

    def _turned_back(self, head: str) -> StateError | None:
        """A commit that somebody made by hand, or reverted, may hold an older state: sends would be made again."""
        parent = self._repository.parent(head)
        if parent is None:
            return None
        now, before = self._mark(head), self._mark(parent)
        if now is None or before is None or (now[0] == before[0] and now[1] >= before[1]):
            return None
        return StateError(
            f"the branch {self._address.branch} went back; nothing was sent or changed",
            where=self._repository.where,
            why=f"its newest commit holds lineage {now[0]}, serial {now[1]}, the one before lineage {before[0]}, "
            f"serial {before[1]}: sends that were recorded there would be forgotten, and made again",
            next_step=f"take that commit back: git revert {head[:12]} on {self._address.branch}, and push it; an older "
            "state that is right is put in place by mesms-gitops state push FILE",
        )

    def _mark(self, commit: str) -> tuple[str, int] | None:
        """Lineage and serial of the state in a commit; None where it holds none that can be read."""
        try:
            tree = json.loads(self._opened(self._repository.state_at(commit) or b""))
            return str(tree["lineage"]), int(tree["serial"])
        except (MesmsError, ValueError, TypeError, KeyError):
            return None
