"""``report``: what was delivered, from state."""

from __future__ import annotations

from typing import Any

import click

from mesms_gitops.cli import completion, options
from mesms_gitops.cli.names import check_name
from mesms_gitops.errors import UsageError

NUMBER_FORMATS = ("text", "json")
"""What `--number` prints; the other formats are of counts."""


@click.command("report")
@click.argument("name", required=False, shell_complete=completion.recorded)
@options.everywhere
@options.formats("text", "json", "markdown", "html", "csv")
@click.option(
    "--recipients",
    metavar="FILE.csv,FILE.parquet",
    help="Also write every recipient's number and status, read from ME-SMS where they are not kept yet.",
)
@click.option("--status", "delivery_states", metavar="STATUS,…", help="With --recipients or --follow-up: only these.")
@click.option("--force", is_flag=True, help="With --recipients: overwrite files that are there.")
@click.option("--number", metavar="NUMBER", help="What became of this person in NAME; - reads it from standard input.")
@click.option(
    "--follow-up",
    "followed",
    metavar="NAME",
    shell_complete=completion.recorded,
    help="Write the manifest of a second try to those whom NAME did not reach: a draft.",
)
@click.option(
    "--lock-timeout",
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="With --recipients: wait so long for the lock.",
)
@click.pass_obj
def command(
    obj: dict[str, Any],
    *,
    name: str | None,
    output: str,
    recipients: str | None,
    delivery_states: str | None,
    force: bool,
    number: str | None,
    followed: str | None,
    lock_timeout: float,
) -> int:
    """Report delivery of all campaigns, or of NAME. `refresh` reads newer figures first.

    Numbers are written to files alone, never where git would see them, and kept as long as whom a send covered is
    (audience.keep in mesms.yaml). What does not add up is kept as it came, marked, and exits 3.
    """
    _check(name, recipients, delivery_states, number, followed, output, force=force)
    from mesms_gitops.cli.doubted import doubts_in
    from mesms_gitops.cli.reporting import export_recipients, follow_up, person_found
    from mesms_gitops.cli.wiring import workplace

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    state = place.stored_state()
    check_name(name or followed, state)
    names = [name] if name else None
    if followed is not None:
        return follow_up(place, state, followed, delivery_states)
    if number is not None and name is not None:
        click.echo(person_found(place, state, name, number, output), nl=False)
        return 0
    code = 0
    if recipients is not None:
        code = export_recipients(
            obj,
            place,
            state,
            names,
            recipients,
            delivery_states=delivery_states,
            force=force,
            lock_timeout=lock_timeout,
        )
    doubts = doubts_in(place, state, names)
    if output == "json":
        from mesms_gitops.views.report_json import report_json

        text = report_json(state, names=names, doubts=doubts)
    elif output == "markdown":
        from mesms_gitops.views.report_markdown import report_markdown

        text = report_markdown(state, names=names, timezone=place.project.timezone, doubts=doubts)
    elif output == "html":
        from mesms_gitops.cli.prefixes import prefixes_of
        from mesms_gitops.views.report_html import report_html

        counts = prefixes_of(place, state, names)
        text = report_html(state, names=names, timezone=place.project.timezone, prefixes=counts, doubts=doubts)
    elif output == "csv":
        from mesms_gitops.views.report_csv import report_csv

        text = report_csv(state, names=names, doubts=doubts)
    else:
        from mesms_gitops.views.report_text import report_text

        text = report_text(
            state,
            names=names,
            colour=place.terminal.colour_stdout,
            width=place.terminal.width,
            timezone=place.project.timezone,
            doubts=doubts,
        )
    click.echo(text, nl=False)
    return code


def _check(
    name: str | None,
    recipients: str | None,
    delivery_states: str | None,
    number: str | None,
    followed: str | None,
    output: str,
    *,
    force: bool,
) -> None:
    """Raise `UsageError` for options that do not go together."""
    asked = [option for option, value in (("--recipients", recipients), ("--number", number)) if value is not None]
    if followed is not None and (name or asked):
        wrong = "--follow-up stands alone: it names its campaign itself"
    elif number is not None and (name is None or recipients is not None):
        wrong = "--number asks about one campaign: NAME is missing" if name is None else "--number stands alone"
    elif number is not None and output not in NUMBER_FORMATS:
        wrong = f"--number has no --format {output}; it has {' and '.join(NUMBER_FORMATS)}"
    elif followed is not None and output != "text":
        wrong = f"--follow-up has no --format {output}: it writes a manifest"
    elif delivery_states is not None and recipients is None and followed is None:
        wrong = "--status is for --recipients and --follow-up"
    elif force and recipients is None:
        wrong = "--force is for --recipients"
    else:
        return
    raise UsageError(wrong, where="report", next_step="mesms-gitops report --help")
