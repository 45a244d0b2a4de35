"""``github run``: what ``action.yml`` runs inside a job. Not listed: people use the other commands."""

from __future__ import annotations

import click


@click.group("github")
def command() -> None:
    """What the action runs inside a GitHub job. People use the other commands."""


@command.command("run")
def run() -> int:
    """Do what the inputs of the action say (variables MESMS_ACTION_…)."""
    from mesms_gitops.cli.github.step import run_step

    return run_step()
