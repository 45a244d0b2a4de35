"""``forget``: a person is not texted any more, and taken out of what is kept of past sends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from typing import TextIO

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.snapshot import ForgetProof

_LONGEST_INPUT: Final = 4096
"""Characters of standard input that are looked at: a number has a dozen."""


@click.command("forget")
@click.argument("number")
@options.everywhere
@options.formats("text", "json")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock.")
@click.pass_obj
def command(obj: dict[str, Any], *, number: str, output: str, yes: bool, lock_timeout: float) -> int:
    """Never text NUMBER again, take it out of every snapshot of past audiences, and print the proof.

    NUMBER may be spelled as in a manifest; - reads it from standard input, which keeps it out of the shell's history.
    Exit 3 if a snapshot could not be opened; what is encrypted takes MESMS_AGE_IDENTITY_FILE.
    """
    from mesms_gitops.cli.known_audiences import forget_audiences
    from mesms_gitops.cli.wiring import workplace
    from mesms_gitops.reconcile.forget import forget
    from mesms_gitops.reconcile.tools import Journal

    from_stdin = number == "-"
    subscriber, masked = _understood(_only_line(sys.stdin) if from_stdin else number)
    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    if not yes:
        _ask(masked, can_ask=place.terminal.can_ask and not from_stdin)
    with place.store.lock("forget", lock_timeout):
        state = place.stored_state()
        key = place.key_for(state)
        journal = Journal(place.store, state)
        proof = forget(journal, place.snapshots(), key, subscriber, masked, place.clock.now())
    forget_audiences()
    click.echo(_rendered(proof, output, place), nl=False)
    return proof.exit_code


def _only_line(given: TextIO) -> str:
    """What ``given`` holds. Raises `UsageError` for more than one line: nobody who asked is passed over in silence."""
    if given.isatty():
        return given.readline()
    lines = [line for line in given.read(_LONGEST_INPUT).splitlines() if line.strip()]
    if len(lines) > 1:
        raise UsageError(
            "more than one line on standard input",
            where="NUMBER",
            why="one number is forgotten at a time, each with a proof of its own; nothing was done",
            next_step="run it once for each number",
        )
    return lines[0] if lines else ""


def _understood(raw: str) -> tuple[int, str]:
    """The number and how it is shown. Raises `UsageError`, which never holds more of it than its mask."""
    from mesms_gitops.audience.normalise import EXPLAINED, Reason, mask, normalise

    found = normalise(raw)
    if isinstance(found, Reason):
        raise UsageError(
            f"{mask(raw)} is not a Thai mobile number",
            where="NUMBER",
            why=EXPLAINED[found],
            next_step="write it as 08XXXXXXXX",
        )
    return found, mask(raw)


def _ask(masked: str, *, can_ask: bool) -> None:
    """Have a person confirm it. Raises `UsageError` where nobody can be asked."""
    if not can_ask:
        raise UsageError("nobody is here to confirm", where="forget", why="there is no terminal", next_step="add --yes")
    click.echo(f"{masked} is never texted from here again, and leaves every snapshot. This cannot be undone.", err=True)
    click.echo("Only 'yes' is accepted.", err=True)
    if click.prompt("  Enter a value", default="", show_default=False, err=True).strip() != "yes":
        click.echo("Cancelled; nothing was changed.", err=True)
        raise click.exceptions.Exit(1)


def _rendered(proof: ForgetProof, output: str, place: Workplace) -> str:
    if output == "json":
        from mesms_gitops.views.forget_json import forget_json

        return forget_json(proof, __version__)
    from mesms_gitops.views.forget_text import forget_text

    return forget_text(proof, colour=place.terminal.colour_stdout, width=place.terminal.width)
