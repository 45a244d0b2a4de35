"""One step of the action from its first line to its exit code."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

from mesms_gitops.cli.github.applied import apply
from mesms_gitops.cli.github.children import git_login
from mesms_gitops.cli.github.drifted import drift
from mesms_gitops.cli.github.inputs import Inputs
from mesms_gitops.cli.github.job import Job, Outcome, pause
from mesms_gitops.cli.github.outputs import write_outputs, write_summary
from mesms_gitops.cli.github.planned import plan, validate
from mesms_gitops.cli.github.refreshed import refresh
from mesms_gitops.cli.github.stranger import comment_for_stranger
from mesms_gitops.cli.github.surroundings import Surroundings
from mesms_gitops.errors import MesmsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS: Mapping[str, Callable[[Job], Outcome]] = {
    "validate": validate,
    "plan": plan,
    "apply": apply,
    "refresh": refresh,
    "drift": drift,
    "comment": comment_for_stranger,
}


def run_step() -> int:
    """What the inputs ask for; its exit code. Raises `MesmsError` after the outputs say so."""
    from mesms_gitops.api.github import GitHub

    surroundings = Surroundings.of_process()
    try:
        inputs = Inputs.of_process()
        os.environ.update(git_login(surroundings.server_url, inputs.token))
        made = (
            GitHub(surroundings.api_url, surroundings.repository, inputs.token, sleep=pause) if inputs.token else None
        )
        with made or nullcontext() as github:
            outcome = STEPS[inputs.command](Job(inputs, surroundings, github))
    except MesmsError as error:
        failed = Outcome(error.exit_code)
        write_outputs(surroundings.output, _common(failed))
        raise
    write_summary(surroundings.summary, outcome.summary)
    write_outputs(surroundings.output, {**outcome.outputs, **_common(outcome)})
    return outcome.exit_code


def _common(outcome: Outcome) -> dict[str, str]:
    return {"exitcode": str(outcome.exit_code), "failure-reason": outcome.failure_reason}
