"""Every command that a document names can be typed: the command, its options and the number of its arguments exist."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest

from mesms_gitops.cli.app import COMMANDS, application
from tests.docs.pages import PAGES, code, fences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMENT = re.compile(r"\s#\s.*")
_BETWEEN = re.compile(r"\s(?:\||>|<|&&|;)(?:\s|$)|\$\(")
"""What ends a command on a line: a pipe, a redirection, the next command; or begins one within another."""
_PROGRAM = re.compile(r"(?:^|(?<=[\s=]))(?:mesms-gitops|mesms)(?:$| (?P<rest>[^)]*))")
TYPED = {"", "sh"}
"""Languages of blocks in which every line is a command."""
SHOWN = {"console", "text"}
"""Those in which what follows a ``$`` is one, and the rest is what it prints."""


def named(page: Path) -> Iterator[str]:
    """What follows the program's name, wherever ``page`` has it as code, and short forms such as ``plan --strict``."""
    for fence in fences(page):
        for line in fence.body.splitlines():
            if fence.language in TYPED or (fence.language in SHOWN and line.startswith("$ ")):
                yield from _of_line(line)
    for span in code(page):
        first, _, rest = span.partition(" ")
        if first in COMMANDS and re.match(r"(?:--?[a-z]|[A-Z]{3,}|\w+ [A-Z]{3,})", rest):
            yield _BETWEEN.split(span)[0].strip()
        else:
            yield from _of_line(span)


def _of_line(line: str) -> Iterator[str]:
    for piece in _BETWEEN.split(_COMMENT.sub("", line)):
        found = _PROGRAM.search(piece)
        if found:
            yield (found["rest"] or "").strip()


def check(text: str) -> None:
    """Parse ``text`` as click would, without running it. Raises `click.UsageError`, `AssertionError`."""
    words = [word if word == "…" else word.replace("…", "") for word in shlex.split(text)]
    if words and words[-1].startswith("--"):
        words.append("…")  # a mention of an option may leave its value out
    command: click.Command = application
    names: list[str] = []
    while True:
        context = click.Context(command, info_name=" ".join(names) or "mesms-gitops")
        values, rest, _ = command.make_parser(context).parse_args(list(words))
        if not isinstance(command, click.Group):
            # an argument left out is a mention; more than there are places for is a mistake
            assert rest in ([], ["…"]), f"too many arguments: {rest}"
            _check_choices(command, values)
            return
        if not rest:
            return
        found = command.get_command(context, rest[0])
        assert found is not None, f"no command {rest[0]}"
        command, words, names = found, rest[1:], [*names, rest[0]]


def _check_choices(command: click.Command, values: dict[str, object]) -> None:
    for parameter in command.params:
        given = values.get(parameter.name or "")
        if isinstance(parameter.type, click.Choice) and isinstance(given, str) and not given.isupper():
            assert given in parameter.type.choices, f"{given} is not one of {parameter.type.choices}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_named_can_be_typed(page: Path) -> None:
    """All wrong ones of a page are reported together."""
    wrong = []
    for text in named(page):
        try:
            check(text)
        except (click.UsageError, AssertionError, ValueError) as error:
            wrong.append(f"{text!r}: {error}")
    assert wrong == []


def test_commands_are_found_and_wrong_ones_are_seen() -> None:
    """The check is no empty one: the pages name many, and an unknown command, option, choice or argument is refused."""
    assert sum(len(list(named(page))) for page in PAGES) > 150
    for text in ("launch", "plan --fast", "plan --format pdf", "state migrate one two", "state lose"):
        with pytest.raises((click.UsageError, AssertionError)):
            check(text)
