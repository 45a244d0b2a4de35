"""``resolve``: settle an unknown send, or show a person the evidence."""

from __future__ import annotations

from typing import Any

import click

from mesms_gitops.cli import completion, options
from mesms_gitops.cli.names import check_name
from mesms_gitops.errors import UsageError


@click.command("resolve")
@click.argument("name", shell_complete=completion.recorded)
@options.everywhere
@click.option("--sent", metavar="UUID", help="It is this message: check it, and write it down.")
@click.option("--not-sent", is_flag=True, help="It was not sent: look once more, and let the next apply send it.")
@click.option("--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock.")
@click.pass_obj
def command(obj: dict[str, Any], *, name: str, sent: str | None, not_sent: bool, lock_timeout: float) -> int:
    """Settle the unknown send of campaign NAME. Alone it shows the evidence and changes nothing."""
    from mesms_gitops.cli.wiring import client, tools_for, workplace
    from mesms_gitops.reconcile.resolve import evidence, settle_not_sent, settle_sent
    from mesms_gitops.reconcile.tools import Journal
    from mesms_gitops.views.evidence_text import evidence_text

    if sent and not_sent:
        raise UsageError("--sent and --not-sent contradict each other", where="resolve", next_step="choose one")
    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    with client(place.project, place.teller) as account:
        if not sent and not not_sent:
            state = place.stored_state()
            check_name(name, state)
            found = evidence(state, name, tools_for(place, account, place.key_for(state)))
            click.echo(evidence_text(found), nl=False)
            return 3
        with place.store.lock("resolve", lock_timeout):
            state = place.stored_state()
            check_name(name, state)
            tools, journal = tools_for(place, account, place.key_for(state)), Journal(place.store, state)
            if sent:
                record = settle_sent(journal, name, sent, tools)
                click.echo(f"{name}: it is {sent}, {record.phase}; the next plan goes on from there.")
            else:
                settle_not_sent(journal, name, tools)
                click.echo(f"{name}: written down as not sent; the next apply may send it, as its plan says.")
    return 0
