"""Options that several commands share, so that they are spelled and meant the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mesms_gitops.cli import completion
from mesms_gitops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Command = TypeVar("Command", bound="Callable[..., Any]")


class NewFile(click.Path):
    """The name of a file to write. Empty, as an unset variable of a script leaves it, it is a usage error."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.Path`."""
        if not os.fspath(value):
            self.fail("it is empty; name a file, or leave the option out", param, ctx)
        return super().convert(value, param, ctx)


def everywhere(command: Command) -> Command:
    """``-C`` and ``-v``, also after the command's name."""
    command = click.option(
        "-v", "verbose", count=True, expose_value=False, callback=_keep("verbose"), help="Say more on stderr."
    )(command)
    return click.option(
        "-C",
        "chdir",
        metavar="DIR",
        expose_value=False,
        callback=_keep("chdir"),
        shell_complete=completion.folders,
        help="Work as if started in DIR.",
    )(command)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if ctx.obj is None:
            ctx.obj = {}
        if value:
            ctx.obj = {**ctx.obj, name: value}

    return keep


def folder(obj: Mapping[str, Any]) -> Path:
    """Where ``-C`` says that the command is started, else here. Raises `ConfigError` if that is no folder."""
    start = Path(obj.get("chdir") or ".")
    if not start.is_dir():
        raise ConfigError(f"there is no folder {start}", where="-C", next_step="name a folder that exists")
    return start


def existing(ctx: click.Context, paths: Iterable[Path]) -> list[Path]:
    """``paths`` as seen from ``-C``, all links followed. Raises `click.BadParameter` for one that is not there."""
    start = folder(ctx.obj)
    for path in paths:
        if not os.path.exists(start / path):  # noqa: PTH110  # Path.exists raises where it may not look
            raise click.BadParameter(f"Path {str(path)!r} does not exist.", ctx=ctx, param_hint="'[PATH…]'")
    return [(start / path).resolve() for path in paths]


def formats(*choices: str) -> Callable[[Command], Command]:
    """``--format`` with ``choices`` (the first is the default), and ``--json`` for short."""

    def decorate(command: Command) -> Command:
        if "json" in choices:
            command = click.option("--json", "output", flag_value="json", help="Short for --format json.")(command)
        return click.option(
            "--format",
            "output",
            type=click.Choice(choices),
            default=choices[0],
            show_default=True,
            help="How to print.",
        )(command)

    return decorate


def targets(command: Command) -> Command:
    """``--target NAME``, several times."""
    return click.option(
        "--target",
        "target",
        multiple=True,
        metavar="NAME",
        shell_complete=completion.written_or_recorded,
        help="Only this campaign; may be given several times.",
    )(command)


def allow_empty(command: Command) -> Command:
    """``--allow-empty``."""
    return click.option(
        "--allow-empty", is_flag=True, help="Go on although no manifest is left: cancel everything scheduled."
    )(command)
