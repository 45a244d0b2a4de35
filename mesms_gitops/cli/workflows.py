"""The workflows that ``init --github`` writes, and ``examples/github/`` shows: the same bytes."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTION_COMMIT: Final = "0000000000000000000000000000000000000000"
"""The commit of the newest release as of this one. A commit cannot name itself: `scripts/pin_action` sets it."""
ACTION_VERSION: Final = "v0.1.0"
NAMES: Final = ("mesms-plan.yml", "mesms-comment.yml", "mesms-apply.yml", "mesms-refresh.yml")
FOLDER: Final = ".github/workflows"
WITHOUT_FILES: Final = frozenset({"mesms-comment.yml"})
"""Those that check nothing out: there is no project in them."""
_INPUT: Final = "          environment: production\n"


def workflows(project: str = ".") -> Mapping[str, str]:
    """Every workflow by its name, with the action pinned; ``project`` is its folder in the repository."""
    return {name: _text(name, project) for name in NAMES}


def _text(name: str, project: str) -> str:
    file = resources.files("mesms_gitops.cli") / "templates" / "github" / name
    text = file.read_text(encoding="utf-8").replace("@@REF@", f"@{ACTION_COMMIT} # {ACTION_VERSION}")
    if project == "." or name in WITHOUT_FILES:
        return text
    return text.replace(_INPUT, f"{_INPUT}          working-directory: {json.dumps(project)}\n")
