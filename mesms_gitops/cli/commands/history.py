"""``history``: git commits, plans, sends and delivery of a campaign as one timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import completion, options
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from mesms_gitops.cli.wiring import Workplace


@click.command("history")
@click.argument("name", required=False, shell_complete=completion.written_or_recorded)
@options.everywhere
@options.formats("text", "json", "csv")
@click.option("--verify", is_flag=True, help="Check the chain of states instead: exit 1 where it is broken.")
@click.pass_obj
def command(obj: dict[str, Any], *, name: str | None, output: str, verify: bool) -> int:
    """Show who wrote, reviewed and approved a campaign, and what was sent of it: of NAME, or of all."""
    from mesms_gitops.cli.wiring import workplace

    if verify and output == "csv":
        raise UsageError(
            "a check of the chain is no table",
            where="--verify --format csv",
            next_step="--format text or json",
        )
    # a mesms.yaml that has an error now hides nothing of the past
    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")), leniently=True)
    return _verify(place, name, output) if verify else _show(place, name, output)


def _show(place: Workplace, name: str | None, output: str) -> int:
    from mesms_gitops.cli.timelines import history_of

    history = history_of(place, name)
    if output == "json":
        from mesms_gitops.views.history_json import history_json

        text = history_json(history, __version__)
    elif output == "csv":
        from mesms_gitops.views.history_csv import history_csv

        text = history_csv(history)
    else:
        from mesms_gitops.views.history_text import history_text

        terminal = place.terminal
        timezone = place.project.timezone
        text = history_text(history, colour=terminal.colour_stdout, width=terminal.width, timezone=timezone)
    click.echo(text, nl=False)
    return 0


def _verify(place: Workplace, name: str | None, output: str) -> int:
    from mesms_gitops.cli.verifying import verified

    found = verified(place, name)
    if output == "json":
        from mesms_gitops.views.history_json import verification_json

        text = verification_json(found, __version__)
    else:
        from mesms_gitops.views.history_text import verification_text

        text = verification_text(found, colour=place.terminal.colour_stdout, width=place.terminal.width)
    click.echo(text, nl=False)
    return 0 if found.is_whole else 1
