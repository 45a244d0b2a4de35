"""Reading what became of what was sent. Only sends that can still change are asked about, and only by reads.

A look is a value, and writing it down is somebody else's turn: so whoever watches for hours holds the lock for
the instant of each write alone. What was read is written every now and then, and once more whatever stops the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import Interrupted, PersonNeeded
from mesms_gitops.model.delivery import can_still_change
from mesms_gitops.reconcile.looking import Looking

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from mesms_gitops.model.observation import Look
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.looking import Failure
    from mesms_gitops.reconcile.ports import Account, Clock, Progress

WRITE_EVERY: Final = timedelta(seconds=30)
WRITE_AFTER: Final = 200
"""Looks. What was read is written down after so many, or after ``WRITE_EVERY``, whichever comes first."""
NAMES_SHOWN: Final = 5


@dataclass(slots=True)
class Refresh:
    """One pass. ``write`` makes looks durable, and may raise what a journal raises."""

    account: Account
    clock: Clock
    progress: Progress
    write: Callable[[Mapping[str, Look]], None]
    interrupted: Callable[[], bool] = lambda: False
    _fresh: dict[str, Look] = field(default_factory=dict)
    _written_at: datetime | None = None

    def run(self, state: State, names: Collection[str] = ()) -> tuple[Failure, ...]:
        """Look at every send of ``state`` (of the campaigns ``names``) that can still change.

        Returns the looks that told nothing, which are written down as that. Raises `Interrupted` after Ctrl-C and
        `ApiError` where the account cannot be read, both once all that was read is written. An answer that was lost
        keeps nobody from the others: it is raised after them.
        """
        opened = open_sends(state, names)
        failures: list[Failure] = []
        self._written_at = self.clock.now()
        looking = Looking(self.account, self.progress.say, self._check, failures.append)
        try:
            for uuid, look in looking.looks(opened):
                self._fresh[uuid] = look
                if len(self._fresh) >= WRITE_AFTER or self.clock.now() - self._written_at >= WRITE_EVERY:
                    self._write_down()
        finally:
            self._write_down()
        lost = [failure for failure in failures if failure.is_lost]
        if lost:
            error = lost[0].error
            how_many = f"{len(lost)} of {len(opened)} messages were not answered; what the others say is written down"
            error.why = f"{error.why}; {how_many}" if error.why else how_many
            raise error
        return tuple(failures)

    def _write_down(self) -> None:
        if self._fresh:
            self.write(MappingProxyType(self._fresh))
            self._fresh = {}
        self._written_at = self.clock.now()

    def _check(self) -> None:
        if self.interrupted():
            raise Interrupted(
                "interrupted; what was read so far is written down", next_step="the same command reads the rest"
            )


def open_sends(state: State, names: Collection[str] = ()) -> list[tuple[str, SendRecord]]:
    """The sends that can still change, each with its campaign's name."""
    return [
        (campaign.name, record)
        for campaign, record in state.sends()
        if can_still_change(record) and (not names or campaign.name in names)
    ]


def unread(failures: Sequence[Failure]) -> PersonNeeded:
    """What to tell of looks that told nothing, of which there is one at least: the first in full, of all the names."""
    first = failures[0].error
    names = sorted({failure.campaign for failure in failures})
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    what = "1 message cannot" if len(failures) == 1 else f"{len(failures)} messages cannot"
    return PersonNeeded(
        f"{what} be read: {', '.join(names[:NAMES_SHOWN])}{more}; all that is known of them stays as it was",
        where=first.where,
        why=f"{first.what}; {first.why}" if first.why else first.what,
        next_step=first.next_step,
    )
