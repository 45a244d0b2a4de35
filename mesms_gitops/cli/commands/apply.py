"""``apply``: carry out a plan. What is approved is what runs, or nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options
from mesms_gitops.cli.tracing import spanned, traced
from mesms_gitops.errors import Refused, UsageError

if TYPE_CHECKING:
    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Interrupt, Workplace
    from mesms_gitops.model.plan import ApplyOutcome, Plan
    from mesms_gitops.reconcile.prepare import Prepared

TYPED_FROM = 1_000
"""From so many recipients on, a person types their number instead of ``yes``."""


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
@spanned("apply")
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
    from mesms_gitops.cli.approval import approval_of, check
    from mesms_gitops.cli.journey import Choices, prepared
    from mesms_gitops.cli.wiring import Interrupt, client, workplace
    from mesms_gitops.reconcile.tools import hold_back

    approval = approval_of(planfile, expect_digest, auto_approve=auto_approve)
    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    if not approval.is_given and not place.terminal.can_ask:
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
        saved = approval.saved
        choices = Choices(target or (saved.targets if saved else ()), allow_empty or bool(saved and saved.allow_empty))
        ready = prepared(place, state, account, choices)
        check(ready.plan, approval, state, place.project.policy)
        if ready.plan.refusals:
            raise Refused(ready.plan.refusals)
        if not ready.plan.has_changes and not ready.plan.blocked:
            _write_down(ready, place, account)
            return _nothing(ready.plan, place, output)
        if ready.plan.has_changes and not approval.is_given:
            _ask(ready.plan, place)
        outcome = _carry_out(ready, place, account, interrupt, continue_on_error=continue_on_error)
    click.echo(_rendered(outcome, output, place), nl=False)
    return outcome.exit_code


def _write_down(ready: Prepared, place: Workplace, account: MesmsClient) -> None:
    """What was observed, and manifests that say the same in other words: no effect, but worth remembering."""
    from mesms_gitops.cli.wiring import run_name
    from mesms_gitops.reconcile.bookkeeping import written_down
    from mesms_gitops.reconcile.tools import Journal

    journal = Journal(place.store, ready.stored)
    journal.write(written_down(ready, run_name(place.clock.now())))
    place.clear_out(journal.state, account.server_time())


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
    from mesms_gitops.cli.asking import typed
    from mesms_gitops.cli.commands.plan import rendered

    click.echo(rendered(plan, "text", place), err=True)
    people, credits = plan.summary.recipients, plan.summary.credits
    wanted = str(people) if people >= TYPED_FROM else "yes"
    click.echo(
        f"This texts {people:,} people for {credits:,} credits. Only '{wanted}' is accepted to approve.", err=True
    )
    if typed().replace(",", "") != wanted:
        click.echo("Apply cancelled; nothing was sent.", err=True)
        raise click.exceptions.Exit(1)


def _carry_out(
    ready: Prepared, place: Workplace, account: MesmsClient, interrupt: Interrupt, *, continue_on_error: bool
) -> ApplyOutcome:
    from mesms_gitops.cli.wiring import tools_for
    from mesms_gitops.reconcile.apply import apply
    from mesms_gitops.reconcile.tools import Journal

    with interrupt.watched():
        tools = tools_for(place, traced(account, ready.plan), ready.situation.key, interrupt)
        journal = Journal(place.store, ready.stored)
        try:
            outcome = apply(ready, journal, tools, continue_on_error=continue_on_error)
            place.clear_out(journal.state, account.server_time())
            return outcome
        finally:
            place.teller.done()


def _rendered(outcome: ApplyOutcome, output: str, place: Workplace) -> str:
    if output == "json":
        from mesms_gitops.views.apply_json import apply_json

        return apply_json(outcome, __version__)
    from mesms_gitops.views.apply_text import apply_text

    return apply_text(outcome, colour=place.terminal.colour_stdout, width=place.terminal.width)
