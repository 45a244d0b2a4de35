"""``status``: what state knows, without any network."""

from __future__ import annotations

from typing import Any

import click

from mesms_gitops.cli import completion, options
from mesms_gitops.cli.names import check_name


@click.command("status")
@click.argument("name", required=False, shell_complete=completion.recorded)
@options.everywhere
@options.formats("text", "json", "html")
@click.pass_obj
def command(obj: dict[str, Any], *, name: str | None, output: str) -> int:
    """Show what state knows of all campaigns, or of NAME with each of its sends."""
    from mesms_gitops.cli.wiring import workplace

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    state = place.stored_state()
    freeze = place.store.read_freeze()
    check_name(name, state)
    names = [name] if name else None
    if output == "json":
        from mesms_gitops.views.status_json import status_json

        click.echo(status_json(state, names=names, freeze=freeze), nl=False)
    elif output == "html":
        from mesms_gitops.cli.public_holidays import holidays_shown
        from mesms_gitops.views.status_html import status_html

        now = place.clock.now()
        page = status_html(
            state,
            now=now,
            names=names,
            freeze=freeze,
            timezone=place.project.timezone,
            windows=place.project.policy.windows,
            holidays=holidays_shown(now, (send.scheduled_at for _, send in state.sends())),
        )
        click.echo(page, nl=False)
    else:
        from mesms_gitops.views.status_text import status_text

        text = status_text(
            state,
            names=names,
            freeze=freeze,
            colour=place.terminal.colour_stdout,
            width=place.terminal.width,
            timezone=place.project.timezone,
        )
        click.echo(text, nl=False)
    return 0
