"""``stop``: the emergency stop. No approval is asked, and no lock is waited for before the first cancel."""

from __future__ import annotations

import difflib
import getpass
import socket
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops.cli import completion, options
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import Freeze
    from mesms_gitops.reconcile.stop import StopOutcome


@click.command("stop")
@click.argument("names", nargs=-1, metavar="[NAME…]", shell_complete=completion.written_or_recorded)
@options.everywhere
@click.option("--all", "everything", is_flag=True, help="Every campaign, also those not applied yet.")
@click.option("--release", is_flag=True, help="Lift the stop of NAME…, or the whole of it.")
@click.pass_obj
def command(obj: dict[str, Any], *, names: tuple[str, ...], everything: bool, release: bool) -> int:
    """Stop campaigns at once: nothing of them is sent any more, and what is scheduled is cancelled.

    The freeze is durable first; a running apply reads it before each send. Exit 3 if a message was too late to cancel.
    """
    from mesms_gitops.cli.wiring import workplace

    if everything == bool(names) and not release:
        raise UsageError(
            "stop takes campaign names, or --all", where="stop", next_step="mesms-gitops stop --all stops everything"
        )
    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    return _release(place, names) if release else _stop(place, names, everything=everything)


def _release(place: Workplace, names: tuple[str, ...]) -> int:
    from mesms_gitops.reconcile.stop import released

    stood: list[Freeze] = []

    def lifted(former: Freeze) -> Freeze:
        stood.append(former)
        return released(former, names)

    place.store.amend_freeze(lifted)
    for name in names:
        if not stood[-1].covers(name):
            place.teller.note(f"{name} was not stopped: look at the name in mesms-gitops status")
    what = ", ".join(names) if names else "everything"
    click.echo(f"released: {what}. Nothing was sent; the next apply sends again, as its plan says.")
    return 0


def _stop(place: Workplace, names: tuple[str, ...], *, everything: bool) -> int:
    from mesms_gitops.cli.wiring import client, tools_for
    from mesms_gitops.reconcile.stop import frozen, stop

    by = f"{getpass.getuser()}@{socket.gethostname()}"
    # durable before anything can go wrong: no key, no network, a state that cannot be read
    freeze = place.store.amend_freeze(
        lambda former: frozen(former, names, everything=everything, moment=place.clock.now(), by=by)
    )
    click.echo("stopped: nothing new leaves from now on", err=True)
    state = place.stored_state()
    for name in names:
        if name not in state.campaigns:
            near = difflib.get_close_matches(name, state.campaigns, n=1)
            place.teller.note(
                f"state knows no campaign {name}; it is stopped all the same"
                + (f". Did you mean {near[0]}?" if near else "")
            )
    with client(place.project, place.teller) as account:
        outcome = stop(place.store, freeze, state, tools_for(place, account, place.key_for(state)))
    place.teller.done()
    return _told(outcome)


def _told(outcome: StopOutcome) -> int:
    for item in outcome.messages:
        click.echo(f"  {item.campaign}: {item.result.value if item.result else item.why} ({item.uuid})")
    if not outcome.written:
        click.echo("cancelled on ME-SMS, but a running apply holds the lock: run the same stop again to write it down")
        return 3
    if not outcome.messages:
        click.echo("nothing was scheduled")
    click.echo("next: mesms-gitops stop --release lifts it")
    return 0 if outcome.is_complete else 3
