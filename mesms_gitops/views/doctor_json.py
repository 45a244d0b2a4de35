"""What `doctor` found, as ``schemas/doctor.schema.json`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.doctor import Verdict
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text
from mesms_gitops.views.layout import masked

if TYPE_CHECKING:
    from mesms_gitops.model.doctor import CheckLine, Examination, Met, Shape


def doctor_json(examination: Examination, tool_version: str) -> str:
    """``examination`` as JSON. Shapes hold keys and kinds, never a value."""
    lines = examination.lines
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "verdict": examination.verdict.value,
            "summary": {one.value: sum(line.verdict is one for line in lines) for one in Verdict},
            "lines": [_line(line) for line in lines],
            **met_object(examination.met),
        }
    )


def met_object(met: Met) -> dict[str, Any]:
    """``fields``, ``answers`` and ``headers``: what was met on the wire."""
    return {
        "fields": [
            {"field": use.wanted, "expected": use.expected, "names": dict(use.names), "absent": use.absent}
            for use in met.fields
        ],
        "answers": [
            {
                "endpoint": one.endpoint,
                "answers": one.answers,
                "http_statuses": list(one.http_statuses),
                "shape": _shape(one.shape),
                "refusal": _shape(one.refusal),
            }
            for one in met.answers
        ],
        "headers": list(met.headers),
    }


def _line(line: CheckLine) -> dict[str, Any]:
    next_step = masked(line.next_step) if line.next_step else None
    return {"check": line.check, "verdict": line.verdict.value, "found": masked(line.found), "next": next_step}


def _shape(shape: Shape | None) -> Any:
    if isinstance(shape, Mapping):
        return {key: _shape(one) for key, one in shape.items()}
    if isinstance(shape, tuple):
        return [_shape(one) for one in shape]
    return shape
