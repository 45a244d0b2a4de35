"""``refresh``: read phases and delivery counts into state."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import UsageError
from mesms_gitops.model.delivery import DeliveryNote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.live import Live
    from rich.text import Text

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.reconcile.looking import Failure

LEAST_INTERVAL: Final = 1.0
"""Seconds between two passes."""


@click.command("refresh")
@options.everywhere
@options.formats("text", "json")
@click.option("--watch", is_flag=True, help="Look again and again until everything is settled, or Ctrl-C.")
@click.option(
    "--interval", type=float, metavar="SECONDS", help="With --watch: so long between two looks.  [default: 30]"
)
@click.option("--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock.")
@click.option(
    "--openmetrics",
    type=options.NewFile(),
    metavar="FILE.prom",
    help="Also write metrics, for Prometheus' textfile collector.",
)
@click.pass_obj
def command(
    obj: dict[str, Any],
    *,
    output: str,
    watch: bool,
    interval: float | None,
    lock_timeout: float,
    openmetrics: str | None,
) -> int:
    """Read phases and delivery counts of everything that can still change into state.

    What has all its results, or left too long ago for any to come, is settled and not asked about again. Ctrl-C keeps
    what was read. With --watch the state is locked only while something is written. A message that cannot be read
    stays as it was and is flagged; all others are read (exit 3).
    """
    if interval is not None and (not watch or not math.isfinite(interval) or interval < LEAST_INTERVAL):
        raise UsageError(
            "--interval is for --watch, and 1 second at least",
            where="--interval",
            next_step="mesms-gitops refresh --watch --interval 30",
        )
    from mesms_gitops.cli.metrics import MetricsFile
    from mesms_gitops.cli.refreshing import Watch, one_pass
    from mesms_gitops.cli.wiring import Interrupt, client, workplace
    from mesms_gitops.reconcile.tools import Journal

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    interrupt = Interrupt()
    with client(place.project, place.teller) as account, interrupt.watched():
        metrics = MetricsFile(options.folder(obj) / openmetrics, place, account) if openmetrics else None
        if watch:
            with _shown(place, output) as (show, trouble):
                shown = metrics.after(show) if metrics else show
                watch_it = Watch(place, account, interrupt, interval or 30.0, lock_timeout, shown, trouble)
                after = watch_it.run()
            if output == "json":
                click.echo(_rendered(after, output, place), nl=False)
            return _ended(watch_it.failures, place)
        with place.store.lock("refresh", lock_timeout):
            journal = Journal(place.store, place.stored_state())
            before = journal.state
            failures = one_pass(place, account, journal, interrupt)
            place.clear_out(journal.state, account.server_time())
        if metrics is not None:
            metrics.write(journal.state)
    after = journal.state
    if output == "text":
        known = {name: _as_read(record) for name, record in before.campaigns.items()}
        changed = [name for name, record in after.campaigns.items() if _as_read(record) != known.get(name)]
        click.echo(f"{len(changed)} of {len(after.campaigns)} campaigns moved on since the last look.")
    click.echo(_rendered(after, output, place), nl=False)
    return _ended(failures, place)


def _as_read(record: CampaignRecord) -> CampaignRecord:
    """``record`` without the note that a look told nothing, which is no news of the campaign."""
    return replace(
        record,
        sends=tuple(
            replace(send, notes=tuple(note for note in send.notes if note != DeliveryNote.UNREAD))
            for send in record.sends
        ),
    )


def _ended(failures: Sequence[Failure], place: Workplace) -> int:
    """The exit code; what could not be read is told on stderr, for stdout has all that could."""
    if not failures:
        return 0
    from mesms_gitops.reconcile.refresh import unread
    from mesms_gitops.views.error_text import error_text

    told = unread(failures)
    text = error_text(told, colour=place.terminal.colour_stderr, width=place.terminal.width)
    click.echo(text, err=True, nl=False)
    return told.exit_code


def _rendered(state: State, output: str, place: Workplace) -> str:
    if output == "json":
        from mesms_gitops.views.status_json import status_json

        return status_json(state)
    from mesms_gitops.views.status_text import status_text

    return status_text(
        state, colour=place.terminal.colour_stdout, width=place.terminal.width, timezone=place.project.timezone
    )


@contextmanager
def _shown(place: Workplace, output: str) -> Iterator[tuple[Callable[[State, str], None], Callable[[str], None]]]:
    """What shows each pass, and what tells of trouble that has no place there.

    A table that is drawn anew on a terminal, a line for each campaign that moved elsewhere.
    """
    if output == "json":
        yield lambda _state, _footer: None, _News(place)
    elif place.terminal.animates and place.terminal.can_ask:
        with _table(place) as show:
            yield show, lambda _: None
    else:
        yield _Lines(place), _News(place)


@contextmanager
def _table(place: Workplace) -> Iterator[Callable[[State, str], None]]:
    from rich.console import Console
    from rich.live import Live

    from mesms_gitops.reconcile.refresh import open_sends

    with Live(console=Console(), auto_refresh=False, vertical_overflow="crop") as live:
        state = place.stored_state()
        table = _Table(live, place, state, {name for name, _ in open_sends(state)})
        try:
            with place.teller.told_by(table.progress):
                yield table
        finally:
            table.leave()


class _Table:
    """The whole of it in place of the former one; as long as it is watched, no more than the screen holds."""

    def __init__(self, live: Live, place: Workplace, state: State, names: set[str]) -> None:
        self._live, self._place, self._names = live, place, names
        self._state, self._footer = state, ""
        self._drawn_at = 0.0

    def __call__(self, state: State, footer: str) -> None:
        self._state, self._footer = state, footer
        self._draw(footer)

    def progress(self, text: str) -> None:
        """What is being done, in place of what is waited for."""
        if time.monotonic() - self._drawn_at >= self._place.teller.pace:
            self._draw(text)

    def leave(self) -> None:
        """What stays on the terminal is whole, be it longer than the screen."""
        self._live.update(self._text(self._footer, None))

    def _draw(self, footer: str) -> None:
        self._live.update(self._text(footer, self._live.console.size.height - 1), refresh=True)
        self._drawn_at = time.monotonic()

    def _text(self, footer: str, height: int | None) -> Text:
        from rich.text import Text

        from mesms_gitops.views.watch_text import watch_text

        terminal = self._place.terminal
        return Text.from_ansi(
            watch_text(
                self._state, self._names, footer, colour=terminal.colour_stdout, width=terminal.width, height=height
            )
        )


class _News:
    """Trouble as notes on stderr, each once until it is another one."""

    def __init__(self, place: Workplace) -> None:
        self._place, self._said = place, ""

    def __call__(self, trouble: str) -> None:
        if trouble != self._said:
            self._place.teller.note(trouble)
        self._said = trouble


class _Lines:
    """Plain lines: each campaign when it moved, and the first time."""

    def __init__(self, place: Workplace) -> None:
        self._said: dict[str, str] = {}
        self._before = place.stored_state()

    def __call__(self, state: State, footer: str) -> None:
        from mesms_gitops.reconcile.refresh import open_sends
        from mesms_gitops.views.watch_text import watch_line

        names = {name for name, _ in open_sends(self._before)}
        if not names:
            click.echo(footer)
        for name in sorted(names & state.campaigns.keys()):
            line = watch_line(state, name)
            if self._said.get(name) != line:
                self._said[name] = line
                click.echo(line)
