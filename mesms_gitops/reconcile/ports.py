"""What reconcile needs of the outside: four narrow Protocols, implemented by `api`, `store` and `cli`.

Errors cross these ports only as leaves of `errors.MesmsError`; which leaf a send raises decides what may follow
(`NotReached` and `ApiRefusal`: not carried out; `NoAnswer`: nobody knows).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from mesms_gitops.model.numbers import Numbers
    from mesms_gitops.model.observation import (
        Accepted,
        MessagePage,
        Quote,
        RecipientPage,
        RemoteMessage,
        SenderName,
    )
    from mesms_gitops.model.results import ResultHead
    from mesms_gitops.model.sends import DesiredSend
    from mesms_gitops.model.snapshot import Snapshot, Unopened
    from mesms_gitops.model.state import Freeze, State
    from mesms_gitops.planning.cost import CostClass


class Recipients(Protocol):
    """What becomes of the recipients of a message."""

    def recipients(
        self, uuid: str, *, after: int = 0, delivery_state: str | None = None, search: str | None = None
    ) -> RecipientPage:
        """``GET /sms/{uuid}/recipients``: one page of at most 50."""


class Account(Recipients, Protocol):
    """The ME-SMS account. Reads repeat themselves as needed; a send repeats only where that is provably safe."""

    def send(self, send: DesiredSend, scheduled_at: datetime | None) -> Accepted:
        """``POST /sms/send``. Raises `NotReached` or `ApiRefusal` if it was not carried out, else `NoAnswer`."""

    def cancel(self, uuid: str) -> None:
        """``POST /sms/{uuid}/cancel``. Raises `ApiRefusal` with the cancel code, or `NoAnswer`."""

    def message(self, uuid: str) -> RemoteMessage | None:
        """``GET /sms/{uuid}``; None if ME-SMS does not know it (404)."""

    def messages(
        self,
        *,
        page: int = 1,
        sender: str | None = None,
        remote_phase: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        leaves_out: bool = False,
    ) -> MessagePage:
        """``GET /sms``: one page of at most 100, newest first. Raises `AnswerUnreadable` for a row that cannot be read.

        ``leaves_out`` such rows instead: only for what decides about no send, for one of them could be its double.
        """

    def balance(self) -> int:
        """``GET /sms/credit/balance`` in whole credits."""

    def senders(self) -> tuple[SenderName, ...]:
        """``GET /senders``."""

    def preview(self, send: DesiredSend) -> Quote:
        """``POST /sms/preview-cost``."""

    def server_time(self) -> datetime | None:
        """The server's clock, from the ``Date`` of the newest answer carried forward; None before any answer."""


class Prices(Protocol):
    """What ME-SMS asked for messages before, as far as this machine remembers it."""

    def known(self, found: CostClass) -> Quote | None:
        """The answer to this very question, if it was given lately."""

    def learn(self, found: CostClass, quote: Quote) -> None:
        """ME-SMS has just answered."""

    def learned(self, found: CostClass) -> Quote | None:
        """An answer about other messages of its kind that was not what was estimated here; None if there is none."""


class Ledger(Protocol):
    """Where state is kept: durable when `commit` returns."""

    @property
    def wave(self) -> int:
        """How many sends the intents of one commit may cover: 1 where a commit is cheap, more where it is a push."""

    def read(self) -> State | None:
        """The newest state; None where none was ever written. Raises `StateUnreadable`."""

    def commit(self, state: State, expected_serial: int) -> None:
        """Write ``state`` if the stored serial still is ``expected_serial``. Raises `StateMoved`, `StateError`."""

    def lock(self, operation: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock. Raises `StateLocked` after ``timeout`` seconds."""

    def read_freeze(self) -> Freeze:
        """The emergency stop, read without the lock."""

    def write_freeze(self, freeze: Freeze) -> None:
        """Make the emergency stop durable, without the lock."""


class Snapshots(Protocol):
    """Whom each send covered, kept outside git for a while. Everything here is done under the state's lock."""

    def keep(self, campaign: str, fingerprint: str, numbers: Numbers, moment: datetime) -> None:
        """Make durable whom a send is about to cover. Never raises: a send whose intent stands must be made."""

    def all(self) -> tuple[Snapshot | Unopened, ...]:
        """Every snapshot, without opening any. Raises `StateError`."""

    def numbers_of(self, snapshot: Snapshot) -> Numbers:
        """Whom a snapshot holds. Raises `MesmsError` if it is damaged or cannot be decrypted."""

    def replace(self, snapshot: Snapshot, numbers: Numbers) -> Snapshot:
        """Put ``numbers``, fewer than before, in place of what ``snapshot`` holds. Raises `MesmsError`."""

    def sweep(self, state: State, now: datetime) -> int:
        """Delete what was kept long enough, or is of a send that was never made; how many. Never raises."""


class KeptResults(Protocol):
    """What became of each recipient of past sends, kept outside git for a while. Done under the state's lock."""

    def files(self) -> tuple[Path, ...]:
        """All of them, without opening any. Raises `StateError`."""

    def take_out(self, path: Path, subscriber: int) -> ResultHead | None:
        """Remove one person; what the results are of, None if the person never was in them. Raises `MesmsError`."""

    def sweep(self, state: State, now: datetime) -> int:
        """Delete what was kept long enough; how many. Never raises."""


class Clock(Protocol):
    """This machine's time."""

    def now(self) -> datetime:
        """The moment, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Progress(Protocol):
    """Somebody to tell while it takes long. Goes to stderr or nowhere; never part of a result."""

    def say(self, text: str) -> None:
        """One line for people."""
