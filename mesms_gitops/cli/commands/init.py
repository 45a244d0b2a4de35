"""``init``: a project that validates."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesms_gitops.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime


@click.command("init")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def command(obj: dict[str, str | None], folder: Path) -> int:
    """Make a project in DIR: mesms.yaml, a sample campaign (a draft), .gitignore, and schemas for the editor.

    A file that is there already is never touched.
    """
    from mesms_gitops.cli.wiring import SystemClock

    if obj.get("chdir"):
        folder = Path(str(obj["chdir"])) / folder
    for name, text in _files(SystemClock().now()).items():
        click.echo(f"  {_write(folder / name, text)} {name}")
    click.echo("\nnext: mesms-gitops validate; then, with MESMS_API_KEY set: mesms-gitops plan")
    click.echo("      no account? mesms-gitops sandbox runs one here")
    return 0


def _files(now: datetime) -> dict[str, str]:
    from mesms_gitops.cli.commands.schema import schema_text

    samples = resources.files("mesms_gitops.cli") / "templates" / "init"
    week_ahead = f"{now + timedelta(days=7):%Y-%m-%d}T10:00"
    return {
        "mesms.yaml": (samples / "mesms.yaml").read_text(encoding="utf-8"),
        "campaigns/hello.yaml": (samples / "campaigns" / "hello.yaml")
        .read_text(encoding="utf-8")
        .replace("@SCHEDULE@", week_ahead),
        ".gitignore": (samples / "gitignore").read_text(encoding="utf-8"),
        "schemas/campaign.schema.json": schema_text("campaign"),
        "schemas/project.schema.json": schema_text("project"),
    }


def _write(file: Path, text: str) -> str:
    """Write ``file`` unless it exists; the word for what was done. Raises `ConfigError`."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return "kept   "
    except OSError as error:
        raise ConfigError(
            "the project could not be written", where=str(file), why=error.strerror, next_step="choose another folder"
        ) from error
    return "created"
