"""``state``: looking at the recorded state, and moving it by hand. Meant as in OpenTofu."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops.cli import completion, options
from mesms_gitops.cli.names import check_name
from mesms_gitops.errors import StateLocked, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.store.port import Store

_lock_timeout = click.option(
    "--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock."
)


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
    """Print the state, byte for byte as a file would hold it, wherever it is kept. Nothing where there is none yet."""
    from mesms_gitops.store.codec import encode

    place = _place(obj)
    state = place.store.read()
    if state is None:
        # a state that was lost is an error, and not an empty answer
        place.stored_state()
        place.teller.note("there is no state yet: nothing was applied")
        return 0
    sys.stdout.flush()
    sys.stdout.buffer.write(encode(state))
    return 0


@command.command("push")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@options.everywhere
@_lock_timeout
@click.option("--force", is_flag=True, help="Also over a newer or differing state of the same lineage.")
@click.pass_obj
def push_command(obj: dict[str, Any], *, file: str, lock_timeout: float, force: bool) -> int:
    """Put FILE (- for standard input) in the place of the state. Refuses an older serial and another lineage.

    Whoever asked to be forgotten stays forgotten, whatever FILE says.
    """
    from mesms_gitops.cli.by_hand import merged
    from mesms_gitops.store.codec import decode

    body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    pushed = decode(body, origin=file)
    place = _place(obj)
    with place.store.lock("state push", lock_timeout):
        stored = place.store.read()
        if stored is None:
            # a state that was lost comes back as it was
            became = pushed if pushed.serial else replace(pushed, serial=1)
        else:
            became = merged(stored, pushed, force=force)
        if became is not stored:
            place.store.commit(became, expected_serial=stored.serial if stored else 0)
    kept = len(set(became.suppressed) - set(pushed.suppressed))
    if kept:
        place.teller.note(f"{kept} people whom the stored state had forgotten, and {file} had not, stay forgotten")
    what = "nothing to push: it is what is stored" if became is stored else "pushed"
    click.echo(f"{what}: {len(became.campaigns)} campaigns, serial {became.serial}")
    return 0


@command.command("mv")
@click.argument("old", shell_complete=completion.recorded)
@click.argument("new")
@options.everywhere
@_lock_timeout
@click.pass_obj
def mv_command(obj: dict[str, Any], *, old: str, new: str, lock_timeout: float) -> int:
    """Give campaign OLD the name NEW in state; OLD stays reserved. `moved_from` in a manifest does it by plan."""
    from mesms_gitops.cli.by_hand import check_new
    from mesms_gitops.model.state import CampaignRecord
    from mesms_gitops.reconcile.tools import Journal

    place = _place(obj)
    with place.store.lock("state mv", lock_timeout):
        state = place.stored_state()
        check_name(old, state)
        record = state.campaigns[old]
        check_new(new, record, state.campaigns.get(new))
        moved = state.with_campaign(replace(record, name=new))
        left = CampaignRecord(old, record.file, record.revision, moved_to=new)
        Journal(place.store, state).write(moved.with_campaign(left))
    click.echo(f"{old} is {new} now")
    return 0


@command.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME…", shell_complete=completion.recorded)
@options.everywhere
@_lock_timeout
@click.option("--force", is_flag=True, help="Also if a message of it is live or unknown: it may then be sent again.")
@click.pass_obj
def rm_command(obj: dict[str, Any], *, names: tuple[str, ...], lock_timeout: float, force: bool) -> int:
    """Forget campaigns without cancelling anything: all of them, or none if one must not be."""
    from mesms_gitops.cli.by_hand import check_unheld
    from mesms_gitops.reconcile.tools import Journal

    place = _place(obj)
    with place.store.lock("state rm", lock_timeout):
        state = rest = place.stored_state()
        for name in names:
            check_name(name, state)
            if not force:
                check_unheld(state.campaigns[name])
            rest = rest.without_campaign(name)
        Journal(place.store, state).write(rest)
    for name in dict.fromkeys(names):
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
@_lock_timeout
@click.pass_obj
def migrate_command(obj: dict[str, Any], *, target: str, lock_timeout: float) -> int:
    """Move the state to TARGET, which is what `state:` is to say from then on: a file, git:, s3:// or postgresql://.

    Serial, lineage and emergency stop move along; the copy is read back and compared before the old place is given up.
    There a tombstone stays, which names the new one. After a crash, do the same again.
    """
    from mesms_gitops.cli.wiring import state_at
    from mesms_gitops.store.migration import migrate

    place = _place(obj)
    other = state_at(target, place.project, place.teller.note)
    with place.store.lock("state migrate", lock_timeout), _locked(other, place.store, target, lock_timeout):
        done = migrate(place.store, other, target)
    verb = "moved before" if done.was_done else "moved"
    click.echo(f"{verb}: {len(done.state.campaigns)} campaigns, serial {done.state.serial}")
    click.echo(f"  from {place.project.state}, where a tombstone stays\n  to   {target}")
    click.echo(f"next: write `state: {target}` into mesms.yaml (or MESMS_STATE), and commit that")
    return 0


@contextmanager
def _locked(target: Store, source: Store, name: str, timeout: float) -> Iterator[None]:
    """Hold the target's lock as well. Raises `UsageError` if it is the source's: both are one place."""
    if target.info() == source.info():
        raise UsageError("the state is there already", where=name, next_step="name another place")
    try:
        with target.lock("state migrate", timeout):
            yield
    except StateLocked as locked:
        locked.add_note(f"it is the lock of the new place, {name}")
        raise
