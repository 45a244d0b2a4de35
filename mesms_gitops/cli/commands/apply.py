"""``apply``: carry out a plan. What is approved is what runs, or nothing does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options
from mesms_gitops.errors import Refused, StalePlan, UsageError

if TYPE_CHECKING:
    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Interrupt, Workplace
    from mesms_gitops.model.plan import ApplyOutcome, Plan
    from mesms_gitops.model.state import State
    from mesms_gitops.reconcile.prepare import Prepared

TYPED_FROM = 1_000
"""From so many recipients on, a person types their number instead of ``yes``."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What was approved beforehand: a digest (from a plan file or the command line), everything, or nothing yet."""

    digest: str | None
    everything: bool
    lineage: str | None = None
    serial: int | None = None
    expires_at: str | None = None
    targets: tuple[str, ...] = ()
    allow_empty: bool = False


@click.command("apply")
@click.argument("planfile", required=False, type=click.Path(exists=True, dir_okay=False))
@options.everywhere
@options.formats("text", "json")
@options.targets
@options.allow_empty
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("--expect-digest", metavar="SHA256", help="Refuse (5) unless the plan has this digest.")
@click.option("--lock-timeout", default=0.0, show_default=True, metavar="SECONDS", help="Wait so long for the lock.")
@click.option("--continue-on-error", is_flag=True, help="After a refused send, go on with the other campaigns.")
@click.pass_obj
def command(
    obj: dict[str, Any],
    *,
    planfile: str | None,
    output: str,
    target: tuple[str, ...],
    allow_empty: bool,
    auto_approve: bool,
    expect_digest: str | None,
    lock_timeout: float,
    continue_on_error: bool,
) -> int:
    """Carry out a plan: cancels first, then what can be undone, then what cannot.

    A PLANFILE or --expect-digest is the approval; otherwise a person is asked, or --auto-approve says that nobody is.
    """
    from mesms_gitops.cli.journey import Choices, prepared
    from mesms_gitops.cli.wiring import Interrupt, client, workplace
    from mesms_gitops.reconcile.tools import hold_back

    approval = _approval(planfile, expect_digest, auto_approve=auto_approve)
    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    if approval.digest is None and not approval.everything and not place.terminal.can_ask:
        raise UsageError(
            "nobody is here to approve",
            where="apply",
            why="there is no terminal, no plan file and no expected digest",
            next_step="add --auto-approve, or save a plan (mesms-gitops plan --out FILE) and apply that FILE",
        )
    interrupt = Interrupt()
    held = hold_back(place.store, interrupt)
    with client(place.project, place.teller, held) as account, place.store.lock("apply", lock_timeout):
        state = place.stored_state()
        choices = Choices(target or approval.targets, allow_empty or approval.allow_empty)
        ready = prepared(place, state, account, choices)
        _check(ready.plan, approval, state)
        if not ready.plan.has_changes and not ready.plan.blocked:
            _write_down(ready, place)
            return _nothing(ready.plan, place, output)
        if ready.plan.has_changes and approval.digest is None and not approval.everything:
            _ask(ready.plan, place)
        outcome = _carry_out(ready, place, account, interrupt, continue_on_error=continue_on_error)
    click.echo(_rendered(outcome, output, place), nl=False)
    return outcome.exit_code


def _approval(planfile: str | None, expect_digest: str | None, *, auto_approve: bool) -> Approval:
    if planfile is None:
        return Approval(expect_digest, auto_approve)
    from mesms_gitops.cli.commands.show import saved_plan

    saved = saved_plan(Path(planfile))
    approval = Approval(
        digest=saved["digest"],
        everything=auto_approve,
        lineage=saved["state"]["lineage"],
        serial=saved["state"]["serial"],
        expires_at=saved["expires_at"],
        targets=tuple(saved["choices"]["targets"]),
        allow_empty=saved["choices"]["allow_empty"],
    )
    if expect_digest is not None and expect_digest != approval.digest:
        raise StalePlan(
            "the saved plan is not the one that was approved",
            where=planfile,
            why=f"its digest is {approval.digest}, expected was {expect_digest}",
            next_step="apply the plan file that belongs to the approval",
        )
    return approval


def _check(plan: Plan, approval: Approval, state: State) -> None:
    """Refuse what was not approved, before anything else. Raises `StalePlan` or `Refused`."""
    from datetime import datetime

    from mesms_gitops.reconcile.bookkeeping import is_approved

    if approval.lineage is not None and approval.lineage != state.lineage:
        raise StalePlan(
            "the saved plan belongs to another state",
            why=f"its lineage is {approval.lineage}, the state's is {state.lineage}",
            next_step="plan again in this project",
        )
    if approval.expires_at is not None and datetime.fromisoformat(approval.expires_at) <= plan.created_at:
        raise StalePlan(
            "the saved plan has expired", why=f"it was good until {approval.expires_at}", next_step="plan again"
        )
    if approval.digest is not None and not is_approved(plan, approval.digest, state.approval):
        raise StalePlan(
            "the plan is no longer the one that was approved",
            why=f"approved: {approval.digest}; now: {plan.digest}",
            next_step="look at what moved (mesms-gitops plan), and have it approved again",
        )
    if plan.refusals:
        raise Refused(plan.refusals)


def _write_down(ready: Prepared, place: Workplace) -> None:
    """What was observed, and manifests that say the same in other words: no effect, but worth remembering."""
    from mesms_gitops.cli.wiring import run_name
    from mesms_gitops.reconcile.bookkeeping import written_down
    from mesms_gitops.reconcile.tools import Journal

    Journal(place.store, ready.stored).write(written_down(ready, run_name(place.clock.now())))


def _nothing(plan: Plan, place: Workplace, output: str) -> int:
    from mesms_gitops.model.plan import ApplyOutcome

    if output == "json":
        click.echo(_rendered(ApplyOutcome(()), output, place), nl=False)
    else:
        from mesms_gitops.cli.commands.plan import rendered

        click.echo(rendered(plan, "text", place), nl=False)
    return 0


def _ask(plan: Plan, place: Workplace) -> None:
    """Show the plan and have it approved. Raises `click.Abort` if it is not."""
    from mesms_gitops.cli.commands.plan import rendered

    click.echo(rendered(plan, "text", place), err=True)
    people, credits = plan.summary.recipients, plan.summary.credits
    wanted = str(people) if people >= TYPED_FROM else "yes"
    click.echo(
        f"This texts {people:,} people for {credits:,} credits. Only '{wanted}' is accepted to approve.", err=True
    )
    if click.prompt("  Enter a value", default="", show_default=False, err=True).replace(",", "").strip() != wanted:
        click.echo("Apply cancelled; nothing was sent.", err=True)
        raise click.exceptions.Exit(1)


def _carry_out(
    ready: Prepared, place: Workplace, account: MesmsClient, interrupt: Interrupt, *, continue_on_error: bool
) -> ApplyOutcome:
    from mesms_gitops.cli.wiring import tools_for
    from mesms_gitops.reconcile.apply import apply
    from mesms_gitops.reconcile.tools import Journal

    with interrupt.watched():
        tools = tools_for(place, account, ready.situation.key, interrupt)
        try:
            return apply(ready, Journal(place.store, ready.stored), tools, continue_on_error=continue_on_error)
        finally:
            place.teller.done()


def _rendered(outcome: ApplyOutcome, output: str, place: Workplace) -> str:
    if output == "json":
        from mesms_gitops.views.apply_json import apply_json

        return apply_json(outcome, __version__)
    from mesms_gitops.views.apply_text import apply_text

    return apply_text(outcome, colour=place.terminal.colour_stdout, width=place.terminal.width)
