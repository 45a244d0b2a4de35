"""The catalogue of findings as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesms_gitops.views.jsontext import FORMAT_VERSION, json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesms_gitops.model.codes import Code


def codes_json(catalogue: Mapping[str, Code]) -> str:
    """``{"format_version": "1.0", "codes": [...]}``; a code without an example has null there."""
    return json_text({"format_version": FORMAT_VERSION, "codes": [_object(*one) for one in catalogue.items()]})


def _object(code: str, known: Code) -> dict[str, Any]:
    example = known.example
    return {
        "code": code,
        "title": known.title,
        "explanation": known.explanation,
        "example": {"file": example.file, "bad": example.bad, "good": example.good} if example else None,
    }
