"""An error as JSON, for whoever asked for ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.diagnostics_json import diagnostic_object
from mesms_gitops.views.error_text import carried, moves
from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text

if TYPE_CHECKING:
    from mesms_gitops.errors import MesmsError


def error_json(error: MesmsError) -> str:
    """``{"format_version", "error": {"kind", "what", "where", "why", "next", "exit_code"}, "diagnostics": [...]}``."""
    parts: dict[str, object] = {
        "kind": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "why": error.why,
        "next": error.next_step,
        "exit_code": error.exit_code,
    }
    moved = [
        {"campaign": one.campaign, "field": one.field, "before": one.before, "after": one.after} for one in moves(error)
    ]
    if moved:
        parts["moved"] = moved
    found = [diagnostic_object(one) for one in carried(error)]
    return json_text({"format_version": FORMAT_VERSION, "error": parts, "diagnostics": found})
