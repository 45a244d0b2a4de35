"""Where every value of a manifest stands, worked out only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.merge import merge
from mesms_gitops.manifests.yaml_tree import MappingNode, Node, Scalar, SequenceNode, parse

if TYPE_CHECKING:
    from mesms_gitops.manifests.text_file import Span, TextFile
    from mesms_gitops.model.diagnostic import Position


class TreePositions(Mapping[str, "Position"]):
    """Dotted path -> position of the value; the empty path is the first key of the file.

    Keeps the text, not the tree: reading it again takes a tenth of a millisecond, and is nearly never needed; ten
    thousand trees take 200 MB.
    """

    __slots__ = ("_defaults", "_file", "_flat")

    def __init__(self, file: TextFile, defaults: MappingNode | None = None) -> None:
        self._file = file
        self._defaults = defaults
        self._flat: dict[str, Node] | None = None

    @property
    def _nodes(self) -> dict[str, Node]:
        if self._flat is None:
            tree = parse(self._file, Findings())
            root = None if tree is None else merge(tree.root, self._defaults)
            self._flat = {} if root is None else {"": next(iter(root.keys_at.values()), root), **dict(flatten(root))}
        return self._flat

    def __getitem__(self, path: str) -> Position:
        return self._nodes[path].span.position

    def span(self, path: str) -> Span:
        """Where ``path`` stands, or the first key of the file if it is not there."""
        return (self._nodes.get(path) or self._nodes[""]).span

    def span_in(self, path: str, index: int, length: int) -> Span:
        """Where characters of the text at ``path`` stand; see `span_in_text`."""
        node = self._nodes.get(path)
        return span_in_text(node, index, length) if isinstance(node, Scalar) else self.span(path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def flatten(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every node below ``node`` with its dotted path."""
    below: Iterator[tuple[object, Node]] = iter(())
    if isinstance(node, MappingNode):
        below = iter(node.items())
    elif isinstance(node, SequenceNode):
        below = iter(enumerate(node))
    for step, child in below:
        at = f"{path}.{step}" if path else str(step)
        yield at, child
        yield from flatten(child, at)


def span_in_text(node: Scalar, index: int, length: int) -> Span:
    """Where characters ``index`` to ``index + length`` of a scalar's text stand in its file.

    Exact wherever that can be told; elsewhere (a value that was put together from several places) the whole value.
    """
    from mesms_gitops.manifests.text_file import Span

    whole = node.span
    before = node.text[:index]
    row, column = before.count("\n"), index - (before.rfind("\n") + 1)
    line_text = node.text.split("\n")[row]
    if node.style == "|":
        line = whole.line + 1 + row
        start = len(node.file.lines[line]) - len(line_text) if line < len(node.file.lines) else 0
    elif row or whole.line != whole.end_line:
        return _by_spots(node, index, length)
    else:
        line, start = whole.line, whole.column + (0 if node.is_plain else 1)
    source = node.file.lines[line] if line < len(node.file.lines) else ""
    if source[max(start, 0) : start + len(line_text)] != line_text or start < 0:
        return _by_spots(node, index, length)
    return Span(node.file, line, start + column, line, start + column + max(length, 1))


def _by_spots(node: Scalar, index: int, length: int) -> Span:
    """The same through escapes and folded lines, which takes a closer look."""
    from mesms_gitops.manifests.spots import spots

    known = spots(node) or []
    places = [place for place in known[index : index + max(length, 1)] if place is not None]
    if not places or len(places) < length:
        return node.span
    return node.file.span_at(places[0][0], places[-1][1] - places[0][0])
