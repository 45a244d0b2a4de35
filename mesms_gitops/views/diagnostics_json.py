"""Diagnostics as JSON: what editors and pipelines read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.diagnostic import Diagnostic


def diagnostic_object(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic with every key present; where it stands is null throughout if it stands nowhere."""
    at = diagnostic.position
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": at.file if at else None,
        "line": at.line if at else None,
        "column": at.column if at else None,
        "end_line": at.end_line if at else None,
        "end_column": at.end_column if at else None,
        "field": diagnostic.field,
        "why": diagnostic.why,
        "next": diagnostic.next_step,
        "campaign": diagnostic.campaign,
        "refusal": diagnostic.refusal,
    }


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> str:
    """``{"format_version": "1.0", "diagnostics": [...]}``, in the order given."""
    return json_text(
        {"format_version": FORMAT_VERSION, "diagnostics": [diagnostic_object(found) for found in diagnostics]}
    )
