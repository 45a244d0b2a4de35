"""``plan``: desired against recorded and observed. Reads and previews only; never touches ``/sms/send``."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options
from mesms_gitops.cli.tracing import spanned
from mesms_gitops.errors import ConfigError

if TYPE_CHECKING:
    from mesms_gitops.cli.journey import Choices
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.plan import Plan


@click.command("plan")
@options.everywhere
@options.formats("text", "json", "markdown", "html")
@options.targets
@options.allow_empty
@click.option("--offline", is_flag=True, help="Ask nobody: cost is estimated, the account is taken as recorded.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes.")
@click.option("--strict", is_flag=True, help="Exit 3 if any campaign is blocked.")
@click.option(
    "--rejects",
    type=options.NewFile(dir_okay=False),
    metavar="FILE.csv",
    help="Write every row without a usable number, masked, also if the plan stops for them.",
)
@click.option("--out", type=options.NewFile(dir_okay=False), help="Also save the plan; `apply FILE` carries it out.")
@click.pass_obj
@spanned("plan")
def command(
    obj: dict[str, Any],
    *,
    output: str,
    target: tuple[str, ...],
    allow_empty: bool,
    offline: bool,
    detailed_exitcode: bool,
    strict: bool,
    rejects: str | None,
    out: str | None,
) -> int:
    """Show what an apply would do, with cost and people.

    Works with a key that lacks the scope sms:send; nothing is ever sent by it.
    """
    from mesms_gitops.cli.unchanged import Occasion

    verbose = bool(obj.get("verbose"))
    is_plain = output == "text" and not (target or allow_empty or offline or rejects or out or verbose)
    occasion = Occasion.of(obj.get("chdir")) if is_plain else None
    if occasion is not None and (said := occasion.said()) is not None:
        click.echo(said, nl=False)
        return 0
    from mesms_gitops.manifests.collector import collect_rarely, without_collector

    collect_rarely()
    from mesms_gitops.cli.journey import Choices, prepared
    from mesms_gitops.cli.rejecting import reject_log
    from mesms_gitops.cli.remembering import Seen
    from mesms_gitops.cli.wiring import client, workplace

    place = workplace(obj.get("chdir"), verbose=verbose)
    with without_collector():
        state = place.stored_state()
    choices, seen = Choices(target, allow_empty, from_memory=True, look_around=True), Seen()
    asked_for = options.folder(obj) / rejects if rejects else None
    with (
        nullcontext() if offline else client(place.project, place.teller) as account,
        reject_log(asked_for, verbose=verbose) as log,
    ):
        made = prepared(replace(place, rejects=log), state, account, choices, seen)
    plan = made.plan
    if out is not None:
        save(plan, Path(out), place, choices)
    text = rendered(plan, output, place, out)
    if occasion is not None and not plan.has_changes:
        from mesms_gitops.cli.nothing_to_do import to_remember

        if (worth := to_remember(place, made, seen, text)) is not None:
            occasion.remember(worth)
    click.echo(text, nl=False)
    return _exit_code(plan, detailed=detailed_exitcode, strict=strict)


def rendered(plan: Plan, output: str, place: Workplace, plan_file: str | None = None) -> str:
    """``plan`` in one of the formats."""
    if output == "json":
        from mesms_gitops.views.plan_json import plan_json

        return plan_json(plan, __version__)
    if output == "markdown":
        from mesms_gitops.views.plan_markdown import plan_markdown

        return plan_markdown(plan, timezone=place.project.timezone, plan_file=plan_file)
    if output == "html":
        from mesms_gitops.cli.public_holidays import holidays_shown
        from mesms_gitops.views.calendar_html import calendar_html

        project = place.project
        return calendar_html(
            plan,
            timezone=project.timezone,
            plan_file=plan_file,
            windows=project.policy.windows,
            holidays=holidays_shown(plan.created_at, (action.scheduled_at for action in plan.actions)),
        )
    from mesms_gitops.views.plan_text import plan_text

    return plan_text(
        plan,
        colour=place.terminal.colour_stdout,
        width=place.terminal.width,
        timezone=place.project.timezone,
        plan_file=plan_file,
    )


def save(plan: Plan, file: Path, place: Workplace, choices: Choices) -> None:
    """Write ``plan`` where `apply FILE` and `show FILE` find it. Raises `ConfigError` if it cannot be written.

    Beside the plan it keeps what was chosen for it, which `apply` then chooses too, and how it
    reads: what a reviewer signs is what everybody sees later, in any version.
    """
    import json

    from mesms_gitops.cli.saved_plan import saved_text
    from mesms_gitops.planning.promise import promise_of

    document = json.loads(rendered(plan, "json", place))
    plain = replace(place, terminal=replace(place.terminal, colour_stdout=False, width=80))
    chosen = {"targets": list(choices.targets), "allow_empty": choices.allow_empty}
    shapes = {shape: rendered(plan, shape, plain, str(file)) for shape in ("text", "markdown", "html")}
    text = saved_text(document, promise_of(plan, place.project.policy), chosen, shapes)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            "the plan could not be saved",
            where=str(file),
            why=error.strerror,
            next_step="choose another file for --out",
        ) from error


def _exit_code(plan: Plan, *, detailed: bool, strict: bool) -> int:
    if plan.refusals:
        return 4
    if strict and plan.blocked:
        return 3
    return 2 if detailed and plan.has_changes else 0
