"""``doctor``: what stands between this project and its account, a line each, with the next step. Read-only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import MesmsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Workplace

CLOCK_TOLERANCE = 60.0
"""Seconds that this machine's clock may be off before it is worth a word."""

SHORTEST_SECRET = 16
"""Characters: a trial costs less than a microsecond, and whoever has the state knows when it fits."""

Line = tuple[str, str, str]
"""ok, warn or fail; what was found; what to do next."""


@click.command("doctor")
@options.everywhere
@click.pass_obj
def command(obj: dict[str, Any]) -> int:
    """Look at key, senders, balance, clock, state, lock and digests; change nothing, send nothing."""
    from mesms_gitops.cli.wiring import client, workplace

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    lines = [*_looked(lambda: _of_state(place))]
    try:
        with client(place.project, place.teller) as account:
            lines += _looked(lambda: _of_account(place, account))
    except MesmsError as error:
        lines.append(("fail", error.what, error.next_step or ""))
    for verdict, found, next_step in lines:
        click.echo(f"{verdict:<5} {found}")
        if next_step:
            click.echo(f"      next: {next_step}")
    return int(any(verdict == "fail" for verdict, _, _ in lines))


def _looked(look: Callable[[], Iterator[Line]]) -> list[Line]:
    """The lines of one look; what goes wrong is the last of them."""
    lines: list[Line] = []
    try:
        lines.extend(look())
    except MesmsError as error:
        lines.append(("fail", error.what, error.next_step or ""))
    return lines


def _of_state(place: Workplace) -> Iterator[Line]:
    state = place.stored_state()
    yield "ok", f"state: {place.project.state}, serial {state.serial}, {len(state.campaigns)} campaigns", ""
    key = place.key_for(state)
    if key.from_lineage:
        advice = "set MESMS_HASH_KEY to a long secret before the first apply"
        yield (
            "warn",
            "digests are keyed with the lineage, which stands in the same file: numbers can be searched",
            advice,
        )
    elif len(os.environ.get("MESMS_HASH_KEY", "").strip()) < SHORTEST_SECRET:
        found = f"MESMS_HASH_KEY ({key.identity}) is so short that it can be guessed: then numbers can be searched"
        advice = f"set {SHORTEST_SECRET} random characters or more before the first apply; a state keeps the key it has"
        yield "warn", found, advice
    else:
        yield "ok", f"digests are keyed with MESMS_HASH_KEY ({key.identity})", ""
    held = place.store.info()
    if held is None:
        yield "ok", "the state is not locked", ""
    else:
        yield "warn", f"the state is locked by {held.holder}", f"if it is dead: mesms-gitops state unlock {held.id}"
    if place.store.read_freeze().is_active:
        yield "warn", "the emergency stop is on", "mesms-gitops stop --release lifts it"


def _of_account(place: Workplace, account: MesmsClient) -> Iterator[Line]:
    yield "ok", f"key and balance: {account.balance():,} credits at {place.project.api.base_url}", ""
    approved = [sender.name for sender in account.senders() if sender.approved]
    if approved:
        yield "ok", f"approved senders: {', '.join(approved)}", ""
    else:
        yield "fail", "no sender is approved", "ask for one on the Senders page of ME-SMS"
    there = account.server_time()
    if there is None:
        yield "warn", "ME-SMS sends no Date: this machine's clock decides what has passed", ""
        return
    off = (place.clock.now() - there).total_seconds()
    if abs(off) > CLOCK_TOLERANCE:
        yield "warn", f"this machine's clock is {off:+.0f} s off; ME-SMS's is used", "set the clock"
    else:
        yield "ok", "clock: within a minute of ME-SMS's", ""
    page = account.messages(page=1)
    yield "ok", f"listing: {len(page.messages)} messages on the first page, in a shape that can be read", ""
