"""``refresh``: read phases and delivery counts into state."""

from __future__ import annotations

from typing import Any

import click

from mesms_gitops.cli import options


@click.command("refresh")
@options.everywhere
@options.formats("text", "json")
@click.option("--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock.")
@click.pass_obj
def command(obj: dict[str, Any], *, output: str, lock_timeout: float) -> int:
    """Read phases and delivery counts of everything that can still change into state."""
    from mesms_gitops.cli.wiring import client, workplace
    from mesms_gitops.reconcile.refresh import refresh
    from mesms_gitops.reconcile.tools import Journal

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    with client(place.project, place.teller) as account, place.store.lock("refresh", lock_timeout):
        journal = Journal(place.store, place.stored_state())
        try:
            newer = refresh(journal.state, account, place.teller)
        finally:
            place.teller.done()
        before = journal.state
        journal.write(newer)
        place.clear_out(journal.state, account.server_time())
    changed = [name for name, record in journal.state.campaigns.items() if record != before.campaigns.get(name)]
    if output == "json":
        from mesms_gitops.views.status_json import status_json

        click.echo(status_json(journal.state), nl=False)
    else:
        from mesms_gitops.views.status_text import status_text

        click.echo(f"{len(changed)} of {len(journal.state.campaigns)} campaigns moved on since the last look.")
        click.echo(
            status_text(
                journal.state,
                colour=place.terminal.colour_stdout,
                width=place.terminal.width,
                timezone=place.project.timezone,
            ),
            nl=False,
        )
    return 0
