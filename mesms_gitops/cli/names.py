"""Campaign names on the command line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mesms_gitops.errors import UsageError

if TYPE_CHECKING:
    from mesms_gitops.model.state import State


def check_name(name: str | None, state: State) -> None:
    """Raise `UsageError` for a name that state does not know, with the nearest one that it does."""
    if name is None or name in state.campaigns:
        return
    near = difflib.get_close_matches(name, state.campaigns, n=1)
    raise UsageError(
        f"state knows no campaign {name}",
        where="NAME",
        why=f"did you mean {near[0]}?" if near else "it was never applied",
        next_step="mesms-gitops status lists all of them",
    )
