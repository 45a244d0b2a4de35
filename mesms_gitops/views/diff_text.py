"""Files before and after as a unified diff: as `git apply` reads it, or fit for a terminal."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mesms_gitops.views.layout import printable
from mesms_gitops.views.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def _as_it_is(line: str) -> str:
    return line


def diff_text(
    files: Iterable[tuple[str, str, str]],
    *,
    terminal: bool = False,
    colour: bool = False,
    conceal: Callable[[str], str] = _as_it_is,
) -> str:
    """``files`` are names with their texts before and after; every line is shown as ``conceal`` lets it be seen.

    For a ``terminal`` everything that is invisible or would be obeyed is shown as an escape; such a diff is for people.
    """
    # the sign before a line is none of its characters
    lines = [line[:1] + conceal(line[1:]) for name, before, after in files for line in _diff(name, before, after)]
    if not terminal:
        return "".join(lines)
    palette = Palette(colour)
    return "".join(f"{_painted(line, palette)}\n" for line in lines)


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    sides = (before.split("\n"), after.split("\n"))
    old, new = ([f"{line}\n" for line in side[:-1]] + [side[-1]] * bool(side[-1]) for side in sides)
    for line in difflib.unified_diff(old, new, f"a/{printable(name)}", f"b/{printable(name)}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _painted(line: str, palette: Palette) -> str:
    shown = "\n".join(printable(part.removesuffix("\r")) for part in line.removesuffix("\n").split("\n"))
    if line.startswith(("---", "+++")):
        return palette.bold(shown)
    if line.startswith("+"):
        return palette.green(shown)
    return palette.red(shown) if line.startswith("-") else palette.cyan(shown) if line.startswith("@@") else shown
