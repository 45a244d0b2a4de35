"""``show``: a saved plan, as it was when it was made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from mesms_gitops.cli.saved_plan import SavedPlan


@click.command("show")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.formats("text", "json", "markdown", "html")
def command(*, file: Path, output: str) -> int:
    """Print the plan saved in FILE. Needs neither project nor key."""
    import json

    from mesms_gitops.cli.saved_plan import read_saved_plan

    saved = read_saved_plan(file)
    whole = json.dumps(saved.document, ensure_ascii=False, indent=2) + "\n"
    click.echo(whole if output == "json" else _as_saved(saved, output, file), nl=False)
    return 0


def _as_saved(saved: SavedPlan, output: str, file: Path) -> str:
    """How the plan read when it was made. Raises `UsageError` for a format that its version did not write."""
    text = saved.rendered.get(output)
    if text is None:
        raise UsageError(
            f"this plan was saved without {output}",
            where=str(file),
            next_step="--format text shows it; `mesms-gitops plan --out FILE` saves one with all formats",
        )
    return text
