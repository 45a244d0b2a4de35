"""``validate``: every problem of every manifest, offline and without a key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesms_gitops import __version__
from mesms_gitops.cli import options
from mesms_gitops.errors import MesmsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.manifests.load import Loaded
    from mesms_gitops.model.diagnostic import Diagnostic


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH…]")
@options.everywhere
@options.formats("text", "json", "github", "sarif")
@click.pass_obj
def command(obj: dict[str, Any], *, paths: tuple[Path, ...], output: str) -> int:
    """Check manifests, offline and without a key. Only PATH… if given, else the whole project.

    Every problem of every file is reported in one run, with its place and what to write instead.
    """
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.errors import ManifestError

    terminal = Terminal.of_process()
    try:
        loaded = _load(obj, paths)
    except ManifestError as error:
        diagnostics: Sequence[Diagnostic] = error.diagnostics
        files = 0
    else:
        diagnostics, files = (*loaded.diagnostics, *_inline_numbers(loaded)), loaded.files
    click.echo(_rendered(diagnostics, files, output, terminal), nl=False)
    return 1 if any(found.is_error for found in diagnostics) else 0


def _load(obj: dict[str, Any], paths: tuple[Path, ...]) -> Loaded:
    from mesms_gitops.cli.history import last_commit_time
    from mesms_gitops.cli.wiring import workplace
    from mesms_gitops.manifests.load import load_campaigns

    place = workplace(obj.get("chdir"), verbose=bool(obj.get("verbose")))
    return load_campaigns(
        place.loaded,
        now=place.clock.now(),
        known_sent=_recorded_names(place),
        last_commit=lambda file: last_commit_time(place.project.root, file),
        only=[path.resolve() for path in paths] or None,
    )


def _inline_numbers(loaded: Loaded) -> list[Diagnostic]:
    """What is wrong with numbers written in manifests: the only recipients that are there without network or lists."""
    from mesms_gitops.audience.resolve import examine
    from mesms_gitops.model.campaign import NumbersSource

    found: list[Diagnostic] = []
    for campaign in loaded.campaigns:
        inline = tuple(source for source in campaign.sources if isinstance(source, NumbersSource))
        if inline and len(inline) == len(campaign.sources):
            found += examine(replace(campaign, exclude=())).diagnostics
    return found


def _recorded_names(place: Workplace) -> frozenset[str]:
    """The campaigns that state records sends of. A state that cannot be read is `plan`'s to complain about."""
    try:
        state = place.store.read()
    except MesmsError:
        return frozenset()
    return frozenset(name for name, record in state.campaigns.items() if record.sends) if state else frozenset()


def _rendered(diagnostics: Sequence[Diagnostic], files: int, output: str, terminal: Terminal) -> str:
    if output == "json":
        from mesms_gitops.views.diagnostics_json import diagnostics_json

        return diagnostics_json(diagnostics)
    if output == "github":
        from mesms_gitops.views.diagnostics_github import diagnostics_github

        return diagnostics_github(diagnostics)
    if output == "sarif":
        from mesms_gitops.views.diagnostics_sarif import diagnostics_sarif

        return diagnostics_sarif(diagnostics, tool_version=__version__)
    from mesms_gitops.views.diagnostics_text import diagnostics_text

    text = diagnostics_text(diagnostics, colour=terminal.colour_stdout, width=terminal.width)
    if any(found.is_error for found in diagnostics):
        return text
    campaigns = "1 manifest" if files == 1 else f"{files} manifests"
    return f"{text}{campaigns} valid\n"
