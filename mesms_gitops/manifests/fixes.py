"""What `fix` would change: the smallest edit for each finding that has one answer, proven by reading the result again.

A manifest is only changed where its text stands between characters that do not move: quotes, comments, line ends and
order stay. What is read from the result must be what was read before, apart from that one text; otherwise the place is
left to a person.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mesms_gitops.manifests.discover import campaign_files, named_files
from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.merge import merge
from mesms_gitops.manifests.pieces import Piece, allowed_codes, remaining, template_piece, values_of, yaml_pieces
from mesms_gitops.manifests.positions import flatten
from mesms_gitops.manifests.quoting import quoting_edits
from mesms_gitops.manifests.raw_file import Edit, RawFile, read_raw
from mesms_gitops.manifests.slips import CODES_OF_SLIPS
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from mesms_gitops.manifests.discover import ManifestFile
    from mesms_gitops.manifests.project import LoadedProject
    from mesms_gitops.model.diagnostic import Diagnostic

FIXABLE: Final = ("MS122", *CODES_OF_SLIPS)
"""The codes `fix` knows an answer to."""
_MOST_PASSES: Final = 8
"""Taking one character out may bring two others together; every pass makes the file shorter or plainer."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """One file ``before`` and ``after``, and how often each code was mended in it."""

    before: RawFile
    after: RawFile
    times: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Fixes:
    """Every file that changes, sorted by name; what must be mended by hand; and files that could not be read."""

    files: tuple[Fixed, ...]
    by_hand: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...]


def fixable_codes(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Those of the codes of ``diagnostics`` that `fix` may have an answer to, sorted."""
    return tuple(sorted({found.code for found in diagnostics} & set(FIXABLE)))


def find_fixes(project: LoadedProject, codes: Collection[str], only: Sequence[Path] | None = None) -> Fixes:
    """What mending ``codes`` changes in the manifests of ``project`` (or ``only`` some) and in their templates.

    Nothing is written. Never raises for what stands in a file.
    """
    errors = Findings()
    root = project.project.root
    files = campaign_files(root, project.entries, errors) if only is None else named_files(root, tuple(only), errors)
    mending = _Mending(project, frozenset(codes), errors)
    for file in files:
        mending.manifest(file)
    mending.templates()
    changed = (fixed for fixed in mending.fixed.values() if fixed.after.raw != fixed.before.raw)
    return Fixes(
        tuple(sorted(changed, key=lambda fixed: fixed.before.name)), tuple(mending.by_hand.items), tuple(errors.items)
    )


@dataclass(slots=True)
class _Mending:
    project: LoadedProject
    codes: frozenset[str]
    errors: Findings
    fixed: dict[str, Fixed] = field(default_factory=dict)
    by_hand: Findings = field(default_factory=Findings)
    uses: dict[str, list[tuple[str, Mapping[str, str]]]] = field(default_factory=dict)
    """Templates, by path: the name and the values of each campaign that uses one."""

    def manifest(self, file: ManifestFile) -> None:
        before = read_raw(self.project.project.root, file.path, file.name, self.errors)
        if before is None or before.path in self.fixed:
            return
        if parse(before.file, self.errors) is None:
            return
        times: Counter[str] = Counter()
        after = self._quoted(before, times) if "MS122" in self.codes else before
        for _ in range(_MOST_PASSES):
            made = self._pass(after, times)
            if made is after:
                break
            after = made
        self.fixed[before.path] = Fixed(before, after, times)
        self._finish(after)

    def _quoted(self, raw: RawFile, times: Counter[str]) -> RawFile:
        edits = quoting_edits(self.project, raw)
        made = raw.edited(edits)
        if not edits or texts_of(made) != texts_of(raw):
            return raw
        times["MS122"] += len(edits)
        return made

    def _root(self, raw: RawFile) -> MappingNode | None:
        tree = parse(raw.file, Findings())
        return None if tree is None else merge(tree.root, self.project.defaults)

    def _pass(self, raw: RawFile, times: Counter[str]) -> RawFile:
        """Mend every piece of a manifest once; the same object if nothing can be mended."""
        root = self._root(raw)
        for piece in yaml_pieces(root, raw.name) if root is not None else ():
            made = self._mended(raw, piece, times)
            if made is not None:
                return made  # the places of all others moved
        return raw

    def _mended(self, raw: RawFile, piece: Piece, times: Counter[str]) -> RawFile | None:
        chosen = piece.slips(allowed_codes(piece.joint, self.codes, may_grow=piece.may_grow), may_grow=piece.may_grow)
        for some in (chosen, *((one,) for one in chosen)) if len(chosen) > 1 else (chosen,):
            edits = [edit for slip in some if (edit := piece.edit(slip)) is not None]
            if not edits or len(edits) != len(some):
                continue
            made = raw.edited(edits)
            if self._is_only(raw, made, piece.path, piece.after(some)):
                times.update(slip.code for slip in some)
                return made
        return None

    def _is_only(self, raw: RawFile, made: RawFile, path: str, text: str) -> bool:
        """Whether ``made`` reads as ``raw`` does, but for ``text`` at ``path``."""
        before, after = texts_of(raw), texts_of(made)
        return before is not None and after == {**before, path: text}

    def _finish(self, raw: RawFile) -> None:
        """What is left of a manifest: its template for later, and what a person must mend."""
        root = self._root(raw)
        if root is None:
            return
        for piece in yaml_pieces(root, raw.name, also_not_ours=True):
            remaining(piece, self.codes, self.by_hand)
        node = root.get("template")
        if isinstance(node, Scalar) and "\x00" not in node.text:
            folder = os.path.dirname(os.path.join(self.project.project.root, node.file.name))  # noqa: PTH118, PTH120
            path = os.path.normpath(os.path.join(folder, node.text))  # noqa: PTH118
            self.uses.setdefault(os.path.realpath(path), []).append((path, values_of(root)))

    def templates(self) -> None:
        """Mend the template files, each as far as it suits every campaign that uses it."""
        root = self.project.project.root
        for real, uses in sorted(self.uses.items()):
            name = os.path.relpath(uses[0][0], root).replace(os.sep, "/")
            before = read_raw(root, real, name, self.errors) if os.path.isfile(real) else None  # noqa: PTH113
            if before is not None:
                self._template(before, [values for _, values in uses])

    def _template(self, before: RawFile, users: list[Mapping[str, str]]) -> None:
        times: Counter[str] = Counter()
        after = before
        for _ in range(_MOST_PASSES):
            pieces = [template_piece(after.file, values) for values in users]
            may_grow = all(piece.may_grow for piece in pieces)
            allowed = frozenset.intersection(
                *(allowed_codes(piece.joint, self.codes, may_grow=may_grow) for piece in pieces)
            )
            chosen = pieces[0].slips(allowed, may_grow=may_grow)
            if not chosen:
                break
            times.update(slip.code for slip in chosen)
            after = after.edited(Edit(slip.index, slip.index + len(slip.excerpt), slip.better) for slip in chosen)
        self.fixed[before.path] = Fixed(before, after, times)
        remaining(template_piece(after.file, users[0]), self.codes, self.by_hand)


def texts_of(raw: RawFile) -> dict[str, str] | None:
    """Every value of a manifest as it is read, by its path; None if it cannot be read."""
    findings = Findings()
    tree = parse(raw.file, findings)
    if tree is None:
        return None
    found = {path: node.text if isinstance(node, Scalar) else "" for path, node in flatten(tree.root)}
    # what could not be read must not change either
    return {**found, "": repr([(item.code, item.message) for item in findings.items])}
