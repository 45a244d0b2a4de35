"""Which files were a campaign's in the course of time: its manifest under every name, and what that referred to."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesms_gitops.manifests.discover import campaign_files
from mesms_gitops.manifests.findings import Findings
from mesms_gitops.manifests.text_file import MAX_BYTES, decode
from mesms_gitops.manifests.yaml_tree import MappingNode, Scalar, SequenceNode, parse
from mesms_gitops.model.timeline import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mesms_gitops.cli.git_log import Log, Touch
    from mesms_gitops.manifests.discover import Entry
    from mesms_gitops.store.git_objects import Objects


@dataclass(frozen=True, slots=True)
class Outline:
    """What of a manifest names other things."""

    name: str
    moved_from: str | None
    refers: tuple[tuple[str, Role], ...]


def outline_of(path: str, body: bytes) -> Outline:
    """The outline of the manifest at ``path``, as far as ``body`` can be read; files are named from the project on."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    findings = Findings()
    text = decode(body[:MAX_BYTES], path, findings)
    tree = None if text is None else parse(text, findings)
    if tree is None:
        return Outline(stem, None, ())
    root = tree.root
    folder = posixpath.dirname(path)
    refers = tuple((posixpath.normpath(posixpath.join(folder, file)), role) for file, role in _refers(root))
    return Outline(_text(root, "name") or stem, _text(root, "moved_from"), refers)


def _refers(root: MappingNode) -> Iterator[tuple[str, Role]]:
    if template := _text(root, "template"):
        yield template, Role.TEMPLATE
    for key in ("recipients", "exclude"):
        sources = root.get(key)
        for source in sources if isinstance(sources, SequenceNode) else ():
            sql = source.get("sql") if isinstance(source, MappingNode) else None
            if isinstance(sql, MappingNode) and (query := _text(sql, "query_file")):
                yield query, Role.QUERY


def _text(node: MappingNode, key: str) -> str | None:
    found = node.get(key)
    return found.text if isinstance(found, Scalar) and found.text and "\n" not in found.text else None


def written_names(root: Path, entries: Sequence[Entry]) -> dict[str, str]:
    """Name -> file, of every manifest that stands there now; what cannot be read goes by its file's name."""
    found: dict[str, str] = {}
    for file in campaign_files(root, entries, Findings()):
        try:
            with open(file.path, "rb") as stream:  # noqa: PTH123  # thousands of paths, as strings
                body = stream.read(MAX_BYTES)
        except OSError:
            body = b""
        found.setdefault(outline_of(file.name, body).name, file.name)
    return found


class Tracker:
    """Follows files back through the log. Manifests are read once for each version of them."""

    def __init__(self, log: Log, objects: Objects) -> None:
        """Nothing is read yet."""
        self._log = log
        self._objects = objects
        self._outlines: dict[tuple[str, str], Outline] = {}

    def touches(self, names: Iterable[str], files: Iterable[str]) -> list[tuple[Touch, Role]]:
        """Every change of the manifests of ``names``, of which ``files`` are some, and of what those referred to."""
        names = set(names)
        manifests = self._followed(files)
        versions = [touch for path in manifests for touch in self._log.touches.get(path, ())]
        outlines = self._read(versions)
        others = [one.moved_from for one in outlines.values() if one.moved_from and one.name in names]
        if others:
            more = [path for path in self._log.touches if _stem(path) in others and path not in manifests]
            manifests |= self._followed(more)
            versions = [touch for path in manifests for touch in self._log.touches.get(path, ())]
            outlines = self._read(versions)
        roles = {path: role for one in outlines.values() for path, role in one.refers}
        found = [(touch, Role.MANIFEST) for touch in versions]
        found += [
            (touch, role)
            for path, role in roles.items()
            if path not in manifests
            for touch in self._log.touches.get(path, ())
        ]
        return found

    def gone(self, name: str) -> list[str]:
        """Files of the past that were called as a manifest of ``name`` would be: it may never have been applied."""
        return [path for path in self._log.touches if _stem(path) == name and path.endswith((".yaml", ".yml"))]

    def _followed(self, files: Iterable[str]) -> set[str]:
        """``files``, and every name that they had before they were renamed."""
        found = set(files)
        waiting = list(found)
        while waiting:
            for touch in self._log.touches.get(waiting.pop(), ()):
                if touch.former is not None and touch.former not in found:
                    found.add(touch.former)
                    waiting.append(touch.former)
        return found

    def _read(self, versions: Iterable[Touch]) -> Mapping[tuple[str, str], Outline]:
        wanted = list(dict.fromkeys((touch.path, touch.blob) for touch in versions if touch.blob is not None))
        new = [key for key in wanted if key not in self._outlines]
        for key, body in zip(new, self._objects.bodies([blob for _, blob in new]), strict=True):
            self._outlines[key] = outline_of(key[0], body or b"")
        return {key: self._outlines[key] for key in wanted}


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]
