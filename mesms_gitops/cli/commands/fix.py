"""``fix``: what validate points at and has one answer, shown as a diff, or written where the codes are named."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import ManifestError, UsageError

if TYPE_CHECKING:
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.manifests.fixes import Fixes
    from mesms_gitops.manifests.project import LoadedProject


@click.command("fix")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH…]")
@click.option("--code", "codes", multiple=True, metavar="MS320,MS324", help="Only these codes; with --write required.")
@click.option("--write", is_flag=True, help="Change the files in place.")
@options.everywhere
@click.pass_context
def command(ctx: click.Context, *, paths: tuple[Path, ...], codes: tuple[str, ...], write: bool) -> int:
    """Show what would mend the findings that have one answer, as a diff; nothing is changed without --write.

    Only the characters concerned change: comments, quotes, line ends and file modes stay. Only PATH… if given (with the
    templates they name), else the whole project. What a person must decide is listed, and left alone.
    """
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.manifests.fixes import FIXABLE, find_fixes

    named = _named(codes, FIXABLE)
    if write and not named:
        raise UsageError(
            "--write needs the codes that may be mended",
            where="--code",
            why="nothing is changed that nobody asked for",
            next_step=f"name them: --code {FIXABLE[-1]} (known are {', '.join(FIXABLE)})",
        )
    only = options.existing(ctx, paths)
    terminal = Terminal.of_process()
    loaded = _loaded(ctx.obj.get("chdir"), terminal)
    if loaded is None:
        return 1
    found = find_fixes(loaded, named or FIXABLE, only or None)
    if write:
        _write(found)
    else:
        _show(found, terminal)
    _tell(found, terminal, write=write)
    return 1 if any(error.is_error for error in found.errors) else 0


def _loaded(chdir: str | None, terminal: Terminal) -> LoadedProject | None:
    """The project; None if mesms.yaml has errors, which are told: no program knows what is meant there."""
    from mesms_gitops.cli.wiring import workplace
    from mesms_gitops.views.diagnostics_text import diagnostics_text

    try:
        return workplace(chdir).loaded
    except ManifestError as error:
        text = diagnostics_text(error.diagnostics, colour=terminal.colour_stderr, width=terminal.width)
    click.echo(text, err=True, nl=False)
    click.echo("mesms.yaml has errors, and none of them is mended by a program; no manifest was looked at", err=True)
    click.echo("next: mend mesms.yaml by hand, then run mesms-gitops fix again", err=True)
    return None


def _named(codes: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(code.strip().upper() for some in codes for code in some.split(",") if code.strip()))
    for code in named:
        if code not in known:
            raise UsageError(
                f"{code} cannot be mended by a program",
                where="--code",
                next_step=f"name some of {', '.join(known)}",
            )
    return named


def _show(found: Fixes, terminal: Terminal) -> None:
    from mesms_gitops.manifests.concealed import concealed
    from mesms_gitops.views.diff_text import diff_text

    files = [(fixed.before.name, fixed.before.raw, fixed.after.raw) for fixed in found.files]
    is_terminal = sys.stdout.isatty()
    plain = diff_text(files, terminal=is_terminal, colour=terminal.colour_stdout)
    shown = diff_text(files, terminal=is_terminal, colour=terminal.colour_stdout, conceal=concealed)
    click.echo(shown, nl=False)
    if shown != plain:
        click.echo("numbers and passwords are struck out here: git cannot apply this diff, but --write can", err=True)


def _write(found: Fixes) -> None:
    from mesms_gitops.manifests.raw_file import write_raw
    from mesms_gitops.views.layout import printable

    for fixed in found.files:
        write_raw(fixed.before, fixed.after)
        click.echo(f"{printable(fixed.before.name)}: {_tally(Counter(fixed.times))}")


def _tell(found: Fixes, terminal: Terminal, *, write: bool) -> None:
    """On stderr: what a person must do, and how to have the rest done."""
    from mesms_gitops.views.diagnostics_text import diagnostics_text
    from mesms_gitops.views.layout import counted

    notes = (*found.errors, *found.by_hand)
    if notes:
        click.echo(diagnostics_text(notes, colour=terminal.colour_stderr, width=terminal.width), err=True, nl=False)
    times: Counter[str] = sum((Counter(fixed.times) for fixed in found.files), Counter())
    if not times:
        click.echo("nothing to mend" if not notes else "nothing else to mend", err=True)
    elif not write:
        where = counted(len(found.files), "file")
        click.echo(f"{_tally(times)} in {where} can be mended; nothing was changed", err=True)
        click.echo(f"next: mesms-gitops fix --write --code {','.join(sorted(times))}", err=True)


def _tally(times: Counter[str]) -> str:
    return ", ".join(f"{count} x {code}" for code, count in sorted(times.items()))
