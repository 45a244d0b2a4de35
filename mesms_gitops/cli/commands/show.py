"""``show``: a saved plan, as it was when it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import UsageError


@click.command("show")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.formats("text", "json", "markdown")
def command(*, file: Path, output: str) -> int:
    """Print the plan saved in FILE. Needs neither project nor key."""
    import json

    saved = saved_plan(file)
    shown = json.dumps(saved, ensure_ascii=False, indent=2) + "\n" if output == "json" else saved["rendered"][output]
    click.echo(shown, nl=False)
    return 0


def saved_plan(file: Path) -> dict[str, Any]:
    """The plan in ``file``. Raises `UsageError` for anything else."""
    import json

    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        _choices = saved["choices"]["targets"], saved["choices"]["allow_empty"]
        _needed = saved["digest"], saved["expires_at"], saved["state"]["lineage"], saved["state"]["serial"]
        _texts = saved["rendered"]["text"], saved["rendered"]["markdown"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UsageError(
            "this is not a saved plan", where=str(file), next_step="make one: mesms-gitops plan --out FILE"
        ) from error
    assert isinstance(saved, dict)  # it was indexed by names just above
    return saved
