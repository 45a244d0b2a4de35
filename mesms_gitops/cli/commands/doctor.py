"""``doctor``: what stands between this project and its account, a line each, with the next step. Read-only."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options
from mesms_gitops.errors import MesmsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.doctor import CheckLine, Examination, Met
    from mesms_gitops.model.state import State


@click.command("doctor")
@options.everywhere
@options.formats("text", "json")
@click.option("--offline", is_flag=True, help="Do not ask the account anything.")
@click.option("--preview", is_flag=True, help="Also ask the price of one message; nothing is charged or sent.")
@click.option(
    "--bundle",
    type=options.NewFile(dir_okay=False),
    metavar="FILE.zip",
    help="Also write what was found for a bug report: no key, number, text or name in it.",
)
@click.pass_obj
def command(obj: dict[str, Any], *, output: str, offline: bool, preview: bool, bundle: str | None) -> int:
    """Look at key, account, answers, state and git; change nothing, send nothing.

    Each line is ok, warn or fail, with the next step. Exits 1 if any line is a fail.
    """
    if offline and preview:
        raise UsageError("--offline asks nobody, --preview asks the price", where="doctor", next_step="leave one out")
    from mesms_gitops.cli.wiring import workplace

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    file = None if bundle is None else options.folder(obj) / bundle
    if file is not None:
        from mesms_gitops.cli.doctor.bundle import refuse_another

        refuse_another(file)  # before anything is asked of the account
    found, senders = _examined(place, offline=offline, preview=preview)
    if file is not None:
        _write(file, found, place, senders)
    if output == "json":
        from mesms_gitops.views.doctor_json import doctor_json

        click.echo(doctor_json(found, __version__), nl=False)
    else:
        from mesms_gitops.views.doctor_text import doctor_text

        width = place.terminal.width if sys.stdout.isatty() else None
        click.echo(doctor_text(found, colour=place.terminal.colour_stdout, width=width), nl=False)
    from mesms_gitops.model.doctor import Verdict

    return int(found.verdict is Verdict.FAIL)


def _examined(place: Workplace, *, offline: bool, preview: bool) -> tuple[Examination, tuple[str, ...]]:
    """Every line in the order in which one would look; and the senders of the account, which are private."""
    from mesms_gitops.cli.doctor.hygiene import hygiene_lines, policy_line
    from mesms_gitops.cli.doctor.looking import looked, ok
    from mesms_gitops.cli.doctor.state import state_lines, stored
    from mesms_gitops.model.doctor import Examination, Met

    key, hash_secret = os.environ.get("MESMS_API_KEY"), os.environ.get("MESMS_HASH_KEY")
    lines = [*state_lines(place, hash_secret)]
    met = Met()
    if offline:
        lines.append(ok("account", "account: not asked (--offline)"))
    else:
        account, met = _of_account(place, stored(place), preview=preview)
        lines += account
    lines.append(policy_line(place.project.policy))
    lines += looked("git", lambda: hygiene_lines(place.project.root, key, hash_secret))
    senders = tuple(word for line in lines if line.check == "account.senders" for word in line.private)
    return Examination(tuple(lines), met), senders


def _of_account(place: Workplace, state: State | None, *, preview: bool) -> tuple[list[CheckLine], Met]:
    from mesms_gitops.api.witness import Witness
    from mesms_gitops.cli.doctor.account import AccountLook
    from mesms_gitops.cli.doctor.looking import failed
    from mesms_gitops.cli.doctor.shapes import shape_lines
    from mesms_gitops.cli.wiring import client

    witness = Witness()
    lines: list[CheckLine] = []
    try:
        with client(place.project, place.teller, witness=witness) as account:
            look = AccountLook(place.project, account, witness, state, place.clock, preview)
            lines += look.lines()
    except MesmsError as error:
        lines.append(failed("key.present", error))
    finally:
        place.teller.done()
    met = witness.met()
    if witness.has_seen_json:
        lines += shape_lines(met, place.project.api.fields)
    return lines, met


def _write(file: Path, found: Examination, place: Workplace, senders: tuple[str, ...]) -> None:
    from mesms_gitops.cli.doctor.bundle import Secrets, write_bundle
    from mesms_gitops.cli.doctor.state import stored

    given = [os.environ.get(name) for name in ("MESMS_API_KEY", "MESMS_HASH_KEY", "MESMS_STATE", "HOME", "USER")]
    write_bundle(file, found, place.project, Secrets.of(place.project, stored(place), given, senders))
    place.teller.note(f"{file} is for a bug report; look through it before you send it")
