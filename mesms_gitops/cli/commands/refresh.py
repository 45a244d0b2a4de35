"""``refresh``: read phases and delivery counts into state."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import State

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
    type=click.Path(dir_okay=False),
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
    what was read. With --watch the state is locked only while something is written.
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
            with _shown(place, output) as show:
                after = Watch(
                    place, account, interrupt, interval or 30.0, lock_timeout, metrics.after(show) if metrics else show
                ).run()
            if output == "json":
                click.echo(_rendered(after, output, place), nl=False)
            return 0
        with place.store.lock("refresh", lock_timeout):
            journal = Journal(place.store, place.stored_state())
            before = journal.state
            one_pass(place, account, journal, interrupt)
            place.clear_out(journal.state, account.server_time())
        if metrics is not None:
            metrics.write(journal.state)
    after = journal.state
    if output == "text":
        changed = [name for name, record in after.campaigns.items() if record != before.campaigns.get(name)]
        click.echo(f"{len(changed)} of {len(after.campaigns)} campaigns moved on since the last look.")
    click.echo(_rendered(after, output, place), nl=False)
    return 0


def _rendered(state: State, output: str, place: Workplace) -> str:
    if output == "json":
        from mesms_gitops.views.status_json import status_json

        return status_json(state)
    from mesms_gitops.views.status_text import status_text

    return status_text(
        state, colour=place.terminal.colour_stdout, width=place.terminal.width, timezone=place.project.timezone
    )


@contextmanager
def _shown(place: Workplace, output: str) -> Iterator[Callable[[State, str], None]]:
    """What shows each pass: a table that is drawn anew on a terminal, a line for each campaign that moved elsewhere."""
    if output == "json":
        yield lambda _state, _footer: None
    elif place.terminal.animates and place.terminal.can_ask:
        with _table(place) as show:
            yield show
    else:
        yield _Lines(place)


@contextmanager
def _table(place: Workplace) -> Iterator[Callable[[State, str], None]]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from mesms_gitops.reconcile.refresh import open_sends
    from mesms_gitops.views.watch_text import watch_text

    names = {name for name, _ in open_sends(place.stored_state())}
    terminal = place.terminal
    with Live(console=Console(), auto_refresh=False, vertical_overflow="ellipsis") as live:

        def show(state: State, footer: str) -> None:
            text = watch_text(state, names, footer, colour=terminal.colour_stdout, width=terminal.width)
            live.update(Text.from_ansi(text), refresh=True)

        yield show


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
