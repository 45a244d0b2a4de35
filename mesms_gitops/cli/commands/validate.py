"""``validate``: every problem of every manifest, offline and without a key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.model.diagnostic import Diagnostic


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@options.everywhere
@options.formats("text", "json", "github", "sarif")
@click.option("--no-cache", is_flag=True, help="Read everything anew, and remember nothing.")
@click.pass_context
def command(ctx: click.Context, *, paths: tuple[Path, ...], output: str, no_cache: bool) -> int:
    """Check manifests, offline and without a key. Only PATH… if given, else the whole project.

    Every problem of every file is reported in one run, with its place and what to write instead. Files whose content
    did not change since the last run are not read again; the answer is the same as with --no-cache.
    """
    from mesms_gitops.errors import ManifestError

    only = options.existing(ctx, paths)
    verbose = bool(ctx.obj.get("verbose"))
    chdir: str | None = ctx.obj.get("chdir")
    try:
        looked = _look(chdir, only, verbose=verbose, is_cached=not no_cache, is_for_people=output == "text")
    except ManifestError as error:
        looked = _Looked(error.diagnostics, 0)
    _tell(looked, chdir, only, output)
    return 1 if any(found.is_error for found in looked.diagnostics) else 0


@dataclass(frozen=True, slots=True)
class _Looked:
    """What there is to say of how many ``files``; ``hint`` is how some of it can be mended."""

    diagnostics: Sequence[Diagnostic]
    files: int
    hint: str = ""


def _look(chdir: str | None, only: Sequence[Path], *, verbose: bool, is_cached: bool, is_for_people: bool) -> _Looked:
    from mesms_gitops.cli.mendable import mendable_hint
    from mesms_gitops.cli.validation import Validation

    validation = Validation(chdir, verbose=verbose, only=only, is_cached=is_cached)
    diagnostics, files = validation.run()
    if not is_for_people:
        return _Looked(diagnostics, files)
    return _Looked(diagnostics, files, mendable_hint(diagnostics, lambda: validation.place.loaded, only, files))


def _tell(looked: _Looked, chdir: str | None, only: Sequence[Path], output: str) -> None:
    from mesms_gitops.manifests.discover import project_file_above

    file = project_file_above(Path(chdir or "."))
    names_project = file is not None and file.resolve() in only
    if output == "text":
        click.echo(_text(looked, names_project=names_project, is_all=not only), nl=False)
    else:
        click.echo(_rendered(looked.diagnostics, output, None if file is None else file.parent), nl=False)
    if output == "github":
        _into_job_summary(looked.diagnostics)
    if only and not looked.files and not names_project and not any(one.is_error for one in looked.diagnostics):
        click.echo("warning: 0 manifests: nothing under these paths is a campaign", err=True)


def _rendered(diagnostics: Sequence[Diagnostic], output: str, project: Path | None) -> str:
    from mesms_gitops.cli.repository import named_from_repository

    if output == "json":
        from mesms_gitops.views.diagnostics_json import diagnostics_json

        return diagnostics_json(diagnostics)
    diagnostics = named_from_repository(diagnostics, project)
    if output == "github":
        from mesms_gitops.views.diagnostics_github import diagnostics_github

        return diagnostics_github(diagnostics, has_summary=bool(os.environ.get("GITHUB_STEP_SUMMARY")))
    from mesms_gitops.cli.catalogue import CATALOGUE
    from mesms_gitops.views.diagnostics_sarif import diagnostics_sarif

    return diagnostics_sarif(diagnostics, tool_version=__version__, catalogue=CATALOGUE)


def _text(looked: _Looked, *, names_project: bool, is_all: bool) -> str:
    valid = "mesms.yaml valid\n" if names_project else ""
    if looked.files or is_all:
        valid += f"{'1 manifest' if looked.files == 1 else f'{looked.files} manifests'} valid\n"
    if not looked.diagnostics:
        return valid
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.views.diagnostics_text import diagnostics_text

    terminal = Terminal.of_process()
    text = diagnostics_text(looked.diagnostics, colour=terminal.colour_stdout, width=terminal.width) + looked.hint
    return text if any(found.is_error for found in looked.diagnostics) else text + valid


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
