"""``state``: looking at the recorded state, and moving it by hand. Meant as in OpenTofu."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops.cli import completion, options
from mesms_gitops.cli.names import check_name
from mesms_gitops.errors import ConfigError, PersonNeeded, StateError, UsageError

if TYPE_CHECKING:
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.state import State


@click.group("state", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Look at the recorded state, or change it by hand."""


def _place(obj: dict[str, Any]) -> Workplace:
    from mesms_gitops.cli.wiring import workplace

    return workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))


@command.command("list")
@options.everywhere
@click.pass_obj
def list_command(obj: dict[str, Any]) -> int:
    """The names of all recorded campaigns."""
    state = _place(obj).stored_state()
    for name in sorted(state.campaigns):
        click.echo(name)
    return 0


@command.command("show")
@click.argument("name", shell_complete=completion.recorded)
@options.everywhere
@options.formats("text", "json")
@click.pass_obj
def show_command(obj: dict[str, Any], *, name: str, output: str) -> int:
    """Everything recorded of one campaign."""
    place = _place(obj)
    state = place.stored_state()
    check_name(name, state)
    if output == "json":
        from mesms_gitops.views.status_json import status_json

        click.echo(status_json(state, names=[name]), nl=False)
    else:
        from mesms_gitops.views.status_text import status_text

        click.echo(status_text(state, names=[name], width=place.terminal.width), nl=False)
    return 0


@command.command("pull")
@options.everywhere
@click.pass_obj
def pull_command(obj: dict[str, Any]) -> int:
    """Print the state file."""
    from mesms_gitops.store.codec import encode

    click.echo(encode(_place(obj).stored_state()).decode(), nl=False)
    return 0


@command.command("push")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@options.everywhere
@click.option("--force", is_flag=True, help="Also over a newer serial or another lineage.")
@click.pass_obj
def push_command(obj: dict[str, Any], *, file: str, force: bool) -> int:
    """Put FILE (- for standard input) in the place of the state. Refuses an older serial and another lineage."""
    from mesms_gitops.store.codec import decode

    body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    pushed = decode(body, origin=file)
    place = _place(obj)
    with place.store.lock("state push", 0.0):
        stored = place.store.read()
        serial = stored.serial if stored else 0
        if stored is not None and not force:
            _check_push(stored, pushed)
        lineage = stored.lineage if stored is not None else pushed.lineage
        if lineage != pushed.lineage:
            raise StateError(
                "the stored state has another lineage",
                why="a state is never overwritten by one with another history, not even by force",
                next_step="move the stored file away first, if it really is to go",
            )
        place.store.commit(replace(pushed, serial=serial + 1), expected_serial=serial)
    click.echo(f"pushed: {len(pushed.campaigns)} campaigns, serial {serial + 1}")
    return 0


def _check_push(stored: State, pushed: State) -> None:
    if pushed.lineage != stored.lineage:
        raise StateError(
            "this state belongs to another lineage",
            why=f"stored is {stored.lineage}, the file's is {pushed.lineage}",
            next_step="push the state of this project",
        )
    if pushed.serial < stored.serial:
        raise StateError(
            "this state is older than the stored one",
            why=f"its serial is {pushed.serial}, stored is {stored.serial}: sends made since would be forgotten",
            next_step="pull the stored state and look at both; --force if the older one is right",
        )


@command.command("mv")
@click.argument("old", shell_complete=completion.recorded)
@click.argument("new")
@options.everywhere
@click.pass_obj
def mv_command(obj: dict[str, Any], *, old: str, new: str) -> int:
    """Give campaign OLD the name NEW in state; OLD stays reserved. `moved_from` in a manifest does it by plan."""
    from mesms_gitops.model.state import CampaignRecord
    from mesms_gitops.reconcile.tools import Journal

    place = _place(obj)
    with place.store.lock("state mv", 0.0):
        state = place.stored_state()
        check_name(old, state)
        if new in state.campaigns:
            raise UsageError(f"state already knows a campaign {new}", where="NEW", next_step="choose another name")
        record = state.campaigns[old]
        moved = state.with_campaign(replace(record, name=new))
        left = CampaignRecord(old, record.file, record.revision, moved_to=new)
        Journal(place.store, state).write(moved.with_campaign(left))
    click.echo(f"{old} is {new} now")
    return 0


@command.command("rm")
@click.argument("name", shell_complete=completion.recorded)
@options.everywhere
@click.option("--force", is_flag=True, help="Also if a message of it is live or unknown: it may then be sent again.")
@click.pass_obj
def rm_command(obj: dict[str, Any], *, name: str, force: bool) -> int:
    """Forget campaign NAME without cancelling anything."""
    from mesms_gitops.reconcile.tools import Journal

    place = _place(obj)
    with place.store.lock("state rm", 0.0):
        state = place.stored_state()
        check_name(name, state)
        held = [send for send in state.campaigns[name].sends if send.is_live or send.is_unsettled]
        if held and not force:
            raise PersonNeeded(
                f"{name} has {len(held)} messages that are live or unknown",
                where=f"state: {name}",
                why="once forgotten, the same manifest would text the same people again",
                next_step="delete its manifest and apply, which cancels what can be; --force to forget it all the same",
            )
        Journal(place.store, state).write(state.without_campaign(name))
    click.echo(f"{name} is forgotten")
    return 0


@command.command("unlock")
@click.argument("lock_id", required=False)
@options.everywhere
@click.option("--force", is_flag=True, help="Break the lock without naming it.")
@click.pass_obj
def unlock_command(obj: dict[str, Any], *, lock_id: str | None, force: bool) -> int:
    """Break the lock LOCK_ID. Without it, shows who holds the lock.

    A runner whose lock is broken is stopped by the state's serial before its next send.
    """
    place = _place(obj)
    held = place.store.info()
    if held is None:
        click.echo("the state is not locked")
        return 0
    if lock_id is None and not force:
        since = f" since {held.created:%Y-%m-%d %H:%M:%S} UTC" if held.created else ""
        click.echo(f"locked by {held.holder}{since}\nnext: mesms-gitops state unlock {held.id}")
        return 6
    broken = place.store.unlock(lock_id or held.id)
    click.echo(f"unlocked; it was held by {broken.holder}")
    return 0


@command.command("migrate")
@click.argument("target")
@options.everywhere
@click.pass_obj
def migrate_command(obj: dict[str, Any], *, target: str) -> int:
    """Move the state to another backend. This version knows files only."""
    from mesms_gitops.store.open import open_store

    place = _place(obj)
    other = open_store(target, place.project.root, place.teller.say)
    with place.store.lock("state migrate", 0.0), other.lock("state migrate", 0.0):
        state = place.store.read()
        if state is None:
            raise ConfigError("there is no state to move", where=place.project.state, next_step="apply something first")
        if other.read() is not None:
            raise StateError("the target already holds a state", where=target, next_step="choose an empty target")
        other.commit(replace(state, serial=1), expected_serial=0)
        if other.read() != replace(state, serial=1):
            raise StateError("the copy is not equal to the original", where=target, next_step="keep using the old one")
    click.echo(f"copied to {target}\nnext: write `state: {target}` into mesms.yaml, then remove {place.project.state}")
    return 0
