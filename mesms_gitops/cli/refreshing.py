"""A pass of `refresh`, once or again and again. Who watches holds the lock only while something is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import Interrupted, NoAnswer, NotReached, RateLimited, StateLocked, StateMoved
from mesms_gitops.planning.delivery import looked_at_all
from mesms_gitops.reconcile.refresh import Refresh, open_sends
from mesms_gitops.reconcile.tools import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Interrupt, Workplace
    from mesms_gitops.model.observation import RemoteMessage
    from mesms_gitops.model.state import State

_BLINK: Final = 0.2
"""Seconds: Ctrl-C while nothing is done ends the watching so soon."""

Show = "Callable[[State, str], None]"


def one_pass(place: Workplace, account: MesmsClient, journal: Journal, interrupt: Interrupt) -> None:
    """Read everything that can still change. The caller holds the lock."""

    def write(looks: Mapping[str, RemoteMessage | None]) -> None:
        journal.write(looked_at_all(journal.state, looks, account.server_time() or place.clock.now()))

    try:
        Refresh(account, place.clock, place.teller, write, interrupt).run(journal.state)
    finally:
        place.teller.done()


@dataclass(slots=True)
class Watch:
    """Passes, ``interval`` seconds apart, until everything that was open at the start is settled.

    ``show`` is given the newest state and what is being waited for.
    """

    place: Workplace
    account: MesmsClient
    interrupt: Interrupt
    interval: float
    lock_timeout: float
    show: Callable[[State, str], None]

    def run(self) -> State:
        """The last state. Raises `Interrupted` after Ctrl-C, and `MesmsError` where waiting would not help."""
        state = self.place.stored_state()
        names = {name for name, _ in open_sends(state)}
        while True:
            trouble = self._pass(state, names)
            state = self.place.stored_state()
            left = {name for name, _ in open_sends(state, names)} if names else set()
            if not left:
                self.show(state, "everything is settled")
                return state
            wait = f"{len(left)} still open; next look in {self.interval:g} s; Ctrl-C ends the watching"
            self.show(state, f"{trouble}; {wait}" if trouble else wait)
            self._sleep()

    def _pass(self, state: State, names: Collection[str]) -> str | None:
        """One pass; what went wrong where the next pass may go well."""
        if not names:
            return None
        refresh = Refresh(self.account, self.place.clock, self.place.teller, self._write, self.interrupt)
        try:
            refresh.run(state, names)
        except (NotReached, NoAnswer, RateLimited, StateLocked, StateMoved) as error:
            return error.what
        finally:
            self.place.teller.done()
        return None

    def _write(self, looks: Mapping[str, RemoteMessage | None]) -> None:
        """Under the lock, on whatever stands in state by now."""
        with self.place.store.lock("refresh --watch", self.lock_timeout):
            journal = Journal(self.place.store, self.place.stored_state())
            journal.write(looked_at_all(journal.state, looks, self.account.server_time() or self.place.clock.now()))

    def _sleep(self) -> None:
        left = self.interval
        while left > 0:
            if self.interrupt():
                raise Interrupted("watching ended; what was read is written down")
            self.place.clock.sleep(min(_BLINK, left))
            left -= _BLINK
