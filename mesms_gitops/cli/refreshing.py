"""A pass of `refresh`, once or again and again. Who watches holds the lock only while something is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops.errors import Interrupted, NoAnswer, NotMesms, NotReached, RateLimited, StateLocked, StateMoved
from mesms_gitops.model.delivery import DeliveryNote, is_window_over
from mesms_gitops.planning.delivery import looked_at_all
from mesms_gitops.reconcile.refresh import Refresh, open_sends, unread
from mesms_gitops.reconcile.tools import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Interrupt, Workplace
    from mesms_gitops.model.observation import Look
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.looking import Failure

_BLINK: Final = 0.2
"""Seconds: Ctrl-C while nothing is done ends the watching so soon."""


def one_pass(place: Workplace, account: MesmsClient, journal: Journal, interrupt: Interrupt) -> tuple[Failure, ...]:
    """Read everything that can still change; the looks that told nothing. The caller holds the lock."""

    def write(looks: Mapping[str, Look]) -> None:
        journal.write(looked_at_all(journal.state, looks, account.server_time() or place.clock.now()))

    try:
        return Refresh(account, place.clock, place.teller, write, interrupt).run(journal.state)
    finally:
        place.teller.done()


@dataclass(slots=True)
class Watch:
    """Passes, ``interval`` seconds apart, until everything that was open at the start is settled.

    ``show`` is given the newest state and what is being waited for; ``trouble`` what went wrong in a pass.
    """

    place: Workplace
    account: MesmsClient
    interrupt: Interrupt
    interval: float
    lock_timeout: float
    show: Callable[[State, str], None]
    trouble: Callable[[str], None] = lambda _: None
    failures: tuple[Failure, ...] = ()
    """The looks of the newest pass that told nothing."""

    def run(self) -> State:
        """The last state. Raises `Interrupted` after Ctrl-C, and `MesmsError` where waiting would not help."""
        state = self.place.stored_state()
        names = {name for name, _ in open_sends(state)}
        while True:
            trouble = self._pass(state, names)
            if trouble:
                self.trouble(trouble)
            state = self.place.stored_state()
            left = {name for name, _ in open_sends(state, names)} if names else set()
            hopeless = left & _hopeless(state, self._now())
            if left == hopeless:
                rest = f"; {len(hopeless)} cannot be read, and no result is to come" if hopeless else ""
                self.show(state, f"everything{' else' if hopeless else ''} is settled{rest}")
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
            self.failures = refresh.run(state, names)
        except (NotReached, NoAnswer, NotMesms, RateLimited, StateLocked, StateMoved) as error:
            return error.what
        finally:
            self.place.teller.done()
        return unread(self.failures).what if self.failures else None

    def _write(self, looks: Mapping[str, Look]) -> None:
        """Under the lock, on whatever stands in state by now."""
        with self.place.store.lock("refresh --watch", self.lock_timeout):
            journal = Journal(self.place.store, self.place.stored_state())
            journal.write(looked_at_all(journal.state, looks, self._now()))

    def _now(self) -> datetime:
        return self.account.server_time() or self.place.clock.now()

    def _sleep(self) -> None:
        left = self.interval
        while left > 0:
            if self.interrupt():
                raise Interrupted("watching ended; what was read is written down")
            self.place.clock.sleep(min(_BLINK, left))
            left -= _BLINK


def _hopeless(state: State, now: datetime) -> set[str]:
    """Campaigns of which nothing is left but messages that cannot be read and have nothing to come."""
    by_name: dict[str, bool] = {}
    for name, record in open_sends(state):
        is_lost = DeliveryNote.UNREAD in record.notes and is_window_over(record, now)
        by_name[name] = by_name.get(name, True) and is_lost
    return {name for name, is_lost in by_name.items() if is_lost}
