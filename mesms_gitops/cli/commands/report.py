"""``report``: what was delivered, from state."""

from __future__ import annotations

from typing import Any

import click

from mesms_gitops.cli import completion, options
from mesms_gitops.cli.names import check_name


@click.command("report")
@click.argument("name", required=False, shell_complete=completion.recorded)
@options.everywhere
@options.formats("text", "json", "markdown", "csv")
@click.pass_obj
def command(obj: dict[str, Any], *, name: str | None, output: str) -> int:
    """Report delivery of all campaigns, or of NAME. `refresh` reads newer figures first."""
    from mesms_gitops.cli.wiring import workplace

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    state = place.stored_state()
    check_name(name, state)
    names = [name] if name else None
    if output == "json":
        from mesms_gitops.views.report_json import report_json

        text = report_json(state, names=names)
    elif output == "markdown":
        from mesms_gitops.views.report_markdown import report_markdown

        text = report_markdown(state, names=names, timezone=place.project.timezone)
    elif output == "csv":
        from mesms_gitops.views.report_csv import report_csv

        text = report_csv(state, names=names)
    else:
        from mesms_gitops.views.report_text import report_text

        text = report_text(
            state,
            names=names,
            colour=place.terminal.colour_stdout,
            width=place.terminal.width,
            timezone=place.project.timezone,
        )
    click.echo(text, nl=False)
    return 0
