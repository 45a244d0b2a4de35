"""Diagnostics as SARIF 2.1.0, for code scanning and editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mesms_gitops.views.diagnostics_text import in_reading_order
from mesms_gitops.views.jsontext import json_text
from mesms_gitops.views.layout import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.model.diagnostic import Diagnostic, Position

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def diagnostics_sarif(
    diagnostics: Iterable[Diagnostic], tool_version: str, *, titles: Mapping[str, str] | None = None
) -> str:
    """One run. ``titles`` names rules by code where a catalogue of them is at hand."""
    found = in_reading_order(diagnostics)
    codes = sorted({one.code for one in found})
    driver = {
        "name": "mesms-gitops",
        "semanticVersion": tool_version,
        "rules": [_rule(code, (titles or {}).get(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The folder of mesms.yaml or the repository."}}},
        "results": [_result(one, codes.index(one.code)) for one in found],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str, title: str | None) -> dict[str, Any]:
    return {"id": code, "shortDescription": {"text": title or f"mesms-gitops {code}"}}


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    next_step = f"next: {diagnostic.next_step}" if diagnostic.next_step else None
    text = "\n".join(printable(part) for part in (diagnostic.message, diagnostic.why, next_step) if part)
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": _plain(text)},
        "locations": [_location(diagnostic.position)] if diagnostic.position else [],
    }
    properties = {"campaign": diagnostic.campaign, "field": diagnostic.field}
    named = {name: text for name, text in properties.items() if text}
    return {**result, "properties": named} if named else result


def _plain(text: str) -> str:
    """SARIF reads ``[words](address)`` in a plain message as a link, and ``{0}`` as a placeholder."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("{", "{{").replace("}", "}}")


def _location(position: Position) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(position.file), "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": position.line,
                "startColumn": position.column,
                "endLine": position.end_line,
                "endColumn": position.end_column,
            },
        }
    }
