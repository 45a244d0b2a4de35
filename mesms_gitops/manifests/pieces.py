"""The texts a message is made of, one by one: the words of its template and the values written beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from mesms_gitops.manifests.message_text import advised, described, kinds
from mesms_gitops.manifests.outline import MASK, masked
from mesms_gitops.manifests.positions import span_in_text
from mesms_gitops.manifests.raw_file import Edit
from mesms_gitops.manifests.scalars import Misfit
from mesms_gitops.manifests.slips import Slip, mended, slips
from mesms_gitops.manifests.spots import outer, spots, written
from mesms_gitops.manifests.templates import compile_source
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar
from mesms_gitops.model.diagnostic import Severity
from mesms_gitops.planning.parts import count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mesms_gitops.manifests.findings import Findings
    from mesms_gitops.manifests.text_file import Span, TextFile


@dataclass(frozen=True, slots=True)
class Piece:
    """One text: ``source`` as it is read at ``path`` of a manifest (``node``), or a whole template (no node).

    ``joint`` is the message it is part of, as far as it is known here; ``may_grow`` if all of that is known.
    ``why_not`` is set where a person must change it.
    """

    path: str
    source: str
    joint: str
    may_grow: bool
    file: TextFile
    node: Scalar | None = None
    is_value: bool = False
    why_not: str | None = None

    def slips(self, codes: Collection[str], *, may_grow: bool) -> tuple[Slip, ...]:
        """What can be mended in it; nothing inside of braces."""
        return tuple(
            slip
            for slip in slips(self.source if self.is_value else masked(self.source), judge=False)
            if slip.code in codes and slip.is_fixable and not (self.is_value and slip.code == "MS312")
            if may_grow or len(slip.better) <= len(slip.excerpt)
        )

    def after(self, chosen: Iterable[Slip]) -> str:
        """The text with ``chosen`` mended."""
        return mended(self.source, chosen)

    def edit(self, slip: Slip) -> Edit | None:
        """``slip`` mended in the manifest's text; None if its place cannot be told."""
        assert self.node is not None
        if slip.code == "MS312" and self.node.is_block:
            return self._without_line_end()
        known = spots(self.node)
        places = known[slip.index : slip.index + len(slip.excerpt)] if known else []
        sure = [place for place in places if place is not None]
        if not sure or len(sure) != len(places) or any(one[1] != next_[0] for one, next_ in pairwise(sure)):
            return None
        return Edit(sure[0][0], sure[-1][1], written(slip.better, self.node.style))

    def _without_line_end(self) -> Edit:
        assert self.node is not None
        start, end = outer(self.node)
        header = self.node.file.text[start:end]
        return Edit(start + 1, end, header[1:].replace("+", "").replace("-", "") + "-")

    def span(self, slip: Slip) -> Span:
        """Where ``slip`` stands."""
        if self.node is None:
            return self.file.span_at(slip.index, len(slip.excerpt))
        return span_in_text(self.node, slip.index, len(slip.excerpt))


def yaml_pieces(root: MappingNode, name: str, *, also_not_ours: bool = False) -> Iterator[Piece]:
    """The texts that stand in the manifest ``name``; ``also_not_ours``: those nobody may change here, too."""
    values = values_of(root)
    content = root.get("content")
    if isinstance(content, Scalar):
        joint, is_plain, is_known = _joint(content.text, values)
        why_not = None if content.file.name == name else f"it stands in {content.file.name}, for all campaigns"
        if why_not is None or also_not_ours:
            yield Piece("content", content.text, joint, is_known, content.file, content, why_not=why_not)
        if is_plain or also_not_ours:
            why_not = None if is_plain else "the template computes with it"
            yield from _value_pieces(
                root, name, content.text, Piece("", "", joint, is_known, content.file, why_not=why_not)
            )
    saved = root.get("template_text")
    if also_not_ours and isinstance(saved, Scalar):
        why = "it is a copy of what is saved on ME-SMS: change it there first"
        yield Piece("template_text", saved.text, saved.text, False, saved.file, saved, why_not=why)


def _value_pieces(root: MappingNode, name: str, source: str, like: Piece) -> Iterator[Piece]:
    variables = root.get("variables")
    if not isinstance(variables, MappingNode):
        return
    try:
        used = compile_source(source).names
    except Misfit:
        return
    for key, node in variables.items():
        if key in used and isinstance(node, Scalar) and node.file.name == name:
            path = f"variables.{key}"
            yield replace(like, path=path, source=node.text, file=node.file, node=node, is_value=True)


def template_piece(file: TextFile, values: Mapping[str, str]) -> Piece:
    """A whole template file, used with ``values``."""
    joint, _, is_known = _joint(file.text, values)
    return Piece("template", file.text, joint, is_known, file)


def values_of(root: MappingNode) -> dict[str, str]:
    """What stands under `variables:`, as text."""
    node = root.get("variables")
    given = node.items() if isinstance(node, MappingNode) else ()
    return {name: value.text for name, value in given if isinstance(value, Scalar)}


def _joint(source: str, values: Mapping[str, str]) -> tuple[str, bool, bool]:
    """The message as far as it is known, whether it is plain, and whether it is known to the last letter."""
    try:
        made = compile_source(source)
        if made.names <= values.keys():
            return made.fill(values), made.is_plain, True
    except Misfit:
        return masked(source), False, False
    return (made.sketch(values, MASK), True, False) if made.is_plain else (masked(source), False, False)


def allowed_codes(joint: str, codes: Collection[str], *, may_grow: bool) -> frozenset[str]:
    """Which of ``codes`` may be mended in ``joint`` without it ever taking more parts."""
    found = [
        slip
        for slip in slips(joint)
        if slip.code in codes and slip.is_fixable and (may_grow or len(slip.better) <= len(slip.excerpt))
    ]
    if count(mended(joint, found)).parts > count(joint).parts:
        found = [slip for slip in found if slip.code != "MS324"]
    return frozenset(slip.code for slip in found)


def remaining(piece: Piece, codes: Collection[str], by_hand: Findings) -> None:
    """Note what a person must mend in ``piece``: of each kind the first."""
    spoken_of = {(slip.code, slip.excerpt) for slip in slips(piece.joint)}
    found = slips(piece.source if piece.is_value else masked(piece.source), judge=False)
    for kind, group in kinds(found).items():
        if kind[0] in codes and kind in spoken_of and not (piece.is_value and kind[0] == "MS312"):
            by_hand.error(
                kind[0],
                f"to be mended by hand: {described(group[0])}",
                at=piece.span(group[0]),
                field=piece.path,
                why=piece.why_not,
                next_step=advised(group[0]),
                severity=Severity.NOTE,
            )
