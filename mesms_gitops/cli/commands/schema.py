"""``schema``: the JSON Schemas, the same as under ``schemas/``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from mesms_gitops.cli import options

KINDS = ("campaign", "project", "plan", "state", "status", "doctor", "history")


@click.command("schema")
@click.argument("kind", type=click.Choice(KINDS), default="campaign")
@options.everywhere
def command(kind: str) -> int:
    """Print the JSON Schema of a campaign manifest, of the project file, of the state, or of what a command prints."""
    click.echo(schema_text(kind), nl=False)
    return 0


def schema_text(kind: str) -> str:
    """The schema as it stands in the package, or in the repository where the package is used from a checkout."""
    name = f"{kind}.schema.json"
    packaged = resources.files("mesms_gitops") / "schemas" / name
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[3] / "schemas" / name).read_text(encoding="utf-8")
