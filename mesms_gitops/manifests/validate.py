"""Tree -> typed keys: every value that cannot be meant becomes a diagnostic, and the rest is still understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from pydantic import ValidationError

from mesms_gitops.manifests.scalars import MOST_SUGGESTIONS, Misfit, cut, kind_of, near_miss
from mesms_gitops.manifests.schema import (
    NOT_DEFAULTS,
    SOURCE_KINDS,
    DefaultsKeys,
    Keys,
    known_keys,
    source_misfit,
)
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mesms_gitops.manifests.findings import Findings
    from mesms_gitops.manifests.yaml_tree import Node

K = TypeVar("K", bound=Keys)
Steps: TypeAlias = tuple[str | int, ...]

_IN_PARTS: Final = frozenset({"api", "campaigns", "exclude", "limits", "policy", "recipients", "variables"})
"""Keys of which the good parts are worth having: what is checked in one does not rest on its neighbour."""


@dataclass(frozen=True, slots=True)
class Understood(Generic[K]):
    """``keys`` are what could be read; ``broken`` are top-level keys under which something could not.

    ``tree`` is what ``keys`` were read from: without what stands at the paths in ``lost``, but with its ``keys_at``.
    """

    keys: K
    broken: frozenset[str]
    tree: MappingNode
    lost: frozenset[Steps] = frozenset()

    def is_hurt(self, *path: str | int) -> bool:
        """Whether anything at ``path``, above it or below it could not be read."""
        if path[0] in self.broken and not any(lost[0] == path[0] for lost in self.lost):
            return True  # refused before anything was read
        return any(lost[: len(path)] == path[: len(lost)] for lost in self.lost)


def understand(tree: MappingNode, model: type[K], broken: set[str], findings: Findings) -> Understood[K]:
    """Read ``tree`` as ``model``. Whatever is wrong takes out itself, or the top-level key it stands under."""
    known = tree
    if broken:
        known = MappingNode(tree.file, tree.where)
        known.update((key, node) for key, node in tree.items() if key not in broken)
        _check_broken(tree, model, broken, findings)
    try:
        return Understood(model.model_validate(known), frozenset(broken), known)
    except ValidationError as errors:
        found = errors.errors(include_url=False)
    _report(found, tree, model, findings)
    paths = [tuple(_steps(error)) for error in found if error["loc"]]
    return _rest(known, model, frozenset(broken | {str(path[0]) for path in paths}), paths)


def _rest(known: MappingNode, model: type[K], broken: frozenset[str], paths: Sequence[Steps]) -> Understood[K]:
    """What can be read without what stands at ``paths``."""
    lost = frozenset(_to_lose(path) for path in paths)
    rest: MappingNode = without(known, lost)
    try:
        return Understood(model.model_validate(rest), broken, rest, lost)
    except ValidationError:
        lost = frozenset(path[:1] for path in paths)
    rest = without(known, lost)
    return Understood(model.model_validate(rest), broken, rest, lost)


def _to_lose(path: Steps) -> Steps:
    """How much goes with what is wrong at ``path``: a source whose kind is wrong goes as a whole."""
    if path[0] not in _IN_PARTS:
        return path[:1]
    is_kind = path[0] in ("recipients", "exclude") and len(path) == 3 and path[2] in SOURCE_KINDS
    return path[:2] if is_kind else path


def without(node: Any, lost: Collection[Steps]) -> Any:
    """``node`` without what stands at the paths ``lost``; copied where something is missing, ``keys_at`` stay whole."""
    below: dict[str | int, list[Steps]] = {}
    for path in lost:
        below.setdefault(path[0], []).append(path[1:])
    if not below or not isinstance(node, MappingNode | SequenceNode):
        return node

    def kept(step: str | int, child: Node) -> list[Node]:
        paths = below.get(step, [])
        return [] if () in paths else [without(child, paths)]

    if isinstance(node, MappingNode):
        made = MappingNode(node.file, node.where)
        made.keys_at = node.keys_at
        made.update((key, new) for key, child in node.items() for new in kept(key, child))
        return made
    items = SequenceNode(node.file, node.where)
    items.extend(new for index, child in enumerate(node) for new in kept(index, child))
    return items


def _steps(error: Any) -> list[Any]:
    """Where ``error`` is, in steps of the tree: pydantic adds the tags of unions."""
    return [
        step for step in error["loc"] if not (isinstance(step, str) and step.startswith("<") and step.endswith(">"))
    ]


def _check_broken(tree: MappingNode, model: type[Keys], broken: set[str], findings: Findings) -> None:
    """A key whose value was refused may be unknown as well."""
    for key in sorted(broken - set(known_keys((), tree, model))):
        misfit = _unknown_key([key], tree, model, suggest=True)
        findings.error(misfit.code, misfit.message, at=misfit.node, field=key, next_step=misfit.next_step)


def _report(errors: Sequence[Any], tree: MappingNode, model: type[Keys], findings: Findings) -> None:
    unknown = 0
    for error in errors:
        path = _steps(error)
        unknown += error["type"] == "extra_forbidden"
        misfit = _misfit(error, path, tree, model, suggest=unknown <= MOST_SUGGESTIONS)
        findings.error(
            misfit.code,
            misfit.message,
            at=misfit.node,
            field=".".join(map(str, path)),
            why=misfit.why,
            next_step=misfit.next_step,
            show=not misfit.secret,
        )


def _misfit(error: Any, path: list[Any], tree: MappingNode, model: type[Keys], *, suggest: bool) -> Misfit:
    node, kind = error["input"], error["type"]
    if kind == "value_error":
        misfit: Misfit = error["ctx"]["error"]
    elif kind == "extra_forbidden":
        misfit = _unknown_key(path, tree, model, suggest=suggest)
    elif kind in ("union_tag_not_found", "union_tag_invalid"):
        misfit = source_misfit(node)
    elif kind == "too_short":
        misfit = Misfit("MS133", "an empty list", "write at least one value, or delete the key")
    else:
        misfit = _wrong_shape(kind, node, path)
    if misfit.node is None:
        misfit.node = node if hasattr(node, "span") else _at(path, tree)
    return misfit


_SHAPES: Final = {
    "recipients": "recipients: [{csv: members.csv, phone: mobile}]",
    "exclude": "exclude: [{csv: optout.csv, phone: phone}]",
    "limits": "limits: {credits: 25000, parts: 2}",
    "limits.recipients": "recipients: {min: 8000, max: 12000}",
    "invalid": "invalid: {max: 1%}",
    "labels": "labels: {team: crm}",
    "variables": "variables: {percent: 20}",
    "variables of a source": "variables: {name: first_name}, the variable and the column it comes from",
    "where": 'where: {consent: "yes"}, the column and its value',
    "delivery": "delivery: {campaign: its-name, status: [failed, expired]}",
    "status": "status: [failed, expired]",
    "sql": "sql: {url_env: CRM_DSN, query_file: ../queries/vip.sql}",
    "numbers": 'numbers: ["08XXXXXXXX"]',
    "campaigns": "campaigns: [campaigns/]",
    "senders": "senders: [SiamCoffee]",
    "links": "links: [siamcoffee.example]",
}
"""What to write where another shape stands, by the key it stands under."""


def _shape_of(path: list[Any]) -> str | None:
    key = str(path[-1]) if path else ""
    above = path[-2] if len(path) > 1 else None
    if key == "variables" and isinstance(above, int):
        key = "variables of a source"
    return _SHAPES.get(f"{above}.{key}") or _SHAPES.get(key)


def _wrong_shape(kind: str, node: object, path: list[Any]) -> Misfit:
    wanted = "a list" if kind == "list_type" else "a mapping (keys and values)"
    usual = "one `- ` for each entry" if kind == "list_type" else "`key: value` lines, indented"
    example = _shape_of(path) or usual
    if kind_of(node) == "nothing":
        return Misfit("MS124", "no value", f"write {example}, or delete the key")
    return Misfit("MS121", f"{wanted} is wanted here, not {kind_of(node)}", f"write {example}")


def _at(path: list[Any], tree: MappingNode) -> Any:
    """The node at ``path``, or the nearest above it."""
    node: Any = tree
    for step in path:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break
    return node


_MEANT: Final = {
    "body": "content", "message": "content", "msg": "content", "text": "content", "ข้อความ": "content",
    "from": "sender", "sender_name": "sender", "ผู้ส่ง": "sender",
    "audience": "recipients", "lists": "recipients", "to": "recipients", "ผู้รับ": "recipients",
    "blacklist": "exclude", "optout": "exclude", "opt_out": "exclude", "unsubscribed": "exclude",
    "date": "schedule", "send_at": "schedule", "time": "schedule", "when": "schedule", "เวลา": "schedule",
    "id": "name", "renamed_from": "moved_from", "status": "state", "tags": "labels", "type": "class",
    "vars": "variables", "column": "phone", "mobile": "phone", "msisdn": "phone", "filter": "where",
    "dsn": "url_env", "url": "url_env", "tz": "timezone",
}  # fmt: skip
"""Other words for a key, as other tools have them: too far from ours to be found as near misses."""


def _split_number(parent: MappingNode, key: str) -> str | None:
    """``credits: 25000``, where ``{credits: 25,000}`` has left 25 and the key 000."""
    if not (key.isascii() and key.isdigit() and len(key) == 3):
        return None  # before a search among all keys, of which there may be thousands like this one
    names = list(parent.keys_at)
    before = names[names.index(key) - 1] if key in names[1:] else ""
    value = parent.get(before)
    if not isinstance(value, Scalar):
        return None
    is_start = value.is_plain and value.text.isascii() and value.text.isdigit() and len(value.text) <= 3
    return f"{before}: {value.text}{key}" if is_start else None


def _unknown_key(path: list[Any], tree: MappingNode, model: type[Keys], *, suggest: bool) -> Misfit:
    *above, key = path
    parent = _at(above, tree)
    at = parent.keys_at.get(key) if isinstance(parent, MappingNode) else None
    if key in NOT_DEFAULTS and (model is DefaultsKeys or above == ["defaults"]):
        return Misfit("MS009", f"{key} cannot be a default", "write it in the manifest it belongs to", node=at)
    if isinstance(parent, MappingNode) and (whole := _split_number(parent, key)):
        advice = f"a comma separates entries between {{ and }}: write {whole}"
        return Misfit("MS120", f"{key} was read as a key", advice, node=at)
    known = known_keys(above, parent, model)
    near = near_miss(key, known) if suggest else None
    meant = _MEANT.get(key.lower())
    if near is None and meant in known and not (isinstance(parent, MappingNode) and meant in parent):
        near = meant
    if near is None and suggest:
        near = " or ".join(one for one in known if one.endswith(f".{key}"))  # api.fields: an answer's name is left out
    return Misfit(
        "MS120",
        f"unknown key {cut(key)!r}",
        f"did you mean {near}?" if near else f"known here: {', '.join(known)}",
        node=at,
    )
