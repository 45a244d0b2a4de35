"""``explain``: the long form of a finding's code, and what is made of a number."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from mesms_gitops.cli import options
from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mesms_gitops.model.codes import Code


@click.command("explain")
@click.argument("codes", nargs=-1, metavar="[CODE|NUMBER…]")
@options.everywhere
@options.formats("text", "json")
def command(*, codes: tuple[str, ...], output: str) -> int:
    """Say at length what a CODE such as MS120 means, with an example; without one, list all codes.

    Of a phone NUMBER, say whether it is accepted, as what it is sent, or why not; it is neither kept nor sent anywhere.
    """
    numbers = [given for given in codes if _is_number(given)]
    if numbers:
        _refuse_mixture(codes, numbers)
        click.echo(_about_numbers(numbers, output), nl=False)
        return 0
    from mesms_gitops.cli.catalogue import CATALOGUE

    wanted = _wanted(codes, CATALOGUE)
    if output == "json":
        from mesms_gitops.views.codes_json import codes_json

        click.echo(codes_json(wanted), nl=False)
    elif codes:
        click.echo(_at_length(wanted), nl=False)
    else:
        from mesms_gitops.views.codes_text import codes_text

        click.echo(codes_text(wanted), nl=False)
    return 0


def _is_number(given: str) -> bool:
    """Whether it begins as a phone number does, wherever its digits come from; a code begins with a letter."""
    return given[:1].isdecimal() or given.startswith(("+", "("))


def _refuse_mixture(given: Sequence[str], numbers: Sequence[str]) -> None:
    if len(numbers) < len(given):
        raise UsageError(
            "codes and numbers are explained apart",
            where="CODE|NUMBER",
            next_step="name only codes, or only numbers",
        )


def _about_numbers(numbers: Sequence[str], output: str) -> str:
    from mesms_gitops.audience.explaining import facts
    from mesms_gitops.views.number_facts import number_text, numbers_json

    found = [facts(number) for number in numbers]
    if output == "json":
        return numbers_json(found)
    from mesms_gitops.cli.terminal import Terminal

    terminal = Terminal.of_process()
    return "\n".join(number_text(one, colour=terminal.colour_stdout, width=terminal.width) for one in found)


def _at_length(wanted: Mapping[str, Code]) -> str:
    from mesms_gitops.cli.terminal import Terminal
    from mesms_gitops.views.codes_text import code_text

    terminal = Terminal.of_process()
    return "\n".join(
        code_text(code, known, colour=terminal.colour_stdout, width=terminal.width) for code, known in wanted.items()
    )


def _wanted(codes: Sequence[str], catalogue: Mapping[str, Code]) -> Mapping[str, Code]:
    """The entries of ``codes`` in their order, each once; all where none is named. Raises `UsageError`."""
    named = dict.fromkeys(code.upper() for code in codes)
    unknown = [code for code in named if code not in catalogue]
    if unknown:
        near = difflib.get_close_matches(unknown[0], catalogue, n=3, cutoff=0.8)
        raise UsageError(
            f"there is no code {unknown[0]}",
            where="CODE",
            why=f"did you mean {' or '.join(near)}?"
            if near
            else f"a code is MS and three digits, up to {max(catalogue)}",
            next_step="mesms-gitops explain lists all of them",
        )
    return {code: catalogue[code] for code in named} if named else catalogue
