"""The message of a commit on the state's branch: what happened, then who, where and from what, as trailers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.store.news import body, subject

if TYPE_CHECKING:
    from mesms_gitops.model.state import State
    from mesms_gitops.store.provenance import Provenance

_LONGEST = 300


def message(before: State | None, after: State, provenance: Provenance) -> str:
    """The whole message. Trailers are as ``git interpret-trailers`` reads them, each on one line."""
    approval = after.approval
    trailers = {
        "Actor": provenance.actor,
        "Run": provenance.run_url,
        "Plan": approval.digest if approval is not None and not _is_over(before, after) else None,
        "Source": provenance.commit,
        "Serial": str(after.serial),
    }
    block = "\n".join(f"{key}: {line}" for key, value in trailers.items() if value and (line := _line(value)))
    return "\n\n".join(part for part in (subject(before, after), body(before, after), block) if part) + "\n"


def _is_over(before: State | None, after: State) -> bool:
    """Whether the approval in ``after`` was spent before: then this change is not part of that plan."""
    return (
        before is not None and before.approval == after.approval and bool(after.approval and after.approval.is_finished)
    )


def _line(value: str) -> str:
    """``value`` on one line and not too long: whoever set off the run may have chosen it, and adds no trailer."""
    return "".join(each if each.isprintable() else " " for each in value).strip()[:_LONGEST]
