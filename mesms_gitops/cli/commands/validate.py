"""``validate``: every problem of every manifest, offline and without a key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.model.diagnostic import Diagnostic


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH…]")
@options.everywhere
@options.formats("text", "json", "github", "sarif")
@click.option("--no-cache", is_flag=True, help="Read everything anew, and remember nothing.")
@click.pass_obj
def command(obj: dict[str, Any], *, paths: tuple[Path, ...], output: str, no_cache: bool) -> int:
    """Check manifests, offline and without a key. Only PATH… if given, else the whole project.

    Every problem of every file is reported in one run, with its place and what to write instead. Files whose content
    did not change since the last run are not read again; the answer is the same as with --no-cache.
    """
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.cli.validation import Validation
    from mesms_gitops.errors import ManifestError

    terminal = Terminal.of_process()
    only = [path.resolve() for path in paths]
    diagnostics: Sequence[Diagnostic]
    try:
        validation = Validation(obj.get("chdir"), verbose=bool(obj.get("verbose")), only=only, is_cached=not no_cache)
        diagnostics, files = validation.run()
    except ManifestError as error:
        diagnostics, files = error.diagnostics, 0
    click.echo(_rendered(diagnostics, files, output, terminal), nl=False)
    if output == "github":
        _into_job_summary(diagnostics)
    return 1 if any(found.is_error for found in diagnostics) else 0


def _rendered(diagnostics: Sequence[Diagnostic], files: int, output: str, terminal: Terminal) -> str:
    if output == "json":
        from mesms_gitops.views.diagnostics_json import diagnostics_json

        return diagnostics_json(diagnostics)
    if output == "github":
        from mesms_gitops.views.diagnostics_github import diagnostics_github

        return diagnostics_github(diagnostics)
    if output == "sarif":
        from mesms_gitops.cli.catalogue import CATALOGUE
        from mesms_gitops.views.diagnostics_sarif import diagnostics_sarif

        return diagnostics_sarif(diagnostics, tool_version=__version__, catalogue=CATALOGUE)
    campaigns = f"{'1 manifest' if files == 1 else f'{files} manifests'} valid\n"
    if not diagnostics:
        return campaigns
    from mesms_gitops.views.diagnostics_text import diagnostics_text

    text = diagnostics_text(diagnostics, colour=terminal.colour_stdout, width=terminal.width) + _mendable(diagnostics)
    return text if any(found.is_error for found in diagnostics) else text + campaigns


def _mendable(diagnostics: Sequence[Diagnostic]) -> str:
    """How to have some of it mended, where that is possible."""
    from mesms_gitops.manifests.fixes import fixable_codes

    codes = fixable_codes(diagnostics)
    return f"see what can be mended for you: mesms-gitops fix --code {','.join(codes)}\n" if codes else ""


def _into_job_summary(diagnostics: Sequence[Diagnostic]) -> None:
    """GitHub shows ten annotations of a kind; all of them go into the summary of the job, if there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or not diagnostics:
        return
    from mesms_gitops.views.diagnostics_summary import diagnostics_summary

    try:
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(diagnostics_summary(diagnostics))
    except OSError as error:
        click.echo(f"warning: the job's summary could not be written: {error.strerror}", err=True)
