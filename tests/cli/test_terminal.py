"""Colour, width and automation, as the environment asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Project

ESCAPE = "\x1b["


def test_colour_is_there_only_where_it_is_asked_for(project: Project) -> None:
    project.campaign("order")
    assert ESCAPE not in project.run("plan").out
    assert ESCAPE in project.run("plan", FORCE_COLOR="1").out
    assert ESCAPE not in project.run("plan", FORCE_COLOR="1", NO_COLOR="1").out
    assert ESCAPE not in project.run("plan", "--json", FORCE_COLOR="1").out


def test_a_narrow_terminal_is_not_overrun(project: Project) -> None:
    """Sixty columns hold every line but those with a digest, which cannot be broken."""
    project.campaign("order", content="The quick brown fox jumps over the lazy dog. " * 4)
    lines = project.run("plan", COLUMNS="60").out.splitlines()
    assert max(len(line) for line in lines if "sha256" not in line) <= 60


def test_dir_may_stand_before_and_after_the_command(project: Project) -> None:
    project.campaign("order")
    elsewhere = str(project.root)
    assert project.run("-C", elsewhere, "validate").code == 0
    assert project.run("validate", "-C", elsewhere).code == 0
    assert project.run("validate", "-C", f"{elsewhere}/nowhere").code == 1
