"""Diagnostics as SARIF 2.1.0, for code scanning and editors.

Source of the rules: the OASIS standard, "Static Analysis Results Interchange Format Version 2.1.0 Plus Errata 01".
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mesms_gitops.views.diagnostics_text import in_reading_order
from mesms_gitops.views.jsontext import json_text
from mesms_gitops.views.layout import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mesms_gitops.model.codes import Code
    from mesms_gitops.model.diagnostic import Diagnostic, Position

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HELP = "https://github.com/mesms-gitops/mesms-gitops/blob/main/docs/codes.md"
"""Where every code has an anchor of its own."""
FINGERPRINT = "mesmsGitops/v1"
ROOT = "The root of the repository; outside of one, the folder of mesms.yaml."


def diagnostics_sarif(
    diagnostics: Iterable[Diagnostic], tool_version: str, *, catalogue: Mapping[str, Code] | None = None
) -> str:
    """One run; files are named from the repository's root on. ``catalogue`` explains the rules where one is at hand."""
    found = in_reading_order(diagnostics)
    codes = sorted({one.code for one in found})
    driver = {
        "name": "mesms-gitops",
        "semanticVersion": tool_version,
        "informationUri": HELP,
        "rules": [_rule(code, (catalogue or {}).get(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": ROOT}}},
        "results": [
            _result(one, codes.index(one.code), fingerprint)
            for one, fingerprint in zip(found, _fingerprints(found), strict=True)
        ],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str, known: Code | None) -> dict[str, Any]:
    title = known.title if known else f"mesms-gitops {code}"
    rule: dict[str, Any] = {"id": code, "shortDescription": {"text": _plain(title)}}
    if known:
        rule["fullDescription"] = rule["help"] = {"text": _plain(known.explanation)}
    return {**rule, "helpUri": f"{HELP}#{code.lower()}"}


def _fingerprints(found: Iterable[Diagnostic]) -> Iterable[str]:
    """The same finding keeps its own when lines move: its code, file and key, and which of several such it is."""
    seen: Counter[tuple[str, ...]] = Counter()
    for one in found:
        key = (one.code, one.position.file if one.position else "", one.field or "", one.campaign or "")
        seen[key] += 1
        yield hashlib.sha256("\0".join((*key, str(seen[key]))).encode(errors="surrogatepass")).hexdigest()[:32]


def _result(diagnostic: Diagnostic, rule: int, fingerprint: str) -> dict[str, Any]:
    next_step = f"next: {diagnostic.next_step}" if diagnostic.next_step else None
    text = "\n".join(printable(part) for part in (diagnostic.message, diagnostic.why, next_step) if part)
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": _plain(text)},
        "locations": [_location(diagnostic.position, diagnostic.excerpt)] if diagnostic.position else [],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    properties = {"campaign": diagnostic.campaign, "field": diagnostic.field}
    named = {name: text for name, text in properties.items() if text}
    return {**result, "properties": named} if named else result


def _plain(text: str) -> str:
    """SARIF reads ``[words](address)`` in a plain message as a link, and ``{0}`` as a placeholder."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("{", "{{").replace("}", "}}")


def _location(position: Position, excerpt: str | None) -> dict[str, Any]:
    uri = quote(position.file, errors="surrogatepass")
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": _region(position, excerpt or ""),
        }
    }


def _region(position: Position, line: str) -> dict[str, int]:
    """Only the first line of a span is at hand, so one over several lines reaches to the end of its last."""
    region = {"startLine": position.line, "startColumn": _in_utf16(line, position.column), "endLine": position.end_line}
    if position.end_line == position.line:
        region["endColumn"] = _in_utf16(line, position.end_column)
    return region


def _in_utf16(line: str, column: int) -> int:
    """``column``, which counts characters, in UTF-16 code units: one more for each emoji before it."""
    before = line[: column - 1]
    return column + (0 if before.isascii() else len(before.encode("utf-16-le", "surrogatepass")) // 2 - len(before))
