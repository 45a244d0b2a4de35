"""The file of metrics that `refresh --openmetrics` keeps for Prometheus' textfile collector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesms_gitops import __version__
from mesms_gitops.cli.whole_file import no_file_at, put_whole
from mesms_gitops.errors import ConfigError, MesmsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import State

_READABLE: Final = 0o644
"""The collector runs as another user; the umask still holds."""


_ENDING: Final = ".prom"
"""The collector reads "all files in it matching the glob *.prom" (README of prometheus/node_exporter)."""
_BEGINNINGS: Final = (b"# HELP ", b"# TYPE ", b"# UNIT ")
"""How the first line of a file of metrics begins (OpenMetrics 1.0, "Metadata"); the older text format has them too."""


@dataclass(frozen=True, slots=True)
class MetricsFile:
    """``file`` is written anew as a whole each time: the collector never sees half of it.

    Raises `UsageError` for what would be destroyed by that: anything but a file of metrics or an empty one.
    """

    file: Path
    place: Workplace
    account: MesmsClient

    def __post_init__(self) -> None:
        """Before anything is asked of the account."""
        _refuse_another(self.file)
        if self.file.suffix != _ENDING:
            self.place.teller.note(f"Prometheus' textfile collector reads files that end in {_ENDING} alone")

    def write(self, state: State, *, if_answered: bool = False) -> None:
        """Write what ``state`` says after a refresh. Without an answer the balance is left out: an old one would lie.

        ``if_answered``: without an answer nothing is written at all, so that the file shows its age. Raises
        `ConfigError` where the file cannot be written, `UsageError` where it has become another, `StateError` where the
        emergency stop cannot be read.
        """
        from mesms_gitops.views.openmetrics import Reading, openmetrics

        now = self.account.server_time() or self.place.clock.now()
        balance = self._balance()
        if balance is None and if_answered:
            return
        reading = Reading(now=now, refreshed_at=now, balance=balance)
        text = openmetrics(state, reading, self.place.store.read_freeze(), __version__)
        _refuse_another(self.file)  # once more: a pass may take long
        try:
            put_whole(self.file, text.encode(), _READABLE)
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


def _refuse_another(file: Path) -> None:
    """Raise `UsageError` where something stands at ``file`` that is not this tool's to replace."""
    wrong = _wrong(file)
    if wrong is not None:
        raise UsageError(
            f"{wrong}, and metrics would take its place",
            where=f"--openmetrics {file}",
            why="only a file of metrics, or an empty one, is replaced; it is as it was",
            next_step=f"name another file, such as {(file if file.is_dir() else file.parent) / 'mesms.prom'}",
        )


def _wrong(file: Path) -> str | None:
    """What stands at ``file`` and is no file of metrics; None where nothing does, or one does."""
    try:
        wrong = no_file_at(file)
        if wrong is not None:
            return wrong
        with file.open("rb") as stream:
            first = stream.readline(len(_BEGINNINGS[0]))
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"this cannot be looked at ({error.strerror})"
    return None if not first or first.startswith(_BEGINNINGS) else "this file holds something else"
