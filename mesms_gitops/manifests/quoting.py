"""Quotes around what YAML would otherwise take for a number: the edits for MS122."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.load import load_campaigns
from mesms_gitops.manifests.positions import flatten
from mesms_gitops.manifests.raw_file import Edit
from mesms_gitops.manifests.spots import outer, written
from mesms_gitops.manifests.yaml_tree import Scalar, parse

if TYPE_CHECKING:
    from mesms_gitops.manifests.project import LoadedProject
    from mesms_gitops.manifests.raw_file import RawFile
    from mesms_gitops.model.diagnostic import Position

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing has passed then: only what must be quoted is looked for."""


def quoting_edits(project: LoadedProject, raw: RawFile) -> list[Edit]:
    """Quotes around each value of ``raw`` that must have some."""
    loaded = load_campaigns(project, now=_ANY_TIME, only=[Path(raw.path)])
    # without the file's name: it may be another one where links are
    places = {_place(found.position) for found in loaded.diagnostics if found.code == "MS122" and found.position}
    tree = parse(raw.file, Findings())
    if not places or tree is None:
        return []
    nodes = [node for _, node in flatten(tree.root) if isinstance(node, Scalar) and node.is_plain]
    edits = []
    for node in nodes:
        if _place(node.span.position) in places and "\n" not in node.text:
            start, end = outer(node)
            edits.append(Edit(start, end, f'"{written(raw.file.text[start:end], chr(34))}"'))
    return edits


def _place(position: Position) -> tuple[int, int, int, int]:
    return (position.line, position.column, position.end_line, position.end_column)
