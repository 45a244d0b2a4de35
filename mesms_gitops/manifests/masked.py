"""A project file without what it says of the project: keys as they are, values by their kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.schema import ProjectKeys, known_keys
from mesms_gitops.manifests.text_file import read_text_file
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar, SequenceNode, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mesms_gitops.manifests.validate import Steps
    from mesms_gitops.manifests.yaml_tree import Node

_SHOWN: Final = re.compile(
    r"version|undo_window|api\.(requests_per_second|timeout|fields\..*)|audience\.(engine|keep)"
    r"|policy\.((windows|holidays|tolerate|max_recipients|max_credits)\..*|max_\w+|min_\w+)"
)
"""Settings whose values say nothing about who sends what to whom."""
_HARMLESS: Final = re.compile(
    r"[0-9][0-9.,:%hmsd -]{0,24}|true|false|local|spark|warn|refuse|allow|[A-Za-z_$][\w$-]{0,40}"
)
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9.,_]*")
_FREE: Final = frozenset({"labels", "variables", "where"})
"""Keys below these are the author's own words."""
_SCHEME: Final = re.compile(r"(git|s3|gs|az|postgresql|postgres|sqlite):")


def masked_project(file: Path) -> str:
    """The text of ``file`` in that form; a line that says so where it cannot be read."""
    findings = Findings()
    text = read_text_file(file, file.name, findings)
    tree = parse(text, findings) if text is not None else None
    if tree is None:
        return "# the project file cannot be read as YAML\n"
    return "\n".join(_lines(tree.root, ())) + "\n"


def _lines(node: Node, path: Steps) -> Iterator[str]:
    indent = "  " * len(path)
    if isinstance(node, MappingNode):
        known = known_keys(path, node, ProjectKeys) if not _FREE & set(path) else []
        for key, value in node.items():
            name = key if key in known else "…"
            yield from _entry(f"{indent}{name}:", value, (*path, name))
    elif isinstance(node, SequenceNode):
        for value in node:
            yield from _entry(f"{indent}-", value, (*path, 0))


def _entry(head: str, value: Node, path: Steps) -> Iterator[str]:
    if isinstance(value, (MappingNode, SequenceNode)) and value:
        yield head
        yield from _lines(value, path)
    else:
        yield f"{head} {_kind(value, path)}"


def _kind(value: Node, path: Steps) -> str:
    if not isinstance(value, Scalar):
        return "(empty)"
    where, text = ".".join(map(str, path)), value.text
    if _SHOWN.fullmatch(where) and _HARMLESS.fullmatch(text):
        return text
    if where == "state":
        scheme = _SCHEME.match(text)
        return f"({scheme[1]})" if scheme else "(a path)"
    return "(number)" if _NUMBER.fullmatch(text) else "(text)"
