"""A name is an identity: what can only be seen when all manifests are laid side by side."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol, TypeVar

from mesms_gitops.manifests.concealed import concealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mesms_gitops.manifests.findings import Findings, Pointed

_BY_FILE = " (from the file's name)"


class Named(Protocol):
    """A manifest, as far as names go. ``former`` is its ``moved_from``."""

    @property
    def name(self) -> str:
        """What state remembers it by."""

    @property
    def former(self) -> str | None:
        """What state remembered it by before."""

    def span(self, path: str) -> Pointed:
        """Where ``path`` stands, or the first key of the file if it is not there."""


N = TypeVar("N", bound=Named)


def _everyone(_: Named) -> bool:
    return True


def check_names(read: Sequence[N], findings: Findings, is_asked: Callable[[N], bool] = _everyone) -> set[str]:
    """Two campaigns cannot share a name, and a former name must be free. Returns the names in doubt.

    Only what concerns a manifest that ``is_asked`` about is said, wherever it stands.
    """
    first, sharing = _by_name(read)
    for found, holder in sharing:
        if is_asked(found) or is_asked(holder):
            _clash(found, holder, findings)
    wrong = {found.name for found, _ in sharing}
    moved: dict[str, N] = {}
    for found in read:
        if found.former is None or found.former == found.name:
            continue
        holder = first.get(found.former) or moved.setdefault(found.former, found)
        if holder is not found:
            wrong.add(found.name)
            if is_asked(found) or is_asked(holder):
                _not_gone(found, holder, findings)
    return wrong


def _by_name(read: Sequence[N]) -> tuple[dict[str, N], list[tuple[N, N]]]:
    """Who holds each name, and who else has it, with its holder.

    A file named like the campaign holds it before one that says `name:`: that line can be mended where it stands.
    """
    first: dict[str, N] = {}
    others: list[N] = []
    for found in read:
        if first.setdefault(found.name, found) is not found:
            others.append(found)
    for found in others:
        if not is_from_stem(first[found.name]) and is_from_stem(found):
            first[found.name] = found
    shared = {found.name for found in others}
    everyone = [found for found in read if found.name in shared] if shared else []
    return first, [(found, first[found.name]) for found in everyone if first[found.name] is not found]


def is_from_stem(found: Named) -> bool:
    """Whether a manifest has its name from its file's name; where that cannot be made out, it has."""
    span = found.span("name")
    if PurePosixPath(span.position.file).stem != found.name or span.excerpt is None:
        return False
    start, end = span.position.column - 1, span.position.end_column - 1
    text, rest = span.excerpt[start:end], span.excerpt[end:]
    is_key = rest.lstrip().startswith(":")
    return is_key or text.strip("\"'") != concealed(found.name)


def _clash(found: Named, other: Named, findings: Findings) -> None:
    findings.error(
        "MS128",
        f"the name {found.name} is taken: {_shown(other, 'name')}{_BY_FILE if is_from_stem(other) else ''}",
        at=found.span("name"),
        field="name",
        why="the name is what state remembers a campaign by",
        next_step="give one of the two another name",
        campaign=found.name,
    )


def _not_gone(found: Named, other: Named, findings: Findings) -> None:
    is_still = other.name == found.former
    findings.error(
        "MS129",
        f"{found.former} {'is still a campaign' if is_still else 'was renamed already'}: "
        + _shown(other, "name" if is_still else "moved_from"),
        at=found.span("moved_from"),
        field="moved_from",
        next_step="delete moved_from, or delete the file of the former campaign",
        campaign=found.name,
    )


def _shown(found: Named, path: str) -> str:
    at = found.span(path).position
    return f"{at.file}:{at.line}:{at.column}"
