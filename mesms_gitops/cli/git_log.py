"""The repository's history in one pass: which commit changed which files of the project, and which merge brought it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mesms_gitops.store.git_objects import Commit, Objects

_SETTINGS: Final = ("-c", "log.showRoot=true", "-c", "log.showSignature=false", "-c", "diff.renameLimit=400")
_ASKED: Final = (
    *("log", "--topo-order", "--format=%x01%H %P", "--raw", "-c", "-M", "--no-abbrev", "--no-ext-diff"),
    *("--relative", "-z", "HEAD", "--"),
)
_VERBS: Final = {"A": "added", "D": "deleted", "R": "renamed", "C": "copied", "M": "changed", "T": "changed"}
_PULL: Final = re.compile(r"\(#([1-9][0-9]{0,8})\)$|^Merge pull request #([1-9][0-9]{0,8}) ")


@dataclass(frozen=True, slots=True)
class Touch:
    """One commit's change of one file, named from the project's folder; ``blob`` is what it holds then."""

    commit: str
    path: str
    verb: str
    blob: str | None
    former: str | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """The commits behind HEAD, the newest first. ``order`` counts from 0, ``brought`` names merges of the main line."""

    order: Mapping[str, int] = field(default_factory=dict)
    touches: Mapping[str, Sequence[Touch]] = field(default_factory=dict)
    brought: Mapping[str, str] = field(default_factory=dict)
    is_shallow: bool = False


def read_log(objects: Objects) -> Log | None:
    """Everything behind HEAD, as far as it is here; None outside a repository and where nothing is committed."""
    out = objects.printed(*_SETTINGS, *_ASKED)
    if out is None:
        return None
    parents: dict[str, list[str]] = {}
    touches: dict[str, list[Touch]] = defaultdict(list)
    commit = ""
    fields = iter(out.decode("utf-8", "surrogateescape").split("\0"))
    for part in fields:
        text = part.lstrip("\n")
        if text.startswith("\x01"):
            commit, *parents[commit] = _ids(text)
        elif text.startswith(":"):
            touch = _touch(commit, text, fields)
            touches[touch.path].append(touch)
    shallow = objects.lines("rev-parse", "--is-shallow-repository") == ["true"]
    return Log({one: number for number, one in enumerate(parents)}, touches, _brought(parents), shallow)


def _ids(text: str) -> list[str]:
    return text[1:].split(" ") if text[-1] != " " else text[1:-1].split(" ")


def _touch(commit: str, text: str, names: Iterator[str]) -> Touch:
    """One row of the raw format (git-diff-tree(1)); that of a merge has as many colons as parents, and one path."""
    parents = len(text) - len(text.lstrip(":"))
    row = text.split(" ")
    blob, letter = row[2 * parents + 1], row[2 * parents + 2][-1 if parents > 1 else 0]
    path = next(names, "")
    former = None
    if parents == 1 and letter in "RC":
        former, path = path, next(names, "")
    verb = _VERBS.get(letter, "changed")
    return Touch(commit, path, verb, None if blob.strip("0") == "" else blob, former if letter == "R" else None)


def _brought(parents: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Commit -> the merge by which it came to the main line, which goes from HEAD by first parents."""
    line: list[str] = []
    at = next(iter(parents), None)
    while at is not None and at in parents:
        line.append(at)
        at = next(iter(parents[at]), None)
    found: dict[str, str] = {}
    on_line = set(line)
    for merge in reversed(line):
        waiting = list(parents[merge][1:])
        while waiting:
            one = waiting.pop()
            if one not in on_line and one not in found and one in parents:
                found[one] = merge
                waiting += parents[one]
    return found


def pull_of(commit: Commit) -> int | None:
    """The pull request that GitHub wrote into the subject of a merge, or of a commit that was squashed."""
    found = _PULL.search(commit.subject)
    return int(found[1] or found[2]) if found else None
