"""What became of a plan, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.model.plan import StepResult
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.layout import masked

if TYPE_CHECKING:
    from mesms_gitops.model.plan import ApplyOutcome


def apply_json(outcome: ApplyOutcome, tool_version: str | None = None) -> str:
    """Every step in the order it was meant to be taken, and how many ended how."""
    steps = [
        {
            "campaign": step.campaign,
            "action": step.verb,
            "result": step.result.value,
            "message": masked(step.message),
            "uuids": list(step.uuids),
            "phases": [phase.value for phase in step.phases],
            "credits": step.credits,
            "next": None if step.next_step is None else masked(step.next_step),
        }
        for step in outcome.steps
    ]
    summary = {result.value: outcome.count(result) for result in StepResult}
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "exit_code": outcome.exit_code,
            "interrupted": outcome.interrupted,
            "steps": steps,
            "summary": {**summary, "credits": sum(step.credits for step in outcome.steps)},
        }
    )
