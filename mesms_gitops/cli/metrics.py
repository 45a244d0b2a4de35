"""The file of metrics that `refresh --openmetrics` keeps for Prometheus' textfile collector."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops import __version__
from mesms_gitops.errors import ConfigError, MesmsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import State

_READABLE: Final = 0o644
"""The collector runs as another user; the umask still holds."""


@dataclass(frozen=True, slots=True)
class MetricsFile:
    """``file`` is written anew as a whole each time: the collector never sees half of it."""

    file: Path
    place: Workplace
    account: MesmsClient

    def write(self, state: State, *, if_answered: bool = False) -> None:
        """Write what ``state`` says after a refresh. Without an answer the balance is left out: an old one would lie.

        ``if_answered``: without an answer nothing is written at all, so that the file shows its age. Raises
        `ConfigError` where the file cannot be written, `StateError` where the emergency stop cannot be read.
        """
        from mesms_gitops.views.openmetrics import Reading, openmetrics

        now = self.account.server_time() or self.place.clock.now()
        balance = self._balance()
        if balance is None and if_answered:
            return
        reading = Reading(now=now, refreshed_at=now, balance=balance)
        text = openmetrics(state, reading, self.place.store.read_freeze(), __version__)
        try:
            _replace(self.file, text.encode())
        except OSError as error:
            raise ConfigError(
                "the metrics could not be written",
                where=str(self.file),
                why=error.strerror,
                next_step="give --openmetrics a file in a folder that this user may write to",
            ) from error

    def after(self, show: Callable[[State, str], None]) -> Callable[[State, str], None]:
        """``show`` of `refreshing.Watch`, which writes the file as well, after passes that got an answer."""

        def both(state: State, footer: str) -> None:
            self.write(state, if_answered=True)
            show(state, footer)

        return both

    def _balance(self) -> int | None:
        try:
            return self.account.balance()
        except MesmsError as error:
            self.place.teller.note(f"no balance in the metrics: {error.what}")
            return None


def _replace(file: Path, body: bytes) -> None:
    """Put ``body`` in place of ``file``. Until it is whole its name does not end in ``.prom``: it is passed over."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READABLE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
