"""How ``defaults`` of mesms.yaml lie under a manifest.

The rules: where both say something, the manifest wins; mappings (``variables``, ``labels``, ``limits``, ``schedule``,
...) are merged key by key, at every depth; lists are never merged, the manifest's stands alone. Two keys want a word
more:

* a ``schedule`` written as a time is ``{at: that time}``: the short form does not lose a default ``window``;
* ``content``, ``template`` and ``template_id`` are alternatives: a manifest that has one takes none from defaults.

Nodes are shared, never copied: a merged value still knows that it stands in mesms.yaml, and a path in it is relative to
the folder of mesms.yaml.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from mesms_gitops.manifests.yaml_tree import MappingNode, Node, Scalar, SequenceNode

BODIES: Final = frozenset({"content", "template", "template_id"})
"""The alternatives for what is said."""
_WITH_BODY: Final = BODIES | {"template_text"}


def merge(manifest: MappingNode, defaults: MappingNode | None) -> MappingNode:
    """``manifest`` over ``defaults``; neither is changed."""
    if defaults is None or not defaults.keys_at:
        return manifest
    own_body = not BODIES.isdisjoint(manifest)
    skipped = _WITH_BODY if own_body else frozenset[str]()
    return _over(manifest, defaults, skipped)


def dropped_opt_outs(manifest: MappingNode, defaults: MappingNode | None) -> tuple[str, ...]:
    """The opt-out lists of ``defaults`` that a manifest with an `exclude` of its own does not name: file names, say."""
    below = defaults.get("exclude") if defaults else None
    if "exclude" not in manifest or not isinstance(below, SequenceNode):
        return ()
    own = manifest["exclude"]
    named = {_source(entry) for entry in own} if isinstance(own, SequenceNode) else set()
    return tuple(name for entry in below if (name := _source(entry)) not in named)


def _source(entry: Node) -> str:
    """What a source reads, short: the same list is written differently in a manifest and in mesms.yaml."""
    if not isinstance(entry, MappingNode):
        return "?"
    kind = next((key for key in entry if key not in ("phone", "where", "variables")), "?")
    value = entry.get(kind)
    return PurePosixPath(value.text).name if isinstance(value, Scalar) else kind


def _over(upper: MappingNode, lower: MappingNode, skipped: frozenset[str] = frozenset()) -> MappingNode:
    merged = MappingNode(upper.file, upper.where)
    merged.update(upper)
    merged.keys_at = {**upper.keys_at}
    for key, below in lower.items():
        if key in skipped:
            continue
        if key not in merged:
            if key not in upper.keys_at:  # else: it was there and was refused
                merged[key] = below
                merged.keys_at[key] = lower.keys_at[key]
        else:
            merged[key] = _both(key, merged[key], below)
    for key in lower.keys_at.keys() - lower.keys() - skipped:
        merged.keys_at.setdefault(key, lower.keys_at[key])  # refused in mesms.yaml: not missing here
    return merged


def _both(key: str, upper: Node, lower: Node) -> Node:
    if key == "schedule":
        upper, lower = _as_mapping(upper), _as_mapping(lower)
    if isinstance(upper, MappingNode) and isinstance(lower, MappingNode):
        return _over(upper, lower)
    return upper


def _as_mapping(node: Node) -> Node:
    """The short form of a schedule as its long form."""
    if not isinstance(node, Scalar):
        return node
    wrapped = MappingNode(node.file, node.where)
    wrapped["at"] = node
    wrapped.keys_at["at"] = node
    return wrapped
