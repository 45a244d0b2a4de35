"""``adopt``: take a message made elsewhere into state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesms_gitops.cli import completion, options

if TYPE_CHECKING:
    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import State
    from mesms_gitops.planning.desire import Wanted


@click.command("adopt")
@click.argument("uuid")
@click.argument("name", shell_complete=completion.written_or_recorded)
@options.everywhere
@click.option("--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock.")
@click.pass_obj
def command(obj: dict[str, Any], *, uuid: str, name: str, lock_timeout: float) -> int:
    """Record message UUID, made elsewhere, as a send of campaign NAME. The next plan shows what that means."""
    from mesms_gitops.cli.wiring import client, tools_for, workplace
    from mesms_gitops.reconcile.adopt import adopt
    from mesms_gitops.reconcile.tools import Journal
    from mesms_gitops.views.layout import counted

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    with client(place.project, place.teller) as account, place.store.lock("adopt", lock_timeout):
        state = place.stored_state()
        tools = tools_for(place, account, place.key_for(state))
        record = adopt(Journal(place.store, state), uuid, name, _wanted(place, state, account, name), tools)
    click.echo(f"{name}: {uuid} is recorded as {record.phase}, {counted(record.recipients, 'recipient')}.")
    click.echo("next: mesms-gitops plan shows whether the manifest agrees with it")
    return 0


def _wanted(place: Workplace, state: State, account: MesmsClient, name: str) -> Wanted | None:
    """What the manifest called ``name`` asks for, if there is one."""
    from mesms_gitops.cli.journey import manifests, wanting

    account.balance()  # for the server's clock, by which manifests are read
    campaigns, _ = manifests(place, state, account.server_time())
    chosen = tuple(campaign for campaign in campaigns if campaign.name == name)
    return wanting(place, chosen, place.key_for(state), account=account)(state).get(name)
