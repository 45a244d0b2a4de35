"""``forget``: a person is not texted any more, and taken out of what is kept of past sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options
from mesms_gitops.cli.one_number import number_given
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.snapshot import ForgetProof


@click.command("forget")
@click.argument("number")
@options.everywhere
@options.formats("text", "json")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock.")
@click.pass_obj
def command(obj: dict[str, Any], *, number: str, output: str, yes: bool, lock_timeout: float) -> int:
    """Never text NUMBER again, take it out of what is kept of past sends, and print the proof.

    NUMBER may be spelled as in a manifest; - reads it from standard input, which keeps it out of the shell's history.
    Exit 3 if a file could not be opened; what is encrypted takes MESMS_AGE_IDENTITY_FILE.
    """
    from mesms_gitops.cli.known_audiences import forget_audiences
    from mesms_gitops.cli.wiring import workplace
    from mesms_gitops.reconcile.forget import forget
    from mesms_gitops.reconcile.tools import Journal

    from_stdin = number == "-"
    subscriber, masked = number_given(number)
    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    if not yes:
        _ask(masked, can_ask=place.terminal.can_ask and not from_stdin)
    with place.store.lock("forget", lock_timeout):
        state = place.stored_state()
        key = place.key_for(state)
        journal = Journal(place.store, state)
        proof = forget(journal, place.snapshots(), key, subscriber, masked, place.clock.now(), place.results())
    forget_audiences()
    click.echo(_rendered(proof, output, place), nl=False)
    return proof.exit_code


def _ask(masked: str, *, can_ask: bool) -> None:
    """Have a person confirm it. Raises `UsageError` where nobody can be asked."""
    from mesms_gitops.cli.asking import typed

    if not can_ask:
        raise UsageError("nobody is here to confirm", where="forget", why="there is no terminal", next_step="add --yes")
    click.echo(f"{masked} is never texted from here again, and leaves every snapshot. This cannot be undone.", err=True)
    click.echo("Only 'yes' is accepted.", err=True)
    if typed() != "yes":
        click.echo("Cancelled; nothing was changed.", err=True)
        raise click.exceptions.Exit(1)


def _rendered(proof: ForgetProof, output: str, place: Workplace) -> str:
    if output == "json":
        from mesms_gitops.views.forget_json import forget_json

        return forget_json(proof, __version__)
    from mesms_gitops.views.forget_text import forget_text

    return forget_text(proof, colour=place.terminal.colour_stdout, width=place.terminal.width)
