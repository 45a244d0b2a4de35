"""A name is an identity: what can only be seen when all manifests are laid side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesms_gitops.manifests.findings import Findings, Pointed


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


def check_names(read: Sequence[N], findings: Findings) -> set[str]:
    """Two campaigns cannot share a name, and a former name must be free. Returns the names in doubt."""
    first: dict[str, N] = {}
    wrong = set()
    for found in read:
        other = first.setdefault(found.name, found)
        if other is not found:
            wrong.add(found.name)
            _clash(found, other, findings)
    moved: dict[str, N] = {}
    for found in read:
        if found.former is None or found.former == found.name:
            continue
        holder = first.get(found.former) or moved.setdefault(found.former, found)
        if holder is not found:
            wrong.add(found.name)
            _not_gone(found, holder, findings)
    return wrong


def _clash(found: Named, other: Named, findings: Findings) -> None:
    findings.error(
        "MS128",
        f"the name {found.name} is taken: {_shown(other, 'name')}",
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
